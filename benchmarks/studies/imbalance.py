"""What helps against uneven classes: several ways, several seeds each, trained by the lab's own command and compared.

    python -m benchmarks.studies.imbalance DATASET --output FILE.json [--ways none sampler ...] [--seeds 3] [--epochs 8]
        [--image-size 32] [--set key=value ...] [--split test] [--data-dir DATA] [--runs-dir RUNS]
    python -m benchmarks.studies.imbalance DATASET --output FILE.json --table [--save
    fashion_core/claims/measured_imbalance.json]

Takes an imported dataset; a long-tailed one is made with `python -m fashion_core import DATASET --imbalance 100`. Each
training is `python -m fashion_core train --run-dir ...`; the seeds of a way are a group of the lab. The file keeps what
each run scored, with the settings it had: an interrupted study goes on, and a run whose settings are equal is
not trained again. Logit adjustment after training takes the probabilities of the runs of `none` and trains nothing.
`--save` puts the table into the file that the lab's own sentences are made from, in place of that dataset's older one,
with the photos' share in the error of each gain, for which it reads the runs' predictions.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.studies.imbalance_table import AFTER, CORE, WAYS, noise, photo_error, print_table, summary
from fashion_core import paths, storage
from fashion_core.data import datasets
from fashion_core.data.sources import readers
from fashion_core.launch import background
from fashion_core.metrics import logit_adjustment, scoring
from fashion_core.paths import PROJECT_ROOT as ROOT
from fashion_core.runs import runs
from fashion_core.settings import config, recipes, sampling

#: Nothing but the correction may differ, and nothing may hide it: the report's network without augmentation.
PLAIN = ("flip=0", "rotation_degrees=0", "brightness=0", "contrast=0", "saturation=0")


def settings_of(way: str, seed: int, given: argparse.Namespace) -> config.Settings:
    sampler, loss = WAYS[way]
    own = [] if given.augment else list(PLAIN)
    own += [f"image_size={given.image_size}", f"epochs={given.epochs}", "device=cpu", *given.sets]
    return replace(recipes.settings_for(given.recipe, own), sampler=sampler, loss=loss, seed=seed)


def is_of(row: dict[str, Any], dataset: datasets.Dataset, settings: config.Settings, split: str) -> bool:
    """Whether a row of the file is this very training, judged on this split: the photos and every setting are equal. A
    setting that did not exist when the row was written counts as off, as it does for old runs."""
    if (row["fingerprint"], row["split"], row["seed"]) != (dataset.fingerprint, split, settings.seed):
        return False
    return config.from_json(row["settings"]) == settings


def key_of(dataset: datasets.Dataset, settings: config.Settings) -> str:
    """A short name for the photos and every setting, so that two trainings never share a directory."""
    return readers.fingerprint_of([dataset.fingerprint, settings.to_json()])


def train(dataset: datasets.Dataset, way: str, settings: config.Settings, given: argparse.Namespace) -> runs.Run:
    """The finished run of these settings: the one that is there, or trained now."""
    key = key_of(dataset, settings)
    folder = given.runs_dir / f"imbalance-{dataset.id[:40]}-{way.replace('_', '-')}-{settings.seed}-{key[:6]}"
    if not (folder / "config.json").exists():
        same = key_of(dataset, replace(settings, seed=0))
        group = {"id": f"imbalance-{dataset.id[:40]}-{way}-{same[:6]}", "kind": "seeds", "varies": ["seed"]}
        folder.parent.mkdir(parents=True, exist_ok=True)
        runs.create_run_at(dataset, settings, folder, group)
    run = runs.open_run(folder)
    if run.summary() is None:
        words = ["train", "--run-dir", str(folder), "--data-dir", str(given.data_dir), "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "fashion_core", *words],
            cwd=ROOT,
            env={**os.environ, **background.ENVIRONMENT},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"{run.id}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return run


def scored(frame: pd.DataFrame, classes: tuple[str, ...], probabilities_NK: np.ndarray) -> dict[str, Any]:
    """Accuracy and each class's recall of probabilities over the photos of ``frame``."""
    labels_N = runs.label_indices(frame["label"], classes)
    right_N = probabilities_NK.argmax(axis=1) == labels_N
    support_K = np.bincount(labels_N, minlength=len(classes))
    recall_K = np.bincount(labels_N[right_N], minlength=len(classes)) / np.maximum(support_K, 1)
    return {"n": len(frame), "accuracy": float(right_N.mean()), "recall": recall_K.round(6).tolist()}


