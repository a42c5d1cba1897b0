"""A run that is chosen on one page, followed through the sidebar, Back, a reload and another tab in a real browser."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.browsers import browser, no_trouble, pytestmark, server, settle, tab  # noqa: F401
from tests.support.made_runs import make_run


@pytest.fixture
def four(tmp_path: Path, tiny) -> Path:
    """Four runs over the same photos, alike but for their seeds."""
    for seed in range(4):
        make_run(tmp_path / f"r{seed}", tiny.classes, counts={"val": 12, "test": 12}, fingerprint=tiny.fingerprint,
                 seed=seed)  # fmt: skip
    return tmp_path


def asked(page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def named(page, **wanted: str) -> None:
    """Wait until the address names all of these."""
    page.wait_for_function(
        "(wanted) => { const has = new URLSearchParams(location.search);"
        " return Object.entries(wanted).every(([key, value]) => has.get(key) === value) }",
        arg=wanted,
        timeout=120_000,
    )
    settle(page)
    no_trouble(page)


def follow(page, title: str) -> None:
    """Click a link of the sidebar."""
    page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click()
    page.wait_for_function("(title) => document.querySelector('h1')?.innerText === title", arg=title, timeout=120_000)
    settle(page)


def test_a_chosen_run_stays_through_the_sidebar_back_a_reload_and_another_tab(tiny_data, four, browser):
    with server(tiny_data, four) as address, tab(browser) as page:
        page.goto(f"{address}/overview")
        settle(page)
        page.goto(f"{address}/evaluation")
        settle(page)
        page.wait_for_function("new URLSearchParams(location.search).has('run')")
        steps, first = page.evaluate("history.length"), asked(page)["run"]
        assert asked(page)["dataset"] == "tiny" and asked(page)["split"] == "test"
        wanted = "r1" if first != "r1" else "r2"
        page.goto(f"{address}/evaluation?run={wanted}&split=val")
        named(page, run=wanted, split="val", dataset="tiny")
        assert page.evaluate("history.length") == steps + 1, "what a page names by itself is no step of the history"
        for title in ("Embeddings", "Dataset", "Training", "Overview", "Compare", "Evaluation"):
            follow(page, title)
            named(page, run=wanted, split="val", dataset="tiny")
        assert asked(page).keys() == {"run", "split", "dataset"}, "Compare's sides and filters stay there"
        assert page.evaluate("history.length") == steps + 7
        page.go_back()
        page.wait_for_url("**/compare**")
        named(page, run=wanted)
        sides = asked(page)
        assert wanted in (sides["first"], sides["second"])
        page.reload()
        named(page, **sides)
        page.go_back()
        page.wait_for_function("document.querySelector('h1')?.innerText === 'Overview'")
        named(page, run=wanted)
        # a link of the sidebar that is opened in another tab, and the address that is sent to somebody else
        link = page.get_by_test_id("stSidebarNavLink").filter(has_text="Embeddings")
        link.dispatch_event("pointerdown")
        href = link.get_attribute("href")
        assert f"run={wanted}" in href
        with tab(browser) as other:
            other.goto(href)
            named(other, run=wanted, dataset="tiny")
