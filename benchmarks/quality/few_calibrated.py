"""From how many validation photos on a fitted temperature helps: what it changes in the likelihood of other photos.

    python -m benchmarks.quality.few_calibrated [--runs-dir runs]

Two kinds of answers. Made: Gaussian noise around the true class of K, its logits multiplied by ``sharp`` (1: the
probabilities mean what they say). Stored: the validation predictions of the finished runs, of which n are drawn to fit
on and the others tell. Each is fitted ``DRAWS`` times. Printed for each n: the mean change of the negative log
likelihood in nats a photo (below 0 helps), and in how many per cent of the draws it rose by more than 0.01. With
``--ruled`` only draws on which the lab would fit count (``calibration.too_few``), and "-" stands where there is none.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fashion_core.metrics.calibration import fit_temperature, too_few
from fashion_core.metrics.calibration import negative_log_likelihood as loss
from fashion_core.runs import runs

SIZES = (4, 10, 20, 50, 100, 200, 500)
DRAWS = 200
NEW = 4000

Answers = tuple[np.ndarray, np.ndarray]


def made(N: int, K: int, noise: float, sharp: float, generator: np.random.Generator) -> Answers:
    """Labels int N and probabilities N x K whose logits are ``sharp`` times those of the true posterior."""
    labels_N = generator.integers(0, K, N)
    logits_NK = generator.normal(0, noise, (N, K))
    logits_NK[np.arange(N), labels_N] += 2
    logits_NK *= 2 / noise**2 * sharp
    shares_NK = np.exp(logits_NK - logits_NK.max(axis=1, keepdims=True))
    return labels_N, shares_NK / shares_NK.sum(axis=1, keepdims=True)


def told(draw: Callable[[int], tuple[Answers, Answers]], most: int, ruled: bool) -> str:
    """One row: for each size the mean change and the share of draws that are worse. ``draw(n)``: to fit on, and new."""
    cells = []
    for n in (size for size in SIZES if size <= most):
        changes = []
        for _ in range(DRAWS):
            fit, new = draw(n)
            if ruled and too_few(*fit):
                continue
            changes.append(loss(*new, fit_temperature(*fit)) - loss(*new))
        changes_D = np.array(changes)
        worse = 100 * (changes_D > 0.01).mean() if changes else 0
        cells.append(f"{changes_D.mean():+.3f} ({worse:.0f})" if changes else "-")
    return " | ".join(cells)


def main() -> None:
    """The table, a row each kind of answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs-dir", type=Path, default=Path("runs"))
    parser.add_argument("--ruled", action="store_true")
    arguments = parser.parse_args()
    found, ruled = runs.list_runs(arguments.runs_dir), arguments.ruled
    generator = np.random.default_rng(0)
    print("| answers | right | loss | " + " | ".join(f"{n}" for n in SIZES) + " |")
    print("|---|---|---|" + "---|" * len(SIZES), flush=True)
    for K, noise in ((3, 1.2), (15, 1.2), (100, 1.2), (3, 0.6), (15, 0.6), (100, 0.6)):
        for sharp in (0.6, 1.0, 1.5, 3.0):
            new = made(NEW, K, noise, sharp, generator)
            right = (new[1].argmax(axis=1) == new[0]).mean()
            row = told(
                lambda n, K=K, noise=noise, sharp=sharp, new=new: (made(n, K, noise, sharp, generator), new), 500, ruled
            )
            print(f"| {K} classes, sharp {sharp} | {right:.2f} | {loss(*new):.3f} | {row} |", flush=True)
    for run in found:
        if "val" not in run.prediction_splits():
            continue
        frame = run.predictions("val")
        labels_N = runs.label_indices(frame["label"], run.classes)
        shares_NK = frame[[f"p_{name}" for name in run.classes]].to_numpy()

        def draw(n: int, labels_N: np.ndarray = labels_N, shares_NK: np.ndarray = shares_NK) -> tuple[Answers, Answers]:
            order_N = generator.permutation(len(labels_N))
            fit, new = order_N[:n], order_N[n:]
            return (labels_N[fit], shares_NK[fit]), (labels_N[new], shares_NK[new])

        right, own = (shares_NK.argmax(axis=1) == labels_N).mean(), loss(labels_N, shares_NK)
        words = f"{run.recipe} on {run.dataset['id']}, {len(labels_N):,} photos"
        print(f"| {words} | {right:.2f} | {own:.3f} | {told(draw, len(labels_N) // 2, ruled)} |", flush=True)


if __name__ == "__main__":
    main()
