"""Photos with planted copies, leaks and damage."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from fashion_core.data import importing


def scene(seed: int, size: tuple[int, int] = (150, 200)) -> Image.Image:
    """A picture like no other: overlapping coloured boxes over a slope of light."""
    generator = np.random.default_rng(seed)
    width, height = size
    picture = np.zeros((height, width, 3)) + np.linspace(20, 160, width)[None, :, None]
    for _ in range(12):
        top, left = generator.integers(0, height - 20), generator.integers(0, width - 20)
        tall, wide = generator.integers(15, height // 2), generator.integers(15, width // 2)
        picture[top : top + tall, left : left + wide] = generator.integers(0, 255, 3)
    return Image.fromarray(picture.astype(np.uint8))


def recompressed(image: Image.Image, quality: int = 40) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


PLANTED = {
    "train/kurta/dark.png": lambda: Image.fromarray((np.asarray(scene(60)) // 8).astype(np.uint8)),
    "train/kurta/blank.png": lambda: Image.new("RGB", (150, 200), (200, 190, 180)),
    "train/kurta/blurred.png": lambda: scene(61).filter(ImageFilter.GaussianBlur(9)),
    "train/kurta/wide.png": lambda: scene(62, (400, 75)),
    "train/kurta/large.png": lambda: scene(63, (330, 440)),
    "train/kurta/grey.png": lambda: scene(64).convert("L"),
    "train/saree/same.png": lambda: scene(0),  # train/kurta/000.png under another label
    "test/kurta/same.png": lambda: scene(1),  # of train
    "val/kurta/near.png": lambda: recompressed(scene(2)),  # of train
    "test/kurta/near.png": lambda: scene(3).resize((75, 100)),  # of train
    "test/saree/mirrored.png": lambda: ImageOps.mirror(scene(21)),  # of train
    "test/saree/in_val.png": lambda: scene(43),  # of val
}


@pytest.fixture(scope="module")
def planted_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("planted") / "photos"
    parts = {"train/kurta": range(0, 20), "train/saree": range(20, 40), "val/kurta": range(40, 43)}
    parts |= {"val/saree": range(43, 46), "test/kurta": range(46, 50), "test/saree": range(50, 54)}
    for place, seeds in parts.items():
        (folder / place).mkdir(parents=True)
        for seed in seeds:
            scene(seed).save(folder / place / f"{seed:03}.png")
    for path, draw in PLANTED.items():
        draw().save(folder / path)
    (folder / "train/kurta/broken.jpg").write_bytes(b"\xff\xd8\xff no more of it")
    return folder


@pytest.fixture(scope="module")
def planted(tmp_path_factory, planted_folder):
    return importing.import_source(planted_folder, data_dir=tmp_path_factory.mktemp("data"), name="planted")
