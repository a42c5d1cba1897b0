"""How often the intervals of macro F1 and macro recall hold the truth, from 1 to 500 photos a class.

    python -m benchmarks.quality.coverage --trials 200

A made network is right on a share of each class and errs on the others alike. Prints, for each number of classes and of
photos a class, the mean coverage over the true shares and the lowest one, beside Wilson's of one share at the same n.
"""

import argparse

import numpy as np

from fashion_core.metrics.intervals import score_intervals, wilson

RATES = (0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 0.99)


def coverage(K: int, n: int, rate: float, trials: int, resamples: int) -> tuple[float, float, float]:
    """Of macro F1, of macro recall, and of Wilson's interval of one share of ``n`` photos."""
    generator = np.random.default_rng([K, n, int(1000 * rate)])
    shares_KK = np.full((K, K), (1 - rate) / (K - 1))
    np.fill_diagonal(shares_KK, rate)  # classes of one size: macro F1 and macro recall are both ``rate``
    hits = np.zeros(3)
    for trial in range(trials):
        matrix_KK = np.stack([generator.multinomial(n, row) for row in shares_KK])
        found = score_intervals(matrix_KK, resamples=resamples, seed=trial)
        one = wilson(matrix_KK[0, 0], n)
        hits += [low <= rate <= high for low, high in (found.macro_f1, found.macro_recall, one)]
    return tuple(hits / trials)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--resamples", type=int, default=300)
    parser.add_argument("--classes", type=int, nargs="+", default=[2, 5, 15])
    parser.add_argument("--photos", type=int, nargs="+", default=[1, 2, 4, 10, 20, 100, 500])
    asked = parser.parse_args()
    print("classes photos | macro F1 mean lowest | macro recall mean lowest | Wilson mean lowest")
    for K in asked.classes:
        for n in asked.photos:
            found = np.array([coverage(K, n, rate, asked.trials, asked.resamples) for rate in RATES])
            told = " | ".join(f"{100 * a:.1f} {100 * b:.1f}" for a, b in zip(found.mean(0), found.min(0), strict=True))
            print(f"{K} {n} | {told}", flush=True)


if __name__ == "__main__":
    main()
