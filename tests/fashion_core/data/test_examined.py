"""Many photos are read by processes, with what threads find, and none of the processes outlives the import."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from fashion_core.data import examined, importing, pixels
from fashion_core.errors import DatasetError
from tests.support.layouts import put
from tests.support.places import ROOT

PHOTOS = [f"{label}/{number:03}.png" for label in ("kurta", "saree") for number in range(45)]

IMPORT = """
import sys
from pathlib import Path
from fashion_core.data import examined, importing
if __name__ == "__main__":
    examined.MANY = 0
    importing.import_source(sys.argv[1], data_dir=Path(sys.argv[2]), progress=lambda *said: print(*said, flush=True))
"""


def end(*_: object) -> None:
    os._exit(3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = put(tmp_path / "photos", *PHOTOS)
    (place / "saree" / "cut.png").write_bytes((place / PHOTOS[0]).read_bytes()[:40])
    return place


def test_processes_find_what_threads_find(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    said: list[tuple] = []
    by_threads = importing.import_source(folder, data_dir=tmp_path / "threads", name="one")
    monkeypatch.setattr(examined, "MANY", 0)
    monkeypatch.setattr(examined, "_examine", None)  # of this process; the others have their own
    by_processes = importing.import_source(
        folder, data_dir=tmp_path / "processes", name="one", progress=lambda *told: said.append(told)
    )
    assert by_processes.fingerprint == by_threads.fingerprint and by_processes.num_damaged == 1
    assert by_processes.manifest().equals(by_threads.manifest())
    assert np.array_equal(pixels.thumbnails(by_processes), pixels.thumbnails(by_threads))
    counts = [done for stage, done, _ in said if stage == "reading photos"]
    assert counts == sorted(counts) and counts[-1] == len(PHOTOS) + 1


def test_a_process_that_is_ended_ends_the_import_with_a_sentence(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(examined, "MANY", 0)
    monkeypatch.setattr(examined, "_examine_in_process", end)
    with pytest.raises(DatasetError, match="a process that read photos was ended from outside"):
        importing.import_source(folder, data_dir=tmp_path / "data")
    assert not (tmp_path / "data" / "photos").exists()


def test_no_process_outlives_an_import_that_was_killed(folder: Path, tmp_path: Path):
    (tmp_path / "program.py").write_text(IMPORT)
    words = [sys.executable, str(tmp_path / "program.py"), str(folder), str(tmp_path / "data")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        started: list[psutil.Process] = []
        for line in process.stdout:
            if line.startswith("reading photos"):
                started = psutil.Process(process.pid).children(recursive=True)
                os.kill(process.pid, signal.SIGKILL)
                break
        assert len(started) >= 2
        process.wait(120)
    deadline = time.monotonic() + 120
    while left := [one for one in started if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
