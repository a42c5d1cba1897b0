"""Which split a name means: ``Train Set``, ``seg_train``, ``valid``; what a name only hints at, and ``_unlabeled``.

Takes the names of folders. Opens nothing.
"""

import re

_SPLIT_NAMES = {
    **dict.fromkeys(("train", "training", "trn", "trainval"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "development"), "val"),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation", "holdout"), "test"),
}
#: Words beside a split's name that say nothing of what the photos show.
_BESIDE = {"set", "sets", "split", "data", "dataset", "images", "image", "imgs", "img", "photos", "pictures", "seg"}
_BESIDE |= {"folder", "samples", "original", "final", "new"}


#: Words by which a folder says that its photos have no label: never a class.
_NO_LABEL = {"unlabeled", "unlabelled"}


def is_unlabelled(name: str) -> bool:
    """Whether a name says that photos have no label; datumaro calls that folder no_label."""
    words = words_of(name)
    return bool(set(words) & _NO_LABEL) or words == ["no", "label"]


def split_of(name: str) -> str | None:
    """The split that a folder's name means, or None: one of _SPLIT_NAMES alone, or beside words of _BESIDE."""
    words = words_of(name)
    means = {_SPLIT_NAMES[word] for word in words if word in _SPLIT_NAMES}
    if means == {"train", "val"} and set(words) <= {"train", "val"} | _BESIDE:  # train_val: trainval, written apart
        return "train"
    known = all(word in _SPLIT_NAMES or word in _BESIDE for word in words)
    return next(iter(means)) if len(means) == 1 and known else None


def words_of(name: str) -> list[str]:
    return [word for word in _parts(name) if not word.isdecimal()]


def apart(name: str) -> tuple[str, ...]:
    """The words and numbers of a name beside those that mean a split."""
    return tuple(word for word in _parts(name) if word not in _SPLIT_NAMES)


def _parts(name: str) -> list[str]:
    parts = re.findall(r"\d+|[^\W_\d]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return [part for word in parts for part in _unglued(word.lower())]


def _unglued(word: str) -> list[str]:
    """``trainset`` as ``train set``; every other word as it is."""
    for ending in ("set", "data", "dataset", "images"):
        if word not in _BESIDE and word.removesuffix(ending) in _SPLIT_NAMES:
            return [word.removesuffix(ending), ending] if word != word.removesuffix(ending) else [word]
    return [word]


def hints_of(name: str) -> set[str]:
    """The splits whose words stand in the name, whatever stands beside them."""
    return {_SPLIT_NAMES[word] for word in words_of(name) if word in _SPLIT_NAMES}
