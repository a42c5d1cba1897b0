// One Plotly figure that is updated in place (zoom kept), follows the theme and reports clicks and selections.
// data: {figure: JSON string, colours: {LIGHT: DARK}, library: address of plotly.min.js, alt, height, pointing,
// dragging, outlining, hovering}

const states = new WeakMap()

// There are a small library and the whole one; each chart keeps the one that it was given.
function loadPlotly(address) {
  const loaded = (window.vastraPlotly ||= {})
  if (!loaded[address]) {
    loaded[address] = new Promise((resolve, reject) => {
      const script = document.createElement("script")
      script.src = new URL(address, document.baseURI).href
      script.onload = () => resolve(window.Plotly)
      script.onerror = () => reject(new Error("plotly.js is not at " + script.src))
      document.head.appendChild(script)
    })
  }
  return loaded[address]
}

function isDark(element) {
  const colour = getComputedStyle(element).getPropertyValue("--st-background-color").trim()
  const hex = colour.match(/^#([0-9a-f]{6})/i)
  const parts = hex
    ? [0, 2, 4].map((at) => parseInt(hex[1].slice(at, at + 2), 16))
    : (colour.match(/[\d.]+/g) || ["255", "255", "255"]).map(Number)
  return 0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2] < 128
}

function recolour(value, colours) {
  if (typeof value === "string") {
    if (value[0] === "#") return colours[value.toUpperCase()] || value
    // a coloured mark in a title; what people typed is escaped and starts no tag
    return value.startsWith("<span style") ? value.replace(/#[0-9A-F]{6}/i, (found) => colours[found.toUpperCase()] || found) : value
  }
  if (Array.isArray(value)) {
    // Long number arrays hold no colours; a pair that starts with a number may be a stop of a colour scale.
    return value.length > 2 && typeof value[0] === "number" ? value : value.map((item) => recolour(item, colours))
  }
  if (value && typeof value === "object" && !("bdata" in value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, recolour(item, colours)]))
  }
  return value
}

function clicked(point) {
  const at = point.pointNumber ?? point.pointIndex
  const cell = Array.isArray(at)
  return {
    curve: point.curveNumber,
    x: point.x,
    y: point.y,
    row: cell ? at[0] : null,
    column: cell ? at[1] : null,
    point: cell ? null : at,
    customdata: point.customdata ?? null,
    at: Date.now(),
  }
}

// The customdata of the bars that a box touches. (Plotly itself asks whether a bar's end lies inside.)
function boxed(graph, event) {
  const found = []
  const [low, high] = [...(event.range?.y || [1, 0])].sort((one, other) => one - other)
  graph._fullData.forEach((trace, number) => {
    if (trace.type !== "bar" || !event.range?.[trace.xaxis]) return
    graph.calcdata[number].forEach((bar, place) => {
      if (bar.p + 0.36 >= low && bar.p - 0.36 <= high) found.push(trace.customdata[place])
    })
  })
  return found
}

// The outline of a lasso or box in the axes' own numbers: a server that knows every point asks for no list of them.
function outline(event) {
  const drawn = event?.lassoPoints || event?.range
  return drawn && drawn.x && drawn.y ? { kind: event.lassoPoints ? "lasso" : "box", x: drawn.x, y: drawn.y } : null
}

// Tell the page's own picture card (ui/shared/hover_card.js) which row the pointer is on, and where.
function tellHover(key, event) {
  const row = event?.points?.[0]?.customdata
  const detail = Number.isInteger(row) ? { key, row, x: event.event?.clientX, y: event.event?.clientY } : { key, row: null }
  window.dispatchEvent(new CustomEvent("vastra-hover", { detail }))
}

// A hover text as it is spoken. A parsed document that is never shown runs no script and loads nothing.
function withoutTags(text) {
  return new DOMParser().parseFromString(text.replaceAll("<br>", ", "), "text/html").body.textContent
}

function heatmapOf(graph) {
  return graph._fullData?.find((item) => item.type === "heatmap")
}

// A matrix of a thousand classes is a picture: a click in it chooses, a drag still zooms.
function isPicture(figure) {
  return figure.data.some((trace) => trace.type === "image")
}

