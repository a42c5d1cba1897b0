"""Class names that a reader takes for one and a program for two: ``kurta men`` and ``kurta_men``, composed and
decomposed letters, case, a space at the end.

Takes names; gives pairs with what they differ by, or one name for all that look alike. Opens nothing.
"""

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping

from fashion_core.labels import listed


def key(name: str) -> str:
    """What is alike to a reader: two names with one key look the same, or differ by case or by what stands between
    words. A hyphen before a number is a sign, and no accent is taken away."""
    return _undone(name) or name


def alike(names: Iterable[str]) -> list[tuple[str, str]]:
    """The pairs of neighbours, in sorted order, that look alike."""
    groups: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        groups.setdefault(key(name), []).append(name)
    return [pair for group in groups.values() for pair in itertools.pairwise(group)]


def shown(name: str) -> str:
    """The name in quotes, with what cannot be told by eye written out."""
    if not name.isprintable():
        return ascii(name)
    return f"'{name}'" if name.isascii() else f"'{name}' ({ascii(name)})"


def difference(one: str, two: str) -> str:
    """What two names that look alike differ by: ``case``, ``a space at an end``."""
    if one.strip() == two.strip():
        return "a space at an end"
    found = [words for step, words in _STEPS.items() if _undone(one, step) != _undone(two, step)]
    return " and by ".join(found)


def joined(photos: Mapping[str, int]) -> tuple[dict[str, str], list[str]]:
    """For every name the one under which it is counted, the spelling with the most photos, composed and without spaces
    around it; and a sentence for each that stands for several. ``photos``: how many each name has."""
    groups: dict[str, list[str]] = {}
    for name in sorted(photos):
        groups.setdefault(key(name), []).append(name)
    named: dict[str, str] = {}
    told = []
    for group in groups.values():
        best = max(group, key=lambda name: photos[name])
        best = best if len(group) == 1 else unicodedata.normalize("NFC", _visible(best)).strip()
        named |= dict.fromkeys(group, best)
        if len(group) > 1:
            which = listed([f"{shown(name)} ({photos[name]:,})" for name in group])
            told.append(f"{which} are one class, '{best}', because they look alike")
    return named, told


def _visible(name: str) -> str:
    return "".join(letter for letter in name if unicodedata.category(letter) != "Cf")


def _accents(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _words(name: str) -> str:
    """Words parted by one space each; a hyphen parts words between two letters only."""
    between = re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])|[\s_]+", " ", name)
    return re.sub(r" +", " ", between).strip()


_STEPS: dict[Callable[[str], str], str] = {
    _visible: "a character that cannot be seen",
    _accents: "how an accent is written (as one letter, or a letter and an accent)",
    str.casefold: "case",
    _words: "spaces, underscores or hyphens",
}


def _undone(name: str, but: Callable[[str], str] | None = None) -> str:
    """The name without any of what _STEPS take away, except for what one of them does."""
    for step in _STEPS:
        name = name if step is but else step(name)
    return name
