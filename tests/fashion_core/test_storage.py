import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fashion_core import locks, storage
from fashion_core.errors import DiskError


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path):
    path = tmp_path / "a.json"
    storage.write_json(path, {"n": 1})
    with pytest.raises(ValueError):
        storage.write_json(path, {"n": float("nan")})
    with pytest.raises(TypeError):
        storage.write_json(path, {"n": object()})
    with pytest.raises(RuntimeError), storage.replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert storage.read_json(path) == {"n": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_torn_lines_are_left_out_and_the_next_line_is_whole(tmp_path: Path):
    path = tmp_path / "lines.jsonl"
    storage.append_line(path, {"step": 1})
    with open(path, "ab") as file:
        file.write(b'{"step": 2, "lo')
    storage.append_line(path, {"step": 3})
    assert [row["step"] for row in storage.read_lines(path)] == [1, 3]


def test_a_lock_ends_with_its_process_and_is_seen_from_outside(tmp_path: Path):
    path = tmp_path / "run.lock"
    code = (
        "import sys, time; from pathlib import Path; from fashion_core import locks\n"
        "with locks.hold(Path(sys.argv[1])):\n print('held', flush=True)\n time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        assert child.stdout.readline().strip() == "held"
        assert locks.is_held(path)
        with pytest.raises(locks.Busy), locks.hold(path):
            pass
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    assert not locks.is_held(path)


def test_a_memory_map_appears_only_when_it_is_whole(tmp_path: Path):
    path = tmp_path / "pixels.npy"
    with pytest.raises(RuntimeError), storage.create_npy(path, (4, 2), np.uint8) as array:
        array[:] = 1
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    with storage.create_npy(path, (4, 2), np.uint8) as array:
        array[:] = 7
    assert (storage.read_npy(path, memory_map=True) == 7).all()


def test_a_folder_is_published_once(tmp_path: Path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a").write_text("a")
    storage.publish_folder(tmp_path / "new", tmp_path / "final")
    (tmp_path / "new").mkdir()
    with pytest.raises(FileExistsError):
        storage.publish_folder(tmp_path / "new", tmp_path / "final")
    assert (tmp_path / "final" / "a").read_text() == "a"


def test_space_that_is_not_there_is_refused_before_anything_starts(tmp_path: Path):
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    storage.require_space(tmp_path / "not" / "yet", free // 2, "this run")
    with pytest.raises(
        DiskError, match=r"^this run needs [\d,.]+ GB and the disk of '.*not/yet' has [\d,.]+ GB free; make"
    ):
        storage.require_space(tmp_path / "not" / "yet", free * 2 + 10**9, "this run")
    assert not list(tmp_path.iterdir())


def test_what_the_disk_refuses_is_one_sentence_about_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def refuse(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    storage.write_json(tmp_path / "a.json", 1)
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(DiskError) as told:
        storage.write_json(tmp_path / "a.json", 2)
    assert str(told.value) == (
        f"'{tmp_path / 'a.json'}' cannot be written: No space left on device; what was saved before is untouched; "
        "make room on that disk and try again"
    )
    assert isinstance(told.value, OSError) and told.value.errno == 28 and told.value.strerror == os.strerror(28)


def test_a_reading_error_of_the_callers_own_stays_what_it_is(tmp_path: Path):
    with pytest.raises(PermissionError, match="photo"), storage.create_npy(tmp_path / "a.npy", (1,), np.uint8):
        raise PermissionError(13, "photo")
    assert not list(tmp_path.iterdir())


def test_a_dead_writers_temporary_is_swept_and_a_living_ones_is_not(tmp_path: Path):
    path = tmp_path / "pixels.npy"
    dead = tmp_path / ".pixels.npy.0123abcd.tmp"
    dead.write_bytes(b"half")
    with storage.replacing(path) as living:
        living.write_bytes(b"first")
        storage.write_bytes(path, b"second")
        assert sorted(one.name for one in tmp_path.iterdir()) == sorted([living.name, "pixels.npy"])
    assert path.read_bytes() == b"first" and [one.name for one in tmp_path.iterdir()] == ["pixels.npy"]


def test_a_killed_writer_leaves_the_old_file_and_the_next_one_sweeps(tmp_path: Path):
    path = tmp_path / "a.npy"
    storage.write_npy(path, np.zeros(3))
    code = (
        "import os, sys; from pathlib import Path; from fashion_core import storage\n"
        "with storage.create_npy(Path(sys.argv[1]), (1000, 1000), 'u1') as array:\n array[:] = 1; os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == 9
    assert len(list(tmp_path.iterdir())) == 2 and (storage.read_npy(path) == 0).all()
    storage.write_npy(path, np.ones(3))
    assert [one.name for one in tmp_path.iterdir()] == ["a.npy"]


def test_a_written_file_can_be_read_by_whom_the_umask_lets(tmp_path: Path):
    before = os.umask(0o027)
    try:
        storage.write_json(tmp_path / "a.json", 1)
    finally:
        os.umask(before)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("shape, dtype", [((4, 2), "u1"), ((3, 5, 2), "<f4"), ((0, 3), "<i8"), ((), "<f2")])
def test_a_created_npy_is_the_file_that_numpy_writes(tmp_path: Path, shape: tuple[int, ...], dtype: str):
    with storage.create_npy(tmp_path / "ours.npy", shape, dtype) as array:
        array[...] = 3
    np.save(tmp_path / "theirs.npy", np.full(shape, 3, dtype))
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "theirs.npy").read_bytes()


def test_publishing_refuses_a_name_that_is_taken_and_leaves_nothing_of_a_failure(tmp_path: Path):
    with pytest.raises(RuntimeError), storage.publishing(tmp_path / "a") as folder:
        (folder / "x").write_text("x")
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    with storage.publishing(tmp_path / "a") as folder:
        (folder / "x").write_text("x")
    with pytest.raises(FileExistsError), storage.publishing(tmp_path / "a"):
        pass
    assert [one.name for one in tmp_path.rglob("*")] == ["a", "x"]


@pytest.mark.parametrize("block", [1, 7, 64, 1 << 16])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        '{"step": 1}\n',
        '{"step": 1}\n{"step": 2}\n',
        '{"step": 1}\n{"step": 2}',
        '{"step": 1}\n{"step": 2}\n{"ste',  # torn by a crash
        '{"step": 1}\nnot json\n[3]\n\n',
        '{"step": 1, "a": "' + "é" * 300 + '"}\n{"st',
        "torn\n",
    ],
)
def test_the_last_line_is_the_last_of_all_lines(tmp_path: Path, text: str, block: int):
    path = tmp_path / "metrics.jsonl"
    assert storage.last_line(path) == {}
    path.write_text(text, encoding="utf-8")
    every = storage.read_lines(path)
    assert storage.last_line(path, block) == (every[-1] if every else {})


@pytest.mark.parametrize(
    ("num_bytes", "disk", "memory"),
    [
        (0, "0.0 kB", "0 MiB"),
        (3_100, "3.1 kB", "0 MiB"),
        (393_216, "0.4 MB", "0 MiB"),
        (41_300_000, "41.3 MB", "39 MiB"),
        (2_147_483_648, "2.1 GB", "2.0 GiB"),
        (1_234_000_000_000, "1,234.0 GB", "1149.3 GiB"),
    ],
)
def test_a_size_is_told_in_the_unit_in_which_it_is_more_than_nothing(num_bytes: int, disk: str, memory: str):
    assert (storage.size_text(num_bytes), storage.memory_text(num_bytes)) == (disk, memory)