// Which classes the pointer is on: a line of its own, for the picture itself knows colours only.
function tellCell(state, event) {
  const names = state.graph.layout?.meta?.names
  const point = event?.points?.[0]
  state.cellName ||= state.root.appendChild(Object.assign(document.createElement("div"), { className: "vastra-cell" }))
  state.cellName.style.cssText = "position:absolute;top:0;left:30px;max-width:calc(100% - 120px);font-size:14px;" +
    "padding:2px 8px;border-radius:4px;pointer-events:none;background:var(--st-secondary-background-color)"
  state.cellName.hidden = !point || !names
  if (state.cellName.hidden) return
  const [row, column] = point.pointNumber ?? [Math.round(point.y), Math.round(point.x)]
  state.cellName.textContent = `${withoutTags(names[row])} predicted as ${withoutTags(names[column])}`
}

// The arrow keys walk over a heatmap's cells, Enter clicks: the mouse is never the only way. Every other key, and an
// arrow that finds no further cell, stays the browser's: whoever can get into a chart must get out of it.
function walkCells(state, event) {
  const trace = heatmapOf(state.graph)
  if (!trace || event.target !== state.graph || event.altKey || event.ctrlKey || event.metaKey) return
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }
  const rows = trace.z.length
  const columns = trace.z[0].length
  state.cell = state.cell || [0, 0]
  if (steps[event.key]) {
    const [down, right] = steps[event.key]
    const range = state.graph._fullLayout.yaxis.range
    const flipped = range[0] > range[1] ? 1 : -1
    const next = [state.cell[0] + down * flipped, state.cell[1] + right]
    if (next[0] < 0 || next[0] >= rows || next[1] < 0 || next[1] >= columns) return
    state.cell = next
  } else if (event.key === "Enter" || event.key === " ") {
    const [row, column] = state.cell
    state.click({
      curve: trace.index, x: column, y: row, row, column, point: null, customdata: trace.customdata ? trace.customdata[row][column] : null, at: Date.now(),
    })
  } else return
  event.preventDefault()
  const [row, column] = state.cell
  state.Plotly.Fx.hover(state.graph, [{ curveNumber: trace.index, pointNumber: [row, column] }])
  state.spoken.textContent = withoutTags(trace.hovertext?.[row]?.[column] ?? `${row}, ${column}: ${trace.z[row][column]}`)
}

// A click on a class name beside a heatmap is a click on its whole row or column.
function wireAxisNames(state, pointing) {
  const trace = heatmapOf(state.graph)
  if (!trace || !pointing) return
  for (const axis of ["x", "y"]) {
    state.graph.querySelectorAll(`.${axis}tick text`).forEach((text) => {
      const place = text.__data__?.x
      if (!Number.isInteger(place)) return
      text.style.pointerEvents = "all"
      text.style.cursor = "pointer"
      text.onclick = () => state.click({
        curve: trace.index, x: axis === "x" ? place : null, y: axis === "y" ? place : null,
        row: axis === "y" ? place : null, column: axis === "x" ? place : null, point: null, customdata: null,
        at: Date.now(),
      })
    })
  }
}

// A name beside a matrix that was shortened says the whole of it to the pointer that rests on it.
function wireWholeNames(state) {
  const names = state.graph.layout?.meta?.names
  if (!names) return
  state.graph.querySelectorAll(".xtick text, .ytick text").forEach((text) => {
    const whole = names[text.__data__?.x]
    if (!whole || !text.textContent.includes("…")) return
    const title = document.createElementNS("http://www.w3.org/2000/svg", "title")
    title.textContent = withoutTags(whole)
    text.style.pointerEvents = "all"
    text.append(title)
  })
}

// A title breaks between words where it is wider than the chart: plotly would draw on beyond the edge.
const LINE = 21
function measured(text, family, size) {
  const context = (measured.context ||= document.createElement("canvas").getContext("2d"))
  context.font = `${size}px ${family}`
  return context.measureText(withoutTags(text)).width
}
function broken(text, width, family, size = 16) {
  const long = (words) => measured(words.join(" "), family, size)
  const lines = [[]]
  for (const word of text.replaceAll(" %", "\u00a0%").split(/ (?![^<]*>)/)) {
    const line = lines[lines.length - 1]
    if (line.length && long([...line, word]) > width) lines.push([word])
    else line.push(word)
  }
  return lines.length > 1 ? lines.map((line) => line.join(" ")).join("<br>") : text
}

