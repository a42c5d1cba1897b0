"""What the label column of a table says of each row: a class by its name, a number that a names column or a names file
gives a name, or nothing, which makes the photo one without a label.

Takes the rows and the files beside the table; gives a class name a row, and how many rows say nothing in which words.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fashion_core.data.sources.split_names import words_of
from fashion_core.data.sources.table_columns import NO_LABEL
from fashion_core.data.sources.table_files import FORMS, read_table
from fashion_core.errors import SourceError
from fashion_core.labels import counted, listed

_NAMES_FILES = {"classes", "class", "names", "labels", "classnames", "labelnames", "categories", "labelmap", "classmap"}
_NAMES_FILES |= {"synsets"}
_NAME_WORDS = {"name", "names", "label", "class", "category", "text", "title"}


@dataclass(frozen=True, kw_only=True)
class Labels:
    """``of_rows``: a class a row, "" where it has none. ``classes``: in index order, that of their numbers where they
    are numbered. ``said``: what was taken for what, "" where the column says names. ``without``: text -> rows."""

    of_rows: np.ndarray
    classes: list[str]
    said: str
    without: dict[str, int]


def read(rows: pd.DataFrame, column: str, beside: Sequence[Path]) -> Labels:
    """The labels of all rows; ``beside``: the files among which a names file may be."""
    cells = rows[column].str.strip()
    counts = cells.value_counts()
    without = {str(text): int(num) for text, num in counts.items() if text in NO_LABEL}
    texts = [str(text) for text in counts.index if text not in NO_LABEL]
    said, named = "", dict(zip(texts, texts, strict=True))
    classes = sorted(texts)
    if texts and all(re.fullmatch(r"\d+(\.0+)?", text) for text in texts):
        numbers = {text: int(float(text)) for text in texts}
        names, said = _names(rows, column, numbers, beside)
        named = {text: names[number] for text, number in numbers.items()}
        classes = list(dict.fromkeys(named[text] for text in sorted(texts, key=numbers.__getitem__)))
    found = cells.map(named | dict.fromkeys(without, "")).to_numpy(dtype=object)
    return Labels(of_rows=found, classes=classes, said=said, without=without)


def names_files(files: Sequence[Path]) -> list[Path]:
    """Those that by their names say what the numbers of classes mean."""
    endings = {".txt", ".names", ".csv", ".tsv", ".json"}
    return [file for file in files if file.suffix.lower() in endings and "".join(words_of(file.stem)) in _NAMES_FILES]


def _names(
    rows: pd.DataFrame, column: str, numbers: dict[str, int], beside: Sequence[Path]
) -> tuple[dict[int, str], str]:
    """number -> name, and where it stands."""
    for other in rows.columns:
        if other != column and set(words_of(other)) & _NAME_WORDS:
            pairs = rows[[column, other]].drop_duplicates()
            pairs = pairs[pairs[column].str.strip().isin(list(numbers))]
            if pairs[other].is_unique and pairs[column].is_unique and not pairs[other].str.fullmatch(r"[\d.]*").any():
                stands = zip(pairs[column].str.strip(), pairs[other].str.strip(), strict=True)
                return {numbers[text]: name for text, name in stands}, f"named by column '{other}'"
    files = names_files(beside)
    if len(files) > 1:
        named = listed([f"'{file.name}'" for file in files])
        raise SourceError(f"{named} in '{files[0].parent}' could each name the classes of column '{column}'; keep one.")
    if not files:
        return {number: str(number) for number in numbers.values()}, "numbers that nothing here names"
    names = _in_file(files[0], set(numbers.values()), column)
    if twice := next((name for name in names.values() if list(names.values()).count(name) > 1), None):
        raise SourceError(f"'{files[0]}' gives two numbers the one name '{twice}'; mend it, or move it away.")
    if absent := sorted(set(numbers.values()) - names.keys()):
        raise SourceError(
            f"label {absent[0]} of column '{column}' has no name in '{files[0]}', which has "
            f"{counted(len(names), 'name')}; add it there, or move that file away to have numbers."
        )
    return names, f"named by {files[0].name}"


def _in_file(file: Path, numbers: set[int], column: str) -> dict[int, str]:
    """What a names file says: number and name in each line, or one name a line, in order."""
    if file.suffix.lower() in FORMS and file.suffix.lower() != ".json":
        rows = read_table(file).rows
        lines = [" ".join(sorted(cells, key=lambda cell: not cell.isdigit())) for cells in rows.iloc[:, :2].to_numpy()]
    else:
        try:
            text = file.read_text(encoding="utf-8-sig")
            lines = _in_json(json.loads(text)) if file.suffix.lower() == ".json" else text.splitlines()
        except (OSError, ValueError, RecursionError) as error:
            raise SourceError(f"'{file}' cannot be read as a list of class names; mend it, or move it away.") from error
    lines = [line.strip() for line in lines if line.strip()]
    numbered = [re.fullmatch(r"(\d+)\s*[,:;\t ]\s*(.+)", line) for line in lines]
    if lines and all(numbered):
        pairs = [(int(match[1]), match[2].strip()) for match in numbered if match]
        if len({number for number, _ in pairs}) < len(pairs):
            raise SourceError(f"'{file}' gives one number two names; mend it, or move it away.")
        return dict(pairs)
    first = 0 if min(numbers) == 0 else 1 if max(numbers) == len(lines) else None
    if first is None:
        raise SourceError(
            f"the labels of column '{column}' are numbers from {min(numbers)} to {max(numbers)} and '{file}' has "
            f"{counted(len(lines), 'name')}: it does not say whether it counts from 0 or from 1; write the number "
            "before each name."
        )
    return dict(enumerate(lines, start=first))


def _in_json(whole: object) -> list[str]:
    """A list of names, or an object of number -> name or of name -> number, as lines."""
    if isinstance(whole, dict):
        return [f"{key} {value}" if str(key).isdigit() else f"{value} {key}" for key, value in whole.items()]
    if isinstance(whole, list):
        return [str(name) for name in whole]
    raise ValueError
