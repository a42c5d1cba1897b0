"""A server of the app and Chromium, for tests that look at pages as people do."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.places import ROOT
from ui.app import navigation

SCREENSHOTS = ROOT / "screenshots"


CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


MISSING = not Path(CHROMIUM).exists()


pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        MISSING and not os.environ.get("FASHION_REQUIRE_ALL"), reason=f"no Chromium at {CHROMIUM} (set CHROMIUM)"
    ),
]


FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


DRAWN = "[...document.querySelectorAll('.vastra-plot')].every((one) => one.querySelector('.main-svg'))"


@contextmanager
def server(data_dir: Path, runs_dir: Path) -> Iterator[str]:
    """The app on a free port, over its own data and runs; ended by its pid."""
    port = free_port()
    environment = {**os.environ, "FASHION_DATA": str(data_dir), "FASHION_RUNS": str(runs_dir)}
    log = data_dir / "server.log"
    words = ["run", "streamlit_app.py", "--server.port", str(port), "--server.headless", "true"]
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", *words], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: healthy(address), 120, "the server to answer")
        yield address
    finally:
        process.terminate()
        process.wait(120)  # a busy machine needs longer than it should


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


#: Streamlit 1.67.0 resizes a chart that another page has just replaced, and does not catch what plotly.js says to that.
NOT_OURS = "Resize must be passed a displayed plot div element"


@contextmanager
def tab(browser, *, height: int = 800):
    """A page that fails the test when it, or another page of its context, asks anybody but this machine for anything,
    or when a script breaks."""
    context = browser.new_context(viewport={"width": 1280, "height": height}, color_scheme="light")
    context.set_default_timeout(120_000)  # a busy machine needs longer than it should
    page = context.new_page()
    strangers: list[str] = []
    broken: list[str] = []
    context.on("request", lambda r: strangers.append(r.url) if not is_local(r.url) else None)
    context.on("weberror", lambda event: None if NOT_OURS in str(event.error) else broken.append(str(event.error)))
    yield page
    context.close()
    assert not strangers and not broken, (strangers, broken)


def is_local(url: str) -> bool:
    return re.match(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:|about:", url) is not None


def settle(page) -> None:
    """Wait until the page's script has run and nothing is loading."""
    page.wait_for_selector("h1", timeout=120_000)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')", timeout=120_000)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')", timeout=120_000)


def drawn(page) -> None:
    """Wait until the page has settled, has nothing to do and has drawn every chart, which comes after the script."""
    settle(page)
    page.evaluate("new Promise((done) => requestIdleCallback(() => done(), { timeout: 10_000 }))")
    page.wait_for_function(DRAWN, timeout=120_000)


def shoot(page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def no_trouble(page) -> None:
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.locator("[data-testid=stAlertContentError]").count() == 0


def address_of(entry: navigation.Entry) -> str:
    return "" if entry is navigation.ENTRIES[0] else entry.name


def click_cell(page, row: int, column: int) -> None:
    """Click the middle of a cell of the confusion matrix, by the plot's own axes."""
    page.wait_for_function(
        "[...document.querySelectorAll('.js-plotly-plot')].some(g => g._fullData?.some(t => t.type === 'heatmap'))",
        timeout=120_000,
    )
    x, y = page.evaluate(
        """([row, column]) => {
            const graph = [...document.querySelectorAll('.js-plotly-plot')]
                .find(g => g._fullData?.some(t => t.type === 'heatmap'))
            const box = graph.getBoundingClientRect(), {xaxis, yaxis} = graph._fullLayout
            return [box.left + xaxis._offset + xaxis.c2p(column), box.top + yaxis._offset + yaxis.c2p(row)]
        }""",
        [row, column],
    )
    page.mouse.move(x, y)
    page.wait_for_timeout(300)  # two clicks within 300 ms clear the selection
    page.mouse.click(x, y)
