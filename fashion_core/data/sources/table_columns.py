"""Which column of a table names the photo, which the label and which the split: told by their cells, or refused.

Takes the rows of a table as text and the photos beside it; gives Columns. A column that a person named is taken as it
is. Where two could be meant nothing is guessed: a SourceError names them and the option that decides.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fashion_core.data.sources.layout import TAKEN
from fashion_core.data.sources.photo_names import Photos, Way
from fashion_core.data.sources.split_names import split_of, words_of
from fashion_core.errors import SourceError
from fashion_core.labels import counted, did_you_mean, listed

#: What programs write where there is no label. A class cannot be called so.
NO_LABEL = frozenset({"", "NA", "N/A", "n/a", "#N/A", "<NA>", "nan", "NaN", "NAN", "null", "NULL", "None"})
_SAMPLE = 500  # rows, spread over the table, that tell what a column is
#: Words in a column's name that say that it holds the label, the surest first; what else they could be comes after.
_LABEL_WORDS = (
    {"label", "labels", "class", "classname", "target", "classes"},
    {"category", "categories", "species", "breed", "type", "kind", "articletype"},
)
#: Words that say a column numbers what another one names.
_NUMBER_WORDS = {"id", "idx", "index", "no", "number", "code", "num"}
#: Columns of yes and no that say which split a photo is in: those for yes, and those for no.
_IS_SPLIT = {"valid": "val", "val": "val", "validation": "val", "test": "test", "train": "train", "training": "train"}
_YES_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "1.0": True, "0.0": False}


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What is taken for what: ``way`` is how ``image`` names photos, ``split`` is "" where no column says it."""

    image: str
    way: Way
    label: str
    split: str


