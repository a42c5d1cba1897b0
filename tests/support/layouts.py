"""Folders and files in the layouts that sources read."""

import gzip
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_core import labels
from fashion_core.data.sources import fashion_mnist, layout, readers
from fashion_core.errors import SourceError


def put(root: Path, *paths: str) -> Path:
    """Write a small photo (its colours depend on its path) at every path under root."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        colours = np.frombuffer(path.encode().ljust(48, b"~")[:48], dtype=np.uint8).reshape(4, 4, 3)
        Image.fromarray(np.ascontiguousarray(colours)).save(root / path, "PNG")
    return root


def opened(source: Path | str, tmp_path: Path, **options) -> readers.Source:
    return readers.open_source(source, work_dir=tmp_path / "work", **options)


def refusal(source: Path | str, tmp_path: Path) -> str:
    with pytest.raises(SourceError) as refused:
        opened(source, tmp_path)
    sentence = str(refused.value)
    assert sentence.isprintable() and not sentence.startswith(" ")
    return sentence


def row(path: str, label: str = "saree", **more) -> dict:
    return {
        "image_url": "N/A",
        "image_path": path,
        "brand": "N/A",
        "product_title": "Red &amp; gold",
        "class_label": label,
    } | more


def put_json(root: Path, split: str, rows: list, folder: str = "") -> Path:
    file = root / folder / f"{split}_data.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def put_idx(root: Path, num_train: int = 40, num_test: int = 20, zipped: bool = True) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for split, count in (("train", num_train), ("test", num_test)):
        images = np.random.default_rng(count).integers(0, 255, (count, 28, 28), dtype=np.uint8)
        numbers = np.arange(count, dtype=np.uint8) % 10
        for stem, header, body in zip(
            fashion_mnist.STEMS[split],
            (struct.pack(">4L", 2051, count, 28, 28), struct.pack(">2L", 2049, count)),
            (images.tobytes(), numbers.tobytes()),
            strict=True,
        ):
            data = header + body
            (root / (f"{stem}.gz" if zipped else stem)).write_bytes(gzip.compress(data) if zipped else data)
    return root


NAMED = layout.Choices(class_names=labels.FASHION_MNIST)
