"""Datasets of Kaggle: ``kaggle:OWNER/NAME`` is answered with the commands that bring them.

Fetches nothing: Kaggle wants an account, and has a client of its own.
"""

import shlex
from pathlib import Path
from typing import NoReturn

from fashion_core.data.sources.elsewhere import Place
from fashion_core.data.sources.reader import Progress
from fashion_core.errors import SourceError


class Kaggle(Place):
    """Says how to bring what lies there."""

    starts = ("kaggle:", "https://www.kaggle.com/datasets/")

    def name_of(self, source: str) -> str:
        return _parts(source)[-1]

    def here(self, source: str, downloads: Path) -> None:
        return None

    def fetch(self, source: str, downloads: Path, progress: Progress | None) -> NoReturn:
        parts = _parts(source)
        if len(parts) != 2:
            raise SourceError(f"'{source}' is no dataset of Kaggle; write kaggle:OWNER/NAME.")
        owner, name = map(shlex.quote, parts)
        raise SourceError(
            "photos of Kaggle come by its own client, which asks for an account: pip install kaggle, then "
            f"kaggle datasets download {owner}/{name} --unzip -p {name}, then import the folder {name}."
        )


def _parts(source: str) -> list[str]:
    start = next(start for start in Kaggle.starts if source.startswith(start))
    return [part for part in source.removeprefix(start).split("?")[0].split("/") if part] or [""]
