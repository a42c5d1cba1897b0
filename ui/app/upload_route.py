"""Where browsers send photos: straight to the disk, piece by piece, so that the server's memory does not grow.

``POST upload/TOKEN/begin`` with {name, files, bytes} gives the number of the attempt; ``files/NUMBER`` takes some
files, each a line {path, size} and then its bytes; ``state`` says what was refused; ``done/NUMBER`` and ``cancel`` end
it. Whoever has no token of ``staging`` gets 403 and writes nothing. Every answer that is no success is one sentence. A
file is there when the last of its bytes is, and one that is sent again replaces itself.
"""

import asyncio
import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from fashion_core import rights, storage
from fashion_core.data import uploads
from fashion_core.data.sources import archives
from fashion_core.data.sources.archive_entries import MAX_ENTRIES, MAX_TOTAL_BYTES
from fashion_core.labels import counted
from ui.app import staging
from ui.app.staging import Staged, Staging
from ui.app.upload_body import LINE, UNREADABLE, Body, Refused, drain, pieces_of

PATH = "upload"
PIECE = 1 << 20  # bytes that are written at once; the most of a file that is in memory
MOST_AT_ONCE = 8  # requests of one upload
RESERVE = 256 << 20  # bytes that stay free on the disk, for the trainings that write there
_CHECKED = 16 << 20  # after so many bytes of a file the disk is looked at again
_ENDED = "This upload was ended; begin it again."
_ELSE = "Copy it to the machine that the lab runs on, and name the folder there."


def address(token: str) -> str:
    """The path under which the browser finds the route."""
    return f"{_base()}/{PATH}/{token}"


def routes() -> list[Route]:
    """For ``st.App``."""
    actions = {"begin": _begin, "files/{attempt:int}": _files, "state": _state, "done/{attempt:int}": _done}
    actions["cancel"] = _cancel
    return [
        Route(f"{_base()}/{PATH}/{{token}}/{path}", _answering(act), methods=["POST"]) for path, act in actions.items()
    ]


def _base() -> str:
    return f"/{st.get_option('server.baseUrlPath').strip('/')}".rstrip("/")


def _answering(act: Any) -> Any:
    async def answer(request: Request) -> Response:
        try:
            return await act(request, _staging_of(request))
        except Refused as refused:
            return PlainTextResponse(str(refused), refused.status, {"Cache-Control": "no-store"})
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it

    return answer


def _staging_of(request: Request) -> Staging:
    origin = request.headers.get("origin")
    host = (origin or "").partition("://")[2]
    if origin and host != request.headers.get("host") and not is_host_allowed(host):
        raise Refused(403, "Photos are taken from the pages of this lab only.")
    if rights.is_review_copy():
        raise Refused(403, "This is a review copy, so nothing can be uploaded here.")
    found = staging.of(request.path_params["token"])
    if found is None:
        raise Refused(403, "This page has been open for too long, or the lab was started again: reload the page.")
    return found


# --- begin, state, done, cancel --------------------------------------------------------------------------------------


async def _begin(request: Request, upload: Staging) -> Response:
    asked = await _asked(request)
    name, files, num_bytes = asked.get("name"), asked.get("files"), asked.get("bytes")
    if not (isinstance(name, str) and _is_count(files) and _is_count(num_bytes)):
        raise Refused(400, "The browser did not say what it sends.")
    if len(parts := _parts_of(name)) != 1:
        raise Refused(400, "What is sent has no name.")
    if not files:
        raise Refused(422, f"'{name}' holds no files.")
    if files > MAX_ENTRIES:
        raise Refused(413, f"'{name}' holds {counted(files, 'file')}, more than {MAX_ENTRIES:,}. {_ELSE}")
    if num_bytes > MAX_TOTAL_BYTES:
        most = storage.size_text(MAX_TOTAL_BYTES)
        raise Refused(413, f"'{name}' has {storage.size_text(num_bytes)}, more than {most}. {_ELSE}")
    await asyncio.to_thread(_require_space, upload.folder, num_bytes)
    if upload.taken:
        raise Refused(409, "What came before is being read; reload the page to send more.")
    number = upload.begin(parts[0], files, num_bytes)
    await asyncio.to_thread(_make_room, upload)
    return JSONResponse({"attempt": number})


