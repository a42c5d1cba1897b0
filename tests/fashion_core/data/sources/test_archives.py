"""Archives that somebody else made: good ones come out byte for byte, hostile ones leave nothing behind."""

import bz2
import gzip
import io
import json
import lzma
import os
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fashion_core import jobs
from fashion_core.data import datasets, importing
from fashion_core.data.sources import archives
from fashion_core.errors import SourceError
from tests.support.places import ROOT

FILES = {"train/saree/1.jpg": b"one" * 400, "train/gown/deeper/2.PNG": b"", "LICENSE": os.urandom(700)}


def zipped(entries: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return buffer.getvalue()


def zipped_kind(kind: int) -> bytes:
    info = zipfile.ZipInfo("saree/link.jpg")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("saree/1.jpg", b"1")
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def zipped_twice(first: str, second: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(first, b"1")
        archive.writestr(second.replace("saree", "SAREE") if first == second else second, b"2")
    return buffer.getvalue().replace(b"SAREE", b"saree") if first == second else buffer.getvalue()


def zip_with_encryption_flag() -> bytes:
    data = bytearray(zipped({"saree/1.jpg": b"secret"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def zip_that_lies_about_a_size() -> bytes:
    """The list says 10 bytes; 5,000 come out."""
    data = bytearray(zipped({"saree/1.jpg": b"x" * 5000}))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<L", 10)
    return bytes(data)


def zip_with_overlapping_entries(count: int = 2000) -> bytes:
    """Every record of the list points to the same compressed megabyte (after Fifield, A better zip bomb, 2019)."""
    data = zipped({"saree/00000.jpg": os.urandom(1 << 20)})
    at, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    record = data[at:end]
    records = b"".join(record.replace(b"00000", b"%05d" % number) for number in range(count))
    tail = bytearray(data[end:])
    tail[8:16] = struct.pack("<HHL", count, count, len(records))
    return data[:at] + records + bytes(tail)


def zip_with_many_entries(count: int, said: int | None = None) -> bytes:
    """A list of ``count`` empty files, ending in one that leads outside."""
    record = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0)
    records = b"".join(record + b"%08d.jpg" % number for number in range(count - 1)) + record + b"../../ab.jpg"
    said = min(count, 0xFFFE) if said is None else said
    return records + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, said, said, len(records), 0, 0)


def as_zip_file(data: bytes) -> bytes:
    """Let a bare list of files begin as an archive does."""
    return b"PK\x03\x04" + data


def tarred(entries: dict[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def tarred_kind(kind: bytes, target: str = "../../outside") -> bytes:
    info = tarfile.TarInfo("saree/link.jpg")
    info.type, info.linkname = kind, target
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(info)
    return buffer.getvalue()


def tar_with_links(links: list[tuple[str, str]], name: str = "1.jpg", size: int = 9) -> bytes:
    """A folder ``saree`` with one file of zeros, and hard links (name, target)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz" if size > 9 else "w") as archive:
        folder, file = tarfile.TarInfo("saree"), tarfile.TarInfo(f"saree/{name}")
        folder.type, file.size = tarfile.DIRTYPE, size
        archive.addfile(folder)
        archive.addfile(file, io.BytesIO(bytes(size)))
        for link, target in links:
            info = tarfile.TarInfo(link)
            info.type, info.linkname = tarfile.LNKTYPE, target
            archive.addfile(info)
    return buffer.getvalue()


def tar_with_a_huge_name() -> bytes:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 33
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(10_000)


def tar_with_a_negative_size() -> bytes:
    block = bytearray(tarfile.TarInfo("saree/1.jpg").tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 12
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + bytes(1024)


def tar_of_zeros(size: int) -> bytes:
    info = tarfile.TarInfo("saree/1.jpg")
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(size) + bytes(1024)


def xz_that_asks_for_memory() -> bytes:
    """A small archive whose header asks for a dictionary of 1 GiB (the .xz file format, section 5.3.1)."""
    data = bytearray(lzma.compress(tarred(FILES)))
    length = (data[12] + 1) * 4
    at = data.index(b"\x21\x01", 12) + 2
    data[at] = 36
    data[12 + length - 4 : 12 + length] = struct.pack("<L", zlib.crc32(bytes(data[12 : 12 + length - 4])))
    return bytes(data)


TRAVERSALS = ("../evil.jpg", "saree/../../evil.jpg", "/tmp/evil.jpg", "C:/evil.jpg", "C:evil.jpg", "..", "saree/..")
ODD_NAMES = (
    "..\\evil.jpg",
    "saree\\..\\..\\evil.jpg",
    "saree/a\x1b[31m.jpg",
    "saree/" + "x" * 300 + ".jpg",
    "a/" * 600 + "b",
)

HOSTILE: dict[str, Callable[[], bytes]] = {
    **{
        f"zip {name[:20]!r}": lambda name=name: zipped({"saree/1.jpg": b"1", name: b"2"})
        for name in TRAVERSALS + ODD_NAMES
    },
    **{
        f"tar {name[:20]!r}": lambda name=name: tarred({"saree/1.jpg": b"1", name: b"2"})
        for name in TRAVERSALS + ODD_NAMES
    },
    "tar with a long name of GNU": lambda: tarred({"../" * 60 + "evil.jpg": b"1"}, tarfile.GNU_FORMAT),
    "zip with a link": lambda: zipped_kind(stat.S_IFLNK),
    "zip with a pipe": lambda: zipped_kind(stat.S_IFIFO),
    "zip with a device": lambda: zipped_kind(stat.S_IFBLK),
    "tar with a link": lambda: tarred_kind(tarfile.SYMTYPE),
    "tar with a hard link": lambda: tarred_kind(tarfile.LNKTYPE),
    "tar with a hard link to an absolute path": lambda: tarred_kind(tarfile.LNKTYPE, "/etc/passwd"),
    "tar with a hard link to a folder": lambda: tar_with_links([("a", "saree")]),
    "tar with a hard link to a link that is none": lambda: tar_with_links([("a", "b"), ("b", "a")]),
    "tar with a hard link to a leftover": lambda: tar_with_links([("saree/1.jpg", "saree/.DS_Store")], ".DS_Store"),
    "tar bomb of hard links": lambda: tar_with_links([(f"{n}.jpg", "saree/1.jpg") for n in range(300)], size=1 << 20),
    "tar with a pipe": lambda: tarred_kind(tarfile.FIFOTYPE),
    "tar with a device": lambda: tarred_kind(tarfile.CHRTYPE),
    "tar with a sparse file": lambda: tarred_kind(tarfile.GNUTYPE_SPARSE),
    "zip with twins by case": lambda: zipped({"saree/a.jpg": b"1", "saree/A.JPG": b"2"}),
    "zip with twin folders": lambda: zipped({"saree/a.jpg": b"1", "Saree/b.jpg": b"2"}),
    "zip with twins by accent": lambda: zipped({"saree/caf\u00e9.jpg": b"1", "saree/cafe\u0301.jpg": b"2"}),
    "zip with the same name twice": lambda: zipped_twice("saree/a.jpg", "saree/a.jpg"),
    "zip with a file that is a folder": lambda: zipped({"saree": b"1", "saree/a.jpg": b"2"}),
    "tar with twins by case": lambda: tarred({"saree/a.jpg": b"1", "saree/A.jpg": b"2"}),
    "encrypted zip": zip_with_encryption_flag,
    "zip with a rare compression": lambda: zipped({"saree/1.jpg": b"1"}, zipfile.ZIP_LZMA),
    "zip bomb": lambda: zipped({"saree/1.jpg": bytes(80 << 20)}),
    "zip bomb of overlapping entries": zip_with_overlapping_entries,
    "zip that lies about a size": zip_that_lies_about_a_size,
    "zip with 190,000 entries": lambda: as_zip_file(zip_with_many_entries(190_000)),
    "zip with 600,000 entries": lambda: as_zip_file(zip_with_many_entries(600_000)),
    "empty zip": lambda: zipped({}),
    "zip of folders alone": lambda: zipped({"saree/": b""}),
    "zip of leftovers alone": lambda: zipped({"__MACOSX/._a.jpg": b"1", ".DS_Store": b""}),
    "empty tar": lambda: tarred({}),
    "tar.gz bomb": lambda: gzip.compress(tar_of_zeros(80 << 20), 1),
    "tar.bz2 bomb": lambda: bz2.compress(tar_of_zeros(80 << 20), 1),
    "tar.xz bomb": lambda: lzma.compress(tar_of_zeros(80 << 20), preset=0),
    "tar.gz bomb behind the end": lambda: gzip.compress(tarred(FILES) + bytes(80 << 20), 1),
    "tar.bz2 bomb behind the end": lambda: bz2.compress(tarred(FILES) + bytes(80 << 20), 1),
    "tar.xz bomb behind the end": lambda: lzma.compress(tarred(FILES) + bytes(80 << 20), preset=0),
    "tar.xz that asks for a gigabyte": xz_that_asks_for_memory,
    "tar with a name of 8 GB": tar_with_a_huge_name,
    "tar with a negative size": tar_with_a_negative_size,
    "zip that is cut off": lambda: zipped(FILES)[:-30],
    "tar that is cut off": lambda: tarred(FILES)[:-9000],
    "tar.gz that is cut off": lambda: gzip.compress(tarred(FILES))[:-9],
    "tar.xz that is cut off": lambda: lzma.compress(tarred(FILES))[:-40],
    "gz that is no tar": lambda: gzip.compress(b"hello" * 1000),
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("corpus")
    found = {}
    for number, (name, make) in enumerate(HOSTILE.items()):
        found[name] = folder / f"{number}.archive"
        found[name].write_bytes(make())
    return found


def names_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_in_one_sentence_and_leaves_nothing(
    name: str, corpus: dict[str, Path], tmp_path: Path
):
    archive = corpus[name]
    before, around = archive.read_bytes(), names_under(archive.parent)
    with pytest.raises(SourceError) as refused:
        importing.import_source(archive, data_dir=tmp_path / "data", name="hostile")
    sentence = str(refused.value)
    assert sentence.isprintable() and len(sentence) < 450 and "Nothing was imported." in sentence, sentence
    assert f"archive '{archive}'" in sentence
    assert names_under(tmp_path) == {
        "data",
        "data/.incoming",
        "data/.incoming/hostile",
        "data/.incoming/hostile/lock",
        "data/.incoming/hostile/progress.json",
    }
    assert jobs.look(datasets.incoming_folder(tmp_path / "data", "hostile")).error == sentence
    assert archive.read_bytes() == before and names_under(archive.parent) == around


def test_hostile_archives_are_refused_while_one_counts_to_100_million_in_64_mib(
    corpus: dict[str, Path], tmp_path: Path
):
    code = """
import json, os, resource, sys, time
from pathlib import Path
from fashion_core.data.sources import archives
from fashion_core.errors import SourceError
found = {}
start = time.process_time()
for number in range(10_000_000):
    pass
unit = time.process_time() - start  # of the same machine, as busy as it is
for name, path in json.loads(sys.argv[1]).items():
    reader, writer = os.pipe()
    if not (child := os.fork()):
        start = time.process_time()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            archives.unpack(Path(path), Path(sys.argv[2]) / "target")
        except SourceError:
            pass
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        os.write(writer, json.dumps([(time.process_time() - start) / unit, more / 1024]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    found[name] = json.loads(os.read(reader, 1000))
print(json.dumps(found))
"""
    paths = json.dumps({name: str(path) for name, path in corpus.items()})
    run = [sys.executable, "-c", code, paths, str(tmp_path)]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert set(found) == set(HOSTILE)
    too_much = {name: (counts, mib) for name, (counts, mib) in found.items() if counts > 10 or mib > 64}
    assert not too_much


GOOD: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "stored zip": lambda files: zipped(files, zipfile.ZIP_STORED),
    "bzip2 zip": lambda files: zipped(files, zipfile.ZIP_BZIP2),
    "zip behind a program": lambda files: b"PK\x03\x04 not yet" + zipped(files),
    "tar": tarred,
    "GNU tar": lambda files: tarred(files, tarfile.GNU_FORMAT),
    "old tar": lambda files: tarred(files, tarfile.USTAR_FORMAT),
    "tar.gz": lambda files: gzip.compress(tarred(files)),
    "tar.gz of two members": lambda files: gzip.compress(tarred(files)[:700]) + gzip.compress(tarred(files)[700:]),
    "tar.bz2": lambda files: bz2.compress(tarred(files)),
    "tar.xz": lambda files: lzma.compress(tarred(files), preset=9),
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_archive_comes_out_byte_for_byte(kind: str, tmp_path: Path):
    files = FILES | {
        "train/saree/" + "n" * 90 + "/" + "m" * 90 + ".jpg": b"long name",
        "train/saree/\u0938\u093e.jpg": b"utf",
    }
    archive = tmp_path / "whatever.bin"
    archive.write_bytes(
        GOOD[kind](files | {"__MACOSX/train/._1.jpg": b"x", "train/.DS_Store": b"x", "Thumbs.db": b"x"})
    )
    archives.unpack(archive, tmp_path / "out")
    found = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes() for path in (tmp_path / "out").rglob("*.*")
    }
    found |= {"LICENSE": (tmp_path / "out" / "LICENSE").read_bytes()}
    assert found == files


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_hard_link_is_read_as_the_file_it_names_as_tar_itself_does(format: int, tmp_path: Path):
    long = "saree/" + "deep/" * 30 + "1.jpg"
    for name, data in {long: b"photo", "gown/2.jpg": b"other"}.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(data)
    (tmp_path / "in" / "gown/3.jpg").hardlink_to(tmp_path / "in" / long)
    (tmp_path / "in" / "gown/4.jpg").hardlink_to(tmp_path / "in" / "gown/2.jpg")
    with tarfile.open(tmp_path / "a.tar", "w", format=format) as archive:
        archive.add(tmp_path / "in" / "saree", "./saree")
        archive.add(tmp_path / "in" / "gown", "gown")
    with tarfile.open(tmp_path / "a.tar") as archive:
        assert sum(member.islnk() for member in archive) == 2
    archives.unpack(tmp_path / "a.tar", tmp_path / "out")
    subprocess.run(["tar", "-xf", tmp_path / "a.tar", "-C", tmp_path / "in"], check=True)
    written = {
        str(path.relative_to(tmp_path / "out")): path for path in (tmp_path / "out").rglob("*") if path.is_file()
    }
    assert len(written) == 4 and all(path.stat().st_nlink == 1 for path in written.values())
    assert {name: path.read_bytes() for name, path in written.items()} == {
        name: (tmp_path / "in" / name).read_bytes() for name in written
    }


def test_a_zip64_archive_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    (tmp_path / "a.zip").write_bytes(zipped(FILES))
    archives.unpack(tmp_path / "a.zip", tmp_path / "out")
    assert {p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()} == set(FILES.values())


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_an_archive_cut_off_anywhere_is_refused_or_whole(kind: str, tmp_path: Path):
    files = {"saree/1.jpg": b"one" * 10, "gown/2.jpg": b"two" * 10}
    whole = GOOD[kind](files)
    for length in {*range(1, len(whole), 1 + len(whole) // 150), *range(max(1, len(whole) - 20), len(whole))}:
        archive, target = tmp_path / "cut", tmp_path / f"out{length}"
        archive.write_bytes(whole[:length])
        try:
            archives.unpack(archive, target)
        except SourceError:
            continue
        assert {p.relative_to(target).as_posix(): p.read_bytes() for p in target.rglob("*.jpg")} == files, length


part = st.text(st.sampled_from("aA.\\/:C\u00e9 \n~"), min_size=1, max_size=6)
names = st.lists(
    st.one_of(part, st.lists(st.sampled_from(["..", ".", "a", "B", "", "C:"]), max_size=4).map("/".join)), max_size=5
)


@settings(max_examples=150, deadline=None)
@given(names=names, as_tar=st.booleans())
def test_whatever_the_names_nothing_is_written_outside(
    names: list[str], as_tar: bool, tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("names")
    files = {name: b"x" for name in names if name}
    (folder / "archive").write_bytes(tarred(files) if as_tar else zipped(files))
    try:
        archives.unpack(folder / "archive", folder / "deep" / "er" / "out")
    except SourceError:
        pass
    assert {path.split("/")[0] for path in names_under(folder)} <= {"archive", "deep"}
    assert names_under(folder / "deep") <= {"er"} | {p for p in names_under(folder / "deep") if p.startswith("er/out")}


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from(["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=3),
)
@example(kind="zip", changes=[(0.98046875, 96)])  # the directory of entries is said to lie elsewhere
def test_a_changed_byte_is_refused_or_harmless(
    kind: str, changes: list[tuple[float, int]], tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("changed")
    data = bytearray(GOOD[kind]({"saree/1.jpg": b"one" * 10, "gown/2.jpg": b"two" * 10}))
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    (folder / "archive").write_bytes(data)
    try:
        archives.unpack(folder / "archive", folder / "out")
    except SourceError:
        pass
    assert {path.split("/")[0] for path in names_under(folder)} <= {"archive", "out"}
