"""The button that hands a result over: on Evaluation and on Compare, also in a review copy; the file is made when it is
pressed, kept while nothing it rests on changes, and its numbers are those of the page."""

import json
import re
from pathlib import Path

import pytest

from fashion_core import storage
from fashion_core.compare import sides
from fashion_core.runs import runs
from tests.support.made_pairs import answers, run_with
from tests.support.pages import metric, open_page
from ui.shared import report_button


@pytest.fixture
def pair(lab: Path):
    right_first, right_second = answers(200, 10, 40, 50)
    return run_with(lab / "first", right_first), run_with(lab / "second", right_second, sets=["rotation_degrees=0"])


def document_of(page: bytes) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.+?)</script>', page.decode(), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_a_report_writes_nothing_where_the_number_of_epochs_is_not_known(pair):
    side = sides.side_of_run(pair[0])
    page = report_button.made([side], "test", 0.01, [], list(pair)).decode()
    assert not re.search(r"\bNone\b", re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL))
    assert "Trained in 1.0 minutes" in page


def buttons(app) -> list[str]:
    return [element.proto.label for element in app.get("download_button")]


@pytest.mark.parametrize("read_only", ["0", "1"], ids=["lab", "review copy"])
def test_both_pages_offer_the_report_of_what_they_show(pair, monkeypatch, read_only: str):
    monkeypatch.setenv("FASHION_READ_ONLY", read_only)
    made = []
    monkeypatch.setattr(report_button, "made", lambda *asked: made.append(asked))
    app = open_page("evaluation", run="second", audience="class")  # a reviewer reads it in a sentence
    assert buttons(app) == ["Download a report (HTML, opens anywhere)"]
    kinds = [element.type for element in app.main]
    assert kinds.index("download_button") < kinds.index("metric"), "beside the pickers, before the answer"
    accuracy = metric(app, "Accuracy")
    app = open_page("compare", first="first", second="second", margin="0.02")
    assert buttons(app) == ["Download a report (HTML, opens anywhere)"] and made == []  # nothing is made by looking
    kinds = [element.type for element in app.main]
    assert kinds.index("download_button") < kinds.index("metric")
    monkeypatch.undo()
    page = report_button.made([sides.side_of_run(pair[1])], "test", 0.01, [], list(pair))
    assert f"{100 * document_of(page)['board']['numbers'][0]['value']:.1f} %" == accuracy == "80.0 %"


def test_the_file_is_kept_until_something_it_rests_on_changes(pair):
    chosen = [sides.side_of_run(run) for run in pair]
    asked = ("test", 0.02, [], list(pair))
    first = report_button.made(chosen, *asked)
    assert report_button.made(chosen, *asked) is first
    document = document_of(first)
    assert document["board"]["verdict"].startswith("report (second) is better than report (first)")
    assert document["command"].endswith("report first second --split test --margin 0.02")
    storage.write_json(pair[0].folder / "labels.json", {"name": "A name", "tags": [], "note": "", "starred": False})
    again = report_button.made(chosen, *asked)
    assert again is not first and document_of(again)["runs"][0]["name"] == "A name"
    seed = run_with(pair[0].folder.parent / "seed", answers(200, 10, 40, 50)[0], seed=1)  # the first one's recipe
    with_seed = report_button.made(chosen, *asked[:3], [*pair, seed])
    assert with_seed is not again and report_button.made(chosen, *asked[:3], [*pair, seed]) is with_seed


def test_a_report_that_cannot_be_made_is_a_page_that_says_why(pair):
    run = runs.open_run(pair[0].folder)
    page = report_button.made([sides.side_of_run(run)], "train", 0.01, [], list(pair)).decode()
    assert "There is no report: run &#x27;first&#x27; has no train predictions yet" in page
