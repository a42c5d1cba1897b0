// Two things that streamlit's widgets leave open.
//
// 1. A picker whose value is wider than itself shows the whole of it, in as many lines as it takes. An input cannot break
// its text, so it stands over the input as data-whole, which navigation's style writes, until somebody types in it.
// 2. Two galleries' page numbers have names of their own: to a screen reader both were "Pagination".

function look() {
  document.querySelectorAll("[role=navigation][aria-label^=Pagination]").forEach((pages, place) => {
    const name = place ? `Pagination ${place + 1}` : "Pagination"
    if (pages.getAttribute("aria-label") !== name) pages.setAttribute("aria-label", name)
  })
  for (const input of document.querySelectorAll("[data-testid=stSelectbox] input")) {
    const group = input.closest("[role=group]")
    if (!group) continue
    watched.observe(input)
    const whole = input.scrollWidth > input.clientWidth + 1 ? input.value : undefined
    if (group.dataset.whole === whole) continue
    if (whole === undefined) delete group.dataset.whole
    else group.dataset.whole = whole
  }
}

let asked = 0
function soon() {
  asked ||= requestAnimationFrame(() => { asked = 0; look() })
}

const watched = new ResizeObserver(soon)

export default function () {
  soon()
  if (window.__vastraWidgets) return
  window.__vastraWidgets = new MutationObserver(soon)
  window.__vastraWidgets.observe(document.body, { subtree: true, childList: true, attributeFilter: ["value"] })
}
