// Explains the field's words where they stand. Where a word first stands on the page it is underlined with dots and says its
// sentence to a pointer or a finger (the page has one of these); a button lists every word of the page, also those of
// charts and tables, for the keyboard and for whoever listens (the sidebar has one). Nothing of the page is changed: the
// underline is a highlight of the browser's.
// data: {listed: whether this is the button, terms: [[word, sentence, forms as a regular expression]]}

const NAME = "vastra-term"
const QUIET = 400 // milliseconds without a change before the page is read again
const ROOTS = "[data-testid=stMain], [data-testid=stPopoverBody], [role=dialog]"
const UNREAD = "script, style, code, pre, textarea, input, [data-testid=stIconMaterial], .vastra-glossary"
// words that are pressed, titles of pages and pictures: they are listed and not underlined
const LISTED = "button, a, h1, svg, canvas, [role=option], [role=tab], [role=radio], .visually-hidden"

const states = new WeakMap()

const STYLE = `
::highlight(${NAME}) { text-decoration: underline dotted currentColor 1px; text-underline-offset: 3px }
.vastra-glossary button { font: inherit; font-size: .875rem; padding: .25rem .75rem; cursor: pointer; width: 100%;
  color: inherit; background: none; border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, 8px) }
.vastra-glossary button:focus-visible { outline: 2px solid; outline-offset: 2px }
.vastra-words, .vastra-word { position: fixed; box-sizing: border-box; margin: 0; border: 1px solid; border-radius: 8px;
  line-height: 1.5; font-size: .875rem; text-align: left }
.vastra-words { inset: auto; padding: .5rem 1rem; width: min(30rem, calc(100vw - 2rem)); max-height: 70vh; overflow: auto }
.vastra-words dl { margin: 0 } .vastra-words dt { font-weight: 650; margin-top: .5rem }
.vastra-words dd { margin: 0 0 .5rem }
.vastra-word { z-index: 1000; pointer-events: none; max-width: min(22rem, calc(100vw - 2rem)); padding: .5rem .75rem }`

function build(parentElement, { listed, terms }) {
  const root = Object.assign(document.createElement("div"), { className: "vastra-glossary" })
  const style = Object.assign(document.createElement("style"), { textContent: STYLE })
  const button = Object.assign(document.createElement("button"), { type: "button", hidden: true })
  const list = Object.assign(document.createElement("div"), { className: "vastra-words", tabIndex: 0, id: "vastra-words" })
  list.popover = "auto" // closes by Escape and by a click elsewhere
  list.setAttribute("role", "region")
  list.setAttribute("aria-label", "Words on this page, explained")
  button.popoverTargetElement = list
  root.append(style, ...(listed ? [button, list] : []))
  parentElement.append(root)
  const card = Object.assign(document.createElement("div"), { className: "vastra-word", hidden: true })
  card.setAttribute("role", "tooltip")
  document.body.append(card)
  const read = terms.map(([word, means, forms]) => ({ word, means, pattern: new RegExp(`\\b(?:${forms})\\b`, "i") }))
  return { listed, root, button, list, card, terms: read, found: [], timer: 0 }
}

// Every text of the page in the order in which it stands there, and whether it may be underlined.
function* texts() {
  for (const root of document.querySelectorAll(ROOTS)) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
      const node = walker.currentNode
      if (!node.data.trim() || node.parentElement.closest(UNREAD)) continue
      yield [node, !node.parentElement.closest(LISTED) && node.parentElement.getClientRects().length > 0]
    }
  }
}

