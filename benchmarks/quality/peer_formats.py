"""A set of photos that is hard to write down, and how other programs write and read it.

Takes empty folders; fills them. The set has what goes wrong: classes called NA, train, 9 and 10, one with a comma and
one that is not ASCII, names with spaces, photos without a label, one with two, and one that is not there. Programs are
imported where they are used: none needs to be installed.
"""

import csv
import importlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

os.environ["FIFTYONE_DO_NOT_TRACK"] = "true"
CLASSES = ("10", "9", "NA", "kurta", "kurta, long", "train", "साड़ी")


@dataclass(frozen=True)
class Sample:
    """A photo to be written: its name, its classes (none, one or two), and whether it is there."""

    name: str
    labels: tuple[str, ...]
    there: bool = True


def samples() -> list[Sample]:
    of_class = [Sample(f"photo {n}{k}.png", (label,)) for n, label in enumerate(CLASSES) for k in range(3)]
    others = [Sample("çanta.png", ("kurta",)), Sample("both.png", ("NA", "kurta"))]
    waiting = [Sample(f"waiting{k}.png", ()) for k in range(2)]
    return [*of_class, *others, *waiting, Sample("gone.png", ("kurta",), there=False)]


def draw(folder: Path) -> dict[str, bytes]:
    """The photos that are there, each of one colour; name -> pixels."""
    folder.mkdir()
    pixels = {}
    for number, sample in enumerate(samples()):
        if sample.there:
            pixels[sample.name] = bytes([number * 9, 255 - number * 7, number % 2 * 200]) * 64
            Image.frombytes("RGB", (8, 8), pixels[sample.name]).save(folder / sample.name)
    return pixels


#: label, or labels, or None, and the pixels, of every photo that a program gives
Seen = list[tuple[Any, bytes]]


@dataclass(frozen=True)
class Format:
    """``write`` fills a folder from the photos and says what could not be written; ``read`` is the program's own."""

    name: str
    package: str
    write: Callable[[Path, Path], list[str]]
    read: Callable[[Path], Seen] | None = None
    by_datumaro: str = ""  # what datumaro calls it, where it does not find that out


def _pixels(path: str | Path) -> bytes:
    return Image.open(path).convert("RGB").tobytes()


def _each(write: Callable[[Sample], None]) -> list[str]:
    """What could not be written, with the error of the program."""
    refused = []
    for sample in samples():
        try:
            write(sample)
        except Exception as error:
            refused.append(f"{sample.name} ({type(error).__name__})")
    return refused


def _fiftyone(exporter: str) -> Callable[[Path, Path], list[str]]:
    def write(folder: Path, photos: Path) -> list[str]:
        from fiftyone.core import labels
        from fiftyone.utils.data import exporters

        with getattr(exporters, exporter)(export_dir=str(folder)) as sink:

            def one(sample: Sample) -> None:
                made = [labels.Classification(label=name) for name in sample.labels]
                label = labels.Classifications(classifications=made) if len(made) > 1 else next(iter(made), None)
                sink.export_sample(str(photos / sample.name), label)

            return _each(one)

    return write


def _by_fiftyone(importer: str) -> Callable[[Path], Seen]:
    def read(folder: Path) -> Seen:
        from fiftyone.utils.data import importers

        with getattr(importers, importer)(dataset_dir=str(folder)) as source:
            rows = [(path, label) for path, _, label in source]
        return [(_label_of(label), _pixels(path)) for path, label in rows]

    return read


def _label_of(label: Any) -> Any:
    """FiftyOne's label as text, or texts, or None."""
    several = getattr(label, "classifications", None)
    return [one.label for one in several] if several else getattr(label, "label", None)


def _tasks() -> list[dict[str, Any]]:
    """As Label Studio's documentation has them: photos that were uploaded, choices, an annotator each."""
    about = {"completed_by": 1, "was_cancelled": False, "lead_time": 2.5}
    about |= {name: "2026-11-30T10:00:00.000000Z" for name in ("created_at", "updated_at")}
    tasks = []
    for number, sample in enumerate(samples(), start=1):
        result = [{"value": {"choices": [*sample.labels]}, "from_name": "cloth", "to_name": "image", "type": "choices"}]
        annotations = [about | {"id": number, "result": result}] if sample.labels else []
        data = {"image": f"/data/upload/1/{number:08x}-{sample.name.replace(' ', '_')}"}
        tasks.append({"id": number, "annotations": annotations, "predictions": [], "data": data})
    return tasks


