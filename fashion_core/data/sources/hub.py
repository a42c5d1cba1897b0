"""Datasets of the Hugging Face hub: ``hf:OWNER/NAME``, with ``@REVISION``, and ``/FOLDER`` where one part is enough.

Takes such a name; fetches the repository's files into a folder of their commit, which the ordinary readers open. The
hub's own client (optional) says what there is and opens it, with its HF_ENDPOINT and HF_TOKEN; what was fetched is gone
on with after a cut and compared with the hub's digests, which that client does not do by itself.
"""

import importlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fashion_core import storage
from fashion_core.data.sources import downloads as transfer
from fashion_core.data.sources.archives import has_odd_characters
from fashion_core.data.sources.downloads import Cut, Download, Refused, RemoteFile
from fashion_core.data.sources.elsewhere import Fetched, Place
from fashion_core.data.sources.hub_names import HUB, STARTS, Named, match_of, parse, parts_of
from fashion_core.data.sources.reader import Progress
from fashion_core.errors import SourceError
from fashion_core.labels import counted, harmless, listed

EXTRA = "pip install -r requirements-hub.txt"
AT_ONCE = 8
_COMMITS = "commits.json"  # which commit a revision was when it was last asked
_COMMIT = re.compile("[0-9a-f]{40}")


class Hub(Place):
    """Datasets of the hub, or of another that speaks its protocol (HF_ENDPOINT)."""

    starts = STARTS

    def name_of(self, source: str) -> str:
        match = match_of(source)
        if match is None:
            return source.rstrip("/").rpartition("/")[2]
        name = match["repository"].partition("/")[2]
        return f"{name}-{match['folder'].replace('/', '-')}" if match["folder"] else name

    def here(self, source: str, downloads: Path) -> Path | None:
        if match_of(source) is None:
            return None
        commit = _known_commit(named := parse(source), downloads)
        folder = named.place(downloads, commit) if commit else None
        return folder if folder and folder.is_dir() else None

    def fetch(self, source: str, downloads: Path, progress: Progress | None) -> Fetched:
        named = parse(source)
        known = self.here(source, downloads)
        if known is not None and _COMMIT.fullmatch(named.revision):
            return _fetched(named, known, named.revision)
        client = _client(named)
        try:
            with _sentences(client, named):
                info = client.HfApi(endpoint=_endpoint()).dataset_info(
                    named.repository, revision=named.revision, timeout=transfer.TIMEOUT_SECONDS
                )
        except _NotReached:
            if known is None:
                raise
            warning = f"{_host()} is not reached; these are the photos that were fetched from there before"
            return _fetched(named, known, _known_commit(named, downloads), warnings=(warning,))
        commit, warnings = info.sha, _several(named, info.card_data)
        folder = named.place(downloads, commit)
        if not folder.is_dir():
            _download(client, named, commit).into(folder, progress)
        _remember_commit(named, downloads, commit)
        return _fetched(named, folder, commit, licence=_licence(info.card_data), warnings=warnings)


class _NotReached(SourceError):
    """The hub does not answer."""


