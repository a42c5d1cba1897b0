"""The lab by keyboard alone, in a real browser: on every page Tab comes round through every control and Shift+Tab comes
back, in both themes, and no chart keeps a key that it does not use.

Streamlit's own table was tried and is left as it is: once a cell is chosen, Tab goes along the row and out at its end.
"""

import json
import shutil
from collections.abc import Iterator

import pytest

from tests.support.browsers import address_of, browser, drawn, pytestmark, server, tab  # noqa: F401
from tests.support.contrast import contrast
from tests.support.made_lessons import make_lesson
from ui.app import navigation

# Every page, and every view of one that has charts of its own.
ADDRESSES = (
    "",
    "lessons",
    "lessons?lesson=imbalance&step=look",
    *(f"dataset?tab={name}" for name in ("Photos", "Classes", "Sampler")),
    "add_photos",
    "augmentation",
    "training?run=tiny-run",
    *(f"evaluation?run=tiny-run&view={name}" for name in ("classes", "mistakes", "certainty", "groups")),
    "compare?first=tiny-run&second=tiny-again",
    "claims",
    *(f"embeddings?run=tiny-run&view={name}" for name in ("map", "components", "lines", "clusters", "similar", "runs")),
    "predict?run=tiny-run",
)

# What can be reached and is there to be seen, also within shadow roots; what was reached, in its order; and, of what is
# ours, how its focus is shown: the ring's colour, or what is wrong with it.
EYES = """
(() => {
  const CONTROLS = "a[href],button,input,select,textarea,summary,iframe,[tabindex],[contenteditable]"
  const OURS = ".vastra-plot [role=figure],.vastra-gallery figure"
  const all = (root) => [...root.querySelectorAll("*")]
    .flatMap((one) => one.shadowRoot ? [one, ...all(one.shadowRoot)] : [one])
  const words = (one) => [one.tagName, one.getAttribute("role"), one.getAttribute("aria-label") || one.innerText]
  const named = (one) => words(one)
    .map((part) => String(part ?? "").replace(/\\s+/g, " ").slice(0, 60)).join(" ")
  const parent = (one) => one.parentElement || one.getRootNode().host
  function ring(one) {
    const style = getComputedStyle(one)
    if (style.outlineStyle !== "solid" || parseFloat(style.outlineWidth) < 2) return "none"
    const more = Math.max(0, parseFloat(style.outlineOffset) + parseFloat(style.outlineWidth))
    const own = one.getBoundingClientRect()
    for (let around = parent(one); around && around !== document.body; around = parent(around)) {
      const { overflowX } = getComputedStyle(around), box = around.getBoundingClientRect()
      if (overflowX === "visible") continue
      if (own.left - more < box.left - 0.5 || own.right + more > box.right + 0.5) return "cut"
    }
    return style.outlineColor
  }
  window.eyes = {
    visited: [], rings: {},
    controls: () => all(document).filter((one) => one.matches(CONTROLS) && one.tabIndex >= 0 && !one.disabled
      && !one.closest("[inert]") && one.checkVisibility({ visibilityProperty: true })),
    missed() { // of a row of buttons that the arrow keys walk, Tab reaches one
      const seen = new Set(this.visited), groups = new Set(this.visited.map((one) => one.closest("[role=radiogroup]")))
      return this.controls().filter((one) => !seen.has(one)
        && !(one.getAttribute("role") === "radio" && groups.has(one.closest("[role=radiogroup]")))).map(named)
    },
    round() { return this.visited.indexOf(this.visited[0], 1) > 0 },
    last() { return this.visited.length ? named(this.visited.at(-1)) : "nothing" },
    forget() { this.visited = []; this.rings = {}; document.activeElement?.blur() },
  }
  document.addEventListener("focusin", (event) => {
    const one = event.composedPath()[0]
    eyes.visited.push(one)
    if (one.matches(OURS)) eyes.rings[named(one)] = ring(one)
  }, true)
  window.addEventListener("keydown", (event) => { eyes.kept = event.defaultPrevented })
})()
"""
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


