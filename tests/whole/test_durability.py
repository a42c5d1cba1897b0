"""Every write of storage and checkpoints: failed at each of its effects, killed there, and cut off from power there."""

import errno
import os
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fashion_core import storage
from fashion_core.errors import DiskError
from fashion_core.runs import checkpoints
from tests.support.crashing import Disk, Killed, read_tree, write_tree

Told = list[Any]  # what the operation was told is saved, in order


@dataclass(frozen=True)
class Operation:
    """``run`` says to ``told`` what has been saved; ``check`` looks at a folder that was found afterwards."""

    name: str
    before: Callable[[Path], object]
    run: Callable[[Path, Told, Disk], object]
    check: Callable[[Path, Told], object]


def file_operation(name: str, path: str, write: Callable[[Path, int], object], disk: bool = False) -> Operation:
    """Something that replaces one file: version 1 by 2, then by 3."""

    def run(root: Path, told: Told, _: Disk) -> None:
        for version in (2, 3):
            write(root / path, version)
            told.append(version)

    def check(root: Path, told: Told) -> None:
        target = root / path
        if target.exists() or told:
            assert target.read_bytes() in CONTENT[name][told[-1] if told else 1 :], (told, target.read_bytes())

    return Operation(name, lambda root: write(root / path, 1), run, check)


FRAME = pd.DataFrame({"image_id": ["a", "b"], "label": ["saree", "kurta"]})


def fill_npy(path: Path, version: int) -> None:
    with storage.create_npy(path, (3, 4), np.uint8) as array:
        array[:] = version


WRITERS: dict[str, tuple[str, Callable[[Path, int], object]]] = {
    "write_bytes": ("a.bin", lambda path, n: storage.write_bytes(path, bytes([n]) * 50)),
    "write_json": ("a.json", lambda path, n: storage.write_json(path, {"version": n})),
    "write_parquet": ("a.parquet", lambda path, n: storage.write_parquet(path, FRAME.assign(version=n))),
    "write_npy": ("a.npy", lambda path, n: storage.write_npy(path, np.full((3, 4), n, np.float32))),
    "create_npy": ("a.npy", fill_npy),
}
CONTENT: dict[str, list[bytes]] = {}


def deep_run(root: Path, told: Told, _: Disk) -> None:
    storage.write_json(root / "a" / "b" / "c.json", {"version": 1})
    told.append("c")
    with suppress(FileExistsError):  # a killed predecessor made it
        storage.new_folder(root / "a" / "new")
        told.append("new")


def deep_check(root: Path, told: Told) -> None:
    path = root / "a" / "b" / "c.json"
    if "c" in told or path.exists():
        assert storage.read_json(path) == {"version": 1}
    assert "new" not in told or (root / "a" / "new").is_dir()


def lines_run(root: Path, told: Told, _: Disk) -> None:
    for number in range(3):
        storage.append_line(root / "lines.jsonl", {"number": number})
        told.append(number)


def lines_check(root: Path, told: Told) -> None:
    path = root / "lines.jsonl"
    found = iter([row["number"] for row in storage.read_lines(path)])
    assert all(number in found for number in told), (told, path.read_bytes())  # in this order
    if path.exists():
        raw = path.read_bytes().split(b"\n")
        torn = [line for line in raw if line and line not in [b'{"number": %d}' % n for n in range(3)]]
        assert len(torn) <= 1, raw
        storage.append_line(path, {"number": 2})
        assert storage.read_lines(path)[-1] == {"number": 2}


PHOTOS: dict[str, bytes | None] = {"sub": None, "sub/1.bin": b"one" * 9, "2.bin": b"two" * 9}


def publish_run(root: Path, told: Told, disk: Disk) -> None:
    building = root / "incoming" / "dataset"
    if not building.exists() and not (root / "made" / "final").exists():
        write_tree(building, PHOTOS)
        disk.learn(root / "incoming")
    if not (root / "made" / "final").exists():
        storage.publish_folder(building, root / "made" / "final")
        told.append("final")


def publishing_run(root: Path, told: Told, disk: Disk) -> None:
    final = root / "made" / "final"
    if not final.exists():
        with storage.publishing(final) as temporary:
            (temporary / "sub").mkdir()
            for name, content in PHOTOS.items():
                if content is not None:
                    (temporary / name).write_bytes(content)
            disk.learn(temporary)
        told.append("final")


def published_check(root: Path, told: Told) -> None:
    final = root / "made" / "final"
    assert "final" not in told or final.exists() and not (root / "incoming" / "dataset").exists()
    assert not final.exists() or read_tree(final) == PHOTOS


