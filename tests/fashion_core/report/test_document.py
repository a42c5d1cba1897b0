"""A report's numbers are those of the run's files, it keeps to its size, names stay text, and a command writes it."""

import html
import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sklearn_metrics
from typer.testing import CliRunner

from fashion_core import storage
from fashion_core.__main__ import app
from fashion_core.compare import comparison, sides
from fashion_core.data import datasets, pixels, published
from fashion_core.data.audit import audit
from fashion_core.errors import RunError, WrongUse
from fashion_core.labels import INDOFASHION, display_name
from fashion_core.metrics import intervals
from fashion_core.metrics.wording import with_interval
from fashion_core.report import charts, facts, report_matrix, report_page
from fashion_core.report import document as report_document
from fashion_core.report import html as report_html
from fashion_core.runs import runs
from tests.support.hostile import PAYLOADS
from tests.support.made_runs import make_run
from tests.support.places import ROOT
from ui.charts import colours
from ui.charts.ramps import luminance

SHIPPED = ROOT / "checkpoints"


class Seen(HTMLParser):
    """What a browser would find: the text of each <script type=application/json>, the visible text by section, tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.blocks: dict[str, str] = {}
        self.text: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._block: str | None = None
        self._hidden = 0
        self._section = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.tags.append((tag, told))
        if tag == "script":
            self._block = told.get("id") or "script"
        if tag in ("style", "title", "desc"):
            self._hidden += 1
        if tag == "section":
            self._section = told["id"] or ""

    def handle_endtag(self, tag):
        if tag == "script":
            self._block = None
        if tag in ("style", "title", "desc"):
            self._hidden -= 1
        if tag == "section":
            self._section = ""

    def handle_data(self, data):
        if self._block:
            self.blocks[self._block] = self.blocks.get(self._block, "") + data
        elif not self._hidden:
            self.text[self._section] = f"{self.text.get(self._section, '')} {data}"


def written(names, runs_dir: Path, data: list | None = None, **options) -> tuple[str, dict, Seen]:
    found = runs.list_runs(runs_dir)
    collected = report_document.collect(
        report_document.sides_of(names, found), datasets=data or [], others=found, **options
    )
    page = report_page.render(collected).html.decode()
    seen = Seen(page)
    return page, json.loads(seen.blocks["data"]), seen


def test_the_numbers_in_the_file_are_those_of_the_runs_files_and_of_scikit_learn():
    _, document, _ = written(["strong-fashion-mnist"], SHIPPED)
    told = document["runs"][0]
    run = runs.find_run(SHIPPED, "strong-fashion-mnist")
    frame = pd.read_parquet(run.folder / "predictions-test.parquet")
    assert told["scores"] == {"run_id": run.id, "split": "test", **run.scores("test").to_json()}
    report_of = sklearn_metrics.classification_report(
        frame["label"], frame["predicted"], labels=list(run.classes), output_dict=True, zero_division=0
    )
    assert told["scores"]["accuracy"] == pytest.approx(report_of["accuracy"], abs=1e-12)
    for name, of in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
        assert told["macro"][name] == pytest.approx(report_of["macro avg"][of], abs=1e-12)
        low, high = told["intervals"][f"macro_{name}"]
        assert low <= told["macro"][name] <= high
    matrix = sklearn_metrics.confusion_matrix(frame["label"], frame["predicted"], labels=list(run.classes))
    assert told["scores"]["confusion_matrix"] == matrix.tolist()
    for k, name in enumerate(run.classes):
        low, high = intervals.wilson(matrix[k, k], matrix[k].sum())
        assert told["intervals"]["per_class"]["recall"][k] == [float(low), float(high)], name
    photos = told["photos"]
    assert photos["ids"] == frame["image_id"].tolist()
    counted = np.zeros((10, 10), int)
    np.add.at(counted, (photos["true"], photos["predicted"]), 1)
    assert (counted == matrix).all()
    config = json.loads((run.folder / "config.json").read_text())
    assert told["dataset"]["fingerprint"] == config["dataset"]["fingerprint"] and told["versions"] == config["versions"]
    assert {row["name"]: row["value"] for row in told["settings"] if row["changed"]} == config["changed"]
    assert len(told["settings"]) == len(config["settings"]) - 1  # the recipe itself is no setting of it
    epochs = [row for row in storage.read_lines(run.folder / "metrics.jsonl") if row["kind"] == "epoch"]
    assert [row["val_accuracy"] for row in told["curves"]["epochs"]] == [row["val_accuracy"] for row in epochs]


def shown_numbers(text: str) -> set[str]:
    return set(re.findall(r"\d[\d,]*(?:\.\d+)?", text))


def known_numbers(value) -> set[str]:
    """Every way in which the page writes a number of the document."""
    if isinstance(value, dict):
        return set().union(*map(known_numbers, value.values()), set())
    if isinstance(value, list):
        return set().union(*map(known_numbers, value), set())
    if isinstance(value, str):
        return shown_numbers(value)
    if isinstance(value, bool) or value is None:
        return set()
    return {f"{100 * value:.1f}", f"{abs(100 * value):.1f}", f"{value:,}"}


@pytest.mark.parametrize(
    "names", [["strong-fashion-mnist"], ["report-fashion-mnist", "strong-fashion-mnist"]], ids=["one", "two"]
)
def test_every_number_on_the_first_page_comes_from_the_data(names: list[str]):
    _, document, seen = written(names, SHIPPED)
    board, scale = document["board"], {str(tick) for tick in range(0, 101, 5)} | {"95", "2"}
    assert len(board["numbers"]) <= 5 and all(one["low"] <= one["value"] <= one["high"] for one in board["numbers"])
    known = known_numbers([board, document["runs"][0]["dataset"]["name"]]) | scale
    assert shown_numbers(seen.text["board"]) <= known
    first = document["runs"][0]["scores"]
    assert board["numbers"][0]["value"] == first["accuracy"]
    assert [board["numbers"][0]["low"], board["numbers"][0]["high"]] == pytest.approx(first["accuracy_ci95"])
    for jargon in ("F1", "recall", "precision", "McNemar", "Wilson", "bootstrap", "p <", "epoch", "split"):
        assert jargon not in seen.text["board"], jargon


def test_two_runs_are_compared_as_the_compare_page_compares_them():
    names = ["report-fashion-mnist", "strong-fashion-mnist"]
    _, document, seen = written(names, SHIPPED)
    found = runs.list_runs(SHIPPED)
    both = [replace(sides.find_side(name, found), name=name.partition("-")[0]) for name in names]
    expected = comparison.compare(*both, others=found)
    told = document["comparisons"][0]
    assert told["sentence"] == expected.verdict.sentence and told["sentence"] in seen.text["comparison"]
    frames = [pd.read_parquet(SHIPPED / name / "predictions-test.parquet") for name in names]
    accuracy = [(frame["label"] == frame["predicted"]).mean() for frame in frames]
    assert told["difference"]["value"] == pytest.approx(accuracy[1] - accuracy[0])
    assert told["flips"] == {"right_to_wrong": expected.pairs.n10, "wrong_to_right": expected.pairs.n01}
    assert document["board"]["verdict"].startswith("strong is better than report")


def test_drawn_data_is_called_drawn_in_the_title_and_first_in_every_section():
    page, document, seen = written(["strong-drawn", "published-report"], SHIPPED)
    assert "<title>Drawn data: " in page and document["drawn"]
    for name in ("board", "comparison", "run-0"):
        assert seen.text[name].strip().startswith("Drawn data"), name
    assert document["comparisons"][0]["verdict"] == "cannot tell"
    results = {row["id"]: row for row in document["runs"][0]["published"]}
    assert set(results) == {result.id for result in published.for_classes(INDOFASHION)}
    assert results["published-report"]["accuracy"] == 6310 / 7500
    assert "This run in points" not in seen.text["run-0"]
    _, _, real = written(["strong-fashion-mnist"], SHIPPED)
    assert "Drawn data" not in "".join(real.text.values()) and "This run in points" in real.text["run-0"]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, datasets.Dataset]:
    """A run over 15 classes with 7,500 test photos, and the photos: noise, which compresses worst."""
    folder = tmp_path_factory.mktemp("large")
    run = make_run(
        folder / "runs" / "large", INDOFASHION, counts={"test": 7500}, embeddings=False, fingerprint="a" * 16
    )
    return folder / "runs", noise(folder / "data" / "made", run)


def noise(folder: Path, run: runs.Run, split: str = "test", side: int = 64) -> datasets.Dataset:
    """The dataset of a made run, its photos noise of 64 x 64."""
    frame = run.predictions(split)
    folder.mkdir(parents=True)
    text = {name: "" for name in ("phash", "reason")}
    columns = {"split": split, "width": 64, "height": 80, "bytes": 1, "sha256": "0", "status": "ok", **text}
    rows = frame[["image_id", "label"]].assign(path=frame["image_id"], **columns)
    storage.write_parquet(folder / "manifest.parquet", rows)
    with pixels.create(folder / f"pixels-{side}x{side}.npy", len(frame), side, side) as array_NHW3:
        array_NHW3[:] = np.random.default_rng(0).integers(0, 255, array_NHW3.shape, dtype=np.uint8)
    fingerprint = run.dataset.fingerprint
    pixels.seal(folder, folder / f"pixels-{side}x{side}.npy", fingerprint)
    dataset = datasets.Dataset(
        id="made", folder=folder, name="made", kind="folders", root=folder, classes=run.classes, groups={},
        synthetic=False, note="", split_rule="as given", bring="import", fingerprint=fingerprint,
        splits={split: len(frame)}, num_images=len(frame), num_damaged=0, num_missing=0, first_pixels=(side, side),
    )  # fmt: skip
    datasets.write(folder, dataset)
    return dataset


def test_a_report_of_7500_photos_keeps_to_its_size_and_to_the_order_of_what_matters(large):
    runs_dir, dataset = large
    collected = report_document.collect(
        report_document.sides_of(["large"], runs.list_runs(runs_dir)), datasets=[dataset]
    )
    limit = 4_000_000
    page = report_page.render(collected, limit)
    assert 0.97 * limit < len(page.html) <= limit  # noise: there is more than fits
    told = json.loads(Seen(page.html.decode()).blocks["data"])["runs"][0]
    frame = pd.DataFrame(told["photos"])
    assert len(frame) == 7500 and page.num_photos == 7500
    assert page.num_pictured == (frame["picture"] >= 0).sum()
    cells = frame.groupby(["true", "predicted"])["picture"].agg(n="size", pictured=lambda column: (column >= 0).sum())
    wrong = cells[cells.index.get_level_values(0) != cells.index.get_level_values(1)]
    right = cells.drop(wrong.index)
    assert (wrong["pictured"] >= np.minimum(wrong["n"], 4)).all() and (right["pictured"] == 4).all()
    assert wrong["pictured"].sum() > 4 * len(wrong)
    assert (np.bincount(frame["true"] * 15 + frame["predicted"], minlength=225).reshape(15, 15)
            == np.array(told["scores"]["confusion_matrix"])).all()  # fmt: skip
    with pytest.raises(RunError, match="fewer runs"):
        report_page.render(collected, 300_000)


def test_a_report_without_the_photos_says_so_and_keeps_their_names(large):
    _, document, seen = written(["large"], large[0])
    told = document["runs"][0]
    assert set(told["photos"]["picture"]) == {-1} and "not on the machine" in told["missing"]
    assert json.loads(seen.blocks["images"]) == [] and len(told["photos"]["ids"]) == 7500


def test_leaks_stand_beside_the_accuracy_when_the_photos_were_audited(tmp_path: Path, monkeypatch):
    run = make_run(tmp_path / "runs" / "leaky", ("a", "b"), counts={"test": 40}, embeddings=False, fingerprint="b" * 16)
    dataset = noise(tmp_path / "data" / "made", run, side=32)
    frame = run.predictions("test")
    leaked = frame["image_id"][:10]
    rows = pd.DataFrame({"kind": "leak", "image_id": leaked, "cause": "exact", "other_split": "train"})

    class Audited:
        def findings(self) -> pd.DataFrame:
            return rows

    monkeypatch.setattr(audit, "load", lambda of: Audited())
    _, document, seen = written(["leaky"], tmp_path / "runs", [dataset])
    rest = frame[10:]
    right = int((rest["label"] == rest["predicted"]).sum())
    leaks = document["runs"][0]["closer"]["leaks"]
    assert (leaks["leaked"], leaks["n"], leaks["accuracy"]) == (10, 30, right / 30)
    without = with_interval(intervals.proportion(right, 30))
    assert without in seen.text["run-0"] and f"{100 * right / 30:.1f} %" in seen.text["board"]


def test_a_report_is_written_twice_alike_and_stays_as_it_was(tmp_path: Path):
    make_run(tmp_path / "many", tuple(f"class {k}" for k in range(40)), counts={"test": 200}, embeddings=False)
    found = runs.list_runs(tmp_path)
    collected = report_document.collect(report_document.sides_of(["many"], found), others=found)
    assert report_page.render(collected).html == report_page.render(collected).html


def test_a_picture_of_many_sides_shows_each_of_them(tmp_path: Path):
    make_run(tmp_path / "one", ("a", "b"), counts={"test": 8}, embeddings=False)
    found = runs.list_runs(tmp_path)
    collected = report_document.collect(report_document.sides_of(["one"], found), others=found)
    rows = tuple(facts.Row(label=f"side {k}", value=intervals.Estimate(0.5, 0.4, 0.6), n=8) for k in range(30))
    board = replace(collected.board, picture=facts.Picture(kind="sides", title="How often each is right", rows=rows))
    page = report_page.render(replace(collected, board=board)).html.decode()
    assert page.split('<section id="run-0"')[0].count('class="hit"') == 30
    assert "weakest of" not in Seen(page).text["board"]


def test_a_group_of_seeds_is_judged_by_its_mean_and_each_seed_has_its_part(tmp_path: Path):
    for seed in range(3):
        folder = tmp_path / f"seed-{seed}"
        make_run(folder, ("a", "b", "c"), counts={"test": 90}, embeddings=False, seed=seed)
        config = json.loads((folder / "config.json").read_text())
        config["settings"]["seed"] = seed
        storage.write_json(
            folder / "config.json", config | {"group": {"id": "three", "kind": "seeds", "varies": ["seed"]}}
        )
    _, document, seen = written(["three"], tmp_path)
    scores = [runs.find_run(tmp_path, f"seed-{seed}").scores("test").accuracy.value for seed in range(3)]
    assert document["board"]["numbers"][0]["value"] == pytest.approx(np.mean(scores))
    assert [run["run_id"] for run in document["runs"]] == ["seed-0", "seed-1", "seed-2"]
    assert "3 seeds, sd" in seen.text["comparison"] and "mean of 3 trainings" in seen.text["board"]


@pytest.mark.parametrize("payload", [*PAYLOADS, "</script><script>alert(1)</script>", "<!--<script>", "\u2028'\"&"])
def test_a_name_stays_text_wherever_it_stands(payload: str, tmp_path: Path):
    classes = (payload, f"{payload} 2", "shoe")
    run = make_run(tmp_path / "hostile", classes, counts={"test": 12, "val": 9}, embeddings=False)
    config = json.loads((run.folder / "config.json").read_text())
    config["dataset"] |= {"name": payload, "bring": f"bring {payload}", "fingerprint": payload}
    storage.write_json(run.folder / "config.json", config | {"versions": {payload: payload}})
    storage.write_json(
        run.folder / "labels.json", {"name": payload[:80].replace("\u2028", " "), "tags": [], "note": ""}
    )
    frame = pd.read_parquet(run.folder / "predictions-test.parquet")
    frame["image_id"] = [f"{payload}{place}" for place in range(len(frame))]
    storage.write_parquet(run.folder / "predictions-test.parquet", frame)
    page, document, seen = written(["hostile", "published-report"], tmp_path)
    assert [told.get("id") for tag, told in seen.tags if tag == "script"] == ["data", "images", None]
    assert {tag for tag, _ in seen.tags if tag in ("img", "a", "iframe", "object", "base", "form")} <= {"a"}
    assert all(told["href"].startswith("#") for tag, told in seen.tags if tag == "a")
    assert not any(name.startswith("on") or name == "style" for _, told in seen.tags for name in told)
    assert document["runs"][0]["classes"] == list(classes)
    assert display_name(payload).split("<")[0].strip() in " ".join(seen.text.values())
    assert page.count("<script") == 3 and page.count("</script") == 3


def test_the_policy_names_the_files_own_script_and_style_and_nothing_else():
    page, _, seen = written(["strong-drawn"], SHIPPED)
    policy = next(told["content"] for tag, told in seen.tags if told.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-") and "unsafe" not in policy
    assert "http" not in re.sub(r"http-equiv", "", page.split("<body>")[0]) and "//" not in policy


def test_text_is_escaped_unless_it_is_markup():
    assert report_html.tag("p", "<b>", report_html.tag("i", "&")) == "<p>&lt;b&gt;<i>&amp;</i></p>"
    assert report_html.tag("a", href='"><script>', data_run=0, hidden=True, x=None) == (
        f'<a href="{html.escape(chr(34) + "><script>")}" data-run="0" hidden></a>'
    )
    assert report_html.with_code("a `<b>` c") == "a <code>&lt;b&gt;</code> c"
    told = ["</script>", "<!--", "\u2028", "&"]
    assert json.loads(report_html.json_text(told)) == told and not set("<>&\u2028") & set(report_html.json_text(told))


def test_the_files_colours_are_the_labs_and_can_be_read():
    style = (ROOT / "fashion_core" / "report" / "report.css").read_text()
    light, dark = (
        dict(re.findall(r"--([a-z]+\d?): (#[0-9A-F]{6})", part)) for part in re.split("@media [sp]", style)[:2]
    )
    for theme, names, right, wrong in (
        (light, colours.LIGHT, colours.RIGHT_RAMP, colours.WRONG_RAMP),
        (dark, colours.DARK, colours.RIGHT_RAMP_DARK, colours.WRONG_RAMP_DARK),
    ):
        assert {name: theme[name] for name in names} == names
        for ramp, letter in ((right, "r"), (wrong, "w")):
            assert [theme[f"{letter}{level}"] for level in range(1, 6)] == list(ramp)
            for level in range(1, 6):
                assert contrast(theme[f"{letter}{level}"], theme[f"on{level}"]) >= 4.5, (letter, level)
        for name in ("ink", "muted", "indigo", "leaf", "madder", "badge"):
            assert contrast(theme[name], theme["ground"]) >= 4.5, name


def contrast(one: str, other: str) -> float:
    low, high = sorted(luminance(tuple(int(text[i : i + 2], 16) for i in (1, 3, 5))) for text in (one, other))
    return (high + 0.05) / (low + 0.05)


def test_the_shades_of_the_matrix_keep_the_order_of_the_shares():
    levels = report_matrix.levels(np.array([[80, 20, 0], [1, 498, 1], [50, 0, 50]]))
    assert levels.tolist() == [["r5", "w4", "z"], ["w1", "r5", "w1"], ["w5", "z", "r3"]]


def test_ticks_are_round_numbers_inside():
    assert charts.ticks(0.3, 1.0) == [0.4, 0.6, 0.8, 1.0]
    assert charts.ticks(0, 2.1) == [0, 0.5, 1, 1.5, 2]


def test_the_command_writes_the_file_once_and_never_loads_torch(tmp_path: Path, large):
    target = tmp_path / "r.html"
    words = ["report", "strong-drawn", "-o", str(target), "--json", "--runs-dir", str(SHIPPED)]
    code = (
        "import sys\nfrom fashion_core.__main__ import main\nsys.argv = ['fashion_core', *sys.argv[1:]]\n"
        "try:\n    main()\nfinally:\n    assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--data-dir", str(tmp_path / "none")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["bytes"] == target.stat().st_size < 15_000_000 and told["runs"] == ["strong-drawn"] and told["drawn"]
    assert (told["photos"], told["pictures"], told["split"]) == (600, 0, "test")
    again = CliRunner().invoke(app, words)
    assert isinstance(again.exception, RunError) and "exists already" in str(again.exception)


def test_what_cannot_be_reported_says_why(tmp_path: Path, large):
    found = runs.list_runs(SHIPPED)
    with pytest.raises(WrongUse, match="a run of yours"):
        report_document.collect(report_document.sides_of(["published-report", "published-paper"], found))
    with pytest.raises(RunError, match="did you mean 'strong-drawn'"):
        report_document.sides_of(["strong-draw"], found)
    with pytest.raises(RunError, match="evaluate strong-drawn --split train"):
        report_document.collect(report_document.sides_of(["strong-drawn"], found), split="train")
    _, document, seen = written(["strong-drawn", "strong-fashion-mnist"], SHIPPED)
    assert "other classes" in document["comparisons"][0]["error"] and "cannot be compared" in seen.text["board"]
    assert "There is no report: &lt;b&gt;" in report_page.refusal("<b>").decode()
