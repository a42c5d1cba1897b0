"""What the lessons show and how long they take, over several seeds; with --save for the teacher's view.

    python benchmarks/lessons.py --seeds 3 --save

Each lesson of each seed runs as the page runs it, in a process of its own, in a fresh runs folder, from the press of
the button; the drawn set is made beforehand (a first start does that once), whatever else a lesson needs is made anew
for each seed. Wall time depends on what else runs on the machine: its load is printed, and the processor time beside
it. The results depend on neither.
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

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from fashion_core import drawn, lesson_data, lesson_plans, lesson_ranges, storage  # noqa: E402


def run(lesson: str, seed: int, data_dir: Path, runs_dir: Path) -> dict:
    """What the command says of one lesson, and the processor seconds of it and of its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-m", "fashion_core", "lesson", lesson, "--seed", str(seed), "--json"]
    words += ["--data-dir", str(data_dir), "--runs-dir", str(runs_dir)]
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout) | {"cpu_seconds": spent}


def summary(lesson: str, documents: list[dict]) -> dict:
    """Mean, lowest and highest of every number, medians of the times."""
    numbers = {}
    for name in documents[0]["numbers"]:
        values = [document["numbers"][name] for document in documents]
        numbers[name] = {
            "mean": round(statistics.fmean(values), 4), "lowest": min(values), "highest": max(values), "values": values
        }  # fmt: skip
    times = {
        name: round(statistics.median(document[name] for document in documents), 1)
        for name in ("seconds", "first_seconds", "cpu_seconds")
    }
    return {
        "lesson": lesson,
        "key": lesson_plans.plan(lesson).key,
        "seeds": len(documents),
        **times,
        "numbers": numbers,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--lessons", nargs="+", default=list(lesson_plans.LESSONS), choices=lesson_plans.LESSONS)
    parser.add_argument("--data-dir", type=Path, help="a data folder with the drawn set; a temporary one if not given")
    parser.add_argument("--save", action="store_true", help=f"write {lesson_ranges.PATH.name} for the teacher's view")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data_dir = given.data_dir or Path(scratch) / "data"
        lesson_data.make(lesson_plans.WHOLE, data_dir)
        told, loads = [], []
        for lesson in given.lessons:
            documents = []
            for seed in range(given.seeds):
                storage.remove_folder(lesson_data.folder(data_dir))
                document = run(lesson, seed, data_dir, Path(scratch) / f"runs-{lesson}-{seed}")
                loads.append(os.getloadavg()[0])
                print(f"load {loads[-1]:.1f}", json.dumps(document), flush=True)
                documents.append(document)
            told.append(summary(lesson, documents))
    command = "python benchmarks/lessons.py " + " ".join(sys.argv[1:])
    if given.data_dir:
        command = command.replace(str(given.data_dir), "DATA")
    where = f"{os.cpu_count()} CPU cores ({platform.machine()}), load {min(loads):.0f} to {max(loads):.0f}"
    document = {
        "command": command, "date": datetime.date.today().isoformat(), "where": where, "plans": lesson_plans.VERSION,
        "drawing": drawn.VERSION, "lessons": told,
    }  # fmt: skip
    if given.save:
        kept = json.loads(lesson_ranges.PATH.read_text()) if lesson_ranges.PATH.exists() else {"lessons": []}
        fresh = [one["lesson"] for one in told]
        document["lessons"] = [one for one in kept["lessons"] if one["lesson"] not in fresh] + told
        storage.write_json(lesson_ranges.PATH, document)
    else:
        print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