async def _asked(request: Request) -> dict[str, Any]:
    body = b""
    async for piece in pieces_of(request):
        body += piece
        if len(body) > LINE:
            raise Refused(413, "The browser says more than can be read.")
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The browser did not say what it sends.") from error
    return asked if isinstance(asked, dict) else {}


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


def _make_room(upload: Staging) -> None:
    """Take away what earlier attempts left; a place for this one, which is none of theirs."""
    with _written(upload):
        uploads.make(upload.folder)
        for left in upload.folder.iterdir():
            if left.name != uploads.OWNER and left not in (upload.tree, upload.parts):
                storage.discard(left)
        if upload.declared_files:
            upload.tree.mkdir(exist_ok=True)
            upload.parts.mkdir(exist_ok=True)


async def _state(request: Request, upload: Staging) -> Response:
    return JSONResponse({"refused": upload.refused, "attempt": upload.attempt})


async def _cancel(request: Request, upload: Staging) -> Response:
    if not upload.taken:
        upload.begin("", 0, 0)
        await asyncio.to_thread(_make_room, upload)
    return Response(status_code=204)


async def _done(request: Request, upload: Staging) -> Response:
    attempt = _same_attempt(request, upload)
    if len(upload.sizes) != upload.declared_files:
        there = counted(len(upload.sizes), "file")
        raise Refused(409, f"Only {there} of {upload.declared_files:,} have arrived; choose them again.")
    if upload.busy:
        raise Refused(429, "Files are still coming.")
    files, num_bytes = await asyncio.to_thread(_measured, upload.tree)
    kept = [size for size in upload.sizes.values() if size >= 0]
    if not kept:
        raise Refused(422, f"'{upload.name}' holds no files.")
    if (files, num_bytes) != (len(kept), sum(kept)):
        raise Refused(409, f"'{upload.name}' holds two names that differ only by case or by how an accent is written.")
    if upload.attempt != attempt or upload.staged:
        raise Refused(409, _ENDED)
    with _written(upload):
        os.rename(upload.tree, upload.folder / uploads.PHOTOS)
    source = upload.folder / uploads.PHOTOS / upload.name
    upload.staged = Staged(upload.folder, source, upload.name, files, num_bytes)
    upload.sizes, upload.folders = {}, set()
    return JSONResponse({"files": files, "bytes": num_bytes})


def _same_attempt(request: Request, upload: Staging) -> int:
    if request.path_params["attempt"] != upload.attempt or not upload.declared_files or upload.staged:
        raise Refused(409, _ENDED)
    return upload.attempt


def _measured(folder: Path) -> tuple[int, int]:
    """How many files lie below, and their bytes."""
    sizes = [os.stat(os.path.join(place, name)).st_size for place, _, names in os.walk(folder) for name in names]
    return len(sizes), sum(sizes)


# --- files -----------------------------------------------------------------------------------------------------------


async def _files(request: Request, upload: Staging) -> Response:
    attempt = _same_attempt(request, upload)
    if upload.busy >= MOST_AT_ONCE:
        raise Refused(429, "Too many files are sent at once; they are sent again.")
    upload.busy += 1
    pieces = pieces_of(request)
    try:
        body = Body(pieces)
        while (line := await body.line()) is not None:
            await _take(body, line, upload, attempt)
        return JSONResponse({"files": len(upload.sizes), "bytes": upload.num_bytes})
    except Refused as refused:
        if refused.status in (413, 422, 507) and upload.attempt == attempt:
            upload.refused = str(refused)  # to send it again would change nothing
        await drain(pieces)
        raise
    finally:
        upload.busy -= 1


