"""One photo: what is accepted, what is refused and why, compared with Pillow's own reading."""

import io
import os
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from fashion_core.data.sources import photos
from fashion_core.errors import PhotoError


def picture(width: int = 37, height: int = 23, mode: str = "RGB") -> Image.Image:
    generator = np.random.default_rng(3)
    return Image.fromarray(generator.integers(0, 255, (height, width, 3), dtype=np.uint8)).convert(mode)


def encoded(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises width x height."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def webp_that_claims(width: int, height: int) -> bytes:
    body = bytes([0x10, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<L", 10) + body
    return b"RIFF" + struct.pack("<L", 4 + len(chunk)) + b"WEBP" + chunk


@pytest.mark.parametrize("format", photos.FORMATS)
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_every_format_reads_as_pillow_reads_it(format: str, mode: str):
    image = picture(mode=mode) if (format, mode) != ("WEBP", "1") else picture(mode="L")
    data = encoded(image.convert("RGB") if (format, mode) == ("JPEG", "P") else image, format)
    expected = Image.open(io.BytesIO(data)).convert("RGB")
    found = photos.open_photo(data)
    assert found.mode == "RGB" and np.array_equal(np.asarray(found), np.asarray(expected))
    assert np.array_equal(np.asarray(photos.open_photo(io.BytesIO(data))), np.asarray(expected))


@pytest.mark.parametrize("lossless", [True, False])
def test_webp_sizes_are_read_from_every_kind_of_header(lossless: bool):
    for mode in ("RGB", "RGBA"):
        data = encoded(picture(211, 97).convert(mode), "WEBP", lossless=lossless)
        assert photos._webp_size(data) == (211, 97) == photos.open_photo(data).size


@pytest.mark.parametrize("size", [(97, 211), (211, 97), (64, 64), (30, 17)])
@pytest.mark.parametrize("target", [(32, 32), (24, 48), (64, 64)])
def test_padding_keeps_the_whole_photo_and_cropping_its_middle(size: tuple[int, int], target: tuple[int, int]):
    image = picture(*size)
    padded, cropped = photos.resize(image, *target, "pad"), photos.resize(image, *target, "crop")
    scale = min(target[0] / size[0], target[1] / size[1])
    inner = tuple(round(side * scale) for side in size)
    margins = [(whole - part) / 2 for whole, part in zip(target, inner, strict=True)]
    left, top = (round(margin) for margin in margins)
    content = padded[top : top + inner[1], left : left + inner[0]]
    assert np.array_equal(content, np.asarray(image.resize(inner, Image.Resampling.BILINEAR)))
    assert padded.sum(dtype=int) == content.sum(dtype=int), "everything around is black"
    scale = max(target[0] / size[0], target[1] / size[1])
    seen = [whole / scale for whole in target]
    box = [(side - part) / 2 for side, part in zip(size, seen, strict=True)]
    box = (*box, *(start + part for start, part in zip(box, seen, strict=True)))
    expected = np.asarray(image.resize(target, Image.Resampling.BILINEAR, box=box))
    assert np.abs(cropped.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_turned_upright_as_pillow_turns_it(orientation: int, format: str):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(picture(), format, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    assert np.array_equal(np.asarray(photos.open_photo(data)), np.asarray(expected))


def test_broken_exif_and_broken_animation_headers_do_not_warn():
    data = encoded(picture(), "JPEG")
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0\x01\0\0\0"
    broken = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
    assert photos.open_photo(broken).size == (37, 23)


def test_what_is_written_beside_the_pixels_damages_no_photo():
    pixels = np.asarray(picture().convert("RGB"))
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "x" * 3_000_000, zip=True)
    profile = np.random.default_rng(0).integers(0, 4, 3_000_000, dtype=np.uint8).tobytes()
    noted = PngImagePlugin.PngInfo()
    noted.add_text("Software", "shop")
    broken = bytearray(encoded(picture(), "PNG", pnginfo=noted))
    broken[broken.index(b"tEXt") + 6] ^= 1  # its checksum is wrong now
    photographs = {
        "a text of 3 MB": encoded(picture(), "PNG", pnginfo=text),
        "a profile of 3 MB": encoded(picture(), "PNG", icc_profile=profile),
        "EXIF that is a text": encoded(picture(), "PNG", exif=str(b"Exif\0\0II*\0").encode()),
        "EXIF that is cut off": encoded(picture(), "WEBP", exif=b"Exif\0\0MM\0", lossless=True),
        "a broken text": bytes(broken),
    }
    for name, data in photographs.items():
        assert np.array_equal(np.asarray(photos.open_photo(data)), pixels), name


def test_transparency_is_laid_on_white():
    image = Image.new("RGBA", (2, 1), (10, 20, 30, 255))
    image.putpixel((1, 0), (10, 20, 30, 0))
    found = photos.open_photo(encoded(image, "PNG"))
    assert [found.getpixel((0, 0)), found.getpixel((1, 0))] == [(10, 20, 30), (255, 255, 255)]


def test_sixteen_bit_grey_keeps_its_greys():
    deep = Image.fromarray(np.array([[0, 257 * 100, 65535]], dtype=np.uint16))
    assert np.asarray(photos.open_photo(encoded(deep, "PNG")))[0, :, 0].tolist() == [0, 100, 255]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"just a text\n", "not a JPEG, PNG, WEBP, BMP or GIF image, it holds text"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "it holds SVG"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "it holds a web page"),
        (encoded(picture(), "TIFF"), "it holds TIFF"),
        (encoded(picture(), "PPM"), "not a JPEG, PNG, WEBP, BMP or GIF image"),
        (encoded(picture(), "JPEG")[:-200], "damaged or cut off"),
        (encoded(picture(), "PNG")[:-200], "damaged or cut off"),
        (encoded(picture(), "WEBP")[:-200], "damaged or cut off"),
        (encoded(picture(), "BMP")[:-200], "damaged or cut off"),
        (png_that_claims(20_000, 20_000), "too large: 20,000 x 20,000 pixels, more than the 50,000,000 allowed"),
        (png_that_claims(7_100, 7_100), "7,100 x 7,100 pixels"),
        (webp_that_claims(16_000, 16_000), "16,000 x 16,000 pixels"),
        (png_that_claims(0, 5), ""),
        (b"\xff\xd8\xff", "damaged or cut off"),
        (b"RIFF\0\0\0\0WEBP", "damaged or cut off"),
    ],
)
def test_what_is_no_photo_is_refused_with_its_reason(data: bytes, reason: str, tmp_path: Path):
    with pytest.raises(PhotoError) as refused:
        photos.open_photo(data)
    assert reason in str(refused.value) and str(refused.value).isprintable()
    (tmp_path / "x.png").write_bytes(data)
    with pytest.raises(PhotoError) as refused:
        photos.open_photo(tmp_path / "x.png")
    assert str(refused.value).startswith(f"photo '{tmp_path / 'x.png'}': ")


def test_exactly_fifty_megapixels_are_allowed_and_one_row_more_is_not():
    with pytest.raises(PhotoError, match="damaged"):  # past the check of the size, the claim is found out
        photos.open_photo(png_that_claims(50_000, 1_000))
    with pytest.raises(PhotoError, match="50,000 x 1,001"):
        photos.open_photo(png_that_claims(50_000, 1_001))


def test_a_file_that_is_not_there_or_no_file_is_one_sentence(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for path, told in {
        "no.jpg": "cannot be read",
        "": "is a folder, and holds no photos",
        "pipe.jpg": "a pipe",
    }.items():
        with pytest.raises(PhotoError, match=told):
            photos.open_photo(tmp_path / path)


@settings(max_examples=300, deadline=None)
@given(
    format=st.sampled_from(photos.FORMATS),
    cut=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4),
)
def test_changed_bytes_give_a_photo_or_a_reason_and_nothing_else(format: str, cut: float, changes: list):
    data = bytearray(encoded(picture(), format))
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    try:
        assert photos.open_photo(bytes(data[: int(cut * len(data)) + 1])).mode == "RGB"
    except PhotoError as refused:
        assert "\n" not in str(refused)


def test_squeezing_equals_torchvision():
    from torchvision.transforms import Resize

    for size in [(534, 401), (128, 128), (20, 700)]:
        image = picture(*size)
        for width, height in [(128, 128), (32, 32), (128, 256)]:
            assert np.array_equal(photos.resize(image, width, height), np.asarray(Resize((height, width))(image)))


GREY = np.arange(0, 256, 5, dtype=np.uint8).reshape(4, 13)


@pytest.mark.parametrize(
    ("levels", "mode"),
    [
        (GREY.astype(np.int32), "I"),
        (GREY.astype(np.uint16), "I;16"),
        (GREY.astype(np.uint16) * 257, "I;16"),
        (GREY.astype(np.int32) * 257, "I"),
        ((GREY / 255).astype(np.float32), "F"),
        (GREY.astype(np.float32), "F"),
        (np.zeros((2, 2), np.float32), "F"),
    ],
)
def test_a_grey_picture_from_python_is_read_by_its_range(levels: np.ndarray, mode: str):
    image = Image.fromarray(levels)
    assert image.mode == mode
    expected = Image.fromarray(GREY if levels.any() else np.zeros((2, 2), np.uint8)).convert("RGB")
    assert np.array_equal(np.asarray(photos.of_image(image)), np.asarray(expected))


@pytest.mark.parametrize(
    "levels",
    [
        np.array([[-1, 1]], np.float32),
        np.array([[0, 900]], np.float32),
        np.array([[0, np.nan]], np.float32),
        np.array([[0, 1]], np.int32),
        np.array([[-5, 200]], np.int32),
        np.array([[0, 70_000]], np.int32),
    ],
)
def test_a_grey_picture_whose_range_says_nothing_is_refused_with_what_to_give(levels: np.ndarray):
    with pytest.raises(PhotoError, match="does not say what is black and white; give it 0 to"):
        photos.of_image(Image.fromarray(levels))


def test_a_dark_16_bit_file_stays_dark_however_it_comes(tmp_path: Path):
    Image.fromarray(np.array([[0, 200]], dtype=np.uint16)).save(tmp_path / "dark.png")
    assert np.asarray(photos.open_photo(tmp_path / "dark.png")).max() == 0
    with Image.open(tmp_path / "dark.png") as image:
        assert np.asarray(photos.of_image(image)).max() == 0


def test_a_folder_in_the_place_of_a_photo_is_called_one_and_its_photos_are_named_for_the_shell(tmp_path: Path):
    def told(folder: Path) -> str:
        with pytest.raises(PhotoError) as refused:
            photos.open_photo(folder)
        return str(refused.value)

    folder = tmp_path / "my photos"
    (folder / "train" / "gown").mkdir(parents=True)
    assert "is a folder, and holds no photos" in told(folder)
    picture().save(folder / "train" / "gown" / "1.png")
    words = told(folder).partition("name the photos in it: ")[2]
    assert words == f"'{folder}'/*/*/*.png"
    for name in ("2.jpg", "3.jpg", "4.PNG"):
        picture().save(folder / name)
    words = told(folder).partition("name the photos in it: ")[2]
    listed = subprocess.run(["bash", "-c", f"printf '%s\\n' {words}"], capture_output=True, text=True, check=True)
    assert set(listed.stdout.splitlines()) == {str(folder / name) for name in ("2.jpg", "3.jpg", "4.PNG")}
