"""What summary.json says is written as it was read, by whichever version; what an old one lacks is not known."""

import json

import pytest

from fashion_core import storage
from fashion_core.runs import runs
from fashion_core.runs.summary import Summary
from tests.support.places import ROOT

SHIPPED = sorted((ROOT / "checkpoints").glob("*/summary.json"))
#: As the first version wrote it: no step that was scored, no macro F1, no validation photos.
OLDEST = {
    "run_id": "old", "status": "finished", "epochs": 2, "steps": 20, "seconds": 1.5, "images_per_second": 30.0,
    "device": "cpu", "train_loss": 0.25, "val_accuracy": None,
    "scores": {"test": {"n": 4, "accuracy": 0.75, "accuracy_ci95": [0.3, 0.95]}},
}  # fmt: skip


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_summary_is_written_byte_for_byte_as_it_was_read(path, tmp_path):
    storage.write_json(tmp_path / "again.json", runs.open_run(path.parent).summary().to_json())
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_what_an_old_summary_lacks_is_not_known_and_is_not_made_up():
    old = Summary.from_json(OLDEST)
    assert json.dumps(old.to_json()) == json.dumps(OLDEST)
    assert (old.scored_step, old.scores["test"].macro_f1, old.accuracy("val")) == (None, None, None)
    assert old.accuracy("test") == 0.75
    assert Summary.from_json({"status": "finished"}).scores == {}
