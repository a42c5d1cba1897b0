"""A run that grows before the reader's eyes: what the reader did to its chart stays when new points come."""

import pytest

from fashion_core import processes, storage
from fashion_core.runs import runs
from tests.support.browsers import browser as browser  # the fixture
from tests.support.browsers import no_trouble, pytestmark, server, settle, tab, wait_for
from tests.support.made_runs import make_run

__all__ = ["pytestmark"]

CURVES = "[...document.querySelectorAll('.js-plotly-plot')].find(g => g._fullData?.[0]?.name === 'As logged')"
SEEN = f"""(() => {{
    const graph = {CURVES}
    if (!graph) return null
    const {{xaxis, yaxis}} = graph._fullLayout, box = graph.getBoundingClientRect()
    return {{
        points: graph._fullData[1].x.length, last: Math.max(...graph._fullData[1].x),
        x: xaxis.range, y: yaxis.range, shown: graph._fullData.map(trace => trace.visible),
        mounts: graph.parentElement.dataset.mounts,
        left: box.left + xaxis._offset, width: xaxis._length, top: box.top + yaxis._offset, height: yaxis._length,
    }}
}})()"""


@pytest.fixture
def growing(tmp_path):
    """A run that is being trained by this very process, as far as anybody can see, and is at step 8 of 20."""
    run = make_run(tmp_path / "growing", ("kurta", "saree"), counts={"val": 4}, embeddings=False)
    (run.folder / "summary.json").unlink()
    (run.folder / "events.jsonl").unlink()
    storage.append_line(
        run.folder / "events.jsonl",
        {"event": "started", "time": 0, "device": "cpu", "process": processes.process_identity()},
    )
    log(run, range(1, 9))
    return run


def log(run: runs.Run, steps: range) -> None:
    for step in steps:
        row = {"kind": "step", "epoch": 1, "step": step, "loss": 2 / step, "seconds": step, "images_per_second": 100.0}
        storage.append_line(run.folder / "metrics.jsonl", row | {"learning_rate": 0.001, "memory_bytes": 2**30})


def test_zoom_and_a_hidden_line_stay_when_new_points_are_drawn(tiny_data, growing, browser):
    with server(tiny_data, growing.folder.parent) as address, tab(browser) as page:
        page.goto(f"{address}/training?run=growing")  # the first page that this server shows
        settle(page)
        wait_for(lambda: (page.evaluate(SEEN) or {}).get("points") == 8, 180, "eight points")
        page.wait_for_function(
            "document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().width === 236"
        )
        seen = page.evaluate(SEEN)
        assert seen["x"][0] == 0 and seen["x"][1] > 20

        place = {"y": seen["top"] + seen["height"] / 2}
        page.mouse.move(seen["left"] + 0.1 * seen["width"], **place)
        page.mouse.down()
        page.mouse.move(seen["left"] + 0.6 * seen["width"], **place, steps=8)
        page.mouse.up()
        wait_for(lambda: page.evaluate(SEEN)["x"][1] < 15, 180, "the zoom")
        page.locator(".legendtoggle").first.click()
        wait_for(lambda: page.evaluate(SEEN)["shown"][0] == "legendonly", 180, "the line to hide")
        zoomed = page.evaluate(SEEN)

        for steps in (range(9, 12), range(12, 15)):
            log(growing, steps)
            wait_for(lambda last=steps[-1]: page.evaluate(SEEN)["last"] == last, 180, f"step {steps[-1]} on the chart")
            now = page.evaluate(SEEN)
            assert now["x"] == zoomed["x"] and now["y"] == zoomed["y"]
            assert now["shown"] == zoomed["shown"] and now["mounts"] == "1"
        no_trouble(page)
