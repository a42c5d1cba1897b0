"""A dataset made long-tailed: how many photos stay, which, and that the same command gives the same ones."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_core.data import datasets, derived, importing, long_tail
from fashion_core.errors import DatasetError, WrongUse
from tests.support.pages import open_page, written
from tests.support.places import ROOT

CLASSES = ("coat", "dress", "hat", "skirt")


@pytest.fixture(scope="module")
def even(tmp_path_factory) -> datasets.Dataset:
    """Four classes of 30, 5 and 6 photos in train, val and test; every photo is another grey."""
    root = tmp_path_factory.mktemp("even")
    greys = np.random.default_rng(0)
    for split, num in (("train", 30), ("val", 5), ("test", 6)):
        for label in CLASSES:
            folder = root / "photos" / split / label
            folder.mkdir(parents=True)
            for number in range(num):
                Image.fromarray(greys.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / f"{number:02d}.png")
    return importing.import_source(root / "photos", data_dir=root / "data", name="even")


def test_the_counts_of_long_tailed_cifar_are_those_of_its_authors_code():
    # CIFAR-10 at 100 : 1 as the repositories of Cao et al. and Cui et al. list it
    assert long_tail.kept([5000] * 10, 100).tolist() == [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
    fashion = long_tail.kept([5400] * 10, 100)
    assert fashion[0] == 5400 and fashion[-1] == 54 and (np.diff(fashion) < 0).all()


def test_classes_of_other_sizes_are_thinned_from_the_largest_down_and_never_grow():
    # by hand: 100 * 10^(-k/3) is 100, 46.4, 21.5, 10 for the classes of 100, 50, 30 and 4
    assert long_tail.kept([30, 4, 100, 50], 10).tolist() == [21, 4, 100, 46]
    assert long_tail.kept([5, 0, 10], 10).tolist() == [1, 0, 10], "a class without photos takes no part"


def test_train_alone_is_thinned_and_what_was_done_is_written_down(even):
    before = even.manifest()
    made = long_tail.make(even, 10, seed=3)
    rows = datasets.load(made.folder).manifest()
    kept = rows[rows["status"] == "ok"].value_counts(["split", "label"])
    assert [kept["train", label] for label in CLASSES] == [30, 13, 6, 3]  # 30 * 10^(-k/3)
    assert all(kept["val", label] == 5 and kept["test", label] == 6 for label in CLASSES)
    assert made.splits == {"train": 52, "val": 20, "test": 24} and made.num_images == 96
    assert made.fingerprint != even.fingerprint and even.manifest().equals(before)
    step = json.loads((made.folder / "dataset.json").read_text())["made"]
    assert step == [
        {"operation": "long-tailed", "ratio": 10.0, "seed": 3, "kept": [30, 13, 6, 3], "parent": "even",
         "parent_fingerprint": even.fingerprint}
    ]  # fmt: skip
    assert made.warnings[-1] == (
        "train of even was made long-tailed, 10 : 1, seed 3: it keeps 30 photos of Coat down to 3 of Skirt, 52 in all; "
        "val and test are as they were"
    )


def test_a_seed_gives_the_same_photos_and_a_larger_ratio_takes_from_a_smaller_ones(even):
    def staying(ratio: float, seed: int, name: str) -> set[str]:
        rows = long_tail.make(even, ratio, seed=seed, name=name).manifest()
        return set(rows.loc[(rows["status"] == "ok") & (rows["split"] == "train"), "image_id"])

    assert staying(10, 1, "one") == staying(10, 1, "the same") != staying(10, 2, "other")
    assert staying(30, 1, "steeper") < staying(10, 1, "one")
    one, same = (datasets.find_dataset(even.folder.parent, name) for name in ("one", "the same"))
    assert one.fingerprint == same.fingerprint
    with pytest.raises(DatasetError, match="there already with other photos"):
        long_tail.make(even, 10, seed=2, name="one")


def test_a_ratio_that_the_photos_do_not_reach_is_not_claimed():
    step = {"parent": "p", "ratio": 10.0, "seed": 0, "kept": long_tail.kept([30, 4, 100, 50], 10).tolist()}
    told = long_tail.sentence(step, ("a", "b", "c", "d"))
    assert "long-tailed, 10 : 1 asked and 25 : 1 reached, seed 0: it keeps 100 photos of C down to 4 of B" in told


def test_each_step_of_a_dataset_that_was_made_twice_is_kept(even):
    tailed = long_tail.make(even, 5)
    row = tailed.manifest().query("split == 'test'")["image_id"].iloc[0]
    fewer = derived.exclude(tailed, {row: "no"}, bring="command")
    assert [(step["operation"], step["parent"]) for step in fewer.made] == [
        ("long-tailed", "even"), ("exclude", "even 5 to 1")
    ]  # fmt: skip
    assert fewer.made[1]["parent_fingerprint"] == tailed.fingerprint


def test_an_imbalance_that_cannot_be_is_refused_in_one_sentence_with_its_range(even):
    for ratio in (1, 0.5, -3, 30.5, float("nan"), float("inf")):
        with pytest.raises(WrongUse, match="above 1 and at most 30, the training photos of the largest class"):
            long_tail.make(even, ratio)
    with pytest.raises(WrongUse, match="seed must be a whole number from 0 on, got -1"):
        long_tail.make(even, 10, seed=-1)
    tailed = long_tail.make(even, 20)
    with pytest.raises(DatasetError, match=r"at least as uneven already \(30.0 : 1 in train\)"):
        long_tail.make(tailed, 20)
    assert long_tail.kept([30, 1], 30).min() == 1


def command(*words: str, data_dir: Path) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "fashion_core", "import", *words, "--json", "--data-dir", str(data_dir)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True)


def test_the_command_takes_photos_or_an_imported_dataset_and_gives_one_fingerprint(even, tmp_path):
    photos, answers = even.root, []
    for words in ((str(photos), "--imbalance", "10"), ("photos", "--imbalance", "10", "--name", "again")):
        done = command(*words, data_dir=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "was made long-tailed, 10 : 1, seed 0" in done.stderr
        answers.append(json.loads(done.stdout))
    assert answers[0]["fingerprint"] == answers[1]["fingerprint"]
    assert [answer["dataset"] for answer in answers] == ["photos-10-to-1", "again"]
    fields = json.loads(command(str(photos), data_dir=tmp_path).stdout)
    assert fields.keys() == answers[0].keys() and fields["splits"]["train"] == 120
    assert datasets.find_dataset(tmp_path, "again").bring.endswith(" import photos --imbalance 10 --name again")
    refused = command("photos", "--imbalance", "0.3", data_dir=tmp_path)
    assert refused.returncode == 2 and "must be above 1 and at most" in refused.stderr and "got 0.3" in refused.stderr


def test_the_dataset_page_makes_one_says_what_it_is_and_refuses_what_cannot_be(even, tmp_path, monkeypatch):
    shutil.copytree(even.folder, tmp_path / "data" / "even")
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    app = open_page("dataset", dataset="even", tab="Classes", long_tail="true")
    assert "43 training photos would stay: Coat 30, Dress 9, Hat 3, Skirt 1" in written(app)  # 30 * 30^(-k/3)
    app.number_input(key="_tail_ratio_even").set_value(31.0).run()
    assert "above 1 and at most 30" in written(app)
    app.number_input(key="_tail_ratio_even").set_value(10.0).run()
    next(button for button in app.button if button.label == "Make this dataset").click().run()
    assert "import even --imbalance 10" in written(app) and not app.exception
    made = datasets.find_dataset(tmp_path / "data", "even 10 to 1")
    assert f"fingerprint {made.fingerprint}." in written(app)
    left = even.num_images - made.num_images
    assert f"{left} photos of even are left out; even is as it was." in written(app)
    told = written(open_page("dataset", dataset=made.id))
    assert "Train of even was made long-tailed, 10 : 1, seed 0: it keeps 30 photos of Coat down to 3 of Skirt" in told
