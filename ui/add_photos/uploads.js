// A place to drop photos on, with two buttons for whoever drops nothing. Sends what was chosen to the lab, some files in a
// request and some requests at a time; a request that fails is sent again. The page hears when all is there.
// data: {url: where to send to, limit: sentence}

const BATCH_FILES = 200, BATCH_BYTES = 8 << 20, AT_ONCE = 4
const DELAYS = [500, 1000, 2000, 4000, 8000, 15000, 30000, 30000] // milliseconds before the next try
const JUNK = /(?:^|\/)(?:(?:__macosx|@eadir|\.ipynb_checkpoints|\.git)(?:\/|$)|(?:\.ds_store|thumbs\.db|desktop\.ini|\._[^/]*)$)/i

const STYLE = `
.vastra-drop { border: 1.5px dashed color-mix(in srgb, var(--st-text-color) 45%, transparent); border-radius: var(--st-base-radius, 6px); padding: 1rem;
  background: var(--st-secondary-background-color); color: var(--st-text-color); line-height: 1.5; text-align: left;
  box-sizing: border-box; overflow-wrap: anywhere }
.vastra-drop.over { border-color: var(--st-primary-color); border-style: solid }
.vastra-drop p { margin: 0 0 .5rem } .vastra-drop p:last-child { margin-bottom: 0 }
.vastra-drop .small { font-size: .875rem; opacity: .85 }
.vastra-drop .wrong { color: var(--st-red-text-color) }
.vastra-drop .row { display: flex; flex-wrap: wrap; gap: .5rem; margin: .25rem 0 .5rem }
.vastra-drop button { font: inherit; font-size: .875rem; min-height: 2.5rem; padding: .25rem .75rem; cursor: pointer; color: inherit;
  background: var(--st-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius, 6px) }
.vastra-drop button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color) }
.vastra-drop button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px }
.vastra-drop progress { width: 100%; height: .625rem; accent-color: var(--st-primary-color) }
.vastra-drop [hidden] { display: none }`

const states = new WeakMap()

class Refusal extends Error {}

