"""A lesson in a real browser: from a cold link through a guess to its result; what was trained already is reused."""

import shutil

from fashion_core.lessons import findings, plans, progress
from tests.support.browsers import browser, no_trouble, pytestmark, server, settle, shoot, tab  # noqa: F401
from tests.support.made_lessons import make_leaky, make_lesson
from ui.lessons import index


def test_a_class_goes_through_a_lesson(browser, tiny, tiny_data, tmp_path):
    shutil.copytree(tiny_data, tmp_path / "data")
    made = make_lesson("leakage", tiny, tmp_path / "runs")
    make_leaky(tiny, tmp_path / "data")
    lesson = index.LESSONS["leakage"]
    found = findings.find("leakage", made, tmp_path / "data")
    assert progress.look(plans.plan("leakage"), tmp_path / "runs").word == progress.FINISHED
    with server(tmp_path / "data", tmp_path / "runs") as address, tab(browser) as page:
        page.goto(f"{address}/lessons?lesson=leakage&step=explain")
        page.get_by_text("contamination").wait_for(timeout=120_000)
        page.get_by_role("radio", name="1 Predict").or_(page.get_by_role("button", name="1 Predict")).first.click()
        page.get_by_role("button", name="15 points").click()
        page.get_by_role("button", name="Go to the run").click()
        page.get_by_role("button", name="Look at the result").click()
        page.wait_for_function("location.search.includes('step=look')")
        page.get_by_text(lesson.measured(found).words, exact=False).first.wait_for(timeout=120_000)
        page.locator(".js-plotly-plot").first.wait_for(timeout=120_000)
        settle(page)
        no_trouble(page)
        shoot(page, "lessons-look")
        page.reload()
        page.get_by_text(lesson.measured(found).words, exact=False).first.wait_for(timeout=120_000)
        page.go_back()
        page.wait_for_function("!location.search.includes('step=look')")
