"""What a run's features have put together and apart, ready for the Embeddings page. Takes a run and a split.

A split may be ``maps.ALL``: every split that has features. Rows of everything are rows of ``of(run, split).points``.
Cached by the run's files; what comes back is shared by all sessions. Knows no widgets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fashion_core.embeddings import neighbours, pca, tsne_umap
from fashion_core.embeddings.tsne_umap import ALL
from fashion_core.labels import display_name
from fashion_core.metrics.intervals import proportion, wilson
from fashion_core.runs.runs import Run
from ui.app import loaders, words
from ui.app.kept import kept
from ui.charts.layout import SPLIT_NAMES

MOST_DRAWN = 20_000  # points; a lasso over more costs seconds in the browser
MOST_COMPARED = 7_500  # images among which nearest neighbours are looked for; the cost grows with the square


@dataclass(frozen=True)
class Learnt:
    """``points``: image_id, label, predicted, split, sure, right. ``drawn_rows``: rows to draw, ascending."""

    points: pd.DataFrame
    drawn_rows: np.ndarray
    features_ND: np.ndarray


def stamps(run: Run, split: str, *_: object) -> tuple[loaders.Stamp, ...]:
    """The key under which everything of a split is kept."""
    names = ("predictions-{}.parquet", "embeddings-{}.npy")
    return tuple(
        loaders.stamp(run.folder / name.format(part)) for part in tsne_umap.parts_of(run, split) for name in names
    )


@kept(stamps, max_entries=4)
def of(run: Run, split: str) -> Learnt:
    """The images of a split as the page shows them; RunError with the command when something is missing."""
    features_ND, predictions = tsne_umap.stored(run, split)
    features_ND.setflags(write=False)
    sure = predictions[[f"p_{name}" for name in run.classes]].to_numpy().max(axis=1)
    points = predictions[["image_id", "label", "predicted", "split"]].assign(
        sure=sure, right=predictions["label"] == predictions["predicted"]
    )
    return Learnt(points, pca.spread_rows(points["label"].to_numpy(), MOST_DRAWN), features_ND)


def splits_to_offer(run: Run) -> list[str]:
    """The splits of the run's own dataset, those that have features first (test before val before train), then ALL
    where several have them."""
    ready = [split for split in tsne_umap.splits_with_features(run) if run.dataset.splits.get(split)]
    return [*ready, *reversed(without_features(run)), *([ALL] if len(ready) > 1 else [])]


def without_features(run: Run) -> list[str]:
    """The splits of the run's own dataset that have no features yet, train first."""
    ready = tsne_umap.splits_with_features(run)
    return [split for split in reversed(tsne_umap.SPLITS) if run.dataset.splits.get(split) and split not in ready]


def split_words(split: str) -> str:
    return "All" if split == ALL else SPLIT_NAMES.get(split, split)


def photos_words(split: str) -> str:
    """``test photo`` or, of all splits, ``photo``; for counting."""
    return "photo" if split == ALL else f"{split_words(split).lower()} photo"


@kept(stamps, max_entries=3)
def units_of(run: Run, split: str) -> np.ndarray:
    """Features brought to length 1, for cosine distances."""
    return neighbours.units(of(run, split).features_ND)


def _units_of_rows(run: Run, split: str, rows: np.ndarray) -> np.ndarray:
    """``units_of`` of some rows: a map that only opens does not owe those of 106,166 photos."""
    return neighbours.units(of(run, split).features_ND[rows])


@kept(stamps, max_entries=8)
def axes_of(run: Run, split: str) -> pca.Axes:
    """All principal axes of a split's features."""
    return pca.principal_axes(of(run, split).features_ND)


@kept(stamps, max_entries=12)
def places_of(run: Run, split: str, axes: tuple[int, ...]) -> np.ndarray:
    """Where every image lies on principal axes (numbered from 0), float32 N x len(axes)."""
    return axes_of(run, split).points(of(run, split).features_ND, axes)


