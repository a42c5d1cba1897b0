import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fashion_core import storage
from fashion_core.errors import DiskError, RunError
from fashion_core.runs import checkpoints
from fashion_core.runs.checkpoints import Skipped
from tests.support.places import ROOT

FILES = {"model.safetensors": b"weights", "trainer.safetensors": b"moments", "trainer.json": b"{}"}


def save(folder: Path, *steps: int) -> None:
    for step in steps:
        checkpoints.write(folder, step, FILES)


def test_a_changed_byte_anywhere_is_found_and_the_step_before_is_taken(tmp_path: Path):
    save(tmp_path, 10, 20)
    for path in sorted((tmp_path / "steps" / "20").iterdir()):
        whole = path.read_bytes()
        for place in range(len(whole)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            found, skipped = checkpoints.newest_good(tmp_path)
            assert found.name == "10" and [one.step for one in skipped] == [20], (path.name, place)
        path.write_bytes(whole)
    assert checkpoints.newest_good(tmp_path) == (tmp_path / "steps" / "20", [])


def test_a_file_cut_off_anywhere_is_found(tmp_path: Path):
    save(tmp_path, 10, 20)
    for path in sorted((tmp_path / "steps" / "20").iterdir()):
        whole = path.read_bytes()
        for length in range(len(whole.rstrip())):
            path.write_bytes(whole[:length])
            assert checkpoints.good_step(tmp_path).name == "10", (path.name, length)
        path.write_bytes(whole)


def edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def damage(step: Path) -> None:
        commit = json.loads((step / "COMMIT.json").read_text())
        change(commit)
        (step / "COMMIT.json").write_text(json.dumps(commit))

    return damage


def text(content: str) -> Callable[[Path], object]:
    return lambda step: (step / "COMMIT.json").write_text(content)


@pytest.mark.parametrize(
    "damage, reason",
    [
        (lambda step: (step / "trainer.json").unlink(), "trainer.json is missing"),
        (lambda step: (step / "model.safetensors").write_bytes(b"weightz"), "model.safetensors is not as it was saved"),
        (lambda step: (step / "ema.safetensors").write_bytes(b"x"), "ema.safetensors is there but not named"),
        (lambda step: (step / "COMMIT.json").write_bytes(b"\xff\x00"), "COMMIT.json is damaged"),
        (edit(lambda commit: commit.update(step=10)), "COMMIT.json belongs to step 10"),
        (edit(lambda commit: commit.update(step="20")), "COMMIT.json belongs to step '20'"),
        (edit(lambda commit: commit.update(step=20.0)), "COMMIT.json belongs to step 20.0"),
        (edit(lambda commit: commit.pop("step")), "COMMIT.json is damaged"),
        (edit(lambda commit: commit.update(sha256={})), "COMMIT.json is damaged"),
        (edit(lambda commit: commit.update(sha256=list(commit["sha256"]))), "COMMIT.json is damaged"),
        (edit(lambda commit: commit["sha256"].update({"trainer.json": None})), "COMMIT.json is damaged"),
        (edit(lambda commit: commit["sha256"].pop("trainer.json")), "trainer.json is there but not named"),
        (edit(lambda commit: commit["sha256"].update({"../10/model.safetensors": "0"})), "is missing"),
        *((text(content), "COMMIT.json is damaged") for content in ("", "null", "[]", '"x"', "1", "{", "[" * 100_000)),
    ],
)
def test_a_damaged_step_is_passed_over_with_its_reason(tmp_path: Path, damage: Callable[[Path], object], reason: str):
    save(tmp_path, 10, 20)
    damage(tmp_path / "steps" / "20")
    found, skipped = checkpoints.newest_good(tmp_path)
    assert found == tmp_path / "steps" / "10"
    assert [one.step for one in skipped] == [20] and reason in skipped[0].reason


def test_a_step_copied_under_another_number_is_not_that_step(tmp_path: Path):
    save(tmp_path, 10)
    shutil.copytree(tmp_path / "steps" / "10", tmp_path / "steps" / "99")
    assert checkpoints.newest_good(tmp_path) == (
        tmp_path / "steps" / "10",
        [Skipped(step=99, reason="COMMIT.json belongs to step 10")],
    )


def test_a_step_without_what_is_needed_is_passed_over(tmp_path: Path):
    save(tmp_path, 10)
    checkpoints.write(tmp_path, 20, {"model.safetensors": b"weights"})
    assert checkpoints.newest_good(tmp_path, needs="trainer.safetensors") == (
        tmp_path / "steps" / "10",
        [Skipped(step=20, reason="it has no trainer.safetensors")],
    )
    assert checkpoints.good_step(tmp_path).name == "20"


def test_when_nothing_can_be_read_every_reason_is_told(tmp_path: Path):
    with pytest.raises(RunError, match="has no saved step that can be read; train it again"):
        checkpoints.newest_good(tmp_path)
    save(tmp_path, 10, 20)
    for step in (10, 20):
        (tmp_path / "steps" / str(step) / "trainer.json").unlink()
    with pytest.raises(RunError, match="step 20: trainer.json is missing; step 10: trainer.json is missing; train"):
        checkpoints.newest_good(tmp_path)


def test_what_a_desktop_leaves_in_a_folder_is_no_damage(tmp_path: Path):
    save(tmp_path, 10)
    (tmp_path / "steps" / "10" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "steps" / "²").mkdir()
    (tmp_path / "steps" / "notes.txt").write_text("mine")
    save(tmp_path, 20)
    assert checkpoints.saved_steps(tmp_path) == [10, 20] and checkpoints.verify(tmp_path / "steps" / "10")
    assert (tmp_path / "steps" / "notes.txt").read_text() == "mine"


def test_the_last_two_and_the_best_are_kept(tmp_path: Path):
    for step, best in ((10, None), (20, 20), (30, 20), (40, 20), (50, 50), (60, 50), (70, 50)):
        save(tmp_path, step)
        checkpoints.keep(tmp_path, best=best)
    assert checkpoints.saved_steps(tmp_path) == [50, 60, 70]
    assert sorted(path.name for path in (tmp_path / "steps").iterdir()) == ["50", "60", "70"]


def test_a_damaged_step_is_not_one_of_the_last_two(tmp_path: Path):
    save(tmp_path, 10, 20, 30)
    (tmp_path / "steps" / "30" / "trainer.json").unlink()
    checkpoints.keep(tmp_path, best=None)
    assert checkpoints.saved_steps(tmp_path) == [10, 20]
    for step in (10, 20):
        (tmp_path / "steps" / str(step) / "trainer.json").unlink()
    checkpoints.keep(tmp_path, best=None, last=1)
    assert checkpoints.saved_steps(tmp_path) == [10, 20]  # nothing good to keep: nothing is removed


def test_the_next_save_clears_away_what_crashes_left_and_touches_nothing_that_verifies(tmp_path: Path):
    save(tmp_path, 10, 20)
    steps = tmp_path / "steps"
    shutil.copytree(steps / "10", steps / ".10.aaaa.tmp" / "10")  # a copy of what is in its place
    shutil.copytree(steps / "20", steps / ".30.bbbb.tmp" / "30")  # not what its number says
    (steps / ".40.cccc.tmp" / "40").mkdir(parents=True)
    (steps / ".50.dddd.gone").mkdir()
    (steps / "60").mkdir()  # no COMMIT.json
    (steps / "60" / "model.safetensors").write_bytes(b"half")
    (steps / ".20.eeee.tmp").mkdir()
    (steps / "20").rename(steps / ".20.eeee.tmp" / "20")  # the only copy, on its way
    assert checkpoints.good_step(tmp_path) == steps / ".20.eeee.tmp" / "20"
    save(tmp_path, 70)
    assert sorted(path.name for path in steps.iterdir()) == [".20.eeee.tmp", "10", "70"]
    assert checkpoints.saved_steps(tmp_path) == [10, 20, 70]
    assert checkpoints.find(tmp_path, 20) == steps / ".20.eeee.tmp" / "20"
    assert checkpoints.find(tmp_path, 60) is None
    save(tmp_path, 20)
    assert sorted(path.name for path in steps.iterdir()) == ["10", "20", "70"]


def test_what_a_crash_left_makes_room_before_the_next_save_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: Path, data: bytes) -> None:
        assert [one.name for one in (tmp_path / "steps").iterdir() if "aaaa" in one.name] == []
        raise OSError(28, "full")

    (tmp_path / "steps" / ".40.aaaa.tmp" / "40").mkdir(parents=True)
    monkeypatch.setattr(storage, "write_new", refuse)
    with pytest.raises(DiskError, match="steps/50' cannot be written: full"):
        save(tmp_path, 50)
    assert not list((tmp_path / "steps").iterdir())


def test_a_step_that_could_not_be_replaced_goes_back_to_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real, calls = storage.move, []

    def refuse_second(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == 2:
            raise OSError(5, "broken")
        real(source, target)

    save(tmp_path, 30)
    monkeypatch.setattr(storage, "move", refuse_second)
    with pytest.raises(DiskError, match="broken"):
        checkpoints.write(tmp_path, 30, {"model.safetensors": b"other"})
    assert [path.name for path in (tmp_path / "steps").iterdir()] == ["30"]
    assert (tmp_path / "steps" / "30" / "model.safetensors").read_bytes() == FILES["model.safetensors"]


def test_the_runs_that_the_app_ships_with_verify():
    shipped = list((ROOT / "checkpoints").glob("report-*"))
    assert shipped
    for folder in shipped:
        path, skipped = checkpoints.newest_good(folder)
        assert not skipped and (path / "model.safetensors").stat().st_size > 0