@pytest.fixture(scope="module")
def address(tiny, tiny_data, tiny_runs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A lab with the tiny photos, a run and its twin, and a lesson that is over."""
    here = tmp_path_factory.mktemp("room")
    shutil.copytree(tiny_data, here / "data")
    shutil.copytree(tiny_runs, here / "runs")
    twin = shutil.copytree(here / "runs" / "tiny-run", here / "runs" / "tiny-again")
    record = json.loads((twin / "config.json").read_text())
    record["run_id"], record["settings"]["seed"] = "tiny-again", 1
    (twin / "config.json").write_text(json.dumps(record))
    make_lesson("imbalance", tiny, here / "runs")
    with server(here / "data", here / "runs") as found:
        yield found


def go_round(page, key: str) -> None:
    """Press ``key`` until the focus is where it began; every control has then been reached, and left."""
    page.evaluate("eyes.forget()")
    most = 2 * page.evaluate("eyes.controls().length") + 40
    for _ in range(0, most, 10):
        for _ in range(10):
            page.keyboard.press(key)
        if page.evaluate("eyes.round()"):
            return
    raise AssertionError(f"{page.url}: after {most} times {key} the focus is on {page.evaluate('eyes.last()')}")


def walk(page, key: str, ground: str) -> None:
    drawn(page)
    go_round(page, key)
    if page.evaluate("eyes.missed()"):  # something was drawn again while it was being walked
        drawn(page)
        go_round(page, key)
    assert page.evaluate("eyes.missed()") == [], page.url
    for name, ring in page.evaluate("eyes.rings").items():
        assert ring not in ("none", "cut"), f"{page.url}: the ring round {name}: {ring}"
        colour = tuple(float(part) for part in ring.removeprefix("rgb(").removesuffix(")").split(","))
        assert contrast(ground, colour) >= 3, f"{page.url}: the ring round {name} is {ring}"


def test_every_control_of_every_page_is_reached_and_left_in_both_themes(address, browser):
    assert {one.split("?")[0] for one in ADDRESSES} == {address_of(entry) for entry in navigation.ENTRIES}
    with tab(browser) as one:
        other = one.context.new_page()  # of one context, so that the second finds the scripts that the first has loaded
        one.context.add_init_script(EYES)
        one.goto(f"{address}/{ADDRESSES[0]}", wait_until="commit")
        for place in range(len(ADDRESSES)):
            if place + 1 < len(ADDRESSES):  # the next page makes itself ready meanwhile
                other.goto(f"{address}/{ADDRESSES[place + 1]}", wait_until="commit")
            one.emulate_media(color_scheme="light")
            walk(one, "Tab", "#FCFBF8")
            one.emulate_media(color_scheme="dark")
            one.wait_for_function(
                "getComputedStyle(document.querySelector('.stApp')).backgroundColor == 'rgb(19, 21, 31)'"
            )
            walk(one, "Shift+Tab", "#13151F")
            one.emulate_media(color_scheme="light")
            one, other = other, one


def test_a_button_that_is_off_can_be_read_in_both_themes(address, browser):
    with tab(browser) as page:
        page.goto(f"{address}/training?run=tiny-run")
        drawn(page)
        page.locator(".st-key-train button").first.evaluate("one => { one.disabled = true }")
        look = """one => { const style = getComputedStyle(one), ink = getComputedStyle(one.querySelector('p')).color
            return [style.backgroundColor, ink].map(text => text.match(/[\\d.]+/g).map(Number)) }"""
        for theme, ground in (("light", "#FCFBF8"), ("dark", "#13151F")):
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(500)
            own, ink = page.locator(".st-key-train button").first.evaluate(look)
            assert own[3:] == [0] or own == [int(ground[at : at + 2], 16) for at in (1, 3, 5)], (theme, own)
            assert len(ink) == 3 and contrast(ground, tuple(ink)) >= 3, (theme, ink)


def keeps(page, key: str) -> bool:
    """Whether the page takes the key for itself; the browser scrolls or goes on with the others."""
    page.keyboard.press(key)
    return page.evaluate("eyes.kept")


def test_a_chart_and_a_gallery_use_their_own_keys_and_leave_the_others_to_the_page(address, browser):
    matrix = "[role=figure][aria-label^='Confusion matrix']"
    with tab(browser) as page:
        page.add_init_script(EYES)
        page.goto(f"{address}/evaluation?run=tiny-run")
        drawn(page)
        spoken = page.locator(f".vastra-plot:has({matrix}) [aria-live]")
        page.locator(f"{matrix}[tabindex]").focus()  # it gets its place among the stops when it is drawn
        said = []
        for key in ("ArrowRight", "ArrowDown", "ArrowDown"):  # three classes: this is the last row
            assert keeps(page, key)
            said.append(spoken.inner_text())
        assert len(set(said)) == 3 and all(said), "an arrow key goes to the next cell and says it"
        for key in ("ArrowDown", "PageUp", "Home", "Control+ArrowUp", "Alt+ArrowUp", "a", "PageDown"):
            assert not keeps(page, key), f"{key} dies in the matrix"
        page.wait_for_function(f"{SCROLLED} > 0", timeout=120_000)

        # a chart in which keys do nothing is no stop, and after a click into it they are the page's
        quiet = page.locator("[role=figure][aria-label^='Precision, recall and F1']")
        assert quiet.get_attribute("tabindex") is None
        quiet.click(position={"x": 20, "y": 20})
        for key in ("ArrowDown", "PageDown", "End", "Home"):
            assert not keeps(page, key), f"{key} dies in a chart that cannot be clicked"
        page.wait_for_function(f"{SCROLLED} === 0", timeout=120_000)

        # the last photo of a gallery has none beside or below it
        photos = page.locator(".vastra-gallery figure[data-id]")
        photos.first.focus()
        assert keeps(page, "ArrowRight") and photos.nth(1).evaluate("one => one === document.activeElement")
        photos.last.focus()
        for key in ("ArrowRight", "ArrowDown", "PageDown"):
            assert not keeps(page, key), f"{key} dies in the gallery"

        # plotly's buttons are seen while one of them has the focus
        page.goto(f"{address}/training?run=tiny-run")
        drawn(page)
        page.locator(".modebar-btn").first.focus()
        page.wait_for_function("getComputedStyle(document.querySelector('.modebar')).opacity === '1'", timeout=120_000)
