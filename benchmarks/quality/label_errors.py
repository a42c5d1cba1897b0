"""How many planted label errors confident learning finds: recall and precision of the list, and of its first k.

Flips 3 % of the labels of a run's stored predictions (seeded) to another class, any alike ("uniform") or those that the
model confuses with it ("confused", as people do), and looks for them. A suspicion about a
label that was not flipped counts as wrong here, although the source's own errors are among them: precision is a lower
bound. Prints each way to choose and to rank that cleanlab offers, and the one that the lab uses.

    python -m benchmarks.quality.label_errors RUN_DIRECTORY... [--split test] [--share 0.03] [--seeds 5]
"""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from fashion_core.metrics import label_errors
from fashion_core.runs import runs, temperature

FILTERS = ("prune_by_noise_rate", "prune_by_class", "both", "confident_learning", "predicted_neq_given")
RANKS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


def flip(labels_N: np.ndarray, chances_KK: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The labels with ``share`` of them moved to another class, drawn from the row of their own class."""
    generator = np.random.default_rng(seed)
    moved = generator.choice(len(labels_N), round(share * len(labels_N)), replace=False)
    flipped_N = labels_N.copy()
    flipped_N[moved] = [generator.choice(len(chances_KK), p=chances_KK[label]) for label in labels_N[moved]]
    return flipped_N


def chances(kind: str, labels_N: np.ndarray, predicted_N: np.ndarray, num_classes: int) -> np.ndarray:
    """How likely a wrong label of each class is each other class: all alike, or as the model itself confuses them."""
    chances_KK = np.ones((num_classes, num_classes))
    if kind == "confused":
        np.add.at(chances_KK, (labels_N, predicted_N), 20)
    np.fill_diagonal(chances_KK, 0)
    return chances_KK / chances_KK.sum(axis=1, keepdims=True)


def quality(found: np.ndarray, planted: np.ndarray) -> list[float]:
    """suspected, recall, precision, precision at half and at all of the number planted, of row numbers worst first."""
    right = np.isin(found, planted)
    first = len(planted)
    return [len(found), right.sum() / first, right.mean() if len(found) else np.nan,
            right[: first // 2].mean(), right[:first].mean()]  # fmt: skip


def measure(folder: Path, split: str, kind: str, share: float, seeds: Iterable[int]) -> None:
    """Print one table for a run."""
    run = runs.open_run(folder)
    fitted = temperature.of_run(run)
    frame = run.predictions(split)
    true_N = runs.label_indices(frame["label"], run.classes)
    shares_NK = frame[[f"p_{name}" for name in run.classes]].to_numpy(np.float64)
    shares_NK = shares_NK / shares_NK.sum(axis=1, keepdims=True)
    accuracy = (frame["label"] == frame["predicted"]).mean()
    predicted_N = runs.label_indices(frame["predicted"], run.classes)
    chances_KK = chances(kind, true_N, predicted_N, len(run.classes))
    rows: dict[str, list[list[float]]] = {}
    seconds = []
    for seed in seeds:
        given_N = flip(true_N, chances_KK, share, seed)
        planted = np.flatnonzero(given_N != true_N)
        began = time.monotonic()
        flipped = frame.assign(label=np.array(run.classes)[given_N])
        ours = label_errors.find(flipped, run.classes, fitted.value)
        seconds.append(time.monotonic() - began)
        uncalibrated = label_errors.find(flipped, run.classes)
        for told, found in (("the lab's list", ours), ("the same, not calibrated", uncalibrated)):
            places = pd.Index(frame["image_id"]).get_indexer(pd.Index(found["image_id"]))
            rows.setdefault(told, []).append(quality(places, planted))
        for way in FILTERS:
            suspected_N = find_label_issues(given_N, shares_NK, filter_by=way, n_jobs=1)
            for rank in RANKS:
                score_N = get_label_quality_scores(given_N, shares_NK, method=rank, adjust_pred_probs=False)
                found = np.flatnonzero(suspected_N)
                found = found[np.argsort(score_N[found], kind="stable")]
                rows.setdefault(f"{way}, {rank}", []).append(quality(found, planted))
    own = len(label_errors.find(frame, run.classes, fitted.value))
    print(f"\n{run.id}, {split}: n {len(frame):,}, accuracy {accuracy:.3f}, {share:.0%} flipped, {kind} "
          f"({len(planted):,}), {len(seconds)} seeds; {np.median(seconds):.2f} s")  # fmt: skip
    print(f"{own:,} suspected before the flip; temperature {fitted.value:.2f} {fitted.why_not}")
    print(f"{'':<50}{'suspected':>10}{'recall':>14}{'precision':>14}{'first half':>14}{'first k':>14}")
    for name, found_rows in rows.items():
        mean, spread = np.mean(found_rows, axis=0), np.std(found_rows, axis=0)
        told = "".join(f"{f'{m:.3f} ± {s:.3f}':>14}" for m, s in zip(mean[1:], spread[1:], strict=True))
        print(f"{name:<50}{mean[0]:>10,.0f}{told}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--split", default="test")
    parser.add_argument("--share", type=float, default=0.03)
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    for folder in given.runs:
        for kind in ("uniform", "confused"):
            measure(folder, given.split, kind, given.share, range(given.seeds))


if __name__ == "__main__":
    main()
