"""Another recipe in a real browser: reload, Back and a second tab show one form; widgets are called by plain words."""

import re
import shlex
import shutil
from dataclasses import replace

from fashion_core.settings import config, recipes
from tests.support.browsers import browser, no_trouble, pytestmark, server, settle, tab  # noqa: F401
from ui.app import subject


def form(page, expected: config.Settings) -> None:
    """Wait until command line, button and address say the settings."""
    command = re.compile(rf"{re.escape(recipes.to_flags(expected))}\s*$")
    page.locator("[data-testid=stCode]", has_text=command).first.wait_for(state="attached")
    page.wait_for_function("n => document.querySelector('.st-key-epochs input')?.value === n", arg=str(expected.epochs))
    page.get_by_role("button", name=re.compile(f"^Train {expected.epochs} epochs")).wait_for()
    settle(page)
    said = dict(page.evaluate("[...new URLSearchParams(location.search)]"))
    said = {key: value for key, value in said.items() if key not in subject.CARRIED}
    flags = shlex.split(recipes.to_flags(expected))
    changed = {flag.partition("=")[0]: flag.partition("=")[2] for flag in flags[3::2]}
    assert said == changed | {"recipe": expected.recipe}


def choose(page, name: str) -> None:
    page.locator(".st-key-recipe input").first.click()
    page.get_by_role("option", name=re.compile(f"^{name}[ ,]")).click()


def test_reload_back_and_a_second_tab_show_the_form_as_it_was(tiny_data, tmp_path, browser):
    shutil.copytree(tiny_data, tmp_path / "data")
    (tmp_path / "runs").mkdir()
    with server(tmp_path / "data", tmp_path / "runs") as address, tab(browser) as page:
        page.context.set_default_timeout(120_000)
        page.goto(f"{address}/training")
        form(page, recipes.STRONG)  # which is suggested for these photos
        choose(page, "report")
        form(page, recipes.REPORT)
        choose(page, "strong")
        form(page, recipes.STRONG)
        page.reload()
        form(page, recipes.STRONG)
        page.locator(".st-key-epochs input").fill("5")
        page.keyboard.press("Enter")
        form(page, replace(recipes.STRONG, epochs=5))
        assert page.get_by_role("spinbutton", name="Epochs (recipe 40)", exact=True).count() == 1
        choose(page, "paper")
        form(page, replace(recipes.PAPER, epochs=5))
        other = page.context.new_page()
        other.goto(page.url)
        form(other, replace(recipes.PAPER, epochs=5))
        other.close()
        page.get_by_role("button", name="Take all from paper").click()
        form(page, recipes.PAPER)
        for before in (replace(recipes.PAPER, epochs=5), replace(recipes.STRONG, epochs=5), recipes.REPORT):
            page.go_back()
            form(page, before)
        page.go_back()  # opening on it took no step of the history
        form(page, recipes.STRONG)
        page.go_forward()
        form(page, recipes.REPORT)
        page.go_forward()
        form(page, replace(recipes.STRONG, epochs=5))
        no_trouble(page)
