"""By what the points of a map are coloured: class, answer, split, certainty, or a column of the dataset's table.

Takes a run, a split and a choice; gives groups or numbers row by row. Cached; knows no widgets.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fashion_core.data.datasets import Dataset
from fashion_core.labels import display_name
from fashion_core.runs.runs import Run
from ui.app import loaders
from ui.app.kept import kept
from ui.charts.colours import CLASSES_LIGHT, LIGHT, class_colours
from ui.charts.layout import SPLIT_COLOURS, SPLIT_NAMES
from ui.embeddings import features_view

MOST_VALUES = 10  # of a column: more cannot be told apart, the rest is grey
COLUMN = "column/"  # no class and no column can start like this
CHOICES = {"label": "Class", "predicted": "Predicted class", "right": "Right or wrong", "split": "Split",
           "sure": "How sure"}  # fmt: skip
_OWN = {"image_id", "path", "split", "label", "sha256", "phash", "status", "reason"}
OTHERS, NOTHING = "others/", "nothing/"  # groups that no value can be called


@dataclass(frozen=True)
class Colouring:
    """``groups`` (object N), ``colours`` and ``names`` of each in the order of drawing; or ``values`` (float N)."""

    groups: np.ndarray | None
    colours: dict[str, str]
    names: dict[str, str]
    values: np.ndarray | None = None
    unit: str = ""


def offered(run: Run, split: str) -> dict[str, str]:
    """Choice -> its words."""
    found = {name: text for name, text in CHOICES.items() if name != "split" or split == features_view.ALL}
    dataset = loaders.dataset_of(run)
    if dataset is not None:
        found |= {f"{COLUMN}{name}": name.replace("_", " ").capitalize() for name in columns_of(dataset)}
    return found


@kept(loaders.of_manifest, max_entries=4)
def columns_of(dataset: Dataset) -> dict[str, bool]:
    """Columns of the manifest that group photos, numbers or texts that several photos share: name -> is a number."""
    from pyarrow import parquet

    names = [name for name in parquet.read_schema(dataset.manifest_path).names if name not in _OWN]
    found = {}
    for name in names:  # one at a time: the whole manifest with its addresses and titles is ten times as large
        values = dataset.manifest([name])[name]
        distinct, number = values.nunique(), pd.api.types.is_numeric_dtype(values)
        if distinct > 1 and (number or distinct <= len(values) / 2):
            found[name] = bool(number)
    return found


def column_of(run: Run, split: str, name: str) -> pd.Series:
    """A column of the manifest, row by row as ``learnt.of``; missing where the dataset has no such photo."""
    dataset = loaders.dataset_of(run)
    assert dataset is not None, "a column is offered only where the photos are"
    return _column(run, split, dataset, name)


@kept(
    lambda run, split, dataset, name: (loaders.of_manifest(dataset), *features_view.stamps(run, split)), max_entries=12
)
def _column(run: Run, split: str, dataset: Dataset, name: str) -> pd.Series:
    rows = loaders.photos_of(dataset, features_view.of(run, split).points["image_id"])["row"].to_numpy()
    values = dataset.manifest([name])[name].iloc[np.maximum(rows, 0)].reset_index(drop=True)
    return values.where(pd.Series(rows >= 0))


def of(run: Run, split: str, choice: str) -> Colouring:
    """The colours of every point by one of ``offered``."""
    points = features_view.of(run, split).points
    if choice in ("label", "predicted"):
        names = {name: display_name(name) for name in run.classes}
        return Colouring(points[choice].to_numpy(), class_colours(run.classes), names)
    if choice == "right":
        groups = np.where(points["right"], "right", "wrong").astype(object)
        return Colouring(
            groups, {"right": LIGHT["leaf"], "wrong": LIGHT["madder"]}, {"right": "Right", "wrong": "Wrong"}
        )
    if choice == "split":
        return Colouring(points["split"].to_numpy(), dict(SPLIT_COLOURS), dict(SPLIT_NAMES))
    if choice == "sure":
        return Colouring(None, {}, {}, 100 * points["sure"].to_numpy(), "Sure, %")
    column = column_of(run, split, choice.removeprefix(COLUMN))
    if pd.api.types.is_numeric_dtype(column):
        return Colouring(None, {}, {}, column.to_numpy(float), choice.removeprefix(COLUMN).capitalize())
    return _by_value(column)


def _by_value(column: pd.Series) -> Colouring:
    """The commonest values in colour, the rest as one grey group below them."""
    texts = column.astype(object).where(column.notna() & (column.astype(str) != ""), NOTHING).astype(str)
    common = [name for name in texts.value_counts().index if name != NOTHING][:MOST_VALUES]
    rest = texts.nunique() - len(common) - int((texts == NOTHING).any())
    groups = texts.where(texts.isin([*common, NOTHING]), OTHERS).to_numpy()
    colours = {NOTHING: LIGHT["line"], OTHERS: LIGHT["grey"]}
    colours |= {name: CLASSES_LIGHT[place] for place, name in enumerate(common)}
    names = {NOTHING: "Not given", OTHERS: f"{rest:,} others"} | {name: name[:40] for name in common}
    return Colouring(groups, colours, names)