// Panels beside each other stand below each other where each would be narrower than its rows' names and numbers.
const NARROW = 250
const HEAD = 34
function stackPanels(figure, height) {
  const { layout } = figure
  const margin = (layout.margin?.t ?? 0) + (layout.margin?.b ?? 0)
  const names = Object.keys(layout).filter((name) => /^xaxis[0-9]*$/.test(name))
  const number = (name) => name.replace(/^[xy](axis)?/, "")
  const starts = names.map((name) => layout[name].domain[0])
  const ticks = names.some((name) => layout[name].showticklabels !== false) ? 22 : 0
  const area = height - margin - ticks
  const apart = HEAD + ticks
  const whole = names.length * area + (names.length - 1) * apart
  const top = (place) => 1 - place * (area + apart) / whole
  const { yaxis } = layout
  names.forEach((name, place) => {
    layout[name] = { ...layout[name], domain: [0, 1], anchor: "y" + number(name) }
    layout["yaxis" + number(name)] = { ...yaxis, domain: [top(place) - area / whole, top(place)], anchor: "x" + number(name) }
  })
  for (const trace of figure.data) trace.yaxis = "y" + number(trace.xaxis || "x")
  for (const mark of [...(layout.annotations || []), ...(layout.shapes || [])]) {
    if (mark.xref === "paper" && mark.yref === "paper" && mark.y === 1) {
      const away = starts.map((start) => Math.abs(start - mark.x))
      Object.assign(mark, { x: 0, y: top(away.indexOf(Math.min(...away))) })
    } else if (/^x[0-9]*$/.test(mark.xref) && mark.yref === "y") mark.yref = "y" + number(mark.xref)
  }
  layout.margin = { ...layout.margin, b: (layout.margin?.b ?? 0) + ticks }
  return whole + margin + ticks
}

// Names beside rows take two fifths of the width at most, in as many lines as that takes; numbers behind the axis
// (annotations at x > 1) go below their row's mark where they would leave no room for the marks.
const SMALL = 480
function narrowRows(figure, width, family) {
  const { layout } = figure
  let more = 0
  // half of a panel is for the numbers at its right
  if (layout.meta?.panels === 1) layout.xaxis.range = [layout.xaxis.range[0], 1.4 * layout.xaxis.range[1]]
  for (const [name, axis] of Object.entries(layout).filter(([name]) => /^yaxis[0-9]*$/.test(name))) {
    if (!axis.ticktext || layout.meta?.least) continue
    const rows = axis.ticktext.length
    axis.ticktext = axis.ticktext.map((text) => text.split("<br>")
      .map((line) => broken(line.trim(), 0.4 * width, family, 13).replaceAll("<br>", "  <br>") + "  ").join("<br>"))
    const lines = Math.max(...axis.ticktext.map((text) => text.split("<br>").length))
    const behind = (layout.annotations || []).filter((note) => note.xref === "paper" && note.x > 1)
    for (const note of name === "yaxis" ? behind : []) Object.assign(note, { x: 0, xanchor: "left", yshift: -17 })
    if (behind.length) layout.margin.r = 16
    const high = Math.max(lines > 1 ? 17 * lines + 6 : 0, behind.length ? 46 : 0)
    if (high) more = Math.max(more, rows * high)
  }
  return more
}

// The two ends of a scale, written above it, in as many lines as leave the middle free; how many more than one.
function brokenEnds(layout, width, family) {
  const ends = layout.annotations.filter((note) => note.xref === "paper" && note.yref === "paper")
  for (const note of ends) note.text = broken(note.text, 0.33 * width, family, 13)
  return Math.max(...ends.map((note) => note.text.split("<br>").length)) - 1
}

// Names behind the lines of a chart, in as many lines as the part of its width that is theirs asks for.
function brokenBehind(layout, width, family) {
  for (const note of layout.annotations || []) {
    if (note.xref === "x" && note.xanchor === "left") note.text = broken(note.text, layout.meta.behind * (width - BESIDE), family, 12)
  }
}