@kept(stamps, max_entries=8, show_spinner="Shuffling the features")
def chance_of(run: Run, split: str) -> np.ndarray:
    """``pca.shuffled_shares`` of a split's features."""
    return pca.shuffled_shares(of(run, split).features_ND)


@kept(stamps, max_entries=12)
def kept_on(run: Run, split: str, axes: tuple[int, ...]) -> float:
    """``tsne_umap.kept_nearest`` of the map of these principal axes, over at most 7,500 of its photos."""
    labels = of(run, split).points["label"].to_numpy()
    rows = pca.spread_rows(labels, MOST_COMPARED)
    return tsne_umap.kept_nearest(_units_of_rows(run, split, rows), places_of(run, split, axes)[rows], labels[rows])


def of_map(run: Run, split: str, method: str) -> tuple[loaders.Stamp, ...]:
    """What changes when a t-SNE or UMAP map does."""
    return loaders.stamp(run.folder / "maps" / f"{method}-{split}.json"), *stamps(run, split)


@kept(of_map, max_entries=8)
def curved_of(run: Run, split: str, method: str) -> tsne_umap.CurvedMap | None:
    """The t-SNE or UMAP map that is there."""
    return tsne_umap.load(run, split, method)


@kept(stamps, max_entries=8)
def told_apart(run: Run, split: str) -> tuple[pd.DataFrame, int]:
    """One row a class (label, n, alike, rate, low, high, beside, num_beside), worst first, and how many images were
    compared.

    ``alike`` counts images whose nearest other image (cosine, over all features) has the same label; ``beside`` is the
    other class that is nearest most often. Above MOST_COMPARED images a stratified part is compared with itself.
    """
    labels = of(run, split).points["label"].to_numpy()
    rows = pca.spread_rows(labels, MOST_COMPARED)
    labels, units_MD = labels[rows], _units_of_rows(run, split, rows)
    nearest_M1 = neighbours.neighbours_of(units_MD, units_MD, 1, own_rows_Q=np.arange(len(rows)))
    beside = labels[nearest_M1[:, 0]]
    found = []
    for label in run.classes:
        of_label = beside[labels == label]
        if len(of_label):
            others = pd.Series(of_label[of_label != label]).value_counts()
            found.append(
                {
                    "label": label,
                    "n": len(of_label),
                    "alike": int((of_label == label).sum()),
                    "beside": others.index[0] if len(others) else "",
                    "num_beside": int(others.iloc[0]) if len(others) else 0,
                }
            )
    frame = pd.DataFrame(found)
    low, high = wilson(frame["alike"], frame["n"])
    frame = frame.assign(rate=frame["alike"] / frame["n"], low=low, high=high)
    return frame.sort_values("rate", kind="stable", ignore_index=True), len(rows)


def in_words(images: pd.DataFrame, most: int = 3) -> str:
    """``64.0 % right [54, 73]. Saree 60, Lehenga 30, Gowns 9 and 2 more classes.``"""
    if images.empty:
        return "No photo."
    counts = images["label"].value_counts()
    named = [f"{display_name(name)} {words.count(number)}" for name, number in counts.head(most).items()]
    rest = len(counts) - len(named)
    more = f" and {words.counted(rest, 'more class', 'more classes')}" if rest else ""
    right = int(images["right"].sum())
    share = words.with_interval(proportion(right, len(images)))
    return f"{share} right. {', '.join(named)}{more}." if len(counts) > 1 else f"{share} right."


def photos_of_class(run: Run, split: str, label: str, most: int) -> list[int]:
    """Rows of ``most`` images of a class, spread evenly over its rows: the same ones at every call."""
    rows = np.flatnonzero(of(run, split).points["label"] == label)
    return [int(rows[place]) for place in np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)]


def clicked_rows(run: Run, split: str, rows: Sequence[int]) -> list[int]:
    """Those of ``rows`` that are rows here: a browser or a session of another split may say anything."""
    return [row for row in rows if isinstance(row, int) and 0 <= row < len(of(run, split).points)]
