"""Suspected label errors are what the definition of confident learning gives by hand, and planted ones are found."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fashion_core.errors import RunError
from fashion_core.metrics import calibration, label_errors
from tests.support.made_runs import make_run
from tests.support.places import ROOT

CLASSES = ("kurta", "saree", "shoe")


def table(labels: list[str], shares_NK: np.ndarray, classes: tuple[str, ...] = CLASSES) -> pd.DataFrame:
    frame = pd.DataFrame({"image_id": [f"{number:03}.jpg" for number in range(len(labels))], "label": labels})
    frame["predicted"] = [classes[k] for k in shares_NK.argmax(axis=1)]
    return pd.concat([frame, pd.DataFrame(shares_NK, columns=[f"p_{name}" for name in classes])], axis=1)


def made(seed: int, num: int, classes: tuple[str, ...] = CLASSES) -> tuple[np.ndarray, np.ndarray]:
    """Labels and the probabilities of a model that is right about nine times in ten."""
    generator = np.random.default_rng(seed)
    labels_N = np.arange(num) % len(classes)
    logits_NK = generator.normal(0, 1, (num, len(classes)))
    logits_NK[np.arange(num), labels_N] += 3
    shares_NK = np.exp(logits_NK)
    return labels_N, shares_NK / shares_NK.sum(axis=1, keepdims=True)


def by_definition(labels_N: np.ndarray, shares_NK: np.ndarray) -> list[int]:
    """Section 3 of the paper with plain loops: confident joint, calibrated to the labels' counts, then of each class as
    many of its least self-confident photos as the joint says are of another class."""
    N, K = shares_NK.shape
    thresholds = [np.mean([shares_NK[n, k] for n in range(N) if labels_N[n] == k]) for k in range(K)]
    counts = [[0] * K for _ in range(K)]
    for n in range(N):
        above = [k for k in range(K) if shares_NK[n, k] >= thresholds[k] - 1e-6]
        if above:
            counts[labels_N[n]][max(above, key=lambda k: shares_NK[n, k])] += 1
    found = []
    for k in range(K):
        own = [n for n in range(N) if labels_N[n] == k]
        counts[k][k] = counts[k][k] or 1
        wrong = sum(counts[k][j] for j in range(K) if j != k) / sum(counts[k]) * len(own)
        least = sorted(own, key=lambda n: shares_NK[n, k])[: round(wrong)]
        found += [n for n in least if shares_NK[n].argmax() != k]
    return sorted(found, key=lambda n: shares_NK[n, labels_N[n]])


def test_at_its_own_temperature_a_sharper_network_suspects_the_same_photos_in_the_same_order():
    labels_N, shares_NK = made(3, 900)
    labels_N[::17] = (labels_N[::17] + 1) % 3
    fit_N, fit_NK = made(4, 900)
    lists, raw = [], []
    for sharpness in (1.0, 2.0, 4.0):
        sharp_NK, sharp_fit_NK = (part**sharpness / (part**sharpness).sum(axis=1, keepdims=True)
                                  for part in (shares_NK, fit_NK))  # fmt: skip
        frame = table([CLASSES[k] for k in labels_N], sharp_NK)
        own = calibration.fit_temperature(fit_N, sharp_fit_NK)
        lists.append(label_errors.find(frame, CLASSES, own)["image_id"].tolist())
        raw.append(len(label_errors.find(frame, CLASSES)))
    assert lists[0] == lists[1] == lists[2]
    assert raw[0] + 5 < raw[2]  # what would be listed without it


@pytest.mark.parametrize("seed", range(5))
def test_the_list_is_that_of_the_papers_definition_written_out_in_loops(seed):
    labels_N, shares_NK = made(seed, 240)
    labels_N[::17] = (labels_N[::17] + 1) % 3
    found = label_errors.find(table([CLASSES[k] for k in labels_N], shares_NK), CLASSES)
    expected = [f"{n:03}.jpg" for n in by_definition(labels_N, shares_NK)]
    assert found["image_id"].tolist() == expected
    assert len(expected) >= 10


def test_planted_errors_come_first_and_their_own_class_is_suggested():
    labels_N, shares_NK = made(0, 600)
    planted = np.random.default_rng(1).choice(600, 18, replace=False)
    sure = shares_NK[planted, labels_N[planted]] > 0.9
    given_N = labels_N.copy()
    given_N[planted] = (labels_N[planted] + 1) % 3
    found = label_errors.find(table([CLASSES[k] for k in given_N], shares_NK), CLASSES)
    names = [f"{n:03}.jpg" for n in planted[sure]]
    assert sure.sum() >= 8 and set(names) <= set(found["image_id"])
    of = found.set_index("image_id")
    assert of.loc[names, "suggested"].tolist() == [CLASSES[labels_N[n]] for n in planted[sure]]
    assert found["rank"].tolist() == list(range(1, len(found) + 1))
    assert found["p_label"].is_monotonic_increasing and (found["p_suggested"] > found["p_label"]).all()
    row = of.loc[names[0]]
    n = int(names[0][:3])
    assert row["p_label"] == pytest.approx(shares_NK[n, given_N[n]])
    assert row["p_suggested"] == pytest.approx(shares_NK[n].max())


def test_a_model_that_agrees_with_every_label_suspects_none_and_an_empty_split_has_none():
    sure_NK = np.eye(3)[np.arange(30) % 3] * 0.9 + 0.1 / 3
    agreed = table([CLASSES[n % 3] for n in range(30)], sure_NK)
    for frame in (agreed, agreed.iloc[:0], agreed.iloc[:1]):
        assert label_errors.find(frame, CLASSES).empty
    assert tuple(label_errors.find(agreed, CLASSES).columns) == label_errors.COLUMNS
    one = agreed[["image_id", "label", "p_kurta"]].assign(label="kurta")
    assert label_errors.find(one, ("kurta",)).empty


def test_classes_that_no_photo_has_do_not_matter():
    labels_N, shares_NK = made(3, 90)
    labels_N[labels_N == 2] = 0
    found = label_errors.find(table([CLASSES[k] for k in labels_N], shares_NK), CLASSES)
    assert set(found["label"]) <= {"kurta", "saree"}


def test_predictions_of_other_classes_or_without_probabilities_are_refused():
    labels_N, shares_NK = made(0, 9)
    frame = table([CLASSES[k] for k in labels_N], shares_NK)
    for wrong, sentence in (
        (frame.drop(columns="p_shoe"), "no column 'p_shoe'"),
        (frame.assign(label="hat"), "'hat' is not a class"),
        (frame.assign(p_shoe=np.nan), "probabilities"),
        (frame.assign(p_kurta=0.0, p_saree=0.0, p_shoe=0.0), "probabilities"),
    ):
        with pytest.raises(RunError, match=sentence):
            label_errors.find(wrong, CLASSES)


def test_the_module_costs_a_command_neither_scikit_learn_nor_cleanlab_until_it_is_asked():
    code = "import sys, fashion_core.metrics.label_errors; print({'torch', 'cleanlab', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def command(*words: str, data_dir: Path, runs_dir: Path) -> subprocess.CompletedProcess[str]:
    places = ["--data-dir", str(data_dir), "--runs-dir", str(runs_dir)]
    words = (sys.executable, "-m", "fashion_core", "audit", *words, *places)
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture
def judged(tiny, tiny_data, tmp_path):
    """A run over the tiny photos whose predictions speak against two test labels."""
    photos = tiny.manifest().query("status == 'ok'")
    of = {split: photos[photos["split"] == split] for split in ("test", "train")}
    run = make_run(
        tmp_path / "runs" / "one",
        tiny.classes,
        counts={split: len(rows) for split, rows in of.items()},
        fingerprint=tiny.fingerprint,
        image_ids={split: rows["image_id"].tolist() for split, rows in of.items()},
        labels={split: rows["label"].tolist() for split, rows in of.items()},
    )
    shutil.copytree(tiny_data, tmp_path / "data")
    return run, tmp_path / "data", tmp_path / "runs"


def test_the_audit_command_lists_them_for_a_run_over_the_very_dataset(judged):
    run, data_dir, runs_dir = judged
    done = command("tiny", "--run", "one", "--json", data_dir=data_dir, runs_dir=runs_dir)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["label_errors"]
    expected = label_errors.find(run.predictions("test"), run.classes)
    assert (told["split"], told["n"], told["suspected"]) == ("test", 15, len(expected)) and not told["in_sample"]
    assert [row["image_id"] for row in told["photos"]] == expected["image_id"].tolist()
    done = command("tiny", "--run", "one", "--split", "train", data_dir=data_dir, runs_dir=runs_dir)
    assert "trained on these photos" in done.stdout


def test_the_audit_command_refuses_a_run_over_other_photos_and_a_split_without_a_run(judged):
    run, data_dir, runs_dir = judged
    make_run(runs_dir / "other", run.classes, counts={"test": 30})
    for words, code, sentence in (
        (("--run", "other"), 1, "these are other photos, labels or splits"),
        (("--run", "one", "--split", "val"), 1, "evaluate one --split val"),
        (("--split", "test"), 2, "give --run RUN with it"),
    ):
        done = command("tiny", *words, data_dir=data_dir, runs_dir=runs_dir)
        assert done.returncode == code and sentence in done.stderr, done.stderr
