// Three things about the browser's address that Streamlit leaves open.
// data: {carried: [key], named: [key], name: {key: value} to write into the address now}
//
// 1. A page that names in its address what it shows, where the reader chose nothing, takes no step of the history: Back
//    would only lead to the same page without the names.
// 2. On a busy machine Streamlit may say the next page's parameters before its path: the page that is left without its
// own parameters is no step either.
// 3. A link of the sidebar that is opened in another tab takes along what this tab is about.

const state = (window.__vastraAddress ??= { carried: [], named: [], patched: false, dropped: -Infinity })

function names(before, after) {
  const had = new URLSearchParams(before), has = new URLSearchParams(after)
  for (const key of had.keys()) if (had.getAll(key).join("\n") !== has.getAll(key).join("\n")) return false
  const added = [...has.keys()].filter((key) => !had.has(key))
  return added.length > 0 && added.every((key) => state.named.includes(key))
}

function drops(before, after) {
  const had = new URLSearchParams(before), has = new URLSearchParams(after)
  return [...has.keys()].every((key) => had.getAll(key).join("\n") === has.getAll(key).join("\n"))
}

const AT_ONCE = 2000 // milliseconds between the two halves of one click

function patch() {
  const push = history.pushState.bind(history)
  history.pushState = (data, unused, url) => {
    const to = new URL(url ?? location.href, location.href)
    const same = to.origin === location.origin && to.pathname === location.pathname
    const half = !same && performance.now() - state.dropped < AT_ONCE
    state.dropped = same && drops(location.search, to.search) ? performance.now() : -Infinity
    if (half || (same && names(location.search, to.search))) history.replaceState(data, unused, url)
    else push(data, unused, url)
  }
  const fill = (event) => {
    const link = event.target?.closest?.("[data-testid=stSidebarNavLink]")
    if (!link) return
    const to = new URL(link.href), here = new URLSearchParams(location.search)
    for (const key of state.carried) here.has(key) ? to.searchParams.set(key, here.get(key)) : to.searchParams.delete(key)
    link.href = to.toString()
  }
  for (const kind of ["pointerdown", "contextmenu", "focusin"]) document.addEventListener(kind, fill, true)
  state.patched = true
}

export default function ({ data }) {
  state.carried = data.carried
  state.named = data.named
  if (!state.patched) patch()
  const to = new URL(location.href)
  for (const [key, value] of Object.entries(data.name)) to.searchParams.set(key, value)
  if (to.search !== location.search && !state.wrote) history.replaceState({}, "", to)
  state.wrote = true
}
