"""The Embeddings page: what it says agrees with scikit-learn and with counts by hand, with photos and without."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import procrustes
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_distances
from sklearn.neighbors import KDTree, KNeighborsClassifier
from sklearn.preprocessing import normalize
from streamlit.testing.v1 import AppTest

from fashion_core import processes
from fashion_core.labels import INDOFASHION
from fashion_core.launch import background
from fashion_core.models import inference
from fashion_core.runs import runs
from tests.support import made_jobs
from tests.support.made_runs import make_run
from tests.support.places import ROOT
from ui.app import address
from ui.charts.maps import Map, embedding_scatter

GONE = {"pid": 2**22 + 1, "started": 0.0}  # no process has such a number


def open_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=180)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(str(ROOT / "pages" / "embeddings.py"))
    app.run()
    assert not app.exception
    return app


def numbers_of(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_the_answer_agrees_with_scikit_learn(lab):
    run = make_run(lab / "one", INDOFASHION, counts={"test": 450})
    features, predictions = run.embeddings("test"), run.predictions("test")
    pca = PCA(svd_solver="full").fit(features)
    shares = pca.explained_variance_ratio_
    app = open_page(run="one")
    assert app.selectbox(key="axis1").options == [f"Axis {number}" for number in range(1, 1 + len(shares))]
    numbers = numbers_of(app)
    assert numbers["On this map"] == f"{100 * shares[:2].sum():.1f} %"
    units = normalize(features)  # the order of Euclidean distances between units is that of cosine distances
    right = []
    for row in range(len(units)):  # leave one out, by another algorithm
        others = np.arange(len(units)) != row
        search = KNeighborsClassifier(1, algorithm="ball_tree").fit(units[others], predictions["label"][others])
        right.append(search.predict(units[[row]])[0] == predictions["label"][row])
    assert numbers["Nearest is alike"] == f"{100 * np.mean(right):.1f} %"
    by_class = pd.Series(right).groupby(predictions["label"]).mean()
    assert numbers["Told apart best"] == f"{100 * by_class.max():.1f} %"
    assert numbers["Told apart worst"] == f"{100 * by_class.min():.1f} %"
    tree = KDTree(pca.transform(features)[:, :2])
    kept = [
        len(set(np.argsort(np.delete(cosine_distances(units[[row]], units)[0], row))[:10]) & set(near))
        for row, near in enumerate(
            np.array([[n - (n > row) for n in tree.query(tree.data[row : row + 1], 11)[1][0] if n != row][:10]
                      for row in range(450)])
        )
    ]  # fmt: skip
    assert float(numbers["Nearest kept"].split()[0]) == pytest.approx(10 * np.mean(kept), abs=0.15)


def test_without_photos_the_map_the_numbers_and_the_lines_are_there_and_the_command_is_named(lab):
    make_run(lab / "one", ("bag", "boot", "coat"), counts={"test": 60})
    app = open_page(run="one")
    assert "python -m fashion_core import made.zip" in app.info[0].value
    assert any("All 60 test photos" in text.value for text in app.markdown)
    assert len(app.metric) == 5


def test_a_split_without_features_is_one_sentence_with_the_command(lab):
    make_run(lab / "one", ("bag", "boot"), counts={"test": 20}, embeddings=False)
    app = open_page(run="one")
    assert len(app.error) == 1
    assert "embed one" in app.error[0].value.replace("\\", "")
    assert not app.metric


def test_features_of_other_photos_than_the_predictions_are_refused(lab):
    run = make_run(lab / "one", ("bag", "boot"), counts={"test": 20})
    frame = pd.read_parquet(run.folder / "predictions-test.parquet").iloc[:19]
    frame.to_parquet(run.folder / "predictions-test.parquet")
    app = open_page(run="one")
    assert "features of 20 test photos but predictions of 19" in app.error[0].value.replace("\\", "")


def test_words_in_the_address_that_are_not_on_offer_are_named(lab):
    make_run(lab / "one", ("bag", "boot", "coat"), counts={"test": 60})
    app = open_page(run="../one", split="<b>", highlight="'; drop", view="<b>", map="x", axis1="0", space="4",
                    colour="column/<b>")  # fmt: skip
    assert not app.error
    assert len(app.metric) == 5
    said = " ".join(warning.value for warning in app.warning)
    for what in ("Run `../one`", "Split: `<b>`", "View: `<b>`", "Map: `x`", "Axes: `4`", "Across: `0`",
                 "Colour: `column/<b>`", "Highlight: `'; drop`"):  # fmt: skip
        assert what in said
    for view in ("components", "lines", "clusters", "similar", "runs"):
        app = open_page(run="one", view=view, lines="\x00", means="nobody", axis="999", like="../x", like_class="y",
                        like_column="label", among="z", other="none")  # fmt: skip
        assert not app.error, view
    said = " ".join(open_page(run="one", view="similar", like="../x`").warning[0].value.split())
    assert said == "Photo `` ../x` `` is not among these test photos; showing another one."


def test_the_features_of_a_split_are_computed_when_somebody_asks_and_those_that_lack_are_named(
    lab, tiny_data, tiny_run, monkeypatch
):
    from ui.embeddings import features_view

    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    run = runs.open_run(shutil.copytree(tiny_run.folder, lab / "one"))
    (run.folder / "embeddings-train.npy").unlink(missing_ok=True)
    asked_for = []
    monkeypatch.setattr(
        background, "start_embed", lambda run, split, *, data_dir, step: asked_for.append((run.id, split, step))
    )
    app = open_page(run="one", split="train")
    assert not app.error and not app.metric and not asked_for
    next(button for button in app.button if button.label == "Look at 36 train photos, about 10 s").click().run()
    assert asked_for == [("one", "train", None)]
    made_jobs.working(background.embedding_folder(run, "train"), processes.process_identity(os.getpid()))
    loaded_anew = open_page(run="one", split="train")
    assert loaded_anew.get("progress") and not any("Look at" in button.label for button in loaded_anew.button)
    assert features_view.without_features(run)[0] == "train" and "test" not in features_view.without_features(run)

    def near(run):
        from ui.embeddings import photos_view

        photos_view.near(run, "test", 0, forget="x", more=lambda image_id, split: None)

    said = AppTest.from_function(near, kwargs={"run": run}, default_timeout=180).run().markdown[0].value
    assert "Train" in said and "no features yet" in said and "in test" in said


def test_many_classes_open_with_one_highlighted_and_few_with_all_in_colour(lab):
    make_run(lab / "fifteen", INDOFASHION, counts={"test": 150})
    make_run(lab / "three", ("bag", "boot", "coat"), counts={"test": 60})
    assert open_page(run="fifteen").selectbox(key="highlight").value in INDOFASHION
    assert open_page(run="three").selectbox(key="highlight").value == address.ANY


def test_a_drawn_run_says_so(lab):
    make_run(lab / "one", ("bag", "boot"), counts={"test": 20}, synthetic=True)
    assert any("Drawn data" in text.value for text in open_page(run="one").markdown)


def test_a_class_name_with_markup_is_shown_as_text_in_every_view(lab):
    payload = "![x](http://x.invalid/y.png)"
    for name in ("one", "two"):
        make_run(lab / name, ("a*b*", payload), counts={"test": 20}, seed=ord(name[0]))
    for view in ("map", "components", "lines", "clusters", "similar", "runs"):
        app = open_page(run="one", other="two", view=view, highlight=payload, lines=payload, means=payload)
        written = [text.value for kind in (app.markdown, app.caption, app.info, app.error) for text in kind]
        assert not app.error and not any("![" in text or "](" in text for text in written), view


def test_a_selection_in_words_counts_its_classes_and_its_right_answers():
    from ui.embeddings import features_view

    images = pd.DataFrame(
        {"label": ["saree"] * 3 + ["gowns"] * 2 + ["blouse"] + ["lehenga"], "right": [True] * 3 + [False] * 4}
    )
    said = features_view.in_words(images)
    assert said.startswith("42.9 % [")
    assert said.endswith("right. Saree 3, Gowns 2, Blouse 1 and 1 more class.")


def test_at_most_twenty_thousand_points_are_drawn_and_every_one_knows_its_row(lab):
    from ui.embeddings import features_view, figure_view

    run = make_run(lab / "large", ("bag", "boot", "coat"), counts={"test": 21_000})
    found = features_view.of(run, "test")
    assert len(found.points) == 21_000 and 19_990 <= len(found.drawn_rows) <= features_view.MOST_DRAWN
    for axes, colour in (((0, 1), "label"), ((3, 0, 2), "right"), ((1, 2), "sure")):
        chosen = figure_view.Chosen("pca", axes, colour, None)
        figure = figure_view.figure(run, "test", chosen, ringed=[], title="")
        drawn = np.concatenate([trace.customdata for trace in figure.data])
        assert sorted(drawn.tolist()) == found.drawn_rows.tolist()
        for trace in figure.data:
            rows = found.points.iloc[trace.customdata]
            if colour == "label":
                assert set(rows["label"]) == {trace.uid}
            elif colour == "right":
                assert set(rows["right"]) == {trace.uid == "right"} and len(trace.z) == len(rows)
            else:
                np.testing.assert_allclose(trace.marker.color, 100 * rows["sure"], rtol=1e-6)


def test_what_is_drawn_round_counts_points_that_are_not_drawn(lab):
    from ui.embeddings import figure_view, map_view

    run = make_run(lab / "large", ("bag", "boot", "coat"), counts={"test": 21_000})
    laid = figure_view.laid_out(run, "test", figure_view.Chosen("pca", (0, 1), "label", None))
    (x0, y0), (x1, y1) = np.quantile(laid.places, [0.2, 0.7], axis=0)
    rows = map_view._selected(laid, {"kind": "box", "x": [x1, x0], "y": [y0, y1]})
    places = PCA(2, svd_solver="full").fit_transform(run.embeddings("test").astype(float))
    places *= np.sign((places * laid.places).sum(axis=0))
    expected = np.flatnonzero(((places > (x0, y0)) & (places < (x1, y1))).all(axis=1))
    assert len(np.setxor1d(rows, expected)) <= 2 and len(expected) > 2_000  # float32 at the very edge
    assert len(np.setdiff1d(rows, laid.drawn)) > 50
    for nonsense in (None, {}, {"kind": "box", "x": [1], "y": "a"}, {"kind": "lasso", "x": ["b"] * 3, "y": [1] * 3}):
        assert len(map_view._selected(laid, nonsense)) == 0


def test_every_view_opens_with_photos_and_colours_by_what_the_table_of_the_dataset_holds(
    lab, tiny, tiny_data, monkeypatch
):
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    manifest = tiny.manifest()
    of = {split: rows for split, rows in manifest.groupby("split")}
    for name in ("one", "two"):
        make_run(
            lab / name,
            tiny.classes,
            counts={split: len(rows) for split, rows in of.items()},
            fingerprint=tiny.fingerprint,
            image_ids={split: list(rows["image_id"]) for split, rows in of.items()},
            labels={split: list(rows["label"]) for split, rows in of.items()},
            seed=len(name) + ord(name[0]),
        )
    app = open_page(run="one", split="all", colour="column/bytes")
    assert not app.error
    assert any(f"All {len(manifest)} photos" in text.value for text in app.markdown)
    assert app.selectbox(key="colour").value == "column/bytes"
    app = open_page(run="one", split="test", view="components")
    assert numbers_of(app)["Photos"] == str(len(of["test"]))
    app = open_page(run="one", view="lines", lines="saree")
    assert app.selectbox(key="lines").value == "saree"
    app = open_page(run="one", split="all", view="clusters")
    assert any(re.search("chance [\\d.]+\u00a0%", text.value.replace("\\", "")) for text in app.markdown)  # in one line
    found = learnt_of("one", lab)
    assert numbers_of(app)["Ten nearest alike"] == f"{100 * purity_by_loop(*found):.1f} %"
    app = open_page(run="one", split="test", view="similar", among="train", like=of["test"]["image_id"].iloc[0])
    numbers = numbers_of(app)
    assert numbers["Looked at"] == str(len(of["train"])) and "of 10" in numbers["Of this photo's class"]
    wanted = of["test"]["image_id"].iloc[2]
    app.text_input(key="like_text").input(wanted.rsplit("/")[-1]).run()
    assert app.query_params["like"] == wanted and not app.exception
    app = open_page(run="one", split="test", view="similar", among="all", like_class="shoe")
    assert numbers_of(app)["Looked at"] in (
        str((manifest["label"] == "shoe").sum()),
        str((manifest["label"] == "shoe").sum() - 1),
    )
    app = open_page(run="one", split="train", view="runs", other="two")
    assert numbers_of(app)["Photos"] == str(len(of["train"]))
    app = open_page(run="one", split="train", map="tsne")
    assert any("Lay out 36 photos" in button.label for button in app.button)


def learnt_of(name: str, runs_dir: Path) -> tuple[np.ndarray, np.ndarray]:
    run = runs.find_run(runs_dir, name)
    splits = ("test", "val", "train")
    labels = np.concatenate([run.predictions(split)["label"] for split in splits])
    return np.concatenate([run.embeddings(split) for split in splits]), labels


def purity_by_loop(features: np.ndarray, labels: np.ndarray) -> float:
    distances = cosine_distances(features)
    np.fill_diagonal(distances, np.inf)
    return float(
        np.mean([(labels[np.argsort(row)[:10]] == label).mean() for row, label in zip(distances, labels, strict=True)])
    )


def test_a_run_is_compared_with_one_of_its_saved_steps_once_that_steps_features_are_there(
    lab, tiny, tiny_data, tiny_run, monkeypatch
):
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    run = runs.open_run(shutil.copytree(tiny_run.folder, lab / "one"))
    query = {"run": "one", "split": "test", "view": "runs", "other": "one"}
    app = open_page(**query)
    assert [button.label for button in app.button if "epoch 1" in button.label] == [
        "Look at 15 test photos after epoch 1, about 10 s"
    ]
    assert not app.metric
    inference.evaluate(run, tiny, "test", step=5)
    app = open_page(**query)
    first, second = run.embeddings("test"), np.load(next(run.folder.glob("snapshots/5-*/embeddings-test.npy")))
    _, _, left = procrustes(first.astype(float), second.astype(float))
    assert numbers_of(app)["Left after alignment"] == f"{100 * left:.1f} %"
    told = next(text.value for text in app.markdown if text.value.startswith("**From epoch 1 to the end**"))
    assert f"{100 * left:.1f} % of the variance stays apart" in told
    assert app.selectbox(key="other_step").options == ["After epoch 1"]
    app = open_page(**query, step="5")
    assert app.selectbox(key="other_step").options == ["At its end"]
    assert numbers_of(app)["Left after alignment"] == f"{100 * left:.1f} %"


@pytest.mark.parametrize("spot", [0.0, 1.0])
def test_names_of_classes_that_lie_together_stand_apart_and_inside_the_chart(spot):
    generator = np.random.default_rng(0)
    points = generator.normal(0, 0.001, (1500, 2)) + [0.5, spot]
    labels = np.array(INDOFASHION)[np.arange(1500) % 15]
    shown = np.array([[0.0, -0.02], [1.0, 1.02]])
    figure = embedding_scatter(Map(points=points, shown=shown), labels, INDOFASHION)
    heights = np.sort([note.y for note in figure.layout.annotations])
    assert len(heights) == 15 and heights[0] > -0.02 and heights[-1] < 1.02
    assert np.diff(heights).min() > 0.05  # of the chart's height: a line of text is 0.045 of 380 pixels


def test_the_page_never_imports_torch(lab):
    make_run(lab / "one", ("bag", "boot"), counts={"test": 20})
    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('streamlit_app.py', default_timeout=180)\n"
        "app.switch_page('pages/embeddings.py'); app.run()\n"
        "print(len(app.metric), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "5 False"
