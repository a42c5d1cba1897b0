"""Whether there are photos enough to judge by, in words: of a split, and of a class in it.

Takes counts of photos, gives sentences; and whether every class has photos to learn from. The one rule: a split judges
nothing where the 95 % interval of a share of its photos (Wilson's) can be wider than half of the scale, which is so for
fewer than FEWEST. Knows no files.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from fashion_core.labels import agree, counted, display_name, listed
from fashion_core.metrics.intervals import wilson

WIDEST = 0.5


def _widest(n: int) -> float:
    low, high = wilson(np.arange(n + 1), np.full(n + 1, n))
    return float((high - low).max())


FEWEST = next(n for n in range(1, 1000) if _widest(n) <= WIDEST)  # 12
FEWEST_OF_A_CLASS = 5  # of fewer, one photo moves the recall by 25 points or more
SPLIT_WORDS = {"train": "Training", "val": "Validation", "test": "Test"}
_MOST_NAMED = 4


def judges_nothing(n: int) -> bool:
    """Whether so few photos can judge nothing."""
    return 0 < n < FEWEST


def sentence(split: str, n: int) -> str:
    """``Test has 3 photos: it can judge nothing. It takes 12 at least``; empty where they are enough."""
    if not judges_nothing(n):
        return ""
    who = SPLIT_WORDS.get(split, "This set")
    return f"{who} has {counted(n, 'photo')}: it can judge nothing. It takes {FEWEST} at least"


def sentences(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """What cannot be judged, of every split but the one to learn from: split -> class -> photos. Splits with the same
    few photos of the same classes are named together."""
    told, thin_of = [], dict[str, list[str]]()
    for split, by_class in counts.items():
        n = int(sum(by_class.values()))
        if split == "train" or not n:
            continue
        if few := sentence(split, n):
            told.append(few)
            continue
        thin = {name: int(count) for name, count in by_class.items() if 0 < count < FEWEST_OF_A_CLASS}
        if thin:
            named = [f"{display_name(name)} ({count})" for name, count in list(thin.items())[:_MOST_NAMED]]
            if len(thin) > _MOST_NAMED:
                named.append(f"{len(thin) - _MOST_NAMED} more")
            of = f"{listed(named)}: of {'that class' if len(thin) == 1 else 'each of these classes'}"
            thin_of.setdefault(of, []).append(SPLIT_WORDS.get(split, "This set"))
    for of, who in thin_of.items():
        names = listed([who[0], *(name.lower() for name in who[1:])])
        told.append(
            f"{names} {agree(len(who), 'has', 'have')} fewer than {FEWEST_OF_A_CLASS} photos of {of} "
            f"{agree(len(who), 'it', 'they')} can judge nothing"
        )
    return told


def few_answers(matrix_KK: npt.ArrayLike, classes: Sequence[str], shown: Callable[[str], str] = display_name) -> str:
    """``Precision says little of Skirt (2 answers)``: classes that were answered fewer than FEWEST_OF_A_CLASS times;
    empty where there are none. ``matrix_KK`` counts photos, rows true."""
    said_K = np.asarray(matrix_KK).sum(axis=0)
    thin = [(name, int(n)) for name, n in zip(classes, said_K, strict=True) if 0 < n < FEWEST_OF_A_CLASS]
    named = [f"{shown(name)} ({counted(n, 'answer')})" for name, n in thin[:_MOST_NAMED]]
    if len(thin) > _MOST_NAMED:
        named.append(f"{len(thin) - _MOST_NAMED:,} more classes with fewer than {FEWEST_OF_A_CLASS}")
    return f"Precision says little of {listed(named)}" if thin else ""


def of_manifest(manifest: pd.DataFrame) -> list[str]:
    """``sentences`` of a dataset's manifest (split, label, status)."""
    usable = manifest[manifest["status"] == "ok"]
    counts: dict[str, dict[str, int]] = {}
    for (split, label), number in usable.groupby(["split", "label"], observed=True).size().items():  # type: ignore[misc]
        counts.setdefault(str(split), {})[str(label)] = int(number)
    return sentences(counts)


def untaught(manifest: pd.DataFrame, classes: Sequence[str], name: str) -> str:
    """What is the matter where a class has no photo to learn from, with what to do; empty where each has one."""
    there = set(manifest.loc[(manifest["status"] == "ok") & (manifest["split"] == "train"), "label"])
    absent = [label for label in classes if label not in there]
    if not absent or not there:
        return ""
    shown = [f"'{label}'" for label in absent[:_MOST_NAMED]]
    shown += [f"{len(absent) - _MOST_NAMED} more"] if len(absent) > _MOST_NAMED else []
    return (
        f"{'class' if len(absent) == 1 else 'classes'} {listed(shown)} of dataset '{name}' "
        f"{agree(len(absent), 'has', 'have')} no training photos, so nothing can be trained on it; put photos of "
        f"{agree(len(absent), 'it', 'them')} into train, or take those of {agree(len(absent), 'it', 'them')} out of "
        "the other splits, and import it again under another name"
    )
