"""Names: the IndoFashion classes and groups, how a label is shown, and which known name a wrong one meant."""

import difflib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

#: The fifteen IndoFashion classes in index order (alphabetical).
INDOFASHION: tuple[str, ...] = (
    "blouse",
    "dhoti_pants",
    "dupattas",
    "gowns",
    "kurta_men",
    "leggings_and_salwars",
    "lehenga",
    "mojaris_men",
    "mojaris_women",
    "nehru_jackets",
    "palazzos",
    "petticoats",
    "saree",
    "sherwanis",
    "women_kurta",
)

#: Who wears it, as the dataset's authors group the classes.
GROUPS: dict[str, tuple[str, ...]] = {
    "men": ("kurta_men", "mojaris_men", "nehru_jackets", "sherwanis"),
    "women": (
        "blouse",
        "dhoti_pants",
        "dupattas",
        "gowns",
        "leggings_and_salwars",
        "lehenga",
        "mojaris_women",
        "palazzos",
        "petticoats",
        "saree",
        "women_kurta",
    ),
}

#: Where it is worn. Gowns and kurtas hang from the shoulders and stand with the upper garments; a lehenga is the skirt.
GARMENTS: dict[str, tuple[str, ...]] = {
    "upper": ("blouse", "gowns", "kurta_men", "nehru_jackets", "sherwanis", "women_kurta"),
    "lower": ("dhoti_pants", "leggings_and_salwars", "lehenga", "palazzos", "petticoats"),
    "drape": ("dupattas", "saree"),
    "footwear": ("mojaris_men", "mojaris_women"),
}

FASHION_MNIST: tuple[str, ...] = (
    "t_shirt_top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle_boot",
)


def display_name(label: str) -> str:
    """``women_kurta`` -> ``Women kurta``: how a label is written for people."""
    text = label.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def shortened(names: Sequence[str], most: int) -> list[str]:
    """The names in at most ``most`` letters each, cut so that no two that differ become alike: at the end where the
    beginnings differ, else in the middle, at the front, or up to where they part. One that no cut keeps apart stays
    whole."""
    different = list(dict.fromkeys(names))
    told = {name: name for name in different if len(name) <= most}
    taken, rest = set(told), [name for name in different if len(name) > most]
    if not rest:
        return list(names)
    at, half, third = _partings(rest), most // 2, most // 3
    room = most - third - 1
    for cut in (
        lambda name: f"{name[: most - 1].rstrip()}…",
        lambda name: f"{name[:half].rstrip()}…{name[half - most + 1 :].lstrip()}",
        lambda name: f"…{name[1 - most :].lstrip()}",
        lambda name: f"{name[:third].rstrip()}…{name[max(third, at[name] - room // 2) :][:room].strip()}",
    ):
        found = {name: cut(name) for name in rest}
        times = Counter(found.values())
        told |= {name: text for name, text in found.items() if times[text] == 1 and text not in taken}
        taken |= set(told.values())
        rest = [name for name in rest if name not in told]
    return [told.get(name, name) for name in names]


def _partings(names: Sequence[str]) -> dict[str, int]:
    """Where each name begins to differ from the one that it shares most with: its neighbour in alphabetical order."""
    ordered = sorted(names)
    shared = [len(os.path.commonprefix(list(pair))) for pair in pairwise(ordered)]
    return {name: max(pair) for name, pair in zip(ordered, zip([0, *shared], [*shared, 0], strict=True), strict=True)}


def listed(words: Sequence[str]) -> str:
    """``a, b and c``"""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def counted(number: int, thing: str, things: str | None = None) -> str:
    """(1, "photo") -> ``1 photo``; (4200, "photo") -> ``4,200 photos``."""
    return f"{int(number):,} {thing if number == 1 else things or thing + 's'}"


def num_equal(values: Iterable[float], value: float) -> int:
    """How many other classes share the ``value`` of one: who names a single one as the weakest says so of them too."""
    return max(0, sum(bool(other == value) for other in values) - 1)


def and_more(name: str, more: int) -> str:
    """``Backpacks``, or with ``more`` of its equals ``Backpacks and 34 more``."""
    return f"{name} and {more:,} more" if more else name


def agree(number: int, one: str = "is", many: str = "are") -> str:
    """The verb that a count takes: (1) -> ``is``, (3) -> ``are``."""
    return one if number == 1 else many


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` most likely meant, or None when nothing is close."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def harmless(cell: str) -> str:
    """The cell with an apostrophe before it when a spreadsheet would take it for a formula (OWASP, CSV injection)."""
    formulas = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
    return f"'{cell}" if cell.lstrip(" ").startswith(formulas) else cell


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence's tail for an unknown name: the nearest known one, or all of them."""
    known = list(known)
    close = nearest(name, known)
    if close:
        return f"did you mean {close!r}?"
    return f"known: {', '.join(known)}" if known else "there are none yet"


def slug(name: str) -> str:
    """A directory name for a label that a person typed: lower-case ASCII letters, digits and single dashes."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:64].strip("-")
