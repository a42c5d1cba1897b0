import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fashion_core import storage


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
        "import sys, time; from pathlib import Path; from fashion_core import storage\n"
        "with storage.hold(Path(sys.argv[1])):\n print('held', flush=True)\n time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        assert child.stdout.readline().strip() == "held"
        assert storage.is_held(path)
        with pytest.raises(storage.Busy), storage.hold(path):
            pass
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    assert not storage.is_held(path)


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