def _label_studio(format: str) -> Callable[[Path, Path], list[str]]:
    def write(folder: Path, photos: Path) -> list[str]:
        for path in photos.iterdir():
            (folder / path.name.replace(" ", "_")).write_bytes(path.read_bytes())
        if format == "JSON":
            (folder / "project.json").write_text(json.dumps(_tasks(), ensure_ascii=False))
            return []
        from label_studio_converter import Converter

        choices = "".join(f'<Choice value="{name}"/>' for name in CLASSES)
        config = (
            f'<View><Image name="image" value="$image"/><Choices name="cloth" toName="image">{choices}</Choices></View>'
        )
        with tempfile.TemporaryDirectory() as aside:
            (Path(aside) / "tasks.json").write_text(json.dumps(_tasks(), ensure_ascii=False))
            converter = Converter(config, aside, download_resources=False)
            converter.convert(str(Path(aside) / "tasks.json"), str(folder), format, is_dir=False)
        return []

    return write


def _supervision(folder: Path, photos: Path) -> list[str]:
    import supervision

    there = [sample for sample in samples() if sample.labels]
    made = supervision.ClassificationDataset(
        classes=[*CLASSES],
        images=[str(photos / sample.name) for sample in there],
        annotations={
            str(photos / sample.name): supervision.Classifications(
                class_id=np.array([CLASSES.index(name) for name in sample.labels])
            )
            for sample in there
        },
    )
    try:
        made.as_folder_structure(str(folder))
    except OSError as error:
        left = [sample for sample in there if sample.there]
        made = supervision.ClassificationDataset(
            classes=[*CLASSES],
            images=[str(photos / sample.name) for sample in left],
            annotations={path: made.annotations[path] for path in (str(photos / sample.name) for sample in left)},
        )
        made.as_folder_structure(str(folder))
        return [f"gone.png ({type(error).__name__}, of the whole)", "photos without a label"]
    return ["photos without a label"]


def _by_supervision(folder: Path) -> Seen:
    import supervision

    made = supervision.ClassificationDataset.from_folder_structure(str(folder))
    return [(made.classes[int(made.annotations[path].class_id[0])], _pixels(path)) for path in made.image_paths]


def _datumaro(format: str) -> Callable[[Path, Path], list[str]]:
    def write(folder: Path, photos: Path) -> list[str]:
        import datumaro

        made = datumaro.Dataset.from_iterable(
            [
                datumaro.DatasetItem(
                    id=Path(sample.name).stem,
                    subset="train",
                    media=datumaro.Image.from_file(str(photos / sample.name)),
                    annotations=[datumaro.Label(CLASSES.index(name)) for name in sample.labels],
                )
                for sample in samples()
            ],
            categories=[*CLASSES],
        )
        made.export(str(folder), format, save_media=True)
        return []

    return write


def _webdataset(folder: Path, photos: Path) -> list[str]:
    import webdataset

    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in CLASSES))
    with webdataset.ShardWriter(str(folder / "shard-%06d.tar"), maxcount=10, verbose=0) as sink:

        def one(sample: Sample) -> None:
            row = {"__key__": Path(sample.name).stem, "png": (photos / sample.name).read_bytes()}
            if len(sample.labels) > 1:
                raise ValueError("cls is one number")
            sink.write(row | ({"cls": CLASSES.index(sample.labels[0])} if sample.labels else {}))

        return _each(one)


def _by_webdataset(folder: Path) -> Seen:
    import webdataset

    files = sorted(map(str, folder.glob("*.tar")))
    rows = webdataset.WebDataset(files, shardshuffle=False).decode("pil")
    return [(CLASSES[row["cls"]] if "cls" in row else None, row["png"].convert("RGB").tobytes()) for row in rows]


