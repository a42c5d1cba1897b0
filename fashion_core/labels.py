"""Names: the IndoFashion classes and groups, how a label is shown, and which known name a wrong one meant."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence

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


def listed(words: Sequence[str]) -> str:
    """``a, b and c``"""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def counted(number: int, thing: str, things: str | None = None) -> str:
    """(1, "photo") -> ``1 photo``; (4200, "photo") -> ``4,200 photos``."""
    return f"{int(number):,} {thing if number == 1 else things or thing + 's'}"


def agree(number: int, one: str = "is", many: str = "are") -> str:
    """The verb that a count takes: (1) -> ``is``, (3) -> ``are``."""
    return one if number == 1 else many


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` most likely meant, or None when nothing is close."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


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
