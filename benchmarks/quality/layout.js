// Put into a page before it loads, it keeps what canvases write; window.vastraLayout() then lists text that is cut,
// overprinted or beyond the page, each once: {kind, text, other, where}. Boxes are those that the browser drew.
;(() => {
  const written = new WeakMap() // canvas -> [{text, left, right, clip}]
  const clips = new WeakMap() // context -> stack of the rectangle that is drawn into
  const prototype = CanvasRenderingContext2D.prototype
  const own = Object.fromEntries(["save", "restore", "rect", "clip", "fillText", "clearRect"].map((n) => [n, prototype[n]]))
  const stack = (context) => clips.get(context) || clips.set(context, [{ rect: null, clip: null }]).get(context)
  const top = (context) => stack(context)[stack(context).length - 1]
  prototype.save = function () { stack(this).push({ ...top(this) }); return own.save.call(this) }
  prototype.restore = function () { if (stack(this).length > 1) stack(this).pop(); return own.restore.call(this) }
  prototype.rect = function (x, y, w, h) { top(this).rect = [x, x + w]; return own.rect.call(this, x, y, w, h) }
  prototype.clip = function (...more) { top(this).clip = top(this).rect; return own.clip.apply(this, more) }
  prototype.fillText = function (text, x, y, ...more) {
    const width = this.measureText(text).width
    const left = this.textAlign === "right" ? x - width : this.textAlign === "center" ? x - width / 2 : x
    const list = written.get(this.canvas) || []
    const old = list.findIndex((item) => item.y === y && Math.abs(item.x - x) < 1)
    if (old >= 0) list.splice(old, 1)
    list.push({ text, x, y, left, right: left + width, clip: top(this).clip })
    written.set(this.canvas, list)
    return own.fillText.call(this, text, x, y, ...more)
  }

  const NEARLY = 2 // pixels that boxes may share: a letter's box is wider than its ink
  // what scrolls on purpose, with a sign of it: the page, tables, matrices, tabs, code
  const OWN_SCROLL = "[data-testid=stMain], [data-testid=stSidebar], [data-testid=stDataFrame], .vastra-plot, [role=tablist], pre, [role=dialog]"
  const LETTERS = /[\p{L}\p{N}]/u

  function shown(element) {
    return element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true })
  }

  // The part of a box that ancestors with a clipped overflow leave, and whether one of them scrolls.
  function clipped(element, box) {
    let [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom]
    let scrolls = false
    for (let parent = element.parentElement; parent; parent = parent.parentElement) {
      const style = getComputedStyle(parent)
      if (style.overflowX === "visible" && style.overflowY === "visible") continue
      if (parent.matches("html, body")) continue
      const outer = parent.getBoundingClientRect()
      if (["auto", "scroll"].includes(style.overflowX) && parent.scrollWidth > parent.clientWidth + 1) scrolls = true
      if (["auto", "scroll"].includes(style.overflowY) && parent.scrollHeight > parent.clientHeight + 1) scrolls = true
      if (style.overflowX !== "visible") [left, right] = [Math.max(left, outer.left), Math.min(right, outer.right)]
      if (style.overflowY !== "visible") [top, bottom] = [Math.max(top, outer.top), Math.min(bottom, outer.bottom)]
    }
    return { left, top, right, bottom, scrolls }
  }

  // Four corners of what an SVG text fills, turned as it is turned, from its own box and matrix.
  function corners(text) {
    const box = text.getBBox(), matrix = text.getScreenCTM()
    return [[0, 0], [1, 0], [1, 1], [0, 1]].map(([x, y]) => {
      const point = new DOMPoint(box.x + x * box.width, box.y + y * box.height).matrixTransform(matrix)
      return [point.x, point.y]
    })
  }

  function rectangle({ left, top, right, bottom }) {
    return [[left, top], [right, top], [right, bottom], [left, bottom]]
  }

  // How far two convex quadrangles lie in each other, in pixels: the least over the directions of their sides.
  function inEachOther(one, other) {
    let least = Infinity
    for (const shape of [one, other]) {
      for (let side = 0; side < 4; side++) {
        const [x, y] = [shape[(side + 1) % 4][0] - shape[side][0], shape[(side + 1) % 4][1] - shape[side][1]]
        const length = Math.hypot(x, y)
        if (!length) return 0
        const along = (points) => points.map(([px, py]) => (px * -y + py * x) / length)
        const [a, b] = [along(one), along(other)]
        least = Math.min(least, Math.min(Math.max(...a), Math.max(...b)) - Math.max(Math.min(...a), Math.min(...b)))
        if (least <= 0) return 0
      }
    }
    return least
  }

  function where(element) {
    const part = element.closest("[data-testid=stSidebar]") ? "sidebar"
      : element.closest(".vastra-plot") ? "chart" : element.closest("[data-testid=stDataFrame]") ? "table" : "page"
    const own = element.closest("[data-testid]")?.dataset.testid
    return own && part === "page" ? own : part
  }

  // Each run of letters: {text, element, shape, layer}. A layer is what lies over another on purpose.
  function runs() {
    const found = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement
      if (!LETTERS.test(node.data) || !element || element.closest("script, style, svg text, [aria-hidden=true] canvas")) continue
      if (element.closest("canvas, [role=tooltip], .sr-only, .visually-hidden, noscript") || !shown(element)) continue
      if (element.closest("[data-testid=stIconMaterial], .hoverlayer, .modebar")) continue
      const range = document.createRange()
      range.selectNodeContents(node)
      for (const box of range.getClientRects()) {
        if (box.width < 2 || box.height < 4) continue
        const left = clipped(element, box)
        if (left.right - left.left < 2 || left.bottom - left.top < 2) continue
        // a line is as high as its font is, whatever leading it has
        const size = parseFloat(getComputedStyle(element).fontSize), middle = (box.top + box.bottom) / 2
        const shape = rectangle({ left: left.left, right: left.right, top: Math.max(left.top, middle - size * 0.42), bottom: Math.min(left.bottom, middle + size * 0.42) })
        found.push({ text: node.data.trim(), element, shape, layer: layer(element) })
      }
    }
    for (const text of document.querySelectorAll("svg text")) {
      if (!LETTERS.test(text.textContent) || text.closest(".hoverlayer, .modebar") || !shown(text)) continue
      const svg = text.ownerSVGElement
      if (getComputedStyle(text).opacity === "0" || !text.getBBox().width) continue
      found.push({ text: text.textContent.trim(), element: text, svg, shape: shrunk(corners(text)), layer: layer(svg) })
    }
    return found
  }

  // A text's box in a chart has room for accents and tails, which hardly ever meet.
  function shrunk(points) {
    const [up, down] = [[points[3][0] - points[0][0], points[3][1] - points[0][1]], 0.14]
    return points.map(([x, y], place) => place < 2 ? [x + up[0] * down, y + up[1] * down] : [x - up[0] * down, y - up[1] * down])
  }

  function layer(element) {
    const over = element.closest("[data-testid=stSidebar], [data-testid=stHeader], [data-baseweb=popover], [role=dialog], [data-testid=stToast]")
    return over ? over.dataset?.testid || over.getAttribute("role") || "popover" : "page"
  }

  function related(one, other) {
    return one.element === other.element || one.element.contains(other.element) || other.element.contains(one.element)
  }

  window.vastraLayout = () => {
    const found = []
    const say = (kind, element, text, other = "") => found.push({ kind, text: text.slice(0, 80), other: other.slice(0, 80), where: where(element) })
    const all = runs()
    // 1. text over text
    all.forEach((one) => (one.middle = one.shape.reduce((sum, [, y]) => sum + y, 0) / 4))
    all.sort((one, other) => one.middle - other.middle)
    const high = (run) => Math.max(...run.shape.map(([, y]) => y)) - Math.min(...run.shape.map(([, y]) => y))
    const highest = Math.max(0, ...all.map(high))
    all.forEach((one, place) => {
      for (let next = place + 1; next < all.length && all[next].middle - one.middle < highest; next++) {
        const other = all[next]
        if (one.layer !== other.layer || related(one, other)) continue
        if (inEachOther(one.shape, other.shape) > NEARLY) say("overprinted", one.element, one.text, other.text)
      }
    })
    // 2. text of a chart beyond the chart, or over a marker
    for (const run of all.filter((each) => each.svg)) {
      const outer = run.svg.getBoundingClientRect()
      const beyond = run.shape.some(([x, y]) => x < outer.left - NEARLY || x > outer.right + NEARLY || y < outer.top - NEARLY || y > outer.bottom + NEARLY)
      if (beyond && getComputedStyle(run.svg).overflow !== "visible") say("cut by its chart", run.element, run.text)
      else if (beyond) {
        const plot = run.element.closest(".vastra-plot, [data-testid=stElementContainer]")?.getBoundingClientRect()
        if (plot && run.shape.some(([x]) => x < plot.left - NEARLY || x > plot.right + NEARLY)) say("beyond its chart", run.element, run.text)
      }
    }
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      const marks = [...plot.querySelectorAll(".scatterlayer .points path")].map((path) => path.getBoundingClientRect())
      const texts = all.filter((run) => plot.contains(run.element) && run.element.closest(".scatterlayer, .infolayer .annotation"))
      for (const run of texts) for (const box of marks) {
        if (box.width < 24 && inEachOther(run.shape, rectangle(box)) > 3) { say("on a marker", run.element, run.text); break }
      }
    }
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      const [legend, title] = [plot.querySelector(".legend"), plot.querySelector(".gtitle")].map((part) => part?.getBoundingClientRect())
      if (legend?.width && title?.width && legend.top < title.bottom - 3 && legend.left < title.right && legend.bottom > title.top) {
        say("legend over its title", plot.querySelector(".gtitle"), plot.querySelector(".gtitle").textContent)
      }
    }
    // 3. numbers of a matrix over their cells
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      const trace = plot._fullData?.find((each) => each.type === "heatmap")
      if (!trace || !trace.texttemplate || trace.texttemplate === "") continue
      const { xaxis, yaxis } = plot._fullLayout
      const cell = [Math.abs(xaxis.c2p(1) - xaxis.c2p(0)), Math.abs(yaxis.c2p(1) - yaxis.c2p(0))]
      for (const text of plot.querySelectorAll(".heatmap-label text, .heatmaplayer text")) {
        const box = text.getBoundingClientRect()
        if (box.width > cell[0] + 1 || box.height > cell[1] * 1.3 + 1) { say("wider than its cell", text, text.textContent); break }
      }
    }
    // 4. text that its own box cuts
    for (const element of document.querySelectorAll("body *")) {
      if (element.closest("svg, [data-testid=stDataFrame], textarea, input, select") || !shown(element)) continue
      const style = getComputedStyle(element)
      const text = [...element.childNodes].some((node) => node.nodeType === 3 && LETTERS.test(node.data))
      if (!text || style.overflowX === "visible" || element.closest("[data-testid=stIconMaterial]")) continue
      const hides = ["hidden", "clip"].includes(style.overflowX) || style.textOverflow === "ellipsis"
      if (hides && element.clientWidth > 2 && element.scrollWidth > element.clientWidth + 1) say("cut", element, element.textContent)
    }
    for (const input of document.querySelectorAll("[data-testid=stMain] input")) {
      if (shown(input) && LETTERS.test(input.value) && input.scrollWidth > input.clientWidth + 1) say("cut", input, input.value)
    }
    const ruler = document.createElement("canvas").getContext("2d")
    for (const input of document.querySelectorAll("[data-testid=stMain] input[placeholder]")) {
      const style = getComputedStyle(input), room = input.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)
      ruler.font = style.font
      if (!input.value && shown(input) && ruler.measureText(input.placeholder).width > room + 1) say("cut", input, input.placeholder)
    }
    for (const whole of document.querySelectorAll("[data-whole]")) {
      if (whole.scrollWidth > whole.clientWidth + 1 || whole.scrollHeight > whole.clientHeight + 1) say("cut", whole, whole.dataset.whole)
    }
    // 5. and text that an ancestor cuts sideways without a way to scroll
    for (const run of all.filter((each) => !each.svg)) {
      if (run.element.closest("[data-testid=stDataFrame]")) continue
      const range = document.createRange()
      range.selectNodeContents(run.element)
      const box = range.getBoundingClientRect(), left = clipped(run.element, box)
      if (!left.scrolls && (box.right > left.right + NEARLY || box.left < left.left - NEARLY) && box.width > 2) say("cut by a parent", run.element, run.text)
    }
    // 6. text and pictures that a box inside the page cuts until somebody scrolls in it
    for (const element of [...new Set(all.filter((each) => !each.svg).map((each) => each.element)), ...document.querySelectorAll("[data-testid=stMain] img")]) {
      const box = element.getBoundingClientRect()
      for (let parent = element.parentElement; parent && !parent.matches(OWN_SCROLL); parent = parent.parentElement) {
        const style = getComputedStyle(parent), outer = parent.getBoundingClientRect()
        const scrolls = (overflow) => ["auto", "scroll"].includes(overflow)
        const across = scrolls(style.overflowX) && box.left < outer.right && box.right > outer.right + NEARLY
        const down = scrolls(style.overflowY) && box.top < outer.bottom && box.bottom > outer.bottom + NEARLY
        if ((across || down) && shown(element)) say("behind an edge", element, element.textContent.trim() || element.alt || "picture")
      }
    }
    // 7. cells of tables
    for (const canvas of document.querySelectorAll("[data-testid=stDataFrame] canvas")) {
      if (!shown(canvas)) continue
      for (const cell of written.get(canvas) || []) {
        if (!LETTERS.test(cell.text) || !cell.clip) continue
        const right = cell.right > cell.clip[1] + 1 && cell.left < cell.clip[1]
        const left = cell.left < cell.clip[0] - 1 && cell.right > cell.clip[0] // a number stands at the right
        if (right || left) say("cut in its column", canvas, cell.text)
      }
    }
    // 8. the page itself scrolls sideways
    const main = document.querySelector("[data-testid=stMain]")
    for (const each of [main, document.scrollingElement]) {
      if (each && each.scrollWidth > each.clientWidth + 1) say("page scrolls sideways", each, `${each.scrollWidth - each.clientWidth} px`)
    }
    const once = new Map(found.map((each) => [Object.values(each).join("|"), each]))
    return [...once.values()]
  }
})()