def remove_run(root: Path, told: Told, _: Disk) -> None:
    storage.remove_folder(root / "doomed")
    told.append("gone")


def remove_check(root: Path, told: Told) -> None:
    doomed = root / "doomed"
    assert not (told and doomed.exists())
    assert not doomed.exists() or read_tree(doomed) == PHOTOS
    assert (root / "other").read_bytes() == b"stays"


def files_of(step: int, version: int = 1) -> dict[str, bytes]:
    return {
        "model.safetensors": b"model %d %d " % (step, version) * 3,
        "trainer.json": b"state %d %d" % (step, version),
    }


def read_step(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in files_of(0)}


def steps_run(root: Path, told: Told, _: Disk) -> None:
    for step in (10, 20, 30, 40):
        checkpoints.write(root, step, files_of(step))
        told.append(step)
        checkpoints.keep(root, best=10)
        told.append(f"kept at {step}")


def steps_check(root: Path, told: Told) -> None:
    saved = [step for step in told if isinstance(step, int)]
    found = checkpoints.saved_steps(root)
    if saved:
        newest, _ = checkpoints.newest_good(root)
        assert int(newest.name) >= max(saved)
        assert 10 in found  # the best one
        last_two = sorted(step for step in saved if step != 10)[-2:]
        assert set(last_two) <= set(found), (told, found)
    for path in checkpoints._places(root):
        if checkpoints.verify(path):
            assert read_step(path) == files_of(int(path.name)), path
        else:  # what looks committed is in its own place only when it is
            assert path.parent.name.startswith("."), path
    go_on(root)


def go_on(root: Path, step: int = 90) -> None:
    """The next save goes well and leaves nothing but steps that verify."""
    good = [path.name for path in checkpoints._places(root) if checkpoints.verify(path)]
    checkpoints.write(root, step, files_of(step))
    assert {int(name) for name in good} | {step} == set(checkpoints.saved_steps(root))
    for path in (root / "steps").iterdir():
        inside = list(path.iterdir()) if path.name.startswith(".") else [path]
        assert inside and all(checkpoints.verify(one) for one in inside), path


def again_run(root: Path, told: Told, _: Disk) -> None:
    checkpoints.write(root, 30, files_of(30, version=2))
    told.append("again")


def again_check(root: Path, told: Told) -> None:
    found, skipped = checkpoints.newest_good(root)
    assert found.name == "30" and not skipped
    assert read_step(found) in ([files_of(30, 2)] if told else [files_of(30, 1), files_of(30, 2)])
    go_on(root)
    go_back = checkpoints.newest_good(root)[0]
    assert go_back.name == "90"


OPERATIONS = [
    *(file_operation(name, path, write) for name, (path, write) in WRITERS.items()),
    Operation("folders", lambda root: None, deep_run, deep_check),
    Operation("append_line", lambda root: None, lines_run, lines_check),
    Operation("publish_folder", lambda root: (root / "incoming").mkdir(), publish_run, published_check),
    Operation("publishing", lambda root: None, publishing_run, published_check),
    Operation(
        "remove_folder",
        lambda root: (write_tree(root / "doomed", PHOTOS), (root / "other").write_bytes(b"stays")),
        remove_run,
        remove_check,
    ),
    Operation("checkpoints", lambda root: None, steps_run, steps_check),
    Operation("the same step again", lambda root: checkpoints.write(root, 30, files_of(30)), again_run, again_check),
]
by_name = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


SEEN: dict[str, set[Any]] = {}  # what was found and checked before, by operation