def _endpoint() -> str:
    """Where the hub is: asked anew each time, which its client does once."""
    return (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")


def _host() -> str:
    return _endpoint().partition("://")[2]


def _by_hand(named: Named) -> str:
    """What a person may do without this module."""
    name = named.repository.partition("/")[2]
    revision = f" --revision {named.revision}" if named.revision != "main" else ""
    part = f" --include '{named.folder}/*'" if named.folder else ""
    command = f"hf download {named.repository} --repo-type dataset{revision}{part} --local-dir {name}"
    return f"by hand: {command}, where there is a network and you may, then import the folder {name}"


def _client(named: Named) -> Any:
    # read when it is imported: it tells the hub its own version and Python's then, and nothing else of this machine
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    try:
        return importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise SourceError(
            f"hf:{named.repository} needs the package huggingface_hub: {EXTRA}; or {_by_hand(named)}."
        ) from error


@contextmanager
def _sentences(client: Any, named: Named) -> Iterator[None]:
    """SourceError where the hub says no, or nothing."""
    try:
        yield
    except (client.errors.HTTPError, client.errors.OfflineModeIsEnabled) as error:
        reason, reached = _reason(client, named, error)
        kind = SourceError if reached else _NotReached
        raise kind(f"hf:{named.repository} cannot be downloaded: {reason}; {_by_hand(named)}.") from error


def _reason(client: Any, named: Named, error: Exception) -> tuple[str, bool]:
    """Why the hub gave nothing, and whether it was reached at all."""
    errors, page = client.errors, f"{_endpoint()}/datasets/{named.repository}"
    with_token = "say who you are with hf auth login or HF_TOKEN"
    response = getattr(error, "response", None)
    if isinstance(error, errors.GatedRepoError):
        return f"its owner gives it to whoever asks on {page}: ask there, and {with_token}", True
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"{_host()} has no such dataset, or it is private; check the name, or {with_token}", True
    if isinstance(error, errors.RevisionNotFoundError):
        return f"it has no revision '{named.revision}'", True
    if isinstance(error, errors.EntryNotFoundError):
        return f"it has no folder '{named.folder}' at '{named.revision}'", True
    if response is not None and response.status_code in (401, 403):
        return f"{_host()} answers {response.status_code}, so the token is not one for it: {with_token}", True
    if response is not None:
        return f"{_host()} answers {response.status_code}", response.status_code < 500
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE forbids it", False
    return f"{_host()} is not reached ({transfer.short(error)})", False


def _download(client: Any, named: Named, commit: str) -> Download:
    """Everything of a commit, or of a folder in it, but hidden files."""
    api = client.HfApi(endpoint=_endpoint())
    with _sentences(client, named):
        tree = list(
            api.list_repo_tree(
                named.repository, named.folder or None, recursive=True, revision=commit, repo_type="dataset"
            )
        )
    files = [
        RemoteFile(
            path=entry.path.removeprefix(f"{named.folder}/") if named.folder else entry.path,
            size=entry.size,
            digest=f"sha256:{entry.lfs.sha256}" if entry.lfs else f"git:{entry.blob_id}",
        )
        for entry in tree
        if isinstance(entry, client.hf_api.RepoFile) and not _is_hidden(entry.path)
    ]
    if not files:
        raise SourceError(f"hf:{named.repository} has no files at '{named.revision}'; check the name.")
    return Download(
        what=f"hf:{named.repository}",
        files=files,
        opened=partial(_opened, client, named, commit),
        at_once=AT_ONCE,
        otherwise=_by_hand(named),
    )


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") and part != ".." for part in path.split("/"))


@contextmanager
def _opened(
    client: Any, named: Named, commit: str, file: RemoteFile, start: int
) -> Iterator[tuple[int, Iterator[bytes]]]:
    """A file of a commit from a byte on; the client follows to where it is stored, and leaves the token behind."""
    path = f"{named.folder}/{file.path}" if named.folder else file.path
    address = client.hf_hub_url(named.repository, path, repo_type="dataset", revision=commit, endpoint=_endpoint())
    headers = {**client.utils.build_hf_headers(), "accept-encoding": "identity"}
    headers |= {"range": f"bytes={start}-"} if start else {}
    http_error = client.errors.HTTPError
    stream = client.get_session().stream("GET", address, headers=headers, timeout=transfer.TIMEOUT_SECONDS)
    try:
        response = stream.__enter__()
    except (http_error, client.errors.OfflineModeIsEnabled) as error:
        raise Cut(_reason(client, named, error)[0], reached=False) from error
    try:
        _check(client, named, response)
        chunks = transfer.cut_by(response.iter_bytes(), http_error)
        yield start if response.status_code == 206 else 0, chunks
    finally:
        stream.__exit__(None, None, None)


def _check(client: Any, named: Named, response: Any) -> None:
    try:
        if response.status_code >= 400:
            response.read()
        client.utils.hf_raise_for_status(response)
    except client.errors.HTTPError as error:
        reason = _reason(client, named, error)[0]
        if response.status_code >= 500 or response.status_code == 429:
            limit = client.utils.parse_ratelimit_headers(response.headers)
            raise Cut(reason, seconds=limit.reset_in_seconds if limit else 0) from error
        raise Refused(reason) from error


def _several(named: Named, card: Any) -> tuple[str, ...]:
    """A warning where a repository holds several datasets that lie together; SourceError where each has a folder."""
    parts = {} if named.folder else parts_of(card)
    if not parts:
        return ()
    shown = [harmless(name) for name in parts]
    if all(parts.values()) and len(set(parts.values())) == len(parts):
        whole = f"hf:{named.repository}" + (f"@{named.revision}" if named.revision != "main" else "")
        raise SourceError(
            f"{whole} holds {counted(len(parts), 'dataset')}: {listed(shown[:6])}; name the folder of one, such as "
            f"{whole}/{harmless(next(iter(parts.values())))}."
        )
    return (
        f"its card names {counted(len(parts), 'dataset')} in one place ({listed(shown[:6])}); all are read together",
    )


def _licence(card: Any) -> str:
    """The licence that a card names, where it is one word or so."""
    licence = card.get("license") if card else None
    is_plain = isinstance(licence, str) and len(licence) <= 40 and not has_odd_characters(licence)
    return str(licence) if is_plain else ""


def _fetched(named: Named, folder: Path, commit: str, *, licence: str = "", warnings: tuple[str, ...] = ()) -> Fetched:
    note = f"hf:{named.repository} at {commit[:7]}" + (f", licence {licence} by its card" if licence else "")
    return Fetched(folder=folder, source=named.at(commit), note=note, warnings=warnings)


def _known_commit(named: Named, downloads: Path) -> str:
    """The commit that a revision is, or was when it was last fetched; "" where that is not known."""
    if _COMMIT.fullmatch(named.revision):
        return named.revision
    try:
        return str(storage.read_json(downloads / "hf" / named.repository / _COMMITS).get(_key(named), ""))
    except (OSError, ValueError, AttributeError):
        return ""


def _remember_commit(named: Named, downloads: Path, commit: str) -> None:
    file = downloads / "hf" / named.repository / _COMMITS
    try:
        known = dict(storage.read_json(file))
    except (OSError, ValueError, TypeError):
        known = {}
    if known.get(_key(named)) != commit:
        storage.write_json(file, {**known, _key(named): commit})


def _key(named: Named) -> str:
    return f"{named.revision}/{named.folder}"
