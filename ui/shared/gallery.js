// One page of photos, as HTML that ui/shared/gallery.py made and escaped. A click on a photo, or Enter on it, reports its
// image_id; the arrow keys walk over the photos, so that a page of them is one stop of the tab key.
// data: {html: string, reveal: number}

const shown = new WeakMap()

function photosOf(root) {
  return [...root.querySelectorAll("figure[data-id]")]
}

// How many photos stand in the first line: what Arrow Down skips.
function lineLength(photos) {
  const top = photos[0].offsetTop
  const next = photos.findIndex((photo) => photo.offsetTop > top)
  return next < 0 ? photos.length : next
}

// As many photos in a line as fit; where the last line would hold a single one, fewer, in lines of one length if it goes.
function arrange(root) {
  const grid = root.querySelector(".vastra-gallery")
  if (!grid) return
  grid.style.gridTemplateColumns = ""
  const fit = getComputedStyle(grid).gridTemplateColumns.split(" ").length
  const num = grid.children.length
  if (num <= fit || num % fit !== 1) return
  const even = Math.ceil(num / Math.ceil(num / fit))
  const columns = [even, ...[...Array(fit).keys()].reverse()].find((count) => count > 1 && num % count !== 1)
  if (columns) grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`
}

export default function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(".vastra-photos")
  if (!root) {
    root = document.createElement("div")
    root.className = "vastra-photos"
    parentElement.appendChild(root)
    new ResizeObserver(() => requestAnimationFrame(() => arrange(root))).observe(root)
  }
  if (shown.get(root) !== data.html) {
    shown.set(root, data.html)
    root.innerHTML = data.html
    photosOf(root).forEach((photo, place) => { photo.tabIndex = place === 0 ? 0 : -1 })
    arrange(root)
  }
  // kept with the page, not with this gallery: one that is drawn anew, as after a visit elsewhere, is not scrolled to
  if (data.reveal && Number(document.body.dataset.revealed) !== data.reveal) {
    document.body.dataset.revealed = data.reveal
    requestAnimationFrame(() => photosOf(root)[0]?.scrollIntoView({ block: "nearest" }))
  }
  const open = (photo) => setTriggerValue("opened", photo.dataset.id)
  root.onclick = (event) => {
    const photo = event.target.closest("figure[data-id]")
    const marked = window.getSelection() // marking a caption ends in a click, too, but asks for no photo
    const marking = photo && marked && !marked.isCollapsed && photo.contains(marked.anchorNode)
    if (photo && !marking) open(photo)
  }
  root.onkeydown = (event) => {
    const photos = photosOf(root)
    const place = photos.indexOf(event.target)
    if (place < 0 || event.altKey || event.ctrlKey || event.metaKey) return
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: lineLength(photos), ArrowUp: -lineLength(photos) }
    if (event.key in steps) {
      const next = photos[place + steps[event.key]]
      if (!next) return // at the edge an arrow scrolls, as it does elsewhere
      photos[place].tabIndex = -1
      next.tabIndex = 0
      next.focus()
    } else if (event.key === "Enter" || event.key === " ") open(photos[place])
    else return
    event.preventDefault()
  }
  return () => { root.remove() }
}
