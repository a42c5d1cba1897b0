"""Uploads of this server, from the page that asks for one until an import has it or nobody is left who would: who may
add to one, and what has come. Takes sessions and tokens; gives a Staging.

A token is a secret of the page that made it; folders have other names, which may be seen. Every half minute what no
open tab and no job needs is taken away; a tab that is reloaded has three minutes to come back. Knows neither HTTP nor
widgets.
"""

import asyncio
import secrets
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from streamlit import runtime

from fashion_core import paths, storage
from fashion_core.data import uploads

KEPT_SECONDS = 180.0  # streamlit itself keeps a lost session for 120
TIDIED_SECONDS = 30.0


@dataclass(frozen=True)
class Staged:
    """What has come from a browser, whole: ``folder`` is ours, ``source`` in it what can be imported, ``name`` what the
    person calls it."""

    folder: Path
    source: Path
    name: str
    files: int
    bytes: int


@dataclass(eq=False)
class Staging:
    """One upload. ``attempt`` counts its beginnings, so that what was sent for an earlier one goes nowhere."""

    folder: Path
    sessions: set[str]
    left: float | None = None  # since when no tab of it is open
    attempt: int = 0
    name: str = ""
    declared_files: int = 0
    declared_bytes: int = 0
    sizes: dict[int, int] = field(default_factory=dict)  # of what has come, by the hash of the path
    folders: set[int] = field(default_factory=set)
    num_bytes: int = 0
    busy: int = 0
    refused: str = ""
    staged: Staged | None = None
    taken: bool = False  # the page has it: nothing is added or changed

    @property
    def tree(self) -> Path:
        """Where what has come whole lies until all is here."""
        return self.folder / f"tree-{self.attempt}"

    @property
    def parts(self) -> Path:
        """Where files are that are coming."""
        return self.folder / f"parts-{self.attempt}"

    def begin(self, name: str, files: int, num_bytes: int) -> int:
        """Forget what came before; the number of this attempt."""
        self.attempt += 1
        self.name, self.declared_files, self.declared_bytes = name, files, num_bytes
        self.sizes, self.folders, self.num_bytes = {}, set(), 0
        self.refused, self.staged = "", None
        return self.attempt


_open: dict[str, Staging] = {}
_lock = threading.Lock()


def open_for(session: str, data_dir: Path) -> str:
    """The token of a new upload, which this session may fill."""
    token, staging = secrets.token_urlsafe(24), Staging(uploads.new_folder(data_dir), {session})
    with _lock:
        _open[token] = staging
    return token


def of(token: str) -> Staging | None:
    """The upload that a token opens; None for any other text."""
    with _lock:
        return _open.get(token)


def take(token: str) -> Staged | None:
    """What has come, once: from then on nothing is added to it. None as long as it is not whole."""
    with _lock:
        staging = _open.get(token)
        if staging is None or staging.staged is None or staging.taken:
            return None
        staging.taken = True
        return staging.staged


def hold(source: str | Path, session: str) -> None:
    """This session, too, shows an upload: it stays while the session does."""
    with _lock:
        for staging in _open.values():
            if staging.folder in Path(source).parents:
                staging.sessions.add(session)


def leave(folder: Path) -> None:
    """Nobody adds to an upload, or shows it, from now on. It goes at once, or with the job that works on it."""
    with _lock:
        for token in [token for token, staging in _open.items() if staging.folder == folder]:
            del _open[token]
    data_dir = folder.parent.parent.parent
    if uploads.folder_of(folder, data_dir) == folder and not uploads.is_used(folder, data_dir):
        storage.discard(folder)


def tidy(data_dir: Path, now: float | None = None) -> None:
    """Take away what no open tab, no job and no other living server needs."""
    now = time.monotonic() if now is None else now
    with _lock:
        for token, staging in list(_open.items()):
            if any(_is_open(session) for session in staging.sessions):
                staging.left = None
            elif staging.left is None:
                staging.left = now
            elif now - staging.left > KEPT_SECONDS:
                del _open[token]
        kept = {staging.folder for staging in _open.values()}
    uploads.sweep(data_dir, kept)


def _is_open(session: str) -> bool:
    """Whether the tab of a session is connected."""
    return runtime.exists() and runtime.get_instance().is_active_session(session)


@asynccontextmanager
async def tidied() -> AsyncIterator[None]:
    """While the server runs, and once more when it ends."""
    task = asyncio.create_task(_tidy_on())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        with _lock:
            _open.clear()
        with suppress(OSError):
            uploads.sweep(paths.default_data_dir())


async def _tidy_on() -> None:
    while True:
        with suppress(OSError):  # a disk that is away now may be back in half a minute
            await asyncio.to_thread(tidy, paths.default_data_dir())
        await asyncio.sleep(TIDIED_SECONDS)