class Bench:
    """Runs an operation on new folders, and the check on every folder that can be found after it."""

    def __init__(self, tmp_path: Path, patch: pytest.MonkeyPatch, operation: Operation) -> None:
        self.tmp_path, self.patch, self.operation = tmp_path, patch, operation
        self.numbers, self.found = count(), count()
        self.seen = SEEN.setdefault(operation.name, set())
        self.before = len(self.seen)
        self.tokens = count()
        # The same names in every run, so that the same folder is looked at once only.
        patch.setattr(secrets, "token_hex", lambda num_bytes: f"{next(self.tokens):0{2 * num_bytes}x}")

    def new_root(self) -> Path:
        root = self.tmp_path / str(next(self.numbers))
        root.mkdir()
        self.tokens = count()
        self.use(Disk(root))
        self.operation.before(root)
        return root

    def use(self, disk: Disk) -> None:
        self.patch.setattr(storage, "os", disk)

    def cut_power(self, disk: Disk, told: Told) -> None:
        """Check every folder that a power cut at this moment may leave, each once."""
        for tree in disk.after_a_power_cut():
            key = (frozenset(tree.items()), tuple(told))
            if key not in self.seen:
                self.seen.add(key)
                found = self.tmp_path / f"found-{next(self.found)}"
                write_tree(found, tree)
                self.use(Disk(found))
                tokens, self.tokens = self.tokens, count(1000)
                self.operation.check(found, told)
                self.tokens = tokens
        self.use(disk)

    def run(self, disk: Disk, told: Told) -> None:
        self.use(disk)
        self.operation.run(disk.root, told, disk)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: Operation) -> Bench:
    if operation.name in WRITERS and operation.name not in CONTENT:
        path, write = WRITERS[operation.name]
        CONTENT[operation.name] = []
        for version in range(4):
            write(tmp_path / path, version)
            CONTENT[operation.name].append((tmp_path / path).read_bytes())
    return Bench(tmp_path, monkeypatch, operation)


@by_name
def test_a_power_cut_at_any_moment_loses_nothing_that_was_called_saved(bench: Bench, operation: Operation):
    told: Told = []
    disk = Disk(bench.new_root())
    disk.after_each = lambda: bench.cut_power(disk, told)
    bench.run(disk, told)
    disk.after_each()
    assert disk.now() == read_tree(disk.root), "something wrote without the seam"
    print(f"{operation.name}: {disk.num_points} effects, {len(bench.seen) - bench.before} new disks")


@by_name
@pytest.mark.parametrize(
    "code, lasting",
    [(None, False), (errno.ENOSPC, False), (errno.ENOSPC, True), (errno.EIO, False), (errno.EIO, True)],
    ids=["killed", "full once", "full", "broken once", "broken"],
)
def test_a_failure_at_any_effect_leaves_what_was_saved_and_the_next_try_goes_well(
    bench: Bench, operation: Operation, code: int | None, lasting: bool
):
    whole = Disk(bench.new_root())
    bench.run(whole, [])
    for number in count(1):
        told: Told = []
        disk = Disk(bench.new_root(), fail_at=number, code=code, lasting=lasting)
        try:
            bench.run(disk, told)
            stopped = False
        except Killed:
            stopped = True
        except DiskError as error:
            stopped = True
            assert error.errno == code and "cannot be written" in str(error) and "untouched" in str(error)
        if not disk.failed:
            break
        assert disk.now() == read_tree(disk.root)
        bench.cut_power(disk, told)
        disk.restart()
        if stopped:
            bench.run(disk, told)
        bench.cut_power(disk, told)
        litter = {name for name in disk.now() if "/." in f"/{name}"}
        assert not litter or not stopped, (disk.failed, litter)
        assert litter or disk.now().keys() == read_tree(whole.root).keys(), disk.failed
    assert number > 3
    print(f"{operation.name}: {number - 1} effects, {len(bench.seen) - bench.before} new disks")


WATCHED: list[str] | None = None
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
EFFECTS = "os.rename os.remove os.mkdir os.rmdir os.link os.symlink os.truncate os.chmod os.chown os.utime".split()


def notice(event: str, arguments: tuple[Any, ...]) -> None:
    """Note what changes the disk on behalf of storage or checkpoints and is not done by the disk of the tests."""
    writes = event in EFFECTS or event.startswith(("shutil.", "tempfile."))
    if WATCHED is None or not (writes or event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
        return
    frame = sys._getframe(1)
    if not frame.f_code.co_filename.endswith("crashing.py"):
        while frame:
            if frame.f_code.co_filename.endswith(("fashion_core/storage.py", "fashion_core/runs/checkpoints.py")):
                WATCHED.append(f"{event} {arguments[0]}")
                return
            frame = frame.f_back  # type: ignore[assignment]


sys.addaudithook(notice)


@by_name
def test_no_file_is_opened_for_writing_past_the_disk_of_the_tests(
    bench: Bench, operation: Operation, monkeypatch: pytest.MonkeyPatch
):
    disk = Disk(bench.new_root())
    monkeypatch.setattr(sys.modules[__name__], "WATCHED", [])
    bench.run(disk, [])
    assert WATCHED == []
    bench.use(os)  # type: ignore[arg-type]
    storage.write_json(disk.root / "really.json", {})
    assert WATCHED, "the watcher sees nothing"
