"""Pages with a thousand classes: how many bytes they send, how many rows they draw, a class is found by its name."""

import numpy as np
import pandas as pd
import pytest

from fashion_core import storage
from fashion_core.data import datasets
from tests.support.made_runs import make_run
from tests.support.pages import asides, open_page, written
from ui.compare import detail
from ui.dataset import class_balance
from ui.evaluation import classes_view, matrix_view

K = 1000
CLASSES = tuple(f"sku_{k:04}" for k in range(K))
MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    """Two runs over a thousand classes, and a dataset that has as many, without its photos."""
    root = tmp_path_factory.mktemp("many")
    for seed, name in enumerate(("one", "two")):
        make_run(root / "runs" / name, CLASSES, counts={"test": K}, embeddings=False, seed=seed)
    folder = root / "data" / "many"
    folder.mkdir(parents=True)
    labels = np.repeat(CLASSES, 3)
    rows = pd.DataFrame({"image_id": [f"{k}.png" for k in range(3 * K)], "label": labels})
    rows = rows.assign(split=["train", "train", "test"] * K, path=rows["image_id"], width=8, height=8, bytes=1)
    storage.write_parquet(folder / "manifest.parquet", rows.assign(sha256="0", status="ok", phash="", reason=""))
    datasets.write(
        folder,
        datasets.Dataset(
            id="many", folder=folder, name="many", kind="folders", root=folder, classes=CLASSES, groups={},
            synthetic=False, note="", split_rule="as given", bring="", fingerprint="1" * 16,
            splits={"train": 2 * K, "test": K}, num_images=3 * K, num_damaged=0, num_missing=0, first_pixels=(8, 8),
        ),
    )  # fmt: skip
    return root


@pytest.fixture
def opened(folder, monkeypatch):
    """Opens a page and gives it with the bytes of all messages that it sent, and the figures by their key."""
    monkeypatch.setenv("FASHION_DATA", str(folder / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(folder / "runs"))
    from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

    sent, figures = [], {}
    enqueue = ScriptRunContext.enqueue
    monkeypatch.setattr(
        ScriptRunContext, "enqueue", lambda self, message: (sent.append(message.ByteSize()), enqueue(self, message))[1]
    )
    for module in (matrix_view, classes_view, detail, class_balance):
        drawn = module.plot

        def keep(figure, *, key, drawn=drawn, **more):
            figures[key] = figure
            return drawn(figure, key=key, **more)

        monkeypatch.setattr(module, "plot", keep)

    def open_it(page: str, **query: str):
        app = open_page(page, **query)
        return app, sum(sent), figures

    return open_it


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("evaluation", {"run": "one"}),
        ("evaluation", {"run": "one", "matrix_as": "whole", "view": "groups"}),
        ("evaluation", {"run": "one", "matrix_as": "table", "values": "difference", "against": "two"}),
        ("evaluation", {"run": "one", "audience": "review"}),
        ("compare", {"first": "one", "second": "two", "split": "test"}),
        ("dataset", {"dataset": "many", "tab": "Classes"}),
        ("dataset", {"dataset": "many", "tab": "Sampler"}),
        ("overview", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value.values()),
)
def test_a_page_with_a_thousand_classes_sends_two_megabytes_at_most(opened, page, query):
    _, sent, figures = opened(page, **query)
    assert sent < MOST_BYTES, f"{sent:,} bytes"
    for key, figure in figures.items():
        names = figure.layout.yaxis.ticktext
        assert key == "matrix" and query.get("matrix_as") == "whole" or names is None or len(names) <= 40, key


def test_the_worst_confusions_open_and_a_class_is_found_with_those_it_is_confused_with(opened, folder):
    frame = pd.read_parquet(folder / "runs" / "one" / "predictions-test.parquet", columns=["label", "predicted"])
    wrong = frame[frame["label"] != frame["predicted"]]
    app, _, figures = opened("evaluation", run="one")
    drawn = [name.strip().lower().replace(" ", "_") for name in figures["matrix"].layout.yaxis.ticktext]
    between = wrong[wrong["label"].isin(drawn) & wrong["predicted"].isin(drawn)]
    assert f"{len(drawn)} of 1,000 classes, with {len(between)} of {len(wrong):,} wrong answers" in written(app)
    name = wrong["predicted"].value_counts().index[0]
    app, _, figures = opened("evaluation", run="one", around=name, most="25")
    beside = set(wrong.loc[wrong["label"] == name, "predicted"]) | set(wrong.loc[wrong["predicted"] == name, "label"])
    drawn = {text.strip().lower().replace(" ", "_") for text in figures["matrix"].layout.xaxis.ticktext}
    assert drawn == beside | {name} if len(beside) < 25 else drawn <= beside | {name}
    assert app.selectbox(key="around").value == name and asides(app)


def test_the_bars_of_some_classes_have_the_totals_and_shares_of_all(opened):
    app, _, figures = opened("dataset", dataset="many", bars="share", tab="Classes")
    figure = figures["distribution"]
    assert [note.text for note in figure.layout.annotations] == [
        "<b>Train</b>  2,000 photos",
        "<b>Test</b>  1,000 photos",
    ]
    assert len(figure.data[0].x) == 30 and np.allclose(figure.data[0].x, 100 * 2 / 2000)
    assert "30 with the most and the fewest photos of 1,000 classes" in written(app)
