"""Fashion-MNIST from its own site: here from a server on 127.0.0.1 that has the very files, byte for byte."""

import gzip
import struct
from pathlib import Path

import pytest

from fashion_core.data import datasets
from fashion_core.data.sources import downloads, fashion_mnist, readers
from fashion_core.errors import SourceError
from tests.support.hub_server import Server, serving

#: Debian's files without what its packagers took out of the header: the name, and the time of packing.
_PACKED = {"train": 1_504_176_606, "t10k": 1_504_176_627}
TRAIN, TEST = "train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"
DOWNLOAD = readers.choose(download=True)


@pytest.fixture(scope="module")
def originals() -> dict[str, bytes]:
    if not fashion_mnist.SYSTEM_FOLDER.is_dir():
        pytest.skip("Fashion-MNIST is not installed")
    files = {}
    for file in fashion_mnist.FILES:
        data = (fashion_mnist.SYSTEM_FOLDER / file.path).read_bytes()
        stem = file.path.removesuffix(".gz")
        header = b"\x1f\x8b\x08\x08" + struct.pack("<I", _PACKED[stem.partition("-")[0]]) + data[8:10]
        files[file.path] = header + stem.encode() + b"\0" + data[10:]
    return files


@pytest.fixture
def server(originals: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(downloads, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(fashion_mnist, "SYSTEM_FOLDER", tmp_path / "none")
    with serving() as server:
        server.plain = {f"/mnist/{name}": data for name, data in originals.items()}
        monkeypatch.setattr(fashion_mnist, "ADDRESS", f"{server.url}/mnist/")
        yield server


def _opened(data_dir: Path, choices=readers.UNDECIDED, **more) -> readers.Source:
    work, kept = data_dir / "work", data_dir / datasets.DOWNLOADS
    return readers.open_source("fashion-mnist", work_dir=work, downloads=kept, choices=choices, **more)


def test_where_it_is_fetched_from_and_what_is_what_torchvision_says():
    from torchvision.datasets import FashionMNIST

    assert [fashion_mnist.ADDRESS] == FashionMNIST.mirrors
    assert [(file.path, file.digest) for file in fashion_mnist.FILES] == [
        (name, f"md5:{md5}") for name, md5 in FashionMNIST.resources
    ]


def test_it_is_fetched_with_its_size_checked_and_found_afterwards(
    server: Server, originals: dict[str, bytes], tmp_path: Path
):
    from torchvision.datasets.utils import check_md5

    told: list[tuple[str, int, int]] = []
    found = _opened(tmp_path, DOWNLOAD, progress=lambda *step: told.append(step))
    total = sum(map(len, originals.values()))
    assert told[0] == ("downloading", 0, total) and told[-1] == ("downloading", total, total) and total == 30_878_645
    assert (found.kind, len(found.rows), (found.rows["split"] == "test").sum()) == ("fashion-mnist", 70_000, 10_000)
    assert found.bring == "python -m fashion_core import fashion-mnist --download"
    assert all(check_md5(found.root / file.path, file.digest.removeprefix("md5:")) for file in fashion_mnist.FILES)
    server.asked.clear()
    assert _opened(tmp_path).root == _opened(tmp_path, DOWNLOAD).root == found.root and server.asked == []


def test_a_cut_is_gone_on_with_at_its_byte_and_what_is_damaged_is_not_kept(
    server: Server, originals: dict[str, bytes], tmp_path: Path
):
    wrong = bytearray(originals[TEST])
    wrong[2_000_000] ^= 1
    server.plain[f"/mnist/{TEST}"] = bytes(wrong)
    server.cuts[f"/mnist/{TRAIN}"] = 20_000_001
    with pytest.raises(
        SourceError, match=f"'{TEST}' of Fashion-MNIST came damaged twice .md5:.*, and it should be md5:"
    ):
        _opened(tmp_path, DOWNLOAD)
    assert server.starts(TRAIN) == [0, 20_000_001] and server.starts(TEST) == [0, 0]
    assert not (tmp_path / datasets.DOWNLOADS / "fashion-mnist").exists()
    server.plain[f"/mnist/{TEST}"] = originals[TEST]
    server.asked.clear()
    found = _opened(tmp_path, DOWNLOAD)
    assert server.starts(TRAIN) == [] and server.starts(TEST) == [0], "what was whole is not fetched again"
    assert gzip.decompress((found.root / TEST).read_bytes()) == gzip.decompress(originals[TEST])


def test_a_connection_that_ends_for_good_is_said_and_the_next_command_goes_on(
    server: Server, originals: dict[str, bytes], tmp_path: Path
):
    short = originals[TRAIN][:9_000_000]
    server.plain = {f"/mnist/{TRAIN}": short}
    with pytest.raises(SourceError) as cut:
        _opened(tmp_path, DOWNLOAD)
    said = str(cut.value)
    assert said.startswith("the download of Fashion-MNIST was cut off after 9.00 of 30.88 MB (")
    assert said.endswith("; start it again, and it goes on from there.")
    server.plain = {f"/mnist/{name}": data for name, data in originals.items()}
    server.asked.clear()
    assert len(_opened(tmp_path, DOWNLOAD).rows) == 70_000
    assert server.starts(TRAIN) == [9_000_000]


def test_without_a_network_or_the_files_one_sentence_says_what_else_can_be_done(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(SourceError, match="is not in .*; fetch it with --download, or install the Debian package"):
        _opened(tmp_path)
    server.plain.clear()
    host = server.url.removeprefix("http://")
    with pytest.raises(
        SourceError, match=f"^Fashion-MNIST cannot be downloaded: {host} answers 404 .*; install the Deb"
    ):
        _opened(tmp_path, DOWNLOAD)
    monkeypatch.setattr(fashion_mnist, "ADDRESS", "http://127.0.0.1:1/mnist/")
    with pytest.raises(
        SourceError, match="^Fashion-MNIST cannot be downloaded: 127.0.0.1:1 is not reached .*; install "
    ):
        _opened(tmp_path, DOWNLOAD)
    assert server.starts(TRAIN) == [0]
