"""Reads what a .zip or .tar archive lists and holds, entry by entry, in bounded memory.

Takes an archive file that somebody else made; gives entries and their bytes, or SourceError. Refuses what no set of
photos needs (symbolic links, devices, encryption, sparse files) and stops at a bomb while it is small. A hard link, as
``cp -l`` leaves it in a tar, names a file that came before it. Writes nothing; judges no names.
"""

import bz2
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fashion_core.errors import SourceError
from fashion_core.storage import size_text

MAX_ENTRIES = 200_000
MAX_TOTAL_BYTES = 64 << 30
#: A photo hardly compresses; a bomb of zeros compresses 1,000 : 1. Looked at from the first BOMB_WINDOW bytes on.
MAX_RATIO = 200
BOMB_WINDOW = 32 << 20
CHUNK = 1 << 18
_RECORD = struct.Struct("<4s4B4HL2L5H2L")


@dataclass(frozen=True)
class Entry:
    """One thing that an archive lists: its name as written, whether it is a folder, its declared size in bytes. A hard
    link has the size of the file that it names as ``same_as``."""

    name: str
    is_folder: bool
    size: int
    compressed_size: int = 0
    same_as: str = ""


def kind_of(path: Path) -> str | None:
    """``zip``, ``tar``, ``gz``, ``bz2``, ``xz`` by the first bytes of the file (never by its name), or None."""
    with open(path, "rb") as file:
        start = file.read(512)
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "zip"
    if start[:2] == b"\x1f\x8b":
        return "gz"
    if start[:3] == b"BZh":
        return "bz2"
    if start[:6] == b"\xfd7zXZ\x00":
        return "xz"
    if start[257:262] == b"ustar" or _is_tar_header(start) or (len(start) == 512 and not start.strip(b"\0")):
        return "tar"
    return None


def refusal(archive: Path, reason: str) -> SourceError:
    return SourceError(f"archive '{archive}' {reason}. Nothing was imported.")


def bomb(archive: Path, total: int) -> SourceError:
    on_disk = size_text(archive.stat().st_size)
    return refusal(archive, f"would unpack from {on_disk} to {size_text(total)} or more, as archive bombs do")


# --- zip -----------------------------------------------------------------------------------------------------------


def zip_entries(archive: Path, with_data: bool) -> Iterator[tuple[Entry, BinaryIO | None]]:
    if not with_data:
        for entry in _zip_listing(archive):
            yield entry, None
        return
    with zipfile.ZipFile(archive) as zipped:
        for info in zipped.infolist():
            _refuse_zip_entry(archive, info.filename, info.flag_bits, info.compress_type, info.external_attr)
            if info.header_offset < 0:  # zipfile would look for it before the file's beginning
                raise zipfile.BadZipFile("an entry before its beginning")
            raw = info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437", errors="replace")
            name = _zip_name(raw, info.flag_bits, info.create_system)
            entry = Entry(name, name.endswith("/"), info.file_size, info.compress_size)
            if entry.is_folder:
                yield entry, None
            else:
                with zipped.open(info) as data:
                    yield entry, data  # type: ignore[misc]


def _refuse_zip_entry(archive: Path, name: str, flags: int, method: int, attributes: int) -> None:
    kind = stat.S_IFMT(attributes >> 16)
    if kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK):
        raise refusal(archive, f"holds {name!r}, which is a link or a device, not a file")
    if flags & 0x1:
        raise refusal(archive, "is encrypted; unpack it with its password and import the folder")
    if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
        raise refusal(
            archive, f"is compressed in a way this program does not read (method {method}); unpack it yourself"
        )


def _zip_listing(archive: Path) -> Iterator[Entry]:
    """The central directory, record by record (APPNOTE 4.3.12): zipfile would first hold all of it in memory."""
    with open(archive, "rb") as file:
        start, size, count = _zip_directory(file)
        if count > MAX_ENTRIES:
            raise refusal(archive, f"lists {count:,} files, more than {MAX_ENTRIES:,}; unpack it yourself")
        file.seek(start)
        left = size
        while left >= 46:
            record = _RECORD.unpack(file.read(46))
            magic, flags, method = record[0], record[5], record[6]
            packed, unpacked, name_length, extra_length, comment_length = record[10], record[11], *record[12:15]
            if magic != b"PK\x01\x02":
                raise zipfile.BadZipFile("its list of files is broken")
            raw, extra = file.read(name_length), file.read(extra_length)
            file.seek(comment_length, os.SEEK_CUR)
            left -= 46 + name_length + extra_length + comment_length
            name = _zip_name(raw, flags, record[2])
            if 0xFFFFFFFF in (unpacked, packed):
                unpacked, packed = _zip64_sizes(extra, unpacked, packed)
            _refuse_zip_entry(archive, name, flags, method, record[17])
            yield Entry(name, name.endswith("/"), unpacked, packed)


