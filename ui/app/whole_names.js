// A picker whose value is wider than itself shows the whole of it, in as many lines as it takes. An input cannot break
// its text, so it stands over the input as data-whole, which navigation's style writes, until somebody types in it.

function look() {
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
  if (window.__vastraWholeNames) return
  window.__vastraWholeNames = new MutationObserver(soon)
  window.__vastraWholeNames.observe(document.body, { subtree: true, childList: true, attributeFilter: ["value"] })
}