const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}
const number = (count) => count.toLocaleString("en-GB")
const files = (count) => `${number(count)} file${count === 1 ? "" : "s"}`
const size = (bytes) => bytes >= 1e8 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`
const time = (seconds) => seconds < 90 ? `about ${Math.max(1, Math.round(seconds))} s` : seconds < 5400
  ? `about ${Math.round(seconds / 60)} min` : `about ${(seconds / 3600).toFixed(1)} h`
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds))

function build(parentElement) {
  const state = { uploading: null }
  const folder = make("input", { type: "file", webkitdirectory: true, multiple: true, hidden: true, tabIndex: -1 })
  const some = make("input", { type: "file", multiple: true, hidden: true, tabIndex: -1 })
  folder.setAttribute("aria-hidden", "true")
  some.setAttribute("aria-hidden", "true")
  const ask = make("button", { type: "button", textContent: "Choose a folder" })
  const askSome = make("button", { type: "button", textContent: "Choose files" })
  const cancel = make("button", { type: "button", textContent: "Cancel" })
  state.limit = make("p", { className: "small" })
  state.idle = make("div", {},
    make("p", { textContent: "Drop a folder of photos here, an archive, or a table with its photos." }),
    make("div", { className: "row" }, ask, askSome), state.limit)
  state.bar = make("progress", { max: 1, value: 0 })
  state.bar.setAttribute("aria-label", "How much has arrived")
  state.line = make("p", { className: "small" })
  state.busy = make("div", { hidden: true }, state.bar, state.line, make("div", { className: "row" }, cancel))
  state.said = make("p", { hidden: true })
  state.said.setAttribute("role", "status")
  state.root = make("div", { className: "vastra-drop" }, make("style", { textContent: STYLE }), folder, some, state.said,
    state.idle, state.busy)
  state.root.setAttribute("role", "group")
  state.root.setAttribute("aria-label", "Photos from this browser")
  parentElement.append(state.root)
  ask.onclick = () => folder.click()
  askSome.onclick = () => some.click()
  cancel.onclick = () => {
    stop(state)
    say(state, "Cancelled. Nothing of it was kept.")
  }
  for (const input of [folder, some]) {
    input.onchange = () => {
      const chosen = [...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file }))
      input.value = "" // so that the same can be chosen again
      if (chosen.length || input === folder) start(state, async () => chosen)
    }
  }
  state.root.ondragover = (event) => {
    if (!event.dataTransfer.types.includes("Files")) return
    event.preventDefault()
    event.dataTransfer.dropEffect = state.uploading ? "none" : "copy"
    state.root.classList.toggle("over", !state.uploading)
  }
  state.root.ondragleave = (event) => {
    if (!state.root.contains(event.relatedTarget)) state.root.classList.remove("over")
  }
  state.root.ondrop = (event) => {
    event.preventDefault()
    state.root.classList.remove("over")
    if (state.uploading) return
    // now, for after this the browser forgets what was dropped
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean)
    const dropped = [...event.dataTransfer.files].map((file) => ({ path: file.name, file }))
    if (entries.length) start(state, (told) => walk(entries, told))
    else if (dropped.length) start(state, async () => dropped)
  }
  return state
}

function say(state, text, wrong = false) {
  state.said.textContent = text
  state.said.hidden = !text
  state.said.classList.toggle("wrong", wrong)
}

function show(state) {
  const focused = state.root.contains(document.activeElement)
  state.idle.hidden = Boolean(state.uploading)
  state.busy.hidden = !state.uploading
  if (focused) state.root.querySelector("div:not([hidden]) > .row > button")?.focus()
}

// All files below what was dropped, each with its path.
async function walk(entries, told) {
  const found = [], waiting = [...entries]
  while (waiting.length) {
    const entry = waiting.pop(), path = entry.fullPath.replace(/^\//, "")
    if (entry.isFile) {
      if (!JUNK.test(path)) found.push({ path, file: await new Promise((done, failed) => entry.file(done, failed)) })
      if (found.length % 500 === 0) told(found.length)
    } else {
      const reader = entry.createReader()
      for (;;) { // a hundred at a time
        const some = await new Promise((done, failed) => reader.readEntries(done, failed))
        if (!some.length) break
        waiting.push(...some)
      }
    }
  }
  return found
}

// What is sent: one folder, or one file. Several things that were given together lie in a folder that is called photos.
function together(found) {
  const kept = found.filter(({ path }) => !JUNK.test(path))
  const tops = new Set(kept.map(({ path }) => path.split("/")[0]))
  const name = tops.size === 1 ? [...tops][0] : "photos"
  return { name, chosen: tops.size === 1 ? kept : kept.map(({ path, file }) => ({ path: `photos/${path}`, file })) }
}

function* batches(chosen) {
  let batch = [], bytes = 0
  for (const item of chosen) {
    if (batch.length && (batch.length >= BATCH_FILES || bytes + item.file.size > BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += item.file.size
  }
  if (batch.length) yield batch
}

// One request; its answer as text. `during` hears how many bytes have left.
function post(upload, path, body, during = null) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest()
    const over = () => upload.requests.delete(request)
    request.open("POST", `${upload.url}/${path}`)
    request.setRequestHeader("Content-Type", "application/octet-stream")
    if (during) request.upload.onprogress = (event) => during(event.loaded)
    request.onload = () => {
      over()
      const { status, responseText: text } = request
      if (status >= 200 && status < 300) done(text)
      else if ([408, 425, 429, 502, 503, 504].includes(status)) failed(new Error(text))
      else if (text && !text.startsWith("<")) failed(new Refusal(text)) // the lab's own sentence
      else if (status === 413) failed(new Refusal("A server between this browser and the lab refuses files of this size."))
      else failed(new Refusal(`The lab refused it (${status}).`))
    }
    request.onerror = request.ontimeout = () => { over(); failed(new Error("the connection was lost")) }
    request.onabort = () => { over(); failed(new Refusal("")) }
    upload.requests.add(request)
    request.send(body)
  })
}

async function surely(upload, path, body, during = null) {
  for (const delay of [...DELAYS, null]) {
    try {
      return await post(upload, path, typeof body === "function" ? await body() : body, during)
    } catch (error) {
      if (error instanceof Refusal || upload.ended) throw error
      if (during) during(0)
      if (delay === null) throw new Refusal("The connection to the lab was lost. Nothing of it was kept; choose it again.")
      await wait(delay)
      if (upload.ended) throw new Refusal("")
      // a browser does not show the answer to what it has not sent to the end
      const told = await post(upload, "state", "").catch((refusal) => refusal instanceof Refusal ? { refusal } : null)
      if (told?.refusal) throw told.refusal
      const refused = told && JSON.parse(told).refused
      if (refused) throw new Refusal(refused)
    }
  }
}

async function readable(batch) {
  for (const { path, file } of batch) {
    try {
      await file.slice(0, 1).arrayBuffer()
    } catch {
      throw new Refusal(`'${path}' cannot be read any more: it was changed, moved or is not yours to read.`)
    }
  }
}

function told(state) {
  const upload = state.uploading
  if (!upload || !upload.files) return
  const sent = upload.sent + [...upload.leaving.values()].reduce((sum, bytes) => sum + bytes, 0)
  const seconds = (performance.now() - upload.began) / 1000, share = upload.bytes ? Math.min(1, sent / upload.bytes) : 1
  const left = seconds > 2 && share > 0 ? `, ${time(seconds / share - seconds)} left` : ""
  state.bar.value = share
  state.line.textContent = share < 1 || upload.done < upload.files
    ? `${upload.name}: ${number(upload.done)} of ${files(upload.files)}, ${size(Math.min(sent, upload.bytes))} of `
      + `${size(upload.bytes)}${left}. Stay on this page.`
    : `${upload.name}: ${files(upload.files)} are here.`
}

async function start(state, choose) {
  if (state.uploading) return
  const upload = { url: state.url, requests: new Set(), leaving: new Map(), sent: 0, done: 0, ended: false }
  state.uploading = upload
  say(state, "")
  state.bar.removeAttribute("value")
  state.line.textContent = "Looking through the folder."
  show(state)
  try {
    const found = await choose((count) => { state.line.textContent = `Looking through the folder: ${files(count)}.` })
    if (upload.ended) return
    const { name, chosen } = together(found)
    if (!chosen.length) throw new Refusal("There are no files in it.")
    await send(state, upload, name, chosen)
    if (upload.ended) return
    state.line.textContent = `${name}: ${files(chosen.length)} are here.`
    state.bar.value = 1
    upload.ended = true
    state.arrived(Date.now())
  } catch (error) {
    if (upload.ended) return
    stop(state)
    const why = error instanceof Refusal ? error.message : `The browser cannot read it: ${error.message || error.name}.`
    say(state, why, true)
  }
}

async function send(state, upload, name, chosen) {
  upload.name = name
  upload.bytes = chosen.reduce((sum, { file }) => sum + file.size, 0)
  const asked = JSON.stringify({ name, files: chosen.length, bytes: upload.bytes })
  upload.attempt = JSON.parse(await surely(upload, "begin", asked)).attempt
  upload.files = chosen.length
  upload.began = performance.now()
  const waiting = batches(chosen)
  upload.timer = setInterval(() => told(state), 250)
  const work = async () => {
    for (const batch of waiting) {
      if (upload.ended) return
      const bytes = batch.reduce((sum, { file }) => sum + file.size, 0)
      const body = async () => {
        await readable(batch)
        return new Blob(batch.flatMap(({ path, file }) => [JSON.stringify({ path, size: file.size }) + "\n", file]))
      }
      await surely(upload, `files/${upload.attempt}`, body, (left) => upload.leaving.set(batch, Math.min(left, bytes)))
      upload.leaving.delete(batch)
      upload.sent += bytes
      upload.done += batch.length
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    await surely(upload, `done/${upload.attempt}`, "")
  } finally {
    clearInterval(upload.timer)
  }
}

// Ends what is being sent, and has the lab forget what it got.
function stop(state) {
  const upload = state.uploading
  state.uploading = null
  show(state)
  if (!upload || upload.ended) return
  upload.ended = true
  clearInterval(upload.timer)
  for (const request of upload.requests) request.abort()
  fetch(`${upload.url}/cancel`, { method: "POST", keepalive: true }).catch(() => null)
}

export default function ({ data, parentElement, setTriggerValue }) {
  let state = states.get(parentElement)
  if (!state) {
    state = build(parentElement)
    states.set(parentElement, state)
  }
  if (state.url !== data.url && state.uploading) {
    const before = state.uploading
    state.uploading = null
    if (!before.ended) say(state, "This page was opened anew; choose your photos again.", true)
    before.ended = true
    show(state)
  }
  state.url = data.url
  state.close ??= () => stop(state) // the tab is closed: what has come of it goes at once
  window.addEventListener("pagehide", state.close)
  state.limit.textContent = `${data.limit} They go to the lab's disk and are not imported before you have seen what is in them.`
  state.arrived = (moment) => setTriggerValue("arrived", moment)
  return () => {
    window.removeEventListener("pagehide", state.close)
    stop(state)
    state.root.remove()
    states.delete(parentElement)
  }
}
