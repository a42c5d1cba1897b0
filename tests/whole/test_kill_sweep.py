"""SIGKILL wherever a run asks about a stop, and at random moments, also while it resumes: no bit differs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT

SHARED_MEMORY = Path("/dev/shm")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the sweep forks")
def test_a_run_killed_at_any_moment_resumes_to_the_same_bits(tiny_data: Path, tmp_path: Path):
    work = tmp_path
    if SHARED_MEMORY.is_dir():  # a kill is no power cut, so the disk need not be a real one
        work = SHARED_MEMORY / f"kill-sweep-{os.getpid()}"
        work.mkdir()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.kill_sweep", str(tiny_data), str(work), "--random", "24"],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=900,
        )
    finally:
        if work != tmp_path:
            subprocess.run(["rm", "-rf", str(work)], check=True)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["differing"] == []
    assert all(variant["questions"] > 15 for variant in told["variants"].values()), "every step was a place to die"
    assert told["kills_at_boundaries"] > 100 and told["kills_at_random"] > 5
