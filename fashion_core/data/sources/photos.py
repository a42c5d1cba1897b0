"""Safe decoding of one photo: the only place that opens pictures which somebody else made.

Takes a path, bytes or an open file; gives a fully decoded PIL RGB image, upright, or a PhotoError with the reason.
Knows nothing of datasets. A photo is refused by its first bytes and by the size in its header before any pixel is
decoded; nothing is ever repaired or put in its place.
"""

import io
import itertools
import os
import shlex
import stat
import threading
import warnings
from collections import Counter
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from fashion_core.errors import PhotoError

MAX_PIXELS = 50_000_000
MAX_BYTES = 250_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
#: Names that are taken for photos; what lies inside decides whether they are.
EXTENSIONS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif")

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# warnings.catch_warnings changes the whole process, so reading headers (0.1 ms each) is done by one thread at a time
_header_lock = threading.Lock()


def open_photo(source: Path | str | bytes | BinaryIO) -> Image.Image:
    """Decode one photo to RGB, turned upright by its EXIF orientation. PhotoError with the reason otherwise.

    A transparent photo is laid on white, as a shop would show it. Of an animation the first frame is taken.
    """
    if isinstance(source, (Path, str)):
        try:
            return _decode(read_photo(source))
        except PhotoError as error:
            raise PhotoError(f"photo '{source}': {error}") from error
    return _decode(source if isinstance(source, bytes) else _read(source))


def of_image(image: Image.Image) -> Image.Image:
    """A PIL image as ``open_photo`` gives it: RGB, on white, and turned upright if it comes straight from a file; what
    was made from such a one is taken as it stands. Grey levels of more than 8 bits (modes I and F) are read by their
    range. PhotoError when the pixels cannot be read, or their range says nothing."""
    try:
        if image.mode[0] in "IF" and getattr(image, "format", None) not in FORMATS:
            return _by_range(image)
        orientation = _orientation(image) if isinstance(image, ImageFile.ImageFile) else None
        upright = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
        image.load()
        return _to_rgb(image.transpose(upright) if upright is not None else image)
    except PhotoError:
        raise
    except Exception as error:  # as in _decode
        raise PhotoError(f"damaged or cut off ({_first_line(error)})") from error


def is_plain(data: bytes) -> bool:
    """Whether whoever opens these bytes with PIL and asks for RGB gets the pixels of ``open_photo``: they are upright
    and opaque, have no more than 8 bits, and no note that PIL may refuse. Reads the header only."""
    if data.startswith(b"\x89PNG") and len(_png_without_notes(data)) != len(data):
        return False
    try:
        with _header_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            upright = _orientation(image) in (None, 1)
    except Exception:  # as in _decode
        return False
    return upright and image.mode in ("RGB", "L", "P", "1", "CMYK") and not image.has_transparency_data


def read_photo(path: Path | str) -> bytes:
    """The bytes of one photo file; PhotoError when it cannot be read or is too large to be a photo."""
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise PhotoError(_it_is_a_folder(Path(path)))
        if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
            raise PhotoError("cannot be read (it is a pipe or a device)")
        with open(path, "rb") as file:
            return _read(file)
    except OSError as error:
        raise PhotoError(f"cannot be read ({error.strerror or error})") from error


def _it_is_a_folder(folder: Path) -> str:
    """What to give instead of a folder: its photos, as a shell names them all at once."""
    for below in ("*", "*/*", "*/*/*"):
        looked_at = itertools.islice(folder.glob(below), 20_000)
        endings = Counter(path.suffix for path in looked_at if path.suffix.lower() in EXTENSIONS and path.is_file())
        if endings:
            (most, _), *others = endings.most_common()
            each = f"*{most}" if not others else f"*{{{','.join([most, *(ending for ending, _ in others)])}}}"
            return f"is a folder, not a photo; name the photos in it: {shlex.quote(str(folder))}/{below[:-1]}{each}"
    return "is a folder, and holds no photos; name photo files"


def resize(image: Image.Image, width: int, height: int, how: str = "squeeze") -> np.ndarray:
    """``image`` as uint8 ``height x width x 3``, bilinear.

    ``squeeze`` changes its shape, as torchvision's Resize((height, width)) does; ``pad`` shrinks it until it fits and
    puts black around it; ``crop`` shrinks it until it covers and cuts what stands over, alike on both sides.
    """
    if how == "pad":
        image = ImageOps.pad(image, (width, height), Image.Resampling.BILINEAR, color="black")
    elif how == "crop":
        image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
    elif image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.uint8)


def _read(file: BinaryIO) -> bytes:
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise PhotoError(f"too large: more than the {MAX_BYTES:,} bytes allowed")
    return data


