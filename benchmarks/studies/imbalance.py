"""What helps against uneven classes: a claim of more arms, several seeds each, and the table of what they scored.

    python -m benchmarks.studies.imbalance DATASET [--ways none sampler ...] [--seeds 3] [--epochs 8] [--image-size 32]
        [--augment] [--set key=value ...] [--split test] [--data-dir DATA] [--runs-dir RUNS]
    python -m benchmarks.studies.imbalance DATASET --table [--save fashion_core/claims/measured_imbalance.json]

Takes an imported dataset; a long-tailed one is made with `python -m fashion_core import DATASET --imbalance 100`. The
runs are found, trained and resumed as those of any claim (``fashion_core.claims.experiments``), so an interrupted study
goes on with the same command. Logit adjustment after training takes what the runs of `none` answered. `--save` puts the
table into the file that the lab's own sentences are made from, in place of that dataset's older one, with the photos'
share in the error of each gain.
"""

import argparse
import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.studies.imbalance_table import AFTER, WAYS, noise, photo_error, print_table, summary
from fashion_core import paths, storage
from fashion_core.claims import definitions, evidence, experiments
from fashion_core.claims.definitions import Arm, Claim
from fashion_core.claims.experiments import Plan
from fashion_core.cli.claims import train_missing
from fashion_core.data import datasets
from fashion_core.errors import FashionError
from fashion_core.runs import runs
from fashion_core.settings import recipes


def claim_of(given: argparse.Namespace) -> Claim:
    """The ways as arms. Nothing but the correction differs; tau is not chosen on the photos that are scored."""
    trained = [
        Arm(name=way, words=way, recipe=given.recipe, sets=(f"sampler={WAYS[way][0]}", f"loss={WAYS[way][1]}"))
        for way in given.ways
    ]
    adjusted = [Arm(name="logit_after", words="logit_after", after="none")]
    if given.split != "val":
        adjusted.append(Arm(name="logit_after_tau", words="logit_after_tau", after="none", tau=None))
    return Claim(
        name="ways",
        sentence="One correction helps against uneven classes.",
        question="Which of several ways is shown to beat doing nothing?",
        why="It is what the lab's own sentences about uneven classes rest on.",
        arms=(*trained, *(adjusted if "none" in given.ways else ())),
    )


def plan_of(dataset: datasets.Dataset, given: argparse.Namespace) -> Plan:
    """The study as runs. Without ``--augment`` nothing hides the correction: the recipe without augmentation."""
    plain = () if given.augment else definitions.without()
    own = (f"image_size={given.image_size}", f"epochs={given.epochs}", f"seed={given.first_seed}", "device=cpu")
    return experiments.plan(
        claim_of(given),
        dataset,
        experiments.Here(runs=runs.list_runs(given.runs_dir), data_dir=given.data_dir),
        seeds=given.seeds,
        overrides=(*plain, *own, *given.sets),
        split=given.split,
    )


def train(dataset: datasets.Dataset, given: argparse.Namespace) -> None:
    """Train whatever is missing, through the queue."""
    cost = experiments.cost([plan_of(dataset, given)], runs.list_runs(given.runs_dir))
    print(f"{dataset.name}: {cost.words}", flush=True)
    train_missing(lambda: [plan_of(dataset, given)], cost, given.data_dir, given.runs_dir, command_of(given))


def taus(plan: Plan) -> dict[str, list[float]]:
    """Way of AFTER -> how strongly each seed's answers are adjusted."""
    return {
        arm.name: [evidence.tau_of(arm, run, plan.train_counts) for run in plan.runs[arm.after]]
        for arm in plan.claim.arms
        if arm.after
    }


def photo_errors(plan: Plan) -> dict[str, dict[str, float]]:
    """Way -> the photos' share in the error of its gain."""
    said = evidence.answers(plan.claim, plan.runs, plan.split, plan.dataset.classes, plan.train_counts)
    none = said["none"]
    return {
        way: photo_error(none.right_SN, one.right_SN, none.label_N, paired=way in AFTER)
        for way, one in said.items()
        if way != "none"
    }


def study_of(plan: Plan, n: int, ways: list[dict[str, Any]], given: argparse.Namespace) -> dict[str, Any]:
    """The table as the file of studies has it."""
    dataset, plain = plan.dataset, plan.members[0].settings
    return {"dataset": dataset.id, "name": dataset.name, "fingerprint": dataset.fingerprint,
            "synthetic": dataset.synthetic, "split": plan.split, "n": n,
            "train_counts": dict(zip(dataset.classes, plan.train_counts, strict=True)),
            "recipe": plain.recipe, "changed": {name: new for name, _, new in recipes.changes(plain)},
            "command": command_of(given),
            "date": f"{datetime.now(UTC):%Y-%m-%d}", "device": "cpu",
            "noise": {metric: noise(ways, metric) for metric in ("accuracy", "mean_recall")},
            "ways": ways}  # fmt: skip


def save(study: dict[str, Any], path: Path) -> None:
    """Put the table into the file of studies, in place of the same dataset's."""
    kept = json.loads(path.read_text()) if path.exists() else {"format": 1, "studies": []}
    kept["studies"] = [one for one in kept["studies"] if one["dataset"] != study["dataset"]] + [study]
    storage.write_json(path, kept)


def command_of(given: argparse.Namespace) -> str:
    """The command line that trains and scores what the table shows."""
    words = ["python", "-m", "benchmarks.studies.imbalance", given.dataset]
    for name in ("seeds", "first_seed", "epochs", "image_size", "recipe", "split"):
        words += [f"--{name.replace('_', '-')}", str(getattr(given, name))]
    words += ["--augment"] * given.augment + [word for item in given.sets for word in ("--set", item)]
    return shlex.join([*words, "--ways", *given.ways])


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--image-size", default="32")
    parser.add_argument("--recipe", default="report")
    parser.add_argument("--augment", action="store_true", help="keep the recipe's augmentation")
    parser.add_argument("--set", dest="sets", action="append", default=[], help="key=value for every way")
    parser.add_argument("--split", default="test")
    parser.add_argument("--table", action="store_true", help="print what the runs say and train nothing")
    parser.add_argument("--save", type=Path, help="also put the table into this JSON file")
    parser.add_argument("--data-dir", type=Path, default=paths.default_data_dir())
    parser.add_argument("--runs-dir", type=Path, default=paths.default_runs_dir())
    return parser


def run(given: argparse.Namespace) -> None:
    dataset = datasets.find_dataset(given.data_dir, given.dataset)
    if not given.table:
        train(dataset, given)
    plan = plan_of(dataset, given)
    seen = experiments.collect(plan, command_of(given))
    matrices = {way: seeds.matrices_SKK for way, seeds in seen.arms.items()}
    photos = photo_errors(plan) if given.save else None
    ways = summary(matrices, plan.train_counts, taus(plan), photos)
    if given.save:
        save(study_of(plan, seen.n, ways, given), given.save)
    counts = sorted(plan.train_counts, reverse=True)
    print(f"{dataset.name}, {plan.split}, n {seen.n:,}; train {counts[0]:,} to {counts[-1]:,} a class "
          f"({counts[0] / counts[-1]:.1f} : 1), {sum(counts):,} in all; {given.image_size} px, "
          f"{given.epochs} epochs")  # fmt: skip
    print_table(ways, for_photos=photos is not None)


def main() -> None:
    try:
        run(options().parse_args())
    except (FashionError, ValueError) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
