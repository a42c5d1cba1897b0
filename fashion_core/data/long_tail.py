"""A long-tailed version of a dataset: fewer training photos from class to class, down to one in ``ratio``.

Takes a Dataset, a ratio and a seed; gives a derived Dataset (``versions``) with its own fingerprint. Val and test stay
as they are. K classes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fashion_core.data import derived
from fashion_core.data.datasets import Dataset
from fashion_core.errors import DatasetError, WrongUse
from fashion_core.labels import counted, display_name

OPERATION = "long-tailed"


def kept(sizes_K: Sequence[int] | np.ndarray, ratio: float) -> np.ndarray:
    """How many of its photos each class keeps, int64 K: n_max * ratio^(-k / (K - 1)), rounded down, never more than it
    has and never none.

    Cui et al. (2019), "Class-balanced loss based on effective number of samples", section 5.1, and Cao et al. (2019),
    "Learning imbalanced datasets with label-distribution-aware margin loss", make CIFAR long-tailed so, with k the
    class's index. Here k counts from the largest class down and equal ones in index order: the same for a set whose
    classes are equally large, as CIFAR's and Fashion-MNIST's are, and no smaller class overtakes a larger one in
    others. A class without photos takes no part. WrongUse for a ratio outside its range.
    """
    sizes_K = np.asarray(sizes_K, dtype=np.int64)
    order = [k for k in np.argsort(-sizes_K, kind="stable") if sizes_K[k]]
    most = int(sizes_K.max(initial=0))
    if len(order) < 2:
        raise WrongUse("two classes with training photos are needed before one can have fewer than the other")
    check_ratio(ratio, most)
    wanted = most * float(ratio) ** (-np.arange(len(order)) / (len(order) - 1))
    found_K = np.zeros_like(sizes_K)
    found_K[order] = np.minimum(sizes_K[order], np.floor(wanted + 1e-6))  # 5400 / 100 must not become 53.99
    return found_K


def check_ratio(ratio: float, most: int | None = None) -> None:
    """WrongUse unless the ratio is above 1 and at most the photos of the largest class, where they are known."""
    if most is None and not 1 < ratio < float("inf"):
        raise WrongUse(
            f"the imbalance must be above 1 and at most the training photos of the largest class, got {ratio:g}"
        )
    if most is not None and not 1 < ratio <= most:
        raise WrongUse(
            f"the imbalance must be above 1 and at most {most:,}, the training photos of the largest class, so that "
            f"the smallest keeps one; got {ratio:g}"
        )


def make(
    dataset: Dataset, ratio: float, *, seed: int = 0, name: str | None = None, data_dir: Path | None = None
) -> Dataset:
    """The dataset with its training photos thinned to ``ratio`` : 1; the same call gives the same photos.

    Which photos stay is drawn from (seed, class) over the image_ids in order: with one seed those of a larger ratio are
    among those of a smaller one. WrongUse for a ratio outside its range, DatasetError when the classes differ that much
    already.
    """
    if seed < 0:
        raise WrongUse(f"the seed must be a whole number from 0 on, got {seed}")
    manifest = dataset.manifest(["image_id", "split", "label", "status"])
    train = manifest[(manifest["split"] == "train") & (manifest["status"] == "ok")]
    by_class = [sorted(train.loc[train["label"] == label, "image_id"]) for label in dataset.classes]
    sizes_K = np.array([len(names) for names in by_class])
    kept_K = kept(sizes_K, ratio)
    if (kept_K == sizes_K).all():
        there = sizes_K[sizes_K > 0]
        raise DatasetError(
            f"dataset '{dataset.name}' is at least as uneven already ({there.max() / there.min():.1f} : 1 in train); "
            "nothing was made."
        )
    why = f"left out to make train long-tailed, {ratio:g} : 1, seed {seed}"
    leaving: dict[str, str] = {}
    for k, names in enumerate(by_class):
        order = np.random.default_rng([seed, k]).permutation(len(names))
        leaving |= {names[place]: why for place in order[kept_K[k] :]}
    operation: dict[str, Any] = {"operation": OPERATION, "ratio": float(ratio), "seed": seed, "kept": kept_K.tolist()}
    return derived.exclude(
        dataset,
        leaving,
        name=name if name is not None else name_for(dataset, ratio, seed),
        bring=command_for(dataset, ratio, seed),
        operation=operation,
        told=sentence(operation | {"parent": dataset.name}, dataset.classes),
        data_dir=data_dir,
        force=True,
    )


def name_for(dataset: Dataset, ratio: float, seed: int) -> str:
    """``fashion-mnist 100 to 1``; another seed than 0 is named too."""
    return f"{dataset.name[:55]} {ratio:g} to 1" + (f" seed {seed}" if seed else "")


def command_for(dataset: Dataset, ratio: float, seed: int) -> str:
    """The command line that makes it from the imported dataset."""
    return f"python -m fashion_core import {dataset.id} --imbalance {ratio:g}" + (f" --seed {seed}" if seed else "")


def sentence(step: dict[str, Any], classes: Sequence[str]) -> str:
    """What was done, in one sentence, from an entry of ``Dataset.made``."""
    kept_K = np.asarray(step["kept"])
    there = np.flatnonzero(kept_K)
    most, least = there[kept_K[there].argmax()], there[::-1][kept_K[there][::-1].argmin()]
    reached = kept_K[most] / kept_K[least]
    differs = abs(reached / step["ratio"] - 1) > 0.05  # a class had fewer photos, or few are left to be exact with
    ratio = f"{step['ratio']:g} : 1" + (f" asked and {reached:.3g} : 1 reached" if differs else "")
    return (
        f"train of {step['parent']} was made long-tailed, {ratio}, seed {step['seed']}: it keeps "
        f"{counted(kept_K[most], 'photo')} of {display_name(classes[most])} down to {kept_K[least]:,} of "
        f"{display_name(classes[least])}, "
        f"{kept_K.sum():,} in all; val and test are as they were"
    )
