"""Curved maps: computed by the command in its own process, kept, and made anew when the features change."""

import json
import os

import numpy as np
import psutil
import pytest
from sklearn.manifold import trustworthiness
from typer.testing import CliRunner

from fashion_core import locks, storage
from fashion_core.__main__ import app
from fashion_core.embeddings import tsne_umap
from fashion_core.errors import RunError, WrongUse
from tests.support.made_runs import make_run

CLASSES = ("bag", "boot", "coat")


@pytest.fixture
def few_photos(monkeypatch):
    monkeypatch.setitem(tsne_umap.PARAMETERS, "tsne", tsne_umap.PARAMETERS["tsne"] | {"most": 60, "perplexity": 8})


def test_a_map_keeps_what_is_near_and_is_computed_once(lab, few_photos):
    run = make_run(lab / "one", CLASSES, counts={"test": 90})
    assert tsne_umap.load(run, "test", "tsne") is None and tsne_umap.progress(run, "test", "tsne") is None
    made = tsne_umap.compute(run, "test", "tsne")
    assert len(made.rows_M) == 60 and made.points_M2.shape == (60, 2)
    features = run.embeddings("test")[made.rows_M]
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    assert trustworthiness(features, made.points_M2, n_neighbors=5) > 0.65  # a random map: 0.5
    assert 0.3 < made.kept <= 1
    found = tsne_umap.load(run, "test", "tsne")
    np.testing.assert_array_equal(found.points_M2, made.points_M2)
    assert tsne_umap.progress(run, "test", "tsne") | {"time": 0} == {
        "stage": "done",
        "time": 0,
        "error": None,
        "alive": False,
    }
    before = os.stat(run.folder / "maps" / "tsne-test.npy").st_mtime_ns
    tsne_umap.compute(run, "test", "tsne")
    assert os.stat(run.folder / "maps" / "tsne-test.npy").st_mtime_ns == before


def test_a_map_of_features_that_have_changed_since_is_not_there(lab):
    run = make_run(lab / "one", CLASSES, counts={"test": 60})
    tsne_umap.compute(run, "test", "tsne")
    storage.write_npy(run.folder / "embeddings-test.npy", run.embeddings("test")[::-1])
    assert tsne_umap.load(run, "test", "tsne") is None


def test_what_is_kept_is_one_on_a_map_that_is_the_features_and_chance_on_a_shuffled_one():
    generator = np.random.default_rng(0)
    angle = generator.uniform(0, 2 * np.pi, 400)
    units = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    labels = np.repeat("a", 400)
    assert tsne_umap.kept_nearest(units, units, labels) > 0.99
    assert tsne_umap.kept_nearest(units, generator.permutation(units), labels) == pytest.approx(10 / 399, abs=0.01)


def test_all_splits_stand_one_after_another_and_rows_that_do_not_fit_are_refused(lab):
    run = make_run(lab / "one", CLASSES, counts={"test": 20, "train": 30})
    features, predictions = tsne_umap.stored(run, tsne_umap.ALL)
    assert predictions["split"].tolist() == ["test"] * 20 + ["train"] * 30
    np.testing.assert_array_equal(features[20:], run.embeddings("train"))
    storage.write_npy(run.folder / "embeddings-train.npy", features[:29])
    with pytest.raises(RunError, match="features of 29 train photos but predictions of 30"):
        tsne_umap.stored(run, tsne_umap.ALL)


def test_an_unknown_method_and_a_missing_package_are_one_sentence_each(monkeypatch):
    with pytest.raises(WrongUse, match="must be one of tsne, umap, got 'isomap'"):
        tsne_umap.check("isomap")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RunError, match="run: pip install umap-learn"):
        tsne_umap.check("umap")


def test_a_map_that_somebody_computes_is_not_computed_twice_and_a_failed_one_says_why(lab):
    run = make_run(lab / "one", CLASSES, counts={"test": 60, "val": 3})
    with locks.hold(run.folder / "maps" / "tsne-test.lock"), pytest.raises(RunError, match="being computed; wait"):
        tsne_umap.compute(run, "test", "tsne")
    with pytest.raises(RunError, match="at least 4 images, got 3"):
        tsne_umap.compute(run, "val", "tsne")
    assert "at least 4 images" in tsne_umap.progress(run, "val", "tsne")["error"]


@pytest.mark.parametrize("method", tsne_umap.NAMES)
def test_no_map_is_drawn_of_features_that_are_all_the_same(method: str, lab, monkeypatch):
    run = make_run(lab / "one", CLASSES, counts={"test": 30})
    storage.write_npy(run.folder / "embeddings-test.npy", np.ones_like(run.embeddings("test")))
    monkeypatch.setattr(tsne_umap, "check", lambda method: None)
    monkeypatch.setattr(
        tsne_umap, "_umap", lambda units_MD, parameters: np.random.default_rng(0).random((len(units_MD), 2))
    )
    with pytest.raises(RunError, match="every image has the same features, so there is no map"):
        tsne_umap.compute(run, "test", method)


def test_the_command_in_a_process_of_its_own_leaves_the_map_beside_the_run(lab):
    run = make_run(lab / "one", CLASSES, counts={"test": 30})
    psutil.Process(tsne_umap.start(run, "test", "tsne")).wait(timeout=150)
    found = tsne_umap.load(run, "test", "tsne")
    assert found is not None, (run.folder / "maps" / "log.txt").read_text()
    words = ["embed", "one", "--map", "tsne", "--json", "--runs-dir", str(lab)]
    told = json.loads(CliRunner().invoke(app, words).stdout)
    assert told["n"] == len(found.rows_M) == 30 and told["nearest_kept"] == found.kept
    assert (told["map"], told["split"], told["seconds"]) == ("tsne", "test", found.seconds)
