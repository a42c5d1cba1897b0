"""What a place on other machines is, where photos lie under names of its own: a new one has these methods.

Knows no place. A place is one file with one class of this protocol and one entry in ``readers.PLACES``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fashion_core.data.sources.reader import Progress


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What was fetched. ``folder`` is where it lies now, whole; ``source`` is the name under which the very same comes
    again; ``note`` says where it is from, and ``warnings`` what should be known besides."""

    folder: Path
    source: str
    note: str = ""
    warnings: tuple[str, ...] = ()


class Place(Protocol):
    """``hf:`` and its like. ``starts`` are the beginnings of its names."""

    starts: tuple[str, ...]

    def name_of(self, source: str) -> str:
        """What a dataset from there is called when the person gives no name."""

    def here(self, source: str, downloads: Path) -> Path | None:
        """The folder to which it was fetched before; None where it was not. Asks no other machine."""

    def fetch(self, source: str, downloads: Path, progress: Progress | None) -> Fetched:
        """Fetch it to a folder below ``downloads``; SourceError with one sentence that has the manual way."""
