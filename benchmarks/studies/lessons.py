"""What the lessons show and how long they take, over several seeds; with --save for the teacher's view.

    python -m benchmarks.studies.lessons --seeds 3 --save

Each lesson of each seed runs as the page runs it, in a process of its own, from the press of the button. The lab's
drawn set is made beforehand (a first start does that once); what else a lesson needs is made by its first seed, whose
times are the ones that are kept. Wall time depends on what else runs on the machine: its load is kept too, and the
processor time. The results depend on neither.
"""

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from fashion_core import storage
from fashion_core.lessons import datasets, expected, plans
from fashion_core.paths import PROJECT_ROOT as ROOT


def run(lesson: str, seed: int, data_dir: Path, runs_dir: Path) -> dict:
    """What the command says of one lesson, and the processor seconds of it and of its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-m", "fashion_core", "lesson", lesson, "--seed", str(seed), "--json"]
    words += ["--data-dir", str(data_dir), "--runs-dir", str(runs_dir)]
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout) | {"cpu_seconds": spent}


def summary(lesson: str, documents: list[dict], where: str) -> dict:
    """Mean, lowest and highest of every number, and the times of the first seed."""
    numbers = {}
    for name in documents[0]["numbers"]:
        values = [document["numbers"][name] for document in documents]
        numbers[name] = {
            "mean": round(statistics.fmean(values), 4), "lowest": min(values), "highest": max(values), "values": values
        }  # fmt: skip
    times = {name: round(documents[0][name], 1) for name in ("seconds", "first_seconds", "cpu_seconds")}
    return {
        "lesson": lesson, "key": plans.plan(lesson).key, "seeds": len(documents), **times, "where": where,
        "command": f"python -m benchmarks.studies.lessons --seeds {len(documents)} --save",
        "date": datetime.date.today().isoformat(), "numbers": numbers,
    }  # fmt: skip


def measure(lesson: str, seeds: int, data_dir: Path, runs_dir: Path) -> dict:
    """One lesson with seeds 0, 1, ..."""
    documents, loads = [], []
    for seed in range(seeds):
        documents.append(run(lesson, seed, data_dir, runs_dir))
        loads.append(os.getloadavg()[0])
        print(f"load {loads[-1]:.1f}", json.dumps(documents[-1]), flush=True)
    threads = os.environ.get("OMP_NUM_THREADS")
    told = f", {threads} thread for PyTorch" if threads else ""
    return summary(lesson, documents, f"{os.cpu_count()} CPU cores ({platform.machine()}), load {loads[0]:.0f}{told}")


def save(found: dict) -> None:
    """Put a lesson into the file of the teacher's view, in the place of what it said before."""
    kept = json.loads(expected.PATH.read_text())["lessons"] if expected.PATH.exists() else []
    lessons = {one["lesson"]: one for one in [*kept, found]}
    storage.write_json(expected.PATH, {"lessons": [lessons[name] for name in plans.LESSONS if name in lessons]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--lessons", nargs="+", default=list(plans.LESSONS), choices=plans.LESSONS)
    parser.add_argument("--data-dir", type=Path, help="a data folder with the drawn set; a temporary one if not given")
    parser.add_argument("--runs-dir", type=Path, help="an empty runs folder; a temporary one if not given")
    parser.add_argument("--save", action="store_true", help=f"write {expected.PATH.name} for the teacher's view")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data_dir, runs_dir = given.data_dir or Path(scratch) / "data", given.runs_dir or Path(scratch) / "runs"
        datasets.make(plans.WHOLE, data_dir)
        for lesson in given.lessons:
            found = measure(lesson, given.seeds, data_dir, runs_dir)
            if given.save:
                save(found)
            else:
                print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