def _zip_name(raw: bytes, flags: int, made_by: int) -> str:
    """A name as its writer meant it. Without the flag for UTF-8, Linux and macOS write UTF-8 all the same, and say in
    ``made_by`` that they are Unix (3) or macOS (19); others mean the code page of DOS."""
    unix = made_by in (3, 19)
    name = raw.decode("utf-8") if flags & 0x800 else raw.decode("cp437", errors="replace")
    if unix and not flags & 0x800 and not raw.isascii():
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return name if unix else name.replace("\\", "/")  # PowerShell 5 writes folders so; on Unix it is a letter


def _zip_directory(file: BinaryIO) -> tuple[int, int, int]:
    """Offset, size and number of records of the central directory."""
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - 65_557))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("it has no list of files at its end")
    count, size, start = struct.unpack("<HLL", tail[at + 10 : at + 20])
    end = length - len(tail) + at
    file.seek(max(0, end - 20))
    locator = file.read(20)
    if len(locator) == 20 and locator[:4] == b"PK\x06\x07":  # zip64
        end = min(struct.unpack("<Q", locator[8:16])[0], length)
        file.seek(end)
        record = file.read(56)
        if record[:4] != b"PK\x06\x06":
            raise zipfile.BadZipFile("its list of files is broken")
        count, size, start = struct.unpack("<QQQ", record[32:56])
    if size > end or start > end:
        raise zipfile.BadZipFile("its list of files is broken")
    return end - size, size, count  # where it ends is sure; `start` is off when something stands before the archive