// Each term where it first stands. A longer one goes first: "weighted loss" is not "loss".
function look(state) {
  const found = new Map(), taken = new Map(), open = new Set(state.terms)
  for (const [node, plain] of texts()) {
    for (const term of open) {
      const at = term.pattern.exec(node.data)
      if (!at) continue
      if (!found.has(term)) found.set(term, null)
      const overlaps = (taken.get(node) || []).some(([from, to]) => at.index < to && at.index + at[0].length > from)
      if (!plain || overlaps) continue
      taken.set(node, [...(taken.get(node) || []), [at.index, at.index + at[0].length]])
      const range = document.createRange()
      range.setStart(node, at.index)
      range.setEnd(node, at.index + at[0].length)
      found.set(term, range)
      open.delete(term)
    }
  }
  state.found = [...found].map(([term, range]) => ({ ...term, range }))
  if (state.listed) tell(state)
  else window.CSS?.highlights?.set(NAME, new Highlight(...state.found.map((one) => one.range).filter(Boolean)))
}

function tell(state) {
  const words = state.found.map((one) => one.word).join("|")
  if (words === state.words) return
  state.words = words
  const number = state.found.length
  state.button.hidden = !number
  state.button.textContent = number === 1 ? "1 word explained" : `${number} words explained`
  const list = document.createElement("dl")
  for (const one of [...state.found].sort((a, b) => a.word.localeCompare(b.word))) {
    list.append(
      Object.assign(document.createElement("dt"), { textContent: one.word }),
      Object.assign(document.createElement("dd"), { textContent: one.means }),
    )
  }
  state.list.replaceChildren(list)
}

function point(state, event) {
  const { clientX: x, clientY: y } = event
  const hit = state.found.find(({ range }) => range && event.target instanceof Element &&
    event.target.contains(range.startContainer) && [...range.getClientRects()].some((box) =>
      x >= box.left && x <= box.right && y >= box.top - 2 && y <= box.bottom + 2))
  if (hit) say(state, hit)
  else state.card.hidden = true
}

function colour(state, element) {
  const main = getComputedStyle(document.querySelector("[data-testid=stApp]") || document.body)
  element.style.background = main.backgroundColor
  element.style.color = main.color
  element.style.borderColor = main.color
}

function say(state, one) {
  const { card } = state
  colour(state, card)
  card.textContent = one.means
  card.hidden = false
  const word = one.range.getClientRects()[0], { offsetWidth: width, offsetHeight: height } = card
  card.style.left = `${Math.max(8, Math.min(word.left, window.innerWidth - width - 8))}px`
  card.style.top = `${word.bottom + height + 8 < window.innerHeight ? word.bottom + 6 : word.top - height - 6}px`
}

// Beside the sidebar where there is room, over it on a narrow screen.
function place(state) {
  colour(state, state.list)
  const box = state.button.getBoundingClientRect()
  const beside = box.right + 24 + Math.min(480, window.innerWidth - 32)
  state.list.style.left = `${beside < window.innerWidth ? box.right + 24 : 16}px`
  state.list.style.bottom = "16px"
}

function listen(state) {
  const again = () => {
    clearTimeout(state.timer)
    state.timer = setTimeout(() => look(state), QUIET)
  }
  state.watch = new MutationObserver(again)
  state.watch.observe(document.body, { childList: true, characterData: true, subtree: true })
  const over = new AbortController()
  const on = (name, what) => document.addEventListener(name, what, { capture: true, passive: true, signal: over.signal })
  const hide = () => { state.card.hidden = true }
  if (state.listed) {
    state.list.addEventListener("beforetoggle", (event) => { if (event.newState === "open") place(state) })
  } else {
    for (const name of ["pointermove", "pointerdown"]) on(name, (event) => point(state, event))
    on("keydown", (event) => { if (event.key === "Escape") hide() })
    on("scroll", hide)
  }
  state.end = () => {
    state.watch.disconnect()
    clearTimeout(state.timer)
    over.abort()
    if (!state.listed) window.CSS?.highlights?.delete(NAME)
    state.card.remove()
    state.root.remove()
  }
  again()
}

export default function ({ data, parentElement }) {
  if (!states.has(parentElement)) {
    const state = build(parentElement, data)
    states.set(parentElement, state)
    listen(state)
  }
  return () => {
    states.get(parentElement)?.end()
    states.delete(parentElement)
  }
}
