"""Kill a tiny training run with SIGKILL, at every place where it asks about a stop and at random moments; let it go on.

    python -m tests.support.kill_sweep DATA_DIR WORK_DIR --random 200

Prints one JSON document: how many kills, and every way in which a resumed run differs from the uninterrupted one. The
parent imports torch once and forks; a fork costs milliseconds where a new process costs three seconds.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import torch

from fashion_core import storage
from fashion_core.data import datasets
from fashion_core.runs import checkpoints, runs
from fashion_core.runs.summary import Summary
from fashion_core.settings import config, recipes
from fashion_core.training import loop

TINY = ["image_size=16", "batch_size=8", "log_every=1", "device=cpu", "epochs=3"]
VARIANTS: dict[str, list[str]] = {
    "report": ["log_every=2"],
    "every switch": [
        "save_minutes=0",
        "ema=0.9",
        "schedule=one_cycle",
        "learning_rate=0.003",
        "clip_norm=1",
        "weight_decay=0.01",
        "mixup=0.4",
        "hue=0.1",
        "crop_scale=0.5",
        "erasing=0.5",
        "label_smoothing=0.1",
        "loss=balanced_softmax",
        "final_weights=best",
        "accumulation=3",
    ],
    "plateau": ["schedule=plateau", "early_stopping=2", "epochs=6", "sampler=none", "cutmix=1", "learning_rate=0.01"],
}


def run_and_die(
    run: runs.Run, dataset: datasets.Dataset, *, at_call: int | None = None, after: float | None = None
) -> bool:
    """Train in a fork that is killed at its ``at_call``-th question about a stop, or by us ``after`` so many seconds.

    Whether it was killed; a run that fails by itself raises.
    """
    child = os.fork()
    if child == 0:
        calls = 0

        def should_stop() -> bool:
            nonlocal calls
            calls += 1
            if calls == at_call:
                os.kill(os.getpid(), signal.SIGKILL)
            return False

        code = 1
        try:
            torch.set_num_threads(1)
            loop.train(run, dataset, should_stop=should_stop)
            code = 0
        finally:
            os._exit(code)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status):
        raise RuntimeError(f"{run.id} failed by itself: {run.events()[-1]}")
    return False


def outcome(run: runs.Run) -> dict[str, Any]:
    """Everything that a run ends with, without what tells the time."""
    timed = ("seconds", "images_per_second", "memory_bytes", "time")
    found: dict[str, Any] = {}
    last = checkpoints.good_step(run.folder)
    # a kill between two renames leaves a step in its hidden place, where it is as good as in its own
    scored = checkpoints.find(run.folder, run.summary().scored_step)
    assert scored is not None, f"the step that {run.id} was scored with is gone"
    for step in {last, scored}:
        for name in ("model.safetensors", "trainer.safetensors"):
            found[f"{step.name}/{name}"] = (step / name).read_bytes()
        stood = storage.read_json(step / "trainer.json")
        found[f"{step.name}/trainer.json"] = {key: value for key, value in stood.items() if key not in timed}
    rows = storage.read_lines(run.folder / "metrics.jsonl")
    found["metrics"] = [{key: value for key, value in row.items() if key not in timed} for row in rows]
    for split in ("val", "test"):
        found[f"predictions-{split}"] = run.predictions(split).to_csv(index=False)
        found[f"embeddings-{split}"] = (run.folder / f"embeddings-{split}.npy").read_bytes()
    summary = (run.summary() or Summary()).to_json()
    found["summary"] = {key: value for key, value in summary.items() if key not in ("run_id", *timed)}
    return found


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    return [name for name in sorted(found.keys() | expected.keys()) if found.get(name) != expected.get(name)]


def sweep(data_dir: Path, work: Path, num_random: int) -> dict[str, Any]:
    dataset = datasets.find_dataset(data_dir, "tiny")
    warm = recipes.settings_for("report", [*TINY, "epochs=1"])  # torch loads its last 3 s of modules at the first step
    loop.train(runs.create_run(dataset, warm, runs_dir=work, run_id="warm"), dataset)
    told: dict[str, Any] = {"variants": {}, "kills_at_boundaries": 0, "kills_at_random": 0, "differing": []}
    chance = random.Random(0)
    for variant, sets in VARIANTS.items():
        settings = recipes.settings_for("report", [*TINY, *sets])

        def new(name: str, settings: config.Settings = settings) -> runs.Run:
            return runs.create_run(dataset, settings, runs_dir=work, run_id=name)

        whole = new("whole")
        began = time.monotonic()
        run_and_die(whole, dataset)
        length = time.monotonic() - began
        expected = outcome(whole)
        kills = {"boundaries": 0, "random": 0}

        def check(run: runs.Run, how: str, variant: str = variant, expected: dict[str, Any] = expected) -> None:
            told["differing"] += [f"{variant}, {how}: {name}" for name in differences(outcome(run), expected)]
            shutil.rmtree(run.folder)

        call, killed = 0, True
        while killed:  # until a run ends before it is asked so often
            call += 1
            run = new(f"call-{call}")
            killed = run_and_die(run, dataset, at_call=call)
            kills["boundaries"] += killed
            if killed:
                kills["boundaries"] += run_and_die(run, dataset, at_call=call * 7 % 11 + 1)
                run_and_die(run, dataset)
            check(run, f"killed at question {call}")
        for number in range(num_random // len(VARIANTS)):
            run = new(f"random-{number}")
            moments = [chance.uniform(0, length * 1.05), chance.uniform(0, length)]
            for moment in moments:
                if not run.summary():
                    kills["random"] += run_and_die(run, dataset, after=moment)
            run_and_die(run, dataset)
            check(run, f"killed after {moments} s")
        told["variants"][variant] = {**kills, "questions": call - 1}
        told["kills_at_boundaries"] += kills["boundaries"]
        told["kills_at_random"] += kills["random"]
        shutil.rmtree(whole.folder)
    return told


if __name__ == "__main__":
    torch.set_num_threads(1)
    data_dir, work = Path(sys.argv[1]), Path(sys.argv[2])
    print(json.dumps(sweep(data_dir, work, int(sys.argv[4])), indent=1))
