"""A stranger's photo is decoded elsewhere: as here, within limits, and a decoder that ends takes one photo with it."""

import io
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from fashion_core.data.sources import decoder, photos
from fashion_core.errors import PhotoError
from tests.support.tiny import draw_tiny


@pytest.fixture(scope="module")
def child():
    made = decoder.Decoder()
    yield made
    made.close()


def jpeg(number: int = 0, **how) -> bytes:
    buffer = io.BytesIO()
    draw_tiny(0, number).resize((300, 200)).save(buffer, "JPEG", **how)
    return buffer.getvalue()


def test_it_decodes_as_the_lab_does_upright_and_without_what_else_the_file_says(child: decoder.Decoder):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "who and where"
    for data in (jpeg(), jpeg(exif=exif)):
        ours = child.decode(data)
        assert np.array_equal(np.asarray(ours), np.asarray(photos.open_photo(data)))
        assert not ours.info and not ours.getexif()
    assert child.decode(jpeg(exif=exif)).size == (200, 300)


@pytest.mark.parametrize("data", [b"", b"<svg></svg>", jpeg()[:400], b"GIF89a" + bytes(40)], ids=len)
def test_what_is_no_photo_is_refused_with_the_same_sentence(child: decoder.Decoder, data: bytes):
    with pytest.raises(PhotoError) as here:
        photos.open_photo(data)
    with pytest.raises(PhotoError) as there:
        child.decode(data)
    assert str(there.value) == str(here.value)
    assert child.decode(jpeg()).size == (300, 200)


def test_a_decoder_that_is_killed_takes_one_photo_with_it(child: decoder.Decoder):
    child.decode(jpeg())
    first = child._child
    assert first is not None
    os.kill(first.pid, signal.SIGSTOP)  # it cannot answer before it is killed
    killer = psutil.Process(first.pid)
    import threading

    threading.Timer(0.3, killer.kill).start()
    with pytest.raises(PhotoError, match="its decoder gave up"):
        child.decode(jpeg())
    assert child.decode(jpeg(1)).size == (300, 200) and child._child is not first
    assert not psutil.pid_exists(first.pid)


def test_a_decoder_that_hangs_is_ended_in_time():
    made = decoder.Decoder(seconds=1.0)
    try:
        made._begin()
        assert made._child is not None
        pid = made._child.pid
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(PhotoError, match="took longer than 1 s"):
            made.decode(jpeg())
        assert time.monotonic() - began < 10 and not psutil.pid_exists(pid)
    finally:
        made.close()


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="limits are read from /proc")
def test_the_process_has_little_memory_writes_nothing_and_knows_no_secret(child: decoder.Decoder, monkeypatch):
    monkeypatch.setenv("A_TOKEN_OF_SOMEBODY", "secret")
    child.close()
    child.decode(jpeg())
    assert child._child is not None
    limits = Path(f"/proc/{child._child.pid}/limits").read_text()
    told = {line[:25].strip(): line[25:].split()[0] for line in limits.splitlines()[1:]}
    assert told["Max address space"] == str(decoder.MEMORY_BYTES) and told["Max file size"] == "0"
    assert "A_TOKEN" not in Path(f"/proc/{child._child.pid}/environ").read_text()


def test_a_server_with_very_many_open_files_decodes_too():
    held = [os.open(os.devnull, os.O_RDONLY)]
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    made = decoder.Decoder()
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limits[1]), limits[1]))
        while held[-1] < 1100:
            held.append(os.open(os.devnull, os.O_RDONLY))
        assert made.decode(jpeg()).size == (300, 200)
    finally:
        for descriptor in held:
            os.close(descriptor)
        made.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_decoder_that_promises_more_than_a_photo_is_not_believed():
    made = decoder.Decoder()
    program = "import os, struct, sys; os.write(1, struct.pack('<BQ', 0, 1 << 40)); sys.stdin.read()"
    try:
        made._left = 1
        made._child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with pytest.raises(PhotoError, match="its decoder gave up"):
            made.decode(jpeg())
    finally:
        made.close()


def test_the_largest_photo_that_is_allowed_fits_into_its_memory(child: decoder.Decoder):
    buffer = io.BytesIO()
    Image.new("RGB", (10_000, 5_000), (9, 9, 9)).save(buffer, "PNG", compress_level=1)
    assert child.decode(buffer.getvalue()).size == (10_000, 5_000)
    buffer = io.BytesIO()
    Image.new("RGBA", (7_000, 7_000), (9, 9, 9, 80)).save(buffer, "PNG", compress_level=1)  # twice its size on the way
    assert child.decode(buffer.getvalue()).size == (7_000, 7_000)
