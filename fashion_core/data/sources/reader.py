"""What a reader of one layout is: the methods that a new one has, what it is handed and what it gives back.

Knows no layout. A layout is one file with one class of this protocol and one line in ``readers.READERS``; nothing else
asks which layout a photo came in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
from PIL import Image

from fashion_core import labels
from fashion_core.data.sources import class_map, confusable_names, layout, photos
from fashion_core.data.sources.archives import has_odd_characters
from fashion_core.data.sources.row_account import Account
from fashion_core.errors import SourceError
from fashion_core.labels import counted

#: Hears the stage, how much is done and how much there is.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Option:
    """What a person may decide where the photos cannot tell it: an option of ``import``, a field of the import form.

    ``help`` is said on the command line; ``title``, ``about`` and ``example`` in the form. ``check`` gives a text as it
    is kept, or WrongUse; without it the option is a yes. ``elsewhere`` says why a source of another layout is refused
    with it ({source} stands for ``folder 'photos'``); where it is empty, the option means nothing there. ``is_column``:
    the text is the name of a column of a table.
    """

    name: str
    help: str
    title: str
    about: str
    example: str = ""
    check: Callable[[str], str] | None = None
    elsewhere: str = ""
    is_column: bool = False


def flag_of(name: str) -> str:
    """``--class-names`` of ``class_names``."""
    return "--" + name.replace("_", "-")


@dataclass(frozen=True)
class Choices:
    """What a person decided about a source, by option, checked by ``readers.choose``: a text, or yes."""

    decided: Mapping[str, str | bool] = field(default_factory=dict)

    def __getitem__(self, option: Option) -> Any:
        return self.decided.get(option.name, "" if option.check else False)

    def flags(self) -> list[str]:
        """The words on the command line that mean these choices."""
        words = [(flag_of(name), *([] if value is True else [str(value)])) for name, value in self.decided.items()]
        return [word for own in words for word in own]


UNDECIDED = Choices()


def column_option(*, name: str, help: str, title: str, about: str, example: str) -> Option:
    """An option that names a column of a table."""
    elsewhere = "names a column of a table, and {source} has none; leave it out"
    return Option(
        name=name,
        help=help,
        title=title,
        about=about,
        example=example,
        check=str.strip,
        elsewhere=elsewhere,
        is_column=True,
    )


#: Of a source with columns of its own; ``Given.source`` does what it says.
GROUP = column_option(
    name="group",
    help="Of a table: a column whose values, such as products, are each kept in one split.",
    title="Column of what belongs together",
    about="Of a table without splits: photos with the same value here (one product, one sender) stay in one split.",
    example="product_id",
)

#: Of every source; ``Given.source`` does what it says.
MAP = Option(
    name="map",
    help="A table with the columns class and becomes: another name, the same one for several classes, or - to leave "
    "the class out.",
    title="Table of what the classes become",
    about="A CSV with the columns class and becomes: another name, one for several classes, or - to leave one out.",
    example="/home/me/classes.csv",
    check=lambda text: str(Path(text).expanduser().absolute()) if text else "",
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source that has been read, but whose photos have not been opened yet.

    ``rows`` has image_id, path (as ``Reader.photo_bytes`` takes it), split, label (both "" where there is no label),
    missing (bool, with ``reason``) and the source's own columns. ``fingerprint_extra`` is hashed instead of the photos'
    bytes where those may differ between machines. ``account``: what became of every row, where a source lists rows.
    ``becomes``: what a person's table makes of the classes, ``left_out`` the photos of those that it leaves out.
    """

    kind: str
    suggested_name: str
    root: Path
    classes: list[str]
    rows: pd.DataFrame
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    synthetic: bool = False
    note: str = ""
    split_rule: str = "as given"
    bring: str = ""
    fingerprint_extra: dict[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    account: Account | None = None
    becomes: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a reader is handed. ``place`` is the file or folder that it recognised, or, for a source that it makes, the
    folder to make it in; ``name`` what the source is called; ``bring`` the command that imports it; ``downloads`` where
    what is fetched from other machines is kept."""

    place: Path
    name: str
    bring: str
    downloads: Path
    seed: int = 0
    progress: Progress | None = None
    choices: Choices = UNDECIDED

    def source(
        self,
        kind: str,
        root: Path,
        classes: list[str],
        rows: pd.DataFrame,
        *,
        called: str = "classes",
        cure: str = "rename one of them",
        in_order_of_names: bool = False,
        **more: Any,
    ) -> Source:
        """The source with these rows: put into splits where they have none, in order, the classes in their groups.
        SourceError for a single class, classes that look alike, names that cannot be stored, paths that lead out.

        ``rows``: image_id, path, split ("" where there is none), label; missing and reason where a photo may be absent.
        ``called`` and ``cure``: what the classes are, and what to do where two look alike. ``in_order_of_names``: rows
        by image_id alone, so that the same photos under other labels have the same pixel cache. ``more``: the other
        fields of Source.
        """
        if "missing" not in rows:
            rows = rows.assign(missing=False, reason="")
        _refuse_names(root, classes, rows)
        classes, rows, more = self._mapped(classes, rows, more)
        _refuse_alike(root, classes, called, cure)
        rows, rule = layout.with_missing_splits(rows, self.seed, self._group(rows))
        own: dict[str, Any] = {"suggested_name": self.name, "split_rule": rule, "bring": self.bring}
        own["groups"] = _groups(classes)
        if not in_order_of_names:
            rows = layout.in_order(rows, classes)
        elif not rows["image_id"].is_monotonic_increasing:
            rows = rows.sort_values("image_id", ignore_index=True)
        return Source(kind=kind, root=root, classes=classes, rows=rows, **own | more)

    def _mapped(
        self, classes: list[str], rows: pd.DataFrame, more: dict[str, Any]
    ) -> tuple[list[str], pd.DataFrame, dict[str, Any]]:
        """The classes, the rows and the other fields of Source as the table of ``--map`` has them."""
        becomes = class_map.read(Path(asked), classes) if (asked := self.choices[MAP]) else {}
        if not becomes:
            return classes, rows, more
        rows, left = class_map.applied(rows, becomes)
        num_left = class_map.num_left(left)
        said = (*more.get("warnings", ()), class_map.sentence(becomes, num_left))
        more = {**more, "becomes": becomes, "left_out": num_left, "warnings": said, "bring": self.bring}
        if (account := more.get("account")) is not None:
            more["account"] = class_map.accounted(account, left)
        if (extra := more.get("fingerprint_extra")) is not None:
            more["fingerprint_extra"] = {**extra, "becomes": becomes}
        new = class_map.classes_of(classes, becomes)
        if odd := next((label for label in new if not label or has_odd_characters(label)), None):
            raise SourceError(f"{odd!r} is no name for a class (--map '{asked}').")
        return new, rows, more

    def _group(self, rows: pd.DataFrame) -> str:
        """The column of ``--group``, "" where none was named."""
        asked: str = self.choices[GROUP]
        if asked and asked not in (own := [name for name in rows if name not in layout.TAKEN]):
            raise SourceError(f"there is no column '{asked}' that is kept (--group); {labels.did_you_mean(asked, own)}")
        return asked


class Reader(Protocol):
    """One layout in which labelled photos come. What most layouts share stands here: photos are files under a root."""

    #: What it is in words, where a person chooses; empty for what is known by ``names`` alone.
    layout: str = ""
    #: What ``dataset.json`` calls the datasets that it reads, by which it is found again.
    kinds: tuple[str, ...]
    #: Words that are a source by themselves, without a path.
    names: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    #: Whether a photo is a file of its own, with a name and an ending.
    in_files: bool = True
    #: Whether all photos have one size by their format.
    of_one_size: bool = False

    def recognises(self, place: Path) -> bool:
        """Whether a folder, or a file, is in this layout. Opens no photo."""
        return False

    def could_read(self, place: Path) -> bool:
        """Whether it is tried on a folder, or a file, where a person chose one of its options."""
        return self.recognises(place)

    def columns(self, place: Path) -> list[str]:
        """The columns of a table in a folder, or of a file, among which a person may choose; none in most layouts."""
        return []

    def lies(self, name: str) -> Path | None:
        """Where the source of one of ``names`` lies, unless a folder is called so; None where it is made."""
        return None

    def fingerprint(self, name: str, seed: int) -> Any:
        """What is hashed for the source of one of ``names``, where that is known before it is made; else None."""
        return None

    def read(self, given: Given) -> Source:
        """The classes and rows; SourceError with one sentence where the source cannot be used. Opens no photo."""
        raise NotImplementedError

    def photo_bytes(self, root: Path, path: str) -> bytes:
        """The bytes that a photo's sha256 is taken over; PhotoError when it cannot be read."""
        return photos.read_photo(root / path)

    def image(self, root: Path, path: str, data: bytes) -> Image.Image:
        """The RGB image of what ``photo_bytes`` gave; PhotoError with the reason, which names no path."""
        return photos.open_photo(data)


def _refuse_names(root: Path, classes: list[str], rows: pd.DataFrame) -> None:
    if odd := next((label for label in classes if has_odd_characters(label)), None):
        raise SourceError(f"class {odd!r} in '{root}' has characters that cannot be shown or stored; rename it.")
    for path in rows["path"]:
        if has_odd_characters(path):
            raise SourceError(f"photo {path!r} in '{root}' has characters that cannot be shown or stored; rename it.")
        if path.startswith("/") or ".." in path.split("/"):
            raise SourceError(f"photo {path!r} leads out of '{root}'; a path must be relative to the folder.")


def _refuse_alike(root: Path, classes: list[str], called: str, cure: str) -> None:
    if pairs := confusable_names.alike(classes):
        first, second = (confusable_names.shown(name) for name in pairs[0])
        more = f" (and {counted(len(pairs) - 1, 'other pair')})" if len(pairs) > 1 else ""
        raise SourceError(
            f"{called} {first} and {second} in '{root}'{more} look alike: they differ only by "
            f"{confusable_names.difference(*pairs[0])}; {cure}."
        )
    if len(classes) < 2:
        holds = f"one class only, '{classes[0]}'" if classes else "no class"
        raise SourceError(f"folder '{root}' holds {holds}; a classifier needs at least two.")


def _groups(classes: list[str]) -> dict[str, tuple[str, ...]]:
    """The IndoFashion groups where the classes are IndoFashion's, else none."""
    if not set(classes) <= set(labels.INDOFASHION):
        return {}
    named = {group: tuple(label for label in names if label in classes) for group, names in labels.GROUPS.items()}
    return {group: names for group, names in named.items() if names}