def probabilities(run: runs.Run, split: str) -> tuple[pd.DataFrame, np.ndarray]:
    frame = run.predictions(split)
    return frame, scoring.probabilities_of(frame, run.classes)


def after(run: runs.Run, counts_K: np.ndarray, split: str) -> dict[str, dict[str, Any]]:
    """Both ways of AFTER, from the stored predictions of a run of `none`."""
    frame, found_NK = probabilities(run, split)
    told = {"logit_after": scored(frame, run.classes, logit_adjustment.adjusted(found_NK, counts_K)) | {"tau": 1.0}}
    if split != "val":  # tau must not be chosen on the photos that are scored
        val, val_NK = probabilities(run, "val")
        tau = logit_adjustment.best_tau(runs.label_indices(val["label"], run.classes), val_NK, counts_K)
        told["logit_after_tau"] = scored(frame, run.classes, logit_adjustment.adjusted(found_NK, counts_K, tau)) | {
            "tau": tau
        }
    return told


def study(dataset: datasets.Dataset, given: argparse.Namespace) -> None:
    """Train and score whatever is not in the file yet; seed after seed, so that what is there is always balanced."""
    counts = dataset.manifest(["split", "label", "status"]).query("split == 'train' and status == 'ok'")
    counts_K = sampling.class_counts(pd.Categorical(counts["label"], dataset.classes).codes, dataset.classes)
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        for way in given.ways:
            settings = settings_of(way, seed, given)
            if any(is_of(row, dataset, settings, given.split) for row in read(given.output)["runs"]):
                continue
            began = time.monotonic()
            run = train(dataset, way, settings, given)
            frame, found_NK = probabilities(run, given.split)
            ways = {way: scored(frame, run.classes, found_NK)}
            if way == "none":
                ways |= after(run, counts_K, given.split)
            shared = {"dataset": dataset.id, "fingerprint": dataset.fingerprint, "classes": list(dataset.classes),
                      "train_counts": counts_K.tolist(), "seed": seed, "split": given.split,
                      "run": run.id, "settings": settings.to_json(), "seconds": run.summary().seconds,
                      "val_accuracy": run.summary().val_accuracy}  # fmt: skip
            kept = read(given.output)
            kept["runs"] += [{"way": name, **shared, **told} for name, told in ways.items()]
            storage.write_json(given.output, kept)
            print(f"{time.strftime('%H:%M:%S')} seed {seed} "
                  + ", ".join(f"{name} {told['accuracy']:.4f}" for name, told in ways.items())
                  + f" ({time.monotonic() - began:.0f} s)", flush=True)  # fmt: skip


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {"format": 1, "runs": []}


def rows_of(dataset: datasets.Dataset, given: argparse.Namespace) -> list[dict[str, Any]]:
    """The rows of the file that have these settings."""
    numbers = range(given.first_seed, given.first_seed + given.seeds)
    wanted = [settings_of(way, seed, given) for way in given.ways for seed in numbers]
    rows = [
        row
        for row in read(given.output)["runs"]
        if any(is_of(row, dataset, settings, given.split) for settings in wanted)
    ]
    if not rows:
        raise SystemExit(f"{given.output} has no run with these settings yet")
    return rows


