"""A few photos, in class folders or as a visitor uploads them."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def picture(number: int, size: tuple[int, int] = (40, 52)) -> Image.Image:
    generator = np.random.default_rng(number)
    return Image.fromarray(generator.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))


def put(root: Path, *paths: str, size: tuple[int, int] = (40, 52)) -> Path:
    for number, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        picture(number, size).save(root / path)
    return root


def few(root: Path, size: tuple[int, int] = (40, 52)) -> Path:
    names = [f"{split}/{label}/{n}.png" for split in ("train", "val") for label in ("gown", "saree") for n in (1, 2)]
    return put(root, *names, size=size)


def png(width: int = 30, height: int = 40, colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()