// How many lines a legend above the chart takes: plotly sets its entries in columns as wide as the widest of them.
const BESIDE = 76 // pixels left and right of what is drawn
const SIGN = 45 // of an entry before its name
function legendLines(figure, width, family) {
  const { legend, showlegend } = figure.layout
  if (legend?.orientation !== "h" || showlegend === false) return 1
  const names = figure.data.filter((trace) => trace.name && trace.showlegend !== false).map((trace) => trace.name)
  const long = names.map((name) => SIGN + measured(name, family, legend.font?.size ?? 13))
  const rows = (figure.layout.yaxis?.ticktext ?? []).map((name) => measured(name, family, 13))
  const room = width - Math.max(BESIDE, 24 + Math.max(0, ...rows)) // plotly takes no more than the lines have
  if (long.reduce((sum, one) => sum + one, 0) <= room) return 1
  return Math.ceil(names.length / Math.max(1, Math.floor(room / Math.max(...long))))
}

// How a figure has to be drawn at this width: its height, its title's lines, its names and whether panels are stacked.
function fit(figure, width, height, family, hasButtons) {
  const { layout } = figure
  const { title, legend } = layout
  const panels = layout.meta?.panels ?? 1
  const margin = (layout.margin?.t ?? 0) + (layout.margin?.b ?? 0)
  const asked = height
  for (const [name, axis] of Object.entries(layout)) {
    if (/^xaxis/.test(name) && axis.title?.text) axis.title.text = broken(axis.title.text, (width < SMALL ? 0.55 : 0.6) * width, family, 13)
  }
  if (width < SMALL) height = Math.max(height, narrowRows(figure, width, family) + margin + 40)
  if (panels > 1 && width / panels < NARROW) height = stackPanels(figure, height)
  let more = 0, above = 0
  if (title?.text && title.xref === "container") {
    title.text = broken(title.text.replace("· drawn data", "·\u00a0drawn\u00a0data"), width - (hasButtons ? 96 : 8), family)
    more = LINE * (title.text.split("<br>").length - 1)
    above = more
    if (more) title.pad = { ...title.pad, t: (title.pad?.t ?? 0) + more / 2 } // plotly sets the middle of the lines
  }
  if (layout.meta?.ends) more += 17 * brokenEnds(layout, width, family)
  if (layout.meta?.behind) brokenBehind(layout, width, family)
  more += (legend?.yref === "container" ? 24 : 19) * (legendLines(figure, width, family) - 1) // with groups further apart
  layout.margin = { ...layout.margin, t: (layout.margin?.t ?? 0) + more }
  // as many pixels below the title as in the figure that was asked for, which may have been less high
  if (legend?.yref === "container" && legend.yanchor === "top") legend.y = 1 - ((1 - legend.y) * asked + above) / (height + more)
  return height + more
}

function build(parentElement) {
  parentElement.querySelectorAll(".vastra-plot").forEach((old) => old.remove())
  const root = document.createElement("div")
  root.className = "vastra-plot"
  root.style.cssText = "position:relative;width:100%"
  const graph = document.createElement("div")
  graph.setAttribute("role", "figure")
  graph.style.cssText = "width:100%;height:100%;border-radius:6px"
  const spoken = document.createElement("div")
  spoken.setAttribute("aria-live", "polite")
  // at the top: below the graph it would give the box around it a pixel to scroll, on which a page key is lost
  spoken.style.cssText = "position:absolute;top:0;left:0;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"
  const style = document.createElement("style")
  // the outline of a lasso would catch the pointer: no hover, no click and no second lasso inside it
  style.textContent = ".vastra-plot .selectionlayer path{pointer-events:none!important}" +
    ".vastra-plot>[role=figure]:focus-visible{outline:2px solid var(--st-primary-color);outline-offset:-2px}" +
    ".vastra-plot:focus-within .modebar{opacity:1!important}" // plotly shows its buttons to the mouse alone
  root.append(style, graph, spoken)
  parentElement.appendChild(root)
  return { root, graph, spoken, cell: null, mounted: false }
}

