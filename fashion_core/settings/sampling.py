"""What a sampler draws and what a weighted loss charges, from class counts alone. Knows no images and no torch.

K classes, N images, M draws of an epoch. Labels are class indices, 0 to K - 1; every class has at least one image.
"""

import numpy as np

from fashion_core.errors import DatasetError, SettingsError
from fashion_core.settings.fields import sampler_beta, sampler_power


def class_counts(labels_N: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """Images a class, int64 K. A class without images is a DatasetError: no weight could be given to it."""
    counts_K = np.bincount(labels_N, minlength=len(classes))
    for name, count in zip(classes, counts_K, strict=True):
        if count == 0:
            raise DatasetError(
                f"class {name!r} has no training photos; add some, or import the dataset without the class"
            )
    return counts_K


def inverse_frequency_weights(counts_K: np.ndarray) -> np.ndarray:
    """Class weights N / (K * count), float64 K: scikit-learn's ``class_weight="balanced"`` (King and Zeng, 2001)."""
    return counts_K.sum() / (len(counts_K) * counts_K)


def loss_weights(counts_K: np.ndarray, loss: str) -> np.ndarray:
    """What the loss multiplies an image of each class with, float64 K; 1 for every loss but ``weighted``."""
    return inverse_frequency_weights(counts_K) if loss == "weighted" else np.ones(len(counts_K))


def corrections(sampler: str, loss: str) -> list[str]:
    """Which of the two raise rare classes in training: ``sampler``, ``loss``, both or none of them."""
    samples = sampler != "none" and sampler_power(sampler) != 0 and sampler_beta(sampler) != 0
    charges = loss in ("weighted", "balanced_softmax", "logit_adjusted")
    return ["sampler"] * samples + ["loss"] * charges


def image_weights(counts_K: np.ndarray, sampler: str) -> np.ndarray:
    """The weight with which one image of each class is drawn, float64 K.

    none 1; balanced 1 / count; power(alpha) count^-alpha; class_balanced(beta) (1 - beta) / (1 - beta^count), which is
    one over the effective number of samples (Cui et al., 2019, "Class-balanced loss based on effective number of
    samples", equation 2). beta 0 is none, beta towards 1 is balanced.
    """
    counts_K = counts_K.astype(np.float64)
    beta = sampler_beta(sampler)
    if beta is not None:
        # expm1: with beta 0.99999 and few images 1 - beta^count would lose five digits
        return (1 - beta) / -np.expm1(counts_K * np.log(beta)) if beta else np.ones(len(counts_K))
    alpha = {"none": 0.0, "balanced": 1.0}.get(sampler, sampler_power(sampler) or 0.0)
    return counts_K**-alpha


def draw_weights(labels_N: np.ndarray, counts_K: np.ndarray, sampler: str) -> np.ndarray:
    """The weight with which each image is drawn, float64 N, as WeightedRandomSampler takes it."""
    return image_weights(counts_K, sampler)[labels_N]


def expected_share(counts_K: np.ndarray, sampler: str) -> np.ndarray:
    """The share of an epoch's draws (with replacement) that each class is expected to get, float64 K, sums to 1."""
    mass_K = counts_K * image_weights(counts_K, sampler)
    return mass_K / mass_K.sum()


def repeats_in_training(sampler: str) -> bool:
    """Whether the trainer draws with replacement: every sampler does but ``none``, which shuffles."""
    return sampler != "none"


def unseen_share(counts_K: np.ndarray, sampler: str, *, num_draws: int, replacement: bool) -> np.ndarray:
    """The expected share of each class's images that M draws never show, float64 K.

    With replacement (1 - p)^M, p an image's probability in one draw: M independent draws all miss it (exact; Feller,
    1968, volume 1, on occupancy). Without replacement exp(-w t), where t solves sum n (1 - exp(-w t)) = M: Rosén
    (1972), "Asymptotic theory for successive sampling with varying probabilities without replacement"; exact for equal
    weights, otherwise as N grows.
    """
    _check_draws(counts_K, num_draws, replacement)
    weights_K = image_weights(counts_K, sampler)
    weights_K = weights_K / (counts_K * weights_K).sum()
    if replacement:
        return (1 - weights_K) ** num_draws
    if num_draws == counts_K.sum():
        return np.zeros(len(counts_K))
    low, high = 0.0, 1.0
    while _seen(counts_K, weights_K, high) < num_draws:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _seen(counts_K, weights_K, middle) < num_draws else (low, middle)
    return np.exp(-weights_K * high)


def _seen(counts_K: np.ndarray, weights_K: np.ndarray, t: float) -> float:
    return float((counts_K * -np.expm1(-weights_K * t)).sum())


def expected_draws(counts_K: np.ndarray, sampler: str, *, num_draws: int, replacement: bool) -> np.ndarray:
    """How many of M draws each class is expected to get, float64 K, sums to M."""
    _check_draws(counts_K, num_draws, replacement)
    if replacement:
        return num_draws * expected_share(counts_K, sampler)
    return counts_K * (1 - unseen_share(counts_K, sampler, num_draws=num_draws, replacement=False))


def draw(
    labels_N: np.ndarray,
    counts_K: np.ndarray,
    sampler: str,
    *,
    num_draws: int,
    replacement: bool,
    seed: int = 0,
    epoch: int = 1,
) -> np.ndarray:
    """How often one simulated epoch shows each image, int64 N.

    The probabilities are those of ``batches.epoch_order``; the very images differ: numpy's generator is not torch's.
    """
    _check_draws(counts_K, num_draws, replacement)
    generator = np.random.default_rng([seed, epoch])
    weights_N = draw_weights(labels_N, counts_K, sampler)
    if replacement:
        return generator.multinomial(num_draws, weights_N / weights_N.sum())
    times_N = np.zeros(len(labels_N), np.int64)
    # successive sampling: the M earliest of exponential clocks that run at the weights (Efraimidis and Spirakis, 2006)
    arrivals_N = generator.exponential(size=len(labels_N)) / weights_N
    times_N[np.argpartition(arrivals_N, num_draws - 1)[:num_draws]] = 1
    return times_N


def signal_share(draws_K: np.ndarray, weights_K: np.ndarray) -> np.ndarray:
    """Each class's share of the summed loss weights of an epoch, float64 K, sums to 1.

    ``draws_K`` how often the class comes, ``weights_K`` what the loss multiplies each time with. This is what the class
    weighs in a step's gradient before any image is looked at; equal shares are 1 / K.
    """
    signal_K = draws_K * weights_K
    return signal_K / signal_K.sum()


def _check_draws(counts_K: np.ndarray, num_draws: int, replacement: bool) -> None:
    most = int(counts_K.sum())
    if num_draws < 1 or (not replacement and num_draws > most):
        how, bound = ("with", "1 draw or more") if replacement else ("without", f"1 to {most} draws, one an image")
        raise SettingsError(f"an epoch {how} replacement must have {bound}, got {num_draws}")