def photo_errors(given: argparse.Namespace, rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Way -> the photos' share in the error of its gain, from the predictions of the rows' runs."""
    found: dict[str, list[np.ndarray]] = {}
    for row in rows:
        folder = given.runs_dir / row["run"]
        if not (folder / f"predictions-{given.split}.parquet").exists():
            raise SystemExit(f"run {row['run']} is not in {given.runs_dir}; the photos' share needs its predictions")
        frame, found_NK = probabilities(run := runs.open_run(folder), given.split)
        if "tau" in row:
            found_NK = logit_adjustment.adjusted(found_NK, np.array(row["train_counts"]), row["tau"])
        labels_N = runs.label_indices(frame["label"], run.classes)
        right_N = pd.Series(found_NK.argmax(axis=1) == labels_N, index=frame["image_id"])
        found.setdefault(row["way"], []).append(right_N.sort_index().to_numpy())
    labels_N = pd.Series(labels_N, index=frame["image_id"]).sort_index().to_numpy()
    right = {way: np.stack(rights) for way, rights in found.items()}
    return {
        way: photo_error(right["none"], right[way], labels_N, paired=way in AFTER) for way in right if way != "none"
    }


def whole_seeds(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the seeds that every way of CORE has, so that what stands side by side was measured alike."""
    whole = set.intersection(*({row["seed"] for row in rows if row["way"] == way} for way in CORE))
    if not whole:
        raise SystemExit(f"no seed has all of {', '.join(CORE)} yet")
    return [row for row in rows if row["seed"] in whole]


def save(
    dataset: datasets.Dataset,
    given: argparse.Namespace,
    rows: list[dict[str, Any]],
    photos: dict[str, dict[str, float]],
) -> None:
    """Put the table into the file of studies, in place of the same dataset's."""
    plain, ways = settings_of("none", given.first_seed, given), summary(rows, photos=photos)
    study = {"dataset": dataset.id, "name": dataset.name, "fingerprint": dataset.fingerprint,
             "synthetic": dataset.synthetic, "split": given.split, "n": rows[0]["n"],
             "train_counts": dict(zip(rows[0]["classes"], rows[0]["train_counts"], strict=True)),
             "recipe": plain.recipe, "changed": {name: new for name, _, new in recipes.changes(plain)},
             "command": command_of(given),
             "date": f"{datetime.now(UTC):%Y-%m-%d}", "device": "cpu",
             "noise": {metric: noise(ways, metric) for metric in ("accuracy", "mean_recall")},
             "ways": ways}  # fmt: skip
    kept = json.loads(given.save.read_text()) if given.save.exists() else {"format": 1, "studies": []}
    kept["studies"] = [one for one in kept["studies"] if one["dataset"] != dataset.id] + [study]
    storage.write_json(given.save, kept)


def command_of(given: argparse.Namespace) -> str:
    """The command line that trains and scores what the table shows."""
    words = ["python", "-m", "benchmarks.studies.imbalance", given.dataset, "--output", "results.json"]
    for name in ("seeds", "first_seed", "epochs", "image_size", "recipe", "split"):
        words += [f"--{name.replace('_', '-')}", str(getattr(given, name))]
    words += ["--augment"] * given.augment + [word for item in given.sets for word in ("--set", item)]
    return shlex.join([*words, "--ways", *given.ways])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--image-size", default="32")
    parser.add_argument("--recipe", default="report")
    parser.add_argument("--augment", action="store_true", help="keep the recipe's augmentation")
    parser.add_argument("--set", dest="sets", action="append", default=[], help="key=value for every way")
    parser.add_argument("--split", default="test")
    parser.add_argument("--table", action="store_true", help="print what the file has and train nothing")
    parser.add_argument("--save", type=Path, help="also put the table into this JSON file")
    parser.add_argument("--data-dir", type=Path, default=paths.default_data_dir())
    parser.add_argument("--runs-dir", type=Path, default=paths.default_runs_dir())
    given = parser.parse_args()
    dataset = datasets.find_dataset(given.data_dir, given.dataset)
    if not given.table:
        study(dataset, given)
    rows = rows_of(dataset, given)
    photos = None
    if given.save:
        rows = whole_seeds(rows)
        photos = photo_errors(given, rows)
        save(dataset, given, rows, photos)
    print_table(dataset.name, given.image_size, given.epochs, rows, photos)


if __name__ == "__main__":
    main()
