"""What a name of the Hugging Face hub means: ``hf:OWNER/NAME``, with ``@REVISION``, and ``/FOLDER`` for a part of it.

Takes such a name, and what a repository's card says; asks nobody.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fashion_core.errors import SourceError

HUB = "https://huggingface.co"
STARTS = ("hf:", f"{HUB}/datasets/")
_NAME = re.compile(
    r"(?P<repository>[\w.-]+/[\w.-]+)"
    r"(?:(?:@|/tree/)(?P<revision>refs/(?:convert|pr)/[^/@]+|[^/@]+))?"
    r"(?:/(?P<folder>[^@]+?))?/?"
)


@dataclass(frozen=True)
class Named:
    """What a name means: OWNER/NAME, the revision, and a folder in it ("" for all of it)."""

    repository: str
    revision: str
    folder: str

    def at(self, commit: str) -> str:
        """The name of the very same files."""
        return f"hf:{self.repository}@{commit}" + (f"/{self.folder}" if self.folder else "")

    def place(self, downloads: Path, commit: str) -> Path:
        """Where the files of a commit lie once they are here."""
        part = f"--{self.folder.replace('/', '--')}" if self.folder else ""
        return downloads / "hf" / self.repository / f"{commit}{part}"


def parse(source: str) -> Named:
    match = match_of(source)
    if match is None:
        raise SourceError(
            f"'{source}' is no dataset of the hub; write hf:OWNER/NAME, hf:OWNER/NAME@REVISION, or "
            "hf:OWNER/NAME/FOLDER for one folder of it."
        )
    return Named(match["repository"], match["revision"] or "main", match["folder"] or "")


def match_of(source: str) -> re.Match[str] | None:
    start = next(start for start in STARTS if source.startswith(start))
    return None if ".." in source else _NAME.fullmatch(source.removeprefix(start))


def parts_of(card: Mapping[str, Any] | None) -> dict[str, str]:
    """The datasets that a repository's card says it holds, and the folder of each ("" where that has no folder of its
    own); nothing where it is one."""
    configs = (card or {}).get("configs")
    named = [one for one in configs if isinstance(one, dict)] if isinstance(configs, list) else []
    parts = {str(one.get("config_name")): _folder_of(list(_patterns(one.get("data_files")))) for one in named}
    return parts if len(parts) > 1 else {}


def _patterns(files: Any) -> Iterator[str]:
    """The patterns of files in a card, which may be a text, a list of texts, or a list of splits with either."""
    for one in files if isinstance(files, list) else [files]:
        if isinstance(one, dict):
            yield from _patterns(one.get("path"))
        elif isinstance(one, str):
            yield one


def _folder_of(patterns: list[str]) -> str:
    """The folder that all patterns name, up to their first wildcard."""
    folders = {re.split(r"[*?\[{]", pattern)[0].rpartition("/")[0] for pattern in patterns}
    while len(folders) > 1:
        longest = max(folders, key=len)
        folders = folders - {longest} | {str(PurePosixPath(longest).parent).removeprefix(".")}
    return folders.pop() if folders else ""
