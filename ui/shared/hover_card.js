// The picture of the point below the pointer, beside it. Hears of the point from ui/shared/plot.js, asks the server for its
// picture and keeps what it got, so that a second visit is at once. It covers nothing and catches no click.
// data: {name: string, row: number or null, html: string that Python made and escaped}

const cards = new WeakMap()
const MOST = 400

function build(parentElement) {
  const card = document.createElement("div")
  card.className = "vastra-hover-card"
  card.setAttribute("aria-hidden", "true") // the chart's own hover text says the same in words
  card.style.cssText = "position:fixed;z-index:1000;pointer-events:none;display:none;width:112px;padding:4px;" +
    "border-radius:6px;border:1px solid;--cell:104px"
  document.body.appendChild(card)
  return { card, home: parentElement, pictures: new Map(), row: null, timer: 0 }
}

function show(state) {
  const html = state.pictures.get(state.row)
  if (state.row === null || !html) { state.card.style.display = "none"; return }
  state.card.innerHTML = html
  state.card.style.display = "block"
  const right = state.x > window.innerWidth / 2
  const theme = getComputedStyle(state.home)
  state.card.style.background = theme.getPropertyValue("--st-background-color") || "white"
  state.card.style.borderColor = theme.getPropertyValue("--st-border-color") || "grey"
  state.card.style.left = (right ? state.x - 132 : state.x + 20) + "px"
  const height = state.card.offsetHeight // above or below plotly's own label, never on it
  state.card.style.top = (state.y > window.innerHeight / 2 ? state.y - height - 34 : state.y + 34) + "px"
}

export default function ({ data, parentElement, setTriggerValue }) {
  let state = cards.get(parentElement)
  if (!state) {
    state = build(parentElement)
    state.listen = ({ detail }) => {
      if (detail.key !== state.name) return
      clearTimeout(state.timer)
      state.row = detail.row
      if (detail.row !== null) {
        state.x = detail.x
        state.y = detail.y
        if (!state.pictures.has(detail.row)) state.timer = setTimeout(() => state.ask(detail.row), 70)
      }
      show(state)
    }
    window.addEventListener("vastra-hover", state.listen)
    cards.set(parentElement, state)
  }
  if (state.name !== data.name) state.pictures.clear() // rows of another run are other photos
  state.name = data.name
  state.ask = (row) => setTriggerValue("asked", row)
  if (data.row !== null && data.html) {
    if (state.pictures.size >= MOST) state.pictures.clear()
    state.pictures.set(data.row, data.html)
    show(state)
  }
  return () => {
    window.removeEventListener("vastra-hover", state.listen)
    clearTimeout(state.timer)
    state.card.remove()
    cards.delete(parentElement)
  }
}