export default function (component) {
  const { data, parentElement, setTriggerValue, setStateValue } = component
  let state = states.get(parentElement)
  if (!state || !state.root.isConnected) {
    state = build(parentElement)
    states.set(parentElement, state)
  }
  state.click = (value) => setTriggerValue("clicked", value)
  state.outline = data.outlining ? (drawn) => setStateValue("outline", drawn) : null
  state.hover = data.hovering ? (event) => tellHover(data.hovering, event) : null
  state.drag = data.dragging ? (points) => setTriggerValue("dragged", { points, at: Date.now() }) : null
  state.root.style.height ||= data.height + "px"
  state.graph.setAttribute("aria-label", data.alt)
  // a handler that answers false would swallow every key, Tab among them
  state.graph.onkeydown = data.pointing ? (event) => { walkCells(state, event) } : null

  const raw = JSON.parse(data.figure)
  const axes = Object.entries(raw.layout).filter(([name]) => /^[xy]axis[0-9]*$/.test(name))
  const fixed = axes.length > 0 && axes.every(([, axis]) => axis.fixedrange) // nothing to zoom: no buttons over the title
  const buttons = data.outlining ? ["zoom2d", "pan2d", "select2d", "lasso2d", "resetScale2d"]
    : (data.pointing && !isPicture(raw)) || fixed ? [] : ["zoom2d", "pan2d", "resetScale2d"]
  const draw = (Plotly) => {
    if (!state.root.isConnected) return
    state.Plotly = Plotly
    const dark = isDark(state.root)
    const family = getComputedStyle(state.root).fontFamily
    const fitted = (figure) => fit(figure, state.root.clientWidth, data.height, family, buttons.length > 0)
    // without the numbers, for this is asked whenever the window's width changes
    const outlined = { layout: structuredClone(raw.layout), data: raw.data.map(({ xaxis, name, showlegend }) => ({ xaxis, name, showlegend })) }
    const height = fitted(outlined)
    const least = (state.root.clientWidth < SMALL && raw.layout.meta?.narrow) || raw.layout.meta?.least
    const titles = Object.values(outlined.layout).map((part) => part?.title?.text) // those of the axes
    const signature = [data.figure, dark, height, outlined.layout.title?.text, ...titles, least].join()
    if (signature === state.signature) return
    const copy = JSON.parse(data.figure) // plotly writes into what it is given
    const figure = dark ? recolour(copy, data.colours) : copy
    fitted(figure)
    state.signature = signature
    state.root.style.height = height + "px"
    figure.layout.font = { ...figure.layout.font, family }
    figure.layout.hoverlabel = { ...figure.layout.hoverlabel, font: { ...figure.layout.hoverlabel?.font, family } }
    figure.layout.height = height
    figure.layout.autosize = true
    state.root.style.overflow = least ? "auto hidden" : ""
    state.graph.style.minWidth = least ? least + "px" : ""
    const config = {
      responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "", scrollZoom: false,
      editSelection: false, // no handles on the outline of a lasso
      displayModeBar: buttons.length ? "hover" : false, modeBarButtons: buttons.length ? [buttons] : undefined,
    }
    return Plotly.react(state.graph, figure.data, figure.layout, config).then(() => {
      wireAxisNames(state, data.pointing)
      wireWholeNames(state)
      // a stop of the tab key is for a chart that keys can do something in
      if (data.pointing && heatmapOf(state.graph)) state.graph.tabIndex = 0
      else state.graph.removeAttribute("tabindex")
      if (data.pointing) state.graph.querySelectorAll(".nsewdrag").forEach((drag) => { drag.style.cursor = "pointer" })
      if (state.mounted) return
      state.mounted = true
      state.root.dataset.mounts = String(Number(state.root.dataset.mounts || 0) + 1)
      state.graph.on("plotly_click", (event) => event.points.length && state.click(clicked(event.points[0])))
      state.graph.on("plotly_selected", (event) => {
        if (state.outline) return state.outline(outline(event))
        if (!state.drag || !event) return
        const points = boxed(state.graph, event)
        if (points.length) state.drag(points)
        Plotly.update(state.graph, { selectedpoints: [null] }, { selections: [] }) // the answer is drawn by the page
      })
      state.graph.on("plotly_deselect", () => state.outline?.(null))
      const picture = () => isPicture({ data: state.graph._fullData })
      state.graph.on("plotly_hover", (event) => picture() ? tellCell(state, event) : state.hover?.(event))
      state.graph.on("plotly_unhover", () => picture() ? tellCell(state, null) : state.hover?.(null))
      state.observer = new ResizeObserver(() => {
        Plotly.Plots.resize(state.graph)
        state.draw(Plotly) // a title breaks otherwise, panels stand otherwise
      })
      state.observer.observe(state.root)
    })
  }
  state.draw = draw
  loadPlotly(data.library).then(draw).catch((error) => { state.graph.textContent = String(error.message || error) })

  return () => {
    state.observer?.disconnect()
    if (state.Plotly && state.graph.isConnected) state.Plotly.purge(state.graph)
    states.delete(parentElement)
    state.root.remove()
  }
}