def _zip64_sizes(extra: bytes, unpacked: int, packed: int) -> tuple[int, int]:
    while len(extra) >= 4:
        tag, length = struct.unpack("<HH", extra[:4])
        if tag == 1:
            values = list(struct.unpack(f"<{length // 8}Q", extra[4 : 4 + length // 8 * 8]))
            unpacked = values.pop(0) if unpacked == 0xFFFFFFFF and values else unpacked
            packed = values.pop(0) if packed == 0xFFFFFFFF and values else packed
        extra = extra[4 + length :]
    return unpacked, packed


# --- tar -----------------------------------------------------------------------------------------------------------


#: What GNU tar writes before a member with a long name, or a link to one -> what it stands for.
_LONG_NAMES = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}


class _Inflate(io.RawIOBase):
    """Reads a compressed stream forward in bounded memory and stops at a bomb while it is still small."""

    def __init__(self, archive: Path, file: BinaryIO, kind: str) -> None:
        self.archive, self.file, self.kind = archive, file, kind
        self.decoder = self._new_decoder()
        self.produced = self.consumed = self.window_start = 0
        self.pending = b""

    def _new_decoder(self) -> "zlib._Decompress | bz2.BZ2Decompressor | lzma.LZMADecompressor":
        if self.kind == "gz":
            return zlib.decompressobj(wbits=31)
        # 80 MiB: what `xz -9` needs (65 MiB) passes, a header that asks for gigabytes of dictionary does not
        return bz2.BZ2Decompressor() if self.kind == "bz2" else lzma.LZMADecompressor(memlimit=80 << 20)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        wanted, chunk = len(buffer), b""
        while not chunk:
            if self.decoder.eof:
                rest = getattr(self.decoder, "unused_data", b"") or self._feed()
                if not rest.strip(b"\0"):  # padding after the last member
                    return 0
                self.decoder, self.pending = self._new_decoder(), rest
            try:
                chunk = self._step(wanted)
            except OSError as error:  # what bz2 raises for broken data
                raise EOFError(str(error)) from error
        buffer[: len(chunk)] = chunk
        self._watch(len(chunk))
        return len(chunk)

    def _step(self, wanted: int) -> bytes:
        needs = getattr(self.decoder, "needs_input", not self.pending)
        data = self.pending or (self._feed() if needs else b"")
        if needs and not data:
            raise EOFError("it ends too early")
        chunk = self.decoder.decompress(data, wanted)
        self.pending = getattr(self.decoder, "unconsumed_tail", b"")
        return chunk

    def _feed(self) -> bytes:
        data = self.file.read(1 << 16)
        self.consumed += len(data)
        return data

    def _watch(self, count: int) -> None:
        self.produced += count
        if self.produced > MAX_TOTAL_BYTES:
            raise bomb(self.archive, self.produced)
        if self.produced - self.window_start > BOMB_WINDOW:
            if self.consumed * MAX_RATIO < BOMB_WINDOW:
                raise bomb(self.archive, self.produced)
            self.window_start, self.consumed = self.produced, 0


class _Member(io.RawIOBase):
    """The next ``size`` bytes of a stream."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream, self.left = stream, size

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(data)
        return data

    def skip(self) -> None:
        while self.left:
            if not self.read(CHUNK):
                raise EOFError("it ends too early")


def _is_tar_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        return True
    except tarfile.HeaderError:
        return False


def tar_entries(archive: Path, with_data: bool) -> Iterator[tuple[Entry, BinaryIO | None]]:
    """The members of a tar stream in order. Of the extensions only long names and sizes are read (pax, GNU)."""
    kind = kind_of(archive)
    with open(archive, "rb") as file:
        raw = file if kind == "tar" else _Inflate(archive, file, kind or "")
        stream = io.BufferedReader(raw, CHUNK)  # type: ignore[arg-type]
        override: dict[str, str] = {}
        sizes: dict[int, int] = {}  # of the files so far, by the hash of their names: 200,000 in 23 MB
        while block := stream.read(512):
            if len(block) < 512:
                raise EOFError("it ends too early")
            if not block.strip(b"\0"):
                if not with_data:
                    while stream.read(CHUNK):  # to the end, so that a stream that is cut off here is noticed
                        pass
                return
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            size = int(override.get("size", info.size))
            data = _Member(stream, size)
            if info.type in (*_LONG_NAMES, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE):
                override |= _tar_extension(archive, info.type, data, info.size)
            else:
                name = override.get("path", info.name)
                if info.type == tarfile.LNKTYPE:
                    size, data = 0, _Member(stream, 0)  # whatever its header says, no bytes follow
                    yield _hard_link(archive, name, override.get("linkpath", info.linkname), sizes), None
                    override = {}
                    continue
                if not (info.isdir() or info.type in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)):
                    raise refusal(archive, f"holds {name!r}, which is a link or a device, not a file")
                if size < 0:
                    raise tarfile.HeaderError("a size is negative")
                is_folder = info.isdir() or name.endswith("/")
                if not is_folder:
                    sizes[hash(plain_path(name))] = size
                yield Entry(name, is_folder, size), data  # type: ignore[misc]
                override = {}
            data.skip()
            if len(stream.read(-size % 512)) != -size % 512:
                raise EOFError("it ends too early")
        raise EOFError("it ends too early")


def plain_path(name: str) -> str:
    """``./saree//1.jpg`` as ``saree/1.jpg``."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _hard_link(archive: Path, name: str, target: str, sizes: dict[int, int]) -> Entry:
    size = sizes.get(hash(plain_path(target)))
    if size is None or target.startswith("/"):
        raise refusal(archive, f"holds {name!r}, a hard link to {target!r}, which is no file before it in the archive")
    sizes[hash(plain_path(name))] = size
    return Entry(name, False, size, same_as=plain_path(target))


def _tar_extension(archive: Path, kind: bytes, data: _Member, size: int) -> dict[str, str]:
    if not 0 <= size <= 1 << 20:
        raise refusal(archive, "holds a name that is too long")
    text = data.read(size)
    if kind == tarfile.XGLTYPE:  # what `git archive` writes for the whole file; nothing in it concerns one name
        return {}
    if kind in _LONG_NAMES:
        return {_LONG_NAMES[kind]: text.split(b"\0")[0].decode("utf-8", "surrogateescape")}
    found = {}
    while text:
        length, _, rest = text.partition(b" ")
        if not length.isdigit() or not 0 < int(length) <= len(text) or b"=" not in rest:
            raise tarfile.HeaderError("a name is broken")
        record, text = text[len(length) + 1 : int(length)], text[int(length) :]
        key, _, value = record.rstrip(b"\n").partition(b"=")
        if key.startswith(b"GNU.sparse"):
            raise refusal(archive, "holds sparse files, which no photo needs; unpack it yourself")
        if key in (b"path", b"linkpath", b"size"):
            found[key.decode()] = value.decode("utf-8", "surrogateescape")
    if not found.get("size", "0").isdigit():
        raise tarfile.HeaderError("a size is broken")
    return found