def _hugging_face(save: str) -> Callable[[Path, Path], list[str]]:
    def write(folder: Path, photos: Path) -> list[str]:
        import datasets as peer

        peer.disable_progress_bars()
        rows = [sample for sample in samples() if sample.there and len(sample.labels) < 2]
        made = peer.Dataset.from_dict(
            {
                "image": [str(photos / sample.name) for sample in rows],
                "label": [CLASSES.index(sample.labels[0]) if sample.labels else None for sample in rows],
            },
            features=peer.Features({"image": peer.Image(), "label": peer.ClassLabel(names=[*CLASSES])}),
        )
        if save != "disk":
            (folder / "data").mkdir()
            if save == "embedded":
                embed = importlib.import_module("datasets.table").embed_table_storage
                made = made.with_format("arrow").map(embed, batched=True, batch_size=100).with_format(None)
            made.to_parquet(folder / "data" / "train-00000-of-00001.parquet")
        else:
            made.save_to_disk(folder)
        return ["both.png", "gone.png (no ClassLabel, no Image)"]

    return write


def _by_hugging_face(folder: Path) -> Seen:
    import datasets as peer

    peer.disable_progress_bars()
    if (folder / "state.json").exists():
        read = peer.load_from_disk(str(folder))
    else:
        read = peer.load_dataset(str(folder), cache_dir=str(folder.with_name("cache")), split="train")
    names = getattr(read.features.get("label"), "names", None)
    return [
        (
            names[row["label"]] if names and row["label"] is not None else row.get("label"),
            row["image"].convert("RGB").tobytes(),
        )
        for row in read
    ]


def _with_table(name: str, rows: Callable[[], Iterable[list[object]]]) -> Callable[[Path, Path], list[str]]:
    def write(folder: Path, photos: Path) -> list[str]:
        for path in photos.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        with open(folder / name, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows())
        return []

    return write


def _metadata_rows() -> Iterable[list[object]]:
    yield ["file_name", "label"]
    for sample in samples():
        yield from ([sample.name, label] for label in sample.labels or ("",))


def _roboflow_rows() -> Iterable[list[object]]:
    yield ["filename", *(f" {name}" for name in CLASSES)]
    for sample in samples():
        yield [sample.name, *(int(name in sample.labels) for name in CLASSES)]


FORMATS = (
    Format(
        "FiftyOneImageClassificationDataset",
        "fiftyone",
        _fiftyone("FiftyOneImageClassificationDatasetExporter"),
        _by_fiftyone("FiftyOneImageClassificationDatasetImporter"),
    ),
    Format(
        "FiftyOne's ImageClassificationDirectoryTree",
        "fiftyone",
        _fiftyone("ImageClassificationDirectoryTreeExporter"),
        _by_fiftyone("ImageClassificationDirectoryTreeImporter"),
        "imagenet",
    ),
    Format("Label Studio JSON (its documentation)", "", _label_studio("JSON")),
    Format("Label Studio JSON-MIN", "label_studio_converter", _label_studio("JSON_MIN")),
    Format("Label Studio CSV", "label_studio_converter", _label_studio("CSV")),
    Format("class folders by supervision", "supervision", _supervision, _by_supervision, "imagenet"),
    Format("Roboflow _classes.csv (its documentation)", "", _with_table("_classes.csv", _roboflow_rows)),
    Format("datumaro imagenet", "datumaro", _datumaro("imagenet"), by_datumaro="imagenet"),
    Format("datumaro imagenet_txt", "datumaro", _datumaro("imagenet_txt")),
    Format("WebDataset shards", "webdataset", _webdataset, _by_webdataset),
    Format(
        "datasets, metadata.csv (its documentation)",
        "datasets",
        _with_table("metadata.csv", _metadata_rows),
        _by_hugging_face,
    ),
    Format("datasets to_parquet, as it is", "datasets", _hugging_face("parquet"), _by_hugging_face),
    Format(
        "datasets to_parquet, embedded as push_to_hub does", "datasets", _hugging_face("embedded"), _by_hugging_face
    ),
    Format("datasets save_to_disk", "datasets", _hugging_face("disk"), _by_hugging_face),
)
