"""Good enough? A yes, a no or neither, for the numbers that the address asks for."""

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from fashion_core.__main__ import app
from fashion_core.metrics import required
from fashion_core.report import document, report_page
from fashion_core.runs import runs
from tests.support.pages import lab, open_page, written  # noqa: F401
from tests.support.places import ROOT

RUN = "strong-fashion-mnist"


@pytest.fixture(autouse=True)
def shipped(lab, monkeypatch):
    monkeypatch.setenv("FASHION_RUNS", str(ROOT / "checkpoints"))


def asked(**query: str) -> str:
    return written(open_page("evaluation", run=RUN, view="required", **query))


@pytest.mark.parametrize("audience", ["class", "review"])
def test_the_address_asks_and_the_page_answers_as_the_exact_tests_do(audience: str):
    predictions = runs.find_run(ROOT / "checkpoints", RUN).predictions("test")
    tried = predictions["label"].value_counts()
    right = predictions.loc[predictions["label"] == predictions["predicted"], "label"].value_counts()
    worst = right.div(tried).idxmin()
    p_value = stats.binomtest(int(right[worst]), int(tried[worst]), 0.8, alternative="greater").pvalue
    assert p_value < 0.05
    said = asked(audience=audience)
    assert "Yes: it is right for 90 of 100 photos, and for 80 of 100 of each of the 10 kinds, or better." in said
    said = asked(audience=audience, each="95")
    assert "No: it is not right for 90 of 100 photos, and for 95 of 100" in said
    assert f"It falls short for {worst.replace('_', ' ').capitalize()}" in said
    near = str(round(100 * right[worst] / tried[worst]))
    assert "These photos cannot tell" in asked(audience=audience, each=near)


def test_what_would_decide_is_counted_where_it_can_be():
    matrix = np.diag([98, 85, 78, 0]) + np.diag([2, 15, 22], 1)[:4, :4]
    found = required.judge(matrix, ("saree", "kurta_men", "gown", "bag"), overall=0.6, each=0.8)
    told = " ".join(required.reasons(found))
    total = required.photos_to_show(0.85, 0.8)
    assert total is not None and 100 < total < 1000
    assert f"about {round(total - 100, -1)} more photos of Kurta men would show it" in told
    assert "More photos alone would not show it for Gown: there it is right too seldom so far." in told
    assert "No photo was tried for Bag." in told


def test_a_report_says_it_too_and_names_the_command_that_makes_it_again(tmp_path):
    found = runs.list_runs(ROOT / "checkpoints")
    one, two = (
        document.collect(document.sides_of(names, found), need=required.Need(90, 80))
        for names in ([RUN], [RUN, "report-fashion-mnist"])
    )
    yes = "Yes: it is right for 90 of 100 photos, and for 80 of 100 of each of the 10 kinds, or better."
    assert one.board.required == (yes,)
    assert f'<p class="required">{yes}</p>' in report_page.render(one).html.decode()
    assert one.command.endswith("--need 90 --each 80")
    assert two.board.required[0] == f"{two.runs[0].name}: {yes}"
    assert two.board.required[1].startswith(f"{two.runs[1].name}: No: ")
    unasked = report_page.render(document.collect(document.sides_of([RUN], found))).html.decode()
    assert 'class="required"' not in unasked
    alone = CliRunner().invoke(app, ["report", RUN, "--need", "90", "-o", str(tmp_path / "report.html")])
    assert alone.exit_code != 0 and "go together" in str(alone.exception)
