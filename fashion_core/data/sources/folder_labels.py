"""Which folder around a photo names its class: the outermost, or the one that a person said.

Takes lots of photos; gives a row a photo, or SourceError where two folders could be meant. Opens nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from fashion_core.data.sources.folder_walk import Lot
from fashion_core.data.sources.split_names import is_unlabelled
from fashion_core.errors import SourceError
from fashion_core.labels import agree, counted, listed

#: path, split, label
Row = tuple[str, str, str]


def no_class(num: int) -> str:
    return f"{agree(num, 'belongs', 'belong')} to no class and {agree(num, 'was', 'were')} left out"


def outermost(base: Path, lots: Sequence[Lot], notes: list[str]) -> list[Row]:
    """Every photo in the class of its outermost folder; SourceError where it may well be another one."""
    inner: dict[str, set[str]] = defaultdict(set)  # class -> the folders in it
    for lot in lots:
        inner[lot.folders[0]].update(lot.folders[1:2])
    direct = {lot.folders[0] for lot in lots if len(lot.folders) == 1}
    _refuse_unclear(base, inner, direct)
    deep = [label for label, names in sorted(inner.items()) if len(names) > 1 and label not in direct]
    if deep:
        first = listed([repr(name) for name in _few(sorted(inner[deep[0]]))])
        cure = "" if direct else "; --label-depth 2 makes each of those inside a class"
        notes.append(
            f"{counted(len(deep), 'class folder')} {agree(len(deep), 'holds', 'hold')} folders and no photo beside "
            f"them ({first} in {deep[0]!r}): their photos are all of that class{cure}"
        )
    return [(path, lot.split, lot.folders[0]) for lot in lots for path in lot.photos]


def _refuse_unclear(base: Path, inner: dict[str, set[str]], direct: set[str]) -> None:
    """Folders of the same names in several classes may be the classes, or splits under names that nobody knows."""
    times = Counter(name for names in inner.values() for name in names)
    again = {name for name, num in times.items() if num > 1}
    same_in_all = len(inner) > 1 and len(times) > 1 and all(names == set(times) for names in inner.values())
    if not same_in_all and not (again and len(times) > 1 and not direct):
        return
    sharing = [label for label, names in sorted(inner.items()) if names & again]
    raise SourceError(
        f"class folders {_named(sharing)} in '{base}' hold folders of the same names, {_named(sorted(again))}: these "
        "may be the classes, splits, or views of the same things; say which folders are the classes with "
        f"--label-depth 1 ({', '.join(_few(sorted(inner)))}) or --label-depth 2 ({', '.join(_few(sorted(times)))}), or "
        "name the splits train, val and test."
    )


def _few(names: Sequence[str]) -> list[str]:
    return [*names[:3], "..."] if len(names) > 3 else list(names)


def _named(names: Sequence[str]) -> str:
    """As ``listed``, of at most three."""
    if len(names) > 3:
        return ", ".join(map(repr, names[:3])) + f" and {len(names) - 3:,} more"
    return listed([repr(name) for name in names])


def at_depth(base: Path, lots: Sequence[Lot], depth: int, notes: list[str]) -> list[Row]:
    """The photos in the class of their folder ``depth`` below that of their split."""
    deep = [lot for lot in lots if len(lot.folders) >= depth]
    if lots and not deep:
        deepest = max(len(lot.folders) for lot in lots)
        raise SourceError(
            f"no photo in '{base}' lies {depth} folders deep (--label-depth {depth}); the deepest lies {deepest} deep."
        )
    if shallow := sum(len(lot.photos) for lot in lots if len(lot.folders) < depth):
        notes.append(f"{counted(shallow, 'photo')} less than {depth} folders deep {no_class(shallow)}")
    return [(path, lot.split, lot.folders[depth - 1]) for lot in deep for path in lot.photos]


def waiting(lots: Sequence[Lot], depth: int) -> tuple[list[Lot], list[Lot]]:
    """The lots with a label, and those in a folder down to ``depth`` that says that its photos have none."""
    of_kind: dict[bool, list[Lot]] = {False: [], True: []}
    for lot in lots:
        of_kind[any(map(is_unlabelled, lot.folders[:depth]))].append(lot)
    return of_kind[False], of_kind[True]


def no_label(without: Sequence[Lot], depth: int) -> tuple[list[Row], list[str]]:
    """The photos of those lots, which wait for a label, and what to say of them."""
    rows = [(path, "", "") for lot in without for path in lot.photos]
    if not rows:
        return [], []
    names = dict.fromkeys(name for lot in without for name in lot.folders[:depth] if is_unlabelled(name))
    waits = f"{agree(len(rows), 'has', 'have')} no label and {agree(len(rows), 'waits', 'wait')} for one"
    return rows, [f"{counted(len(rows), 'photo')} in {', '.join(names)} {waits}"]
