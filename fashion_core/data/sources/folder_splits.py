"""Which folders are splits: those around the classes, or those inside every class.

Takes the folders of a source; gives their splits, or SourceError with what was seen where they only look like splits.
Opens no photo.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fashion_core.data.sources.folder_walk import Lot
from fashion_core.data.sources.listing import is_photo, listing
from fashion_core.data.sources.split_names import apart, hints_of, split_of, words_of
from fashion_core.errors import SourceError
from fashion_core.labels import counted


def splits_among(folders: Sequence[str]) -> dict[str, str]:
    """{folder: split} of folders side by side: by their own names, or, where all of them are called alike but for the
    split's name (``old_train``, ``old_test``), by that. Empty where neither is so."""
    if own := {name: split for name in folders if (split := split_of(name))}:
        return own
    hinted = {name: hints_of(name) for name in folders}
    splits = {name: next(iter(hints)) for name, hints in hinted.items() if len(hints) == 1}
    clear = 1 < len(folders) == len(splits) == len(set(splits.values()))
    return splits if clear and len({apart(name) for name in folders}) == 1 else {}


def around_classes(base: Path, folders: list[str]) -> dict[str, str] | None:
    """{split: folder} where the folders are splits, None where they are classes; SourceError where both could be."""
    by_split: dict[str, str] = {}
    for name, split in splits_among(folders).items():
        if split in by_split:
            raise SourceError(
                f"folder '{base}' holds both '{by_split[split]}' and '{name}', which mean the same; keep one."
            )
        by_split[split] = name
    others = [name for name in folders if name not in by_split.values()]
    hinted = [hints_of(name) for name in folders]
    # training shoes and training tops are classes; train beside test_hard, or fold 1 beside fold 2, are splits
    unclear = bool(by_split and others) and any(map(hints_of, others))
    unclear |= not by_split and len(folders) > 1 and all(hinted) and len(set[str]().union(*hinted)) > 1
    unclear |= len(folders) > 1 and all(set(words_of(name)) == {"fold"} for name in folders)
    if unclear:
        seen = ", ".join(f"'{name}'" for name in folders[:6]) + (" ..." if len(folders) > 6 else "")
        raise SourceError(
            f"folder '{base}' holds {seen}: some look like splits, but not what each of them is; name the splits "
            "train, val and test."
        )
    if not by_split or not others:
        return by_split or None
    if len(by_split) == 1 and not all(listing(base / name)[0] for name in by_split.values()):
        return None  # photos lie directly in it, as in the classes beside it
    if "train" in by_split:
        return by_split
    split, name = next(iter(by_split.items()))
    raise SourceError(
        f"folder '{base}' holds '{name}', which means {split}, beside '{others[0]}', which is no split; name the "
        "splits train, val and test, or rename the class."
    )


def inside_repeated(folder: Path, split: str) -> Path:
    """``training_set/training_set``: the same split once more inside itself, as some archives have it."""
    for _ in range(4):
        inner, files = listing(folder)
        if len(inner) != 1 or split_of(inner[0]) != split or any(map(is_photo, files)):
            break
        folder = folder / inner[0]
    return folder


def inside_classes(base: Path, lots: list[Lot], notes: list[str]) -> list[Lot]:
    """The same photos in the splits that stand inside the classes, where every photo lies in one: at any depth, as in
    ``men/shoes/train``. SourceError where some classes have several splits and others have none."""
    inner: dict[tuple[str, ...], dict[str, None]] = defaultdict(dict)  # folder -> the folders in it
    for lot in lots:
        for place in range(1, len(lot.folders)):
            inner[lot.folders[:place]][lot.folders[place]] = None
    known = {folders: splits_among(list(names)) for folders, names in inner.items()}
    divided = [_without_split(lot, known) for lot in lots]
    if lots and all(lot.split for lot in divided):
        notes.append("the splits inside the class folders were kept as given")
        return divided
    several = next((folders for folders, splits in known.items() if len(set(splits.values())) > 1), None)
    if several is None:
        return lots  # 'training' below 'shoes' is a kind of shoe
    label = next(lot.folders[0] for lot in divided if not lot.split)
    loose = sum(len(lot.photos) for lot in lots if lot.folders == (label,))
    has = ", ".join(f"'{name}'" for name in sorted(inner[(label,)])[:6]) or "no folders"
    seen = ", ".join(f"'{name}'" for name in sorted(known[several]))
    raise SourceError(
        f"'{'/'.join(several)}' in '{base}' holds the splits {seen}, but '{label}' holds {has} and "
        f"{counted(loose, 'photo')}; give every class the same splits, or none."
    )


def _without_split(lot: Lot, known: dict[tuple[str, ...], dict[str, str]]) -> Lot:
    for place in range(1, len(lot.folders)):
        if split := known[lot.folders[:place]].get(lot.folders[place]):
            return replace(lot, split=split, folders=lot.folders[:place] + lot.folders[place + 1 :])
    return lot
