"""A report in a real browser with the network blocked: it paints, asks for nothing, runs no script but its own, and a
cell, a row or a column opens exactly its photos, by mouse and by keyboard."""

import random
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from fashion_core.data import datasets
from fashion_core.labels import display_name
from fashion_core.report import document, report_page
from fashion_core.runs import runs
from tests.support.browsers import browser, pytestmark, shoot  # noqa: F401
from tests.support.hostile import PAYLOADS
from tests.support.made_runs import make_run
from tests.support.rooms import room  # noqa: F401

A4 = (688, 1017)  # what margins of 14 mm leave, in CSS pixels


def write(runs_dir: Path, names: list[str], target: Path, data: Path | None = None) -> Path:
    found = runs.list_runs(runs_dir)
    here = datasets.list_datasets(data) if data else []
    collected = document.collect(document.sides_of(names, found), datasets=here, others=found)
    target.write_bytes(report_page.render(collected).html)
    return target


@contextmanager
def opened(browser, file: Path, *, violations: int = 0, **options):  # noqa: F811
    """The file in a tab that reaches nothing else; fails where it asked for something, broke, or broke its policy more
    often than the test itself does."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True, **options)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if not request.url.startswith("data:") else None)
    page.route("**/*", lambda route: route.continue_() if route.request.url == file.as_uri() else route.abort())
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.goto(file.as_uri())
    page.wait_for_function("document.querySelector('.explorer').dataset.count !== undefined")
    yield page
    assert asked == [file.as_uri()] and len(said) == violations, (asked, said)
    assert all("Content Security Policy" in text for text in said), said
    context.close()


def names_shown(page) -> list[str]:
    """The names of all photos behind what is chosen, in the order shown."""
    page.locator(".photos summary").first.click()
    page.locator(".photos ol li").first.wait_for()
    lines = page.locator(".photos ol li").all_inner_texts()
    return [line.split(" · ")[0] for line in lines]


def test_a_report_opens_exactly_its_photos_without_a_network(room, browser, tmp_path):  # noqa: F811
    file = write(room["runs"], ["shipped"], tmp_path / "report.html", room["data"])
    frame = pd.read_parquet(room["runs"] / "shipped" / "predictions-test.parquet")
    classes = list(runs.open_run(room["runs"] / "shipped").classes)
    generator = random.Random(9)
    with opened(browser, file) as page:
        assert page.locator("h1").inner_text() == "strong on demo, drawn" and page.title().startswith("Drawn data: ")
        assert page.locator("#board svg").bounding_box()["height"] > 100
        shoot(page, "report-light-1280")
        wanted = [(generator.choice(classes), generator.choice(classes)) for _ in range(4)]
        wanted += [(name, name) for name in generator.sample(classes, 2)]
        wanted += [(generator.choice(classes), None), (None, generator.choice(classes))]
        for true, predicted in wanted:
            parts = [f"[data-r='{classes.index(true)}']" if true else ":not([data-r])"]
            parts += [f"[data-c='{classes.index(predicted)}']" if predicted else ":not([data-c])"]
            page.locator(f".matrix button{''.join(parts)}").click()
            rows = frame if true is None else frame[frame["label"] == true]
            rows = rows if predicted is None else rows[rows["predicted"] == predicted]
            counted = "1 photo" if len(rows) == 1 else f"{len(rows)} photos"
            assert f": {counted}" in page.locator(".photos h4").inner_text(), (true, predicted)
            assert page.locator(".explorer").get_attribute("data-count") == str(len(rows))
            if len(rows):
                shown = names_shown(page)
                assert sorted(shown) == sorted(rows["image_id"]), (true, predicted)
                sure = rows.set_index("image_id").loc[shown, [f"p_{name}" for name in classes]].max(axis=1)
                assert (np.diff(sure.round(4)) <= 1e-6).all()
                page.wait_for_function("[...document.querySelectorAll('.photos img')].every(i => i.naturalWidth > 0)")
                assert page.locator(".photos figure").count() == min(len(rows), 24)


def test_the_matrix_of_a_report_is_one_stop_of_the_keyboard_and_arrows_move_in_it(room, browser, tmp_path):  # noqa: F811
    file = write(room["runs"], ["shipped"], tmp_path / "report.html", room["data"])
    names = [display_name(label) for label in runs.open_run(room["runs"] / "shipped").classes]
    with opened(browser, file, color_scheme="dark") as page:
        assert page.locator(".matrix button[tabindex='0']").count() == 1
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.closest('.matrix') !== null"):
                break
        page.keyboard.press("Home")
        label = page.evaluate("document.activeElement.ariaLabel")
        row = next(k for k, name in enumerate(names) if label.startswith(f"Every {name}: "))
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        verdict = "right" if row == 1 else "wrong"
        heading = page.locator(".photos h4").inner_text()
        assert heading.startswith(f"{names[row]} answered as {names[1]}: ") and heading.endswith(verdict)
        for _ in range(row + 1):
            page.keyboard.press("ArrowUp")
        page.keyboard.press("Space")
        assert page.locator(".photos h4").inner_text().startswith(f"Everything answered as {names[1]}: ")
        assert page.locator(".matrix [aria-pressed=true]").count() == 1
        page.keyboard.press("ArrowUp")  # the edge: nothing happens
        assert page.evaluate("document.activeElement.ariaLabel").startswith(f"Everything answered as {names[1]}")
        shoot(page, "report-dark-1280")


def test_the_first_page_fits_on_one_sheet_and_what_is_folded_is_printed(room, browser, tmp_path):  # noqa: F811
    file = write(room["runs"], ["shipped"], tmp_path / "report.html", room["data"])
    with opened(browser, file) as page:
        page.emulate_media(media="print")
        page.set_viewport_size({"width": A4[0], "height": A4[1]})
        box = page.locator("#board").bounding_box()
        assert box["y"] + box["height"] <= A4[1]
        assert page.evaluate("document.documentElement.scrollWidth") <= A4[0]
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details.paper:not([open])").count() == 0
        assert page.get_by_text("num_workers", exact=True).is_visible()
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details.paper[open]").count() == 0


def test_no_name_becomes_a_script_and_the_policy_stops_what_would(browser, tmp_path):  # noqa: F811
    nasty = "<img src=x onerror=alert(1)></script><script>alert(1)</script>"
    classes = (*PAYLOADS, nasty)
    run = make_run(tmp_path / "runs" / "hostile", classes, counts={"test": 40}, embeddings=False)
    frame = pd.read_parquet(run.folder / "predictions-test.parquet")
    frame["image_id"] = [f"{nasty}{place}" for place in range(len(frame))]
    frame.to_parquet(run.folder / "predictions-test.parquet")
    file = write(tmp_path / "runs", ["hostile"], tmp_path / "report.html")
    with opened(browser, file, violations=1) as page:
        page.locator(".matrix th button[data-r='7']").click()
        shown = names_shown(page)
        assert shown and all(name.startswith(nasty) for name in shown)
        assert page.evaluate("[document.scripts.length, document.images.length]") == [3, 0]
        stopped = page.evaluate(
            """async () => {
                const seen = new Promise((done) =>
                    addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective)));
                const script = document.createElement("script");
                script.textContent = "window.ran = true";
                document.body.append(script);
                return [await seen, window.ran === true];
            }"""
        )
        assert stopped == ["script-src-elem", False]


def test_a_class_of_many_is_found_by_its_name_with_those_it_is_confused_with(browser, tmp_path):  # noqa: F811
    classes = tuple(f"sku_{k:02}" for k in range(40))
    run = make_run(tmp_path / "runs" / "many", classes, counts={"test": 400}, embeddings=False)
    file = write(tmp_path / "runs", ["many"], tmp_path / "report.html")
    frame = run.predictions("test")
    wrong = frame[frame["label"] != frame["predicted"]]
    name = wrong["label"].value_counts().index[0]
    beside = wrong.loc[wrong["label"] == name, "predicted"].tolist()
    beside += wrong.loc[wrong["predicted"] == name, "label"].tolist()
    most = pd.Series(beside).value_counts()
    with opened(browser, file) as page:
        assert page.locator("table.matrix tbody tr").count() <= 15
        page.locator(".find").fill(display_name(name))
        page.locator(".find").press("Enter")
        shown = page.locator("table.matrix tbody th").all_inner_texts()
        assert shown[0] == display_name(name) and len(shown) == min(15, 1 + len(most))
        least = most.iloc[len(shown) - 2]
        assert {display_name(one) for one in most[most > least].index} < set(shown)
        assert int(page.locator(".explorer").get_attribute("data-count")) == (frame["label"] == name).sum()
        other = wrong.loc[wrong["label"] == name, "predicted"].value_counts().index[0]
        cell = page.locator(f"table.matrix button[data-r='{classes.index(name)}'][data-c='{classes.index(other)}']")
        images = frame.loc[(frame["label"] == name) & (frame["predicted"] == other), "image_id"]
        assert cell.inner_text() == str(len(images))
        cell.click()
        assert sorted(names_shown(page)) == sorted(images)
        page.locator("summary", has_text="The whole matrix of 40 classes").click()
        page.wait_for_function("document.querySelector('img.whole').naturalWidth === 40")
