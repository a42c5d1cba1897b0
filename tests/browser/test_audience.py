"""The switch between class and review in a real browser: by keyboard, in the address, from page to page and back."""

import re
import shutil

from tests.support.browsers import browser, no_trouble, pytestmark, server, settle, tab, wait_for  # noqa: F401
from tests.support.places import ROOT
from ui.app import glossary

PRESSED = ".st-key-audience [role=radio][aria-checked=true]"


def reads(page, who: str) -> None:
    """Wait until the switch says so."""
    page.locator(PRESSED, has_text=re.compile(who, re.IGNORECASE)).wait_for(timeout=120_000)
    settle(page)


def in_address(page) -> str:
    return page.evaluate("new URLSearchParams(location.search).get('audience')")


def explained(page) -> None:
    """A word says its sentence to the pointer where it stands, and from a list to the keyboard; Escape closes both."""
    page.wait_for_function("CSS.highlights.get('vastra-term')?.size > 3")
    words = "[...CSS.highlights.get('vastra-term')]"
    at = page.evaluate(
        f"(() => {{ const box = {words}.find((one) => /recall/i.test(`${{one}}`)).getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2] })()"
    )
    said = page.get_by_role("tooltip", name="").filter(has_text=meaning("Recall"))
    page.mouse.move(*at)
    said.wait_for(timeout=60_000)
    page.keyboard.press("Escape")
    said.wait_for(state="hidden", timeout=60_000)
    button = page.get_by_role("button", name=re.compile(r"\d+ words explained"))
    button.focus()
    page.keyboard.press("Enter")
    listed = page.get_by_role("region", name="Words on this page, explained")
    listed.get_by_text(meaning("Recall")).wait_for(timeout=60_000)
    number = int(re.search(r"\d+", button.inner_text()).group())
    assert listed.locator("dt").count() == listed.locator("dd").count() == number > 5
    page.keyboard.press("Escape")
    listed.wait_for(state="hidden", timeout=60_000)
    assert button.evaluate("(one) => one === document.activeElement")


def meaning(word: str) -> str:
    return next(term.means for term in glossary.TERMS if term.word == word)


def test_a_reviewers_address_stays_a_reviewers_from_page_to_page_and_back(tiny_data, tmp_path, browser):
    shutil.copytree(tiny_data, tmp_path / "data")
    shutil.copytree(ROOT / "checkpoints" / "report-fashion-mnist", tmp_path / "runs" / "shipped")
    with server(tmp_path / "data", tmp_path / "runs") as address, tab(browser) as page:
        page.goto(f"{address}/evaluation")
        settle(page)
        explained(page)
        page.locator(PRESSED).focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        reads(page, "review")
        page.get_by_text("It fails most on").wait_for()
        # what the class had stays in the page until the script for the reviewer has ended
        wait_for(lambda: not page.locator(".vastra-glossary, .vastra-word").count(), 60, "none of the words")
        box = page.locator(".st-key-audience [role=radiogroup]").bounding_box()
        assert box["height"] < 60, "the two stand in one line"
        page.get_by_role("link", name="See what the model has learnt").click()
        page.wait_for_url("**/embeddings**")
        settle(page)
        assert in_address(page) == "review"
        page.get_by_test_id("stSidebarNavLink").filter(has_text="Training").click()
        page.wait_for_url("**/training**")
        settle(page)
        assert in_address(page) == "review"
        page.reload()
        reads(page, "review")
        page.go_back()
        page.wait_for_url("**/embeddings**")
        reads(page, "review")
        page.get_by_test_id("stSidebarNavLink").filter(has_text="Training").click()
        page.wait_for_url("**/training**")
        settle(page)
        page.get_by_role("button", name="Turn to the class view").click()
        reads(page, "class")
        assert in_address(page) is None
        no_trouble(page)