async def _take(body: Body, line: bytes, upload: Staging, attempt: int) -> None:
    """One file: into parts/ under a name of ours, and when it is whole to its place."""
    if upload.attempt != attempt or upload.staged:
        raise Refused(409, _ENDED)
    path, size = _named(line)
    parts = _parts_of(path)
    if parts[:1] != [upload.name]:
        raise Refused(422, f"{path[:80]!r} does not lie in '{upload.name}'.")
    key, is_junk = hash("/".join(parts)), archives.is_junk(path)
    before = max(upload.sizes.get(key, 0), 0)
    if upload.num_bytes - before + size > upload.declared_bytes or (
        key not in upload.sizes and len(upload.sizes) >= upload.declared_files
    ):
        raise Refused(413, f"More comes than the browser said of '{upload.name}'; choose it again.")
    part, tree = upload.parts / secrets.token_hex(8), upload.tree
    try:
        await _write(body, part, size, upload, is_junk)
        if upload.attempt != attempt or upload.staged:
            raise Refused(409, _ENDED)
        if not is_junk:
            _count_folders(upload, parts)
            await asyncio.to_thread(_put, upload, part, tree, parts)
    finally:
        storage.discard(part)
    if upload.attempt == attempt:
        upload.num_bytes += size - max(upload.sizes.get(key, 0), 0)
        upload.sizes[key] = -1 if is_junk else size


def _named(line: bytes) -> tuple[str, int]:
    try:
        told = json.loads(line)
        path, size = told["path"], told["size"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused(400, UNREADABLE) from error
    if not isinstance(path, str) or not _is_count(size):
        raise Refused(400, UNREADABLE)
    return path, size


def _parts_of(path: str) -> list[str]:
    try:
        return archives.parts_of(path)
    except ValueError as error:
        raise Refused(422, f"What was chosen {error}.") from error


def _count_folders(upload: Staging, parts: list[str]) -> None:
    upload.folders |= {hash("/".join(parts[:depth])) for depth in range(1, len(parts))}
    if len(upload.folders) > archives.MAX_FOLDERS:
        raise Refused(413, f"'{upload.name}' holds more than {archives.MAX_FOLDERS:,} folders. {_ELSE}")


async def _write(body: Body, part: Path, size: int, upload: Staging, is_junk: bool) -> None:
    """``size`` bytes of the body into a new file, or nowhere."""
    left, checked = size, 0
    with _written(upload):
        file = open(os.devnull if is_junk else part, "wb" if is_junk else "xb", buffering=0)
    with file:
        while left:
            piece = await body.read(min(left, PIECE))
            if checked % _CHECKED < PIECE:
                await asyncio.to_thread(_require_space, upload.folder, left)
            with _written(upload):
                await asyncio.to_thread(_write_all, file, piece)
            left, checked = left - len(piece), checked + len(piece)


def _write_all(file: Any, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[file.write(view) :]


def _put(upload: Staging, part: Path, tree: Path, parts: list[str]) -> None:
    with _written(upload):
        for depth in range(1, len(parts)):  # never the tree itself, which is gone when the upload was ended
            tree.joinpath(*parts[:depth]).mkdir(exist_ok=True)
        os.replace(part, tree.joinpath(*parts))


@contextmanager
def _written(upload: Staging) -> Iterator[None]:
    """Turn what the disk says into a sentence."""
    try:
        yield
    except FileNotFoundError as error:
        raise Refused(409, _ENDED) from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise Refused(422, f"'{upload.name}' holds a file and a folder of one name.") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refused(507, "The disk of the lab is full; make room there, or choose fewer photos.") from error
        raise Refused(507, f"The disk of the lab cannot take it ({error.strerror}).") from error


def _require_space(folder: Path, num_bytes: int) -> None:
    free = max(storage.free_space(folder) - RESERVE, 0)
    if num_bytes > free:
        needs, has = storage.size_text(num_bytes), storage.size_text(free)
        raise Refused(507, f"This needs {needs} and the disk of the lab has {has} free; make room there.")
