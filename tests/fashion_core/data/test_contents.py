"""What a run keeps of its dataset is enough to name what changed."""

import dataclasses
from pathlib import Path

import pytest

from fashion_core.data import contents, importing
from fashion_core.errors import RunError
from fashion_core.runs import runs


def test_the_contents_count_every_readable_photo(tiny):
    frame = tiny.manifest()
    found = contents.contents_of(tiny)
    expected = frame.groupby(["split", "label"]).size()
    assert {(split, label): photos[0] for split, labels in found.items() for label, photos in labels.items()} == dict(
        expected
    )


def test_the_first_difference_is_named(tiny):
    before = contents.contents_of(tiny)
    assert contents.first_difference(before, before) is None
    fewer = {**before, "train": {**before["train"], "saree": (5, "x")}}
    assert contents.first_difference(before, fewer) == "train has 5 photos of saree, it had 6"
    others = {**before, "val": {**before["val"], "shoe": (before["val"]["shoe"][0], "other")}}
    assert contents.first_difference(before, others) == "val has 4 photos of shoe as before, but not the same ones"
    without = {split: labels for split, labels in before.items() if split != "test"}
    assert contents.first_difference(before, without) == "test has 0 photos of kurta, it had 5"


def test_a_run_is_refused_on_changed_photos_with_what_changed(tiny, tiny_run: runs.Run, tiny_source: Path, tmp_path):
    import shutil

    shutil.copytree(tiny_source, tmp_path / "changed")
    gone = next((tmp_path / "changed" / "train" / "shoe").iterdir())
    gone.unlink()
    changed = importing.import_source(str(tmp_path / "changed"), data_dir=tmp_path / "data", name="tiny")
    with pytest.raises(RunError, match="train has 17 photos of shoe, it had 18"):
        runs.check_same_dataset(tiny_run, changed)
    old = dataclasses.replace(tiny_run, config={**tiny_run.config, "dataset": {**tiny_run.dataset, "contents": None}})
    with pytest.raises(RunError, match="these are other photos, labels or splits"):
        runs.check_same_dataset(old, changed)