def _decode(data: bytes) -> Image.Image:
    if not data:
        raise PhotoError("the file is empty")
    open_format = _format_of(data)
    if open_format is None:
        raise PhotoError(f"not a JPEG, PNG, WEBP, BMP or GIF image{_what_it_looks_like(data)}")
    if open_format is WebPImagePlugin.WebPImageFile:  # its decoder allocates the whole canvas when it is opened
        _refuse_large(*_webp_size(data))
    if open_format is PngImagePlugin.PngImageFile:
        data = _png_without_notes(data)
    try:
        with _header_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = open_format(io.BytesIO(data))
            _refuse_large(*image.size)
            orientation = _orientation(image)
        image.load()
        upright = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
        return _to_rgb(image.transpose(upright) if upright is not None else image)
    except PhotoError:
        raise
    except (
        Exception
    ) as error:  # decoders of hostile bytes raise anything: OSError, SyntaxError, struct.error, zlib.error
        raise PhotoError(f"damaged or cut off ({_first_line(error)})") from error


def _orientation(image: Image.Image) -> int | None:
    """What EXIF says of the way up, or None; broken EXIF says nothing, and its photo is as good as ever."""
    if "exif" not in image.info:
        return None
    try:
        return image.getexif().get(_ORIENTATION)
    except Exception:  # bytes of a stranger: SyntaxError, struct.error, ValueError
        return None


#: Chunks of a PNG in which no pixel, colour or transparency stands: texts, a colour profile, times, sizes on paper.
_PNG_NOTES = {b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"tIME", b"pHYs", b"sPLT", b"hIST"}


def _png_without_notes(data: bytes) -> bytes:
    """The PNG without _PNG_NOTES: PIL refuses a photo for a large or broken one, and no note changes a pixel."""
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] not in _PNG_NOTES or end > len(data):
            kept.append(data[at:end])
        at = end
    return b"".join((*kept, data[at:]))


def _format_of(data: bytes) -> type[ImageFile.ImageFile] | None:
    if data.startswith(b"\xff\xd8\xff"):
        return JpegImagePlugin.JpegImageFile
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImagePlugin.PngImageFile
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    if data.startswith(b"BM"):
        return BmpImagePlugin.BmpImageFile
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return GifImagePlugin.GifImageFile
    return None


def _what_it_looks_like(data: bytes) -> str:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return ", it holds SVG"
    if start.startswith((b"<!doctype html", b"<html")):
        return ", it holds a web page"
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return ", it holds TIFF"
    if data[4:8] == b"ftyp":
        return ", it holds HEIC, AVIF or video"
    if all(byte >= 32 or byte in b"\t\r\n" for byte in data[:512]):
        return ", it holds text"
    return ""


def _refuse_large(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise PhotoError(f"too large: {width:,} x {height:,} pixels, more than the {MAX_PIXELS:,} allowed")
    if width < 1 or height < 1:
        raise PhotoError(f"{width} x {height} pixels, there is nothing to see")


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height of a WebP from its first chunk (RFC 9649, sections 2.4 to 2.7)."""
    chunk, body = data[12:16], data[20:30]
    if len(body) < 10:
        raise PhotoError("damaged or cut off (the WebP header is too short)")
    if chunk == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    raise PhotoError("damaged or cut off (the WebP header is unknown)")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16") or image.mode == "I":  # 16-bit grey: PIL's own conversion would clip it to white
        deep = np.asarray(image).astype(np.uint32) >> 8
        return Image.fromarray(deep.clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(rgba, mask=rgba.getchannel("A"))
        return white
    return image.convert("RGB")


def _by_range(image: Image.Image) -> Image.Image:
    """A grey picture of mode I, I;16 or F whose numbers say what black and white are: 0 to 1 (F alone), 0 to 255 or 0
    to 65,535. A file of one of FORMATS says it itself; an array that somebody made into a picture does not."""
    levels = np.asarray(image).astype(np.float64)
    if not levels.size:
        raise PhotoError("no pixels, there is nothing to see")
    low, high = float(levels.min()), float(levels.max())
    is_float = image.mode == "F"
    if not low >= 0 or not high <= 65_535 or (is_float and high > 255) or (not is_float and high == 1):  # NaN too
        known = "0 to 1 or 0 to 255" if is_float else "0 to 255 or 0 to 65,535"
        raise PhotoError(
            f"a picture of mode {image.mode} from {low:g} to {high:g} does not say what is black and white; "
            f"give it {known}, or as RGB"
        )
    white = 1.0 if is_float and high <= 1 else 255.0 if high <= 255 else 65_535.0
    grey = np.floor(levels / (256 if white > 255 else 1)) if white > 1 else np.rint(levels * 255)
    return Image.fromarray(grey.astype(np.uint8)).convert("RGB")


def _first_line(error: Exception) -> str:
    text = str(error).strip().split(os.linesep)[0][:120]
    return text or type(error).__name__