def sample(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows from all over the table."""
    return rows.iloc[np.unique(np.linspace(0, len(rows) - 1, _SAMPLE).astype(int))] if len(rows) else rows


def image_columns(rows: pd.DataFrame, photos: Photos, folder: str) -> dict[str, tuple[Way, int]]:
    """The columns of which some cells name photos: how, and how many different ones in a sample; the most first."""
    some = sample(rows)
    named = photos.ways_of({name: {cell for cell in some[name] if cell} for name in rows.columns}, folder)
    found = {name: (way, num) for name, (way, num) in named.items() if num}
    return dict(sorted(found.items(), key=lambda item: (-item[1][1], item[1][0].parts, not item[1][0].ending)))


def choose_image(rows: pd.DataFrame, photos: Photos, folder: str, asked: str, file: Path) -> tuple[str, Way]:
    """The column that names photos, and how."""
    if asked:
        refuse_unknown(rows, asked, file, "--image")
    found = image_columns(rows[[asked]] if asked else rows, photos, folder)
    if not found:
        where = f"column '{asked}' of table '{file}'" if asked else f"table '{file}'"
        raise SourceError(
            f"{where} names no photo that is under '{photos.root}' ({counted(len(photos.paths), 'photo')}); put the "
            "photos there, or say where they are with --photos FOLDER."
        )
    best, (way, most) = next(iter(found.items()))
    some = sample(rows)
    rivals = {name: other for name, (other, num) in found.items() if num * 2 >= most and name != best}
    first = photos.find(some[best], way, folder) if rivals else ()
    for name, other in rivals.items():
        second = photos.find(some[name], other, folder)
        if any(one != two and one >= 0 and two >= 0 for one, two in zip(first, second, strict=True)):
            raise SourceError(
                f"columns '{best}' and '{name}' of table '{file}' both name photos; say which with --image "
                f"{_word(best)} or --image {_word(name)}."
            )
    return best, way


def choose_label(rows: pd.DataFrame, image: str, split: str, asked: str, file: Path) -> str:
    """The column of classes."""
    if asked:
        refuse_unknown(rows, asked, file, "--label")
        distinct, num = _num_labels(rows[asked])
        if num and distinct > max(num // 2, 2):
            raise SourceError(
                f"column '{asked}' of table '{file}' has {counted(distinct, 'different value')} in "
                f"{counted(num, 'row')}: names of things rather than classes; choose another with --label."
            )
        return asked
    could = [name for name in rows.columns if name not in (image, split) and _could_be_label(rows[name])]
    if not could:
        raise SourceError(
            f"table '{file}' has no column that could be the label: none has a few values that stand in several rows "
            f"each; say which with --label COLUMN ({_some(rows.columns)})."
        )
    telling = next(
        (named for words in _LABEL_WORDS if (named := [c for c in could if set(words_of(c)) & words])), could
    )
    best = _names_of_numbers(rows, telling)
    if len(best) > 1:
        raise SourceError(
            f"columns {listed([repr(name) for name in best])} of table '{file}' could each be the label; say which "
            f"with --label, such as --label {_word(best[0])}."
        )
    return best[0]


def choose_split(rows: pd.DataFrame, asked: str, file: Path) -> str:
    """The column of splits, "" where there is none."""
    if asked:
        refuse_unknown(rows, asked, file, "--split")
        odd = [value for value in rows[asked].unique() if value and not split_in(asked, value)]
        if odd:
            raise SourceError(
                f"column '{asked}' of table '{file}' holds {_some(odd)}, and not what split each is; it must say "
                "train, val or test."
            )
        return asked
    could = [name for name in rows.columns if _could_be_split(name, rows[name])]
    if len(could) > 1:
        raise SourceError(
            f"columns {listed([repr(name) for name in could])} of table '{file}' could each be the split; say which "
            f"with --split, such as --split {_word(could[0])}."
        )
    return could[0] if could else ""


def split_in(column: str, cell: str) -> str:
    """The split that a cell says, "" where it says none."""
    words = words_of(column)
    if words[:1] == ["is"] and len(words) > 1 and cell.lower() in _YES_NO:
        split = _IS_SPLIT.get(words[1], "")
        if split and _YES_NO[cell.lower()]:
            return split
        return {"val": "train", "test": "train", "train": "test"}.get(split, "")
    return (split_of(cell) or "") if cell else ""


def for_manifest(rows: pd.DataFrame, used: set[str]) -> pd.DataFrame:
    """The columns that are not ``used`` for something, as the manifest keeps them: None where a cell is empty, and
    ``table_...`` before a name that one of its own has."""
    own = rows.drop(columns=[*used - {""}]).reset_index(drop=True)
    own = own.rename(columns={name: f"table_{name}" for name in own if name.lower() in TAKEN})
    for name in own:
        if (empty := own[name] == "").any():
            own[name] = own[name].mask(empty, None)
    return own


def refuse_unknown(rows: pd.DataFrame, column: str, file: Path, flag: str) -> None:
    if column not in rows.columns:
        raise SourceError(f"table '{file}' has no column '{column}' ({flag}); {did_you_mean(column, rows.columns)}")


def _could_be_split(name: str, cells: pd.Series) -> bool:
    values = [value for value in sample(cells.to_frame())[name].unique() if value]
    if not values or not all(split_in(name, value) for value in values):
        return False
    words = words_of(name)
    if len(values) < 2 and not set(words) & {"split", "subset", "set", "partition", "fold", "is"}:
        return False
    return all(split_in(name, value) for value in cells.unique() if value)


def _could_be_label(cells: pd.Series) -> bool:
    distinct, num = _num_labels(cells)
    return 2 <= distinct <= num // 2


def _num_labels(cells: pd.Series) -> tuple[int, int]:
    """How many different labels there are, and how many cells have one."""
    counts = cells.value_counts()
    counts = counts[~counts.index.isin(NO_LABEL)]
    return len(counts), int(counts.sum())


def _names_of_numbers(rows: pd.DataFrame, columns: list[str]) -> list[str]:
    """The columns without those that say of every row the same as another one, in numbers or for a second time."""
    left = list(columns)
    for name in sorted(columns, key=lambda name: (not _is_number(name, rows[name]), -columns.index(name))):
        if any(other != name and _says_the_same(rows, name, other) for other in left):
            left.remove(name)
    return left


def _is_number(name: str, cells: pd.Series) -> bool:
    return bool(set(words_of(name)) & _NUMBER_WORDS) or bool(cells.str.fullmatch(r"-?\d*(\.0+)?").all())


def _says_the_same(rows: pd.DataFrame, one: str, other: str) -> bool:
    pairs = rows[[one, other]].drop_duplicates()
    return not pairs[one].duplicated().any() and not pairs[other].duplicated().any()


def _word(name: str) -> str:
    return name if re.fullmatch(r"[\w.-]+", name) else f'"{name}"'


def _some(names: Iterable[str], most: int = 6) -> str:
    names = list(names)
    return ", ".join(f"'{name}'" for name in names[:most]) + (" ..." if len(names) > most else "")
