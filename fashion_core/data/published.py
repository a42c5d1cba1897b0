"""Results that others published, beside which our own are shown. Knows no run and no file of ours.

The numbers, their sources and caveats stand in ``published_results.json``: the student report (84.13 %) and the dataset
authors' paper (arXiv 2104.02830, 88.43 %) with their matrices, the paper's tables and other people's accuracies, on
the 7,500 test photos of IndoFashion; and accuracies on two smaller sets. K classes; rows true, columns predicted.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fashion_core.errors import RunError
from fashion_core.labels import FASHION_MNIST

#: What every comparison with a result of others has to say.
OTHER_INPUT = "A different input is a different experiment."

_CLOTHING = ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt")


@dataclass(frozen=True, kw_only=True)
class TextAccuracy:
    """What a publication says in its text of the accuracy, as shares: the one submitted and the range over runs."""

    submitted: float
    lowest: float
    highest: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Published:
    """One published result. ``matrix_KK`` is int64, or None where only the accuracy is known.

    ``remark`` says how its input or its choice differs from a run of the recipe ``report``. ``text`` is what the
    publication says in words, where that is not what its own matrix gives. ``num_images`` is None where nobody says how
    many photos were asked about.
    """

    id: str
    name: str
    data: str
    classes: tuple[str, ...]
    accuracy: float
    num_images: int | None
    source: str
    remark: str = ""
    other_input: bool = True
    matrix_KK: np.ndarray | None = None
    text: TextAccuracy | None = None
    model: str = ""
    precision: float | None = None
    f1: float | None = None

    @property
    def note(self) -> str:
        """Its remark, and what every result with another input has to say."""
        return f"{self.remark} {OTHER_INPUT if self.other_input else ''}".strip()

    def fits(self, classes: Sequence[str]) -> bool:
        """Whether these are the result's classes, in any order."""
        return len(classes) == len(self.classes) and set(classes) == set(self.classes)

    def matrix_for(self, classes: Sequence[str]) -> np.ndarray:
        """The matrix with rows and columns in the order of ``classes``, int64 K x K; RunError where it cannot be."""
        if self.matrix_KK is None:
            raise RunError(f"{self.name} was published as an accuracy alone: there is no matrix to compare with")
        if not self.fits(classes):
            raise RunError(f"{self.name} has the {len(self.classes)} classes of {self.data}, these are others")
        order = [self.classes.index(name) for name in classes]
        return self.matrix_KK[np.ix_(order, order)]


@functools.lru_cache(maxsize=1)
def load() -> dict[str, Any]:
    """The whole file of published numbers."""
    return json.loads((Path(__file__).parent / "published_results.json").read_text(encoding="utf-8"))


def classes() -> tuple[str, ...]:
    """The class names in the order of the rows and columns of both matrices."""
    return tuple(load()["classes_alphabetical"])


def report_matrix() -> np.ndarray:
    """The student report's confusion matrix, int64 15 x 15, rows true, columns predicted."""
    return np.array(load()["report"]["confusion_matrix"], dtype=np.int64)


def paper_matrix() -> np.ndarray:
    """The IndoFashion paper's confusion matrix (ResNet-50), int64 15 x 15, rows true, columns predicted."""
    return np.array(load()["paper"]["confusion_matrix"], dtype=np.int64)


def train_counts() -> dict[str, int]:
    """Training photos per class of the published IndoFashion set."""
    return dict(load()["train_counts"])


def counts(split: str) -> dict[str, int]:
    """Photos per class of a split of the published IndoFashion set: uneven in train, 500 each in val and test."""
    if split == "train":
        return train_counts()
    return dict.fromkeys(classes(), int(load()[f"{split}_count_per_class"]))


def fits(names: Sequence[str]) -> bool:
    """Whether these are IndoFashion's 15 classes, in any order."""
    return len(names) == len(classes()) and set(names) == set(classes())


@functools.lru_cache(maxsize=1)
def results() -> tuple[Published, ...]:
    """Everything published on IndoFashion's test photos: the two with a matrix first, then the accuracies."""
    return (_report(), _paper(), *_tables(), *_peers())


@functools.lru_cache(maxsize=1)
def every() -> tuple[Published, ...]:
    """``results`` and the accuracies that were published on Fashion-MNIST and on the clothing set."""
    return (*results(), *_other_sets())


def for_classes(names: Sequence[str]) -> tuple[Published, ...]:
    """The results that stand beside a run over these classes, in any order; none for most class lists."""
    return tuple(result for result in every() if result.fits(names))


def find(result_id: str) -> Published | None:
    """The result with this id, None when there is none."""
    return next((result for result in every() if result.id == result_id), None)


def _by_matrix(result_id: str, name: str, matrix_KK: np.ndarray, **more: Any) -> Published:
    matrix_KK.setflags(write=False)  # results() is shared by everybody who asks
    num_images = int(matrix_KK.sum())
    accuracy = float(np.trace(matrix_KK) / num_images)
    return Published(
        id=result_id,
        name=name,
        data="IndoFashion",
        classes=classes(),
        accuracy=accuracy,
        num_images=num_images,
        matrix_KK=matrix_KK,
        **more,
    )


def _report() -> Published:
    told = load()["report"]
    return _by_matrix(
        "published-report",
        "Student report, small CNN",
        report_matrix(),
        source=f"{told['authors']}, {told['title']}",
        remark="128 x 128 RGB, the input of the recipe report.",
        other_input=False,
        text=TextAccuracy(**told["accuracy_in_its_text"]),
        model="report_cnn",
    )


def _paper() -> Published:
    return _by_matrix(
        "published-paper",
        "IndoFashion paper, ResNet-50",
        paper_matrix(),
        source=load()["paper"]["title"],
        remark=_PAPER_INPUT,
        model="resnet50",
    )


_MODEL_NAMES = {"resnet18": "ResNet-18", "resnet50": "ResNet-50", "resnet101": "ResNet-101"}
_AUGMENTED = {"none": "no augmentation", "flip": "flip", "jitter": "jitter", "jitter+flip": "jitter and flip"}
_PAPER_INPUT = "Its photos are squeezed to 128 x 256 and fed as BGR."
_PAPER = "IndoFashion: Apparel Classification for Indian Ethnic Clothes, arXiv 2104.02830"


def _row(row_id: str, name: str, accuracy: float, source: str, remark: str, **more: Any) -> Published:
    return Published(
        id=row_id,
        name=name,
        data="IndoFashion",
        classes=classes(),
        accuracy=accuracy,
        num_images=len(classes()) * int(load()["test_count_per_class"]),
        source=source,
        remark=remark,
        **more,
    )


def _tables() -> list[Published]:
    """The paper's two tables. Table 4 gives macro recall, which is the accuracy where every class has 500 photos."""
    rows = []
    for model, augmented in load()["paper"]["table4_test_percent_precision_recall_f1"].items():
        for how, (precision, recall, f1) in augmented.items():
            rows.append(
                _row(
                    f"paper-{model}-{how.replace('+', '-')}",
                    f"IndoFashion paper, {_MODEL_NAMES[model]}, {_AUGMENTED[how]}",
                    recall / 100,
                    f"{_PAPER}, table 4",
                    _PAPER_INPUT,
                    model=model,
                    precision=precision / 100,
                    f1=f1 / 100,
                )
            )
    for share, by_model in load()["paper"]["table5_test_accuracy_percent_by_share_of_train"].items():
        for model, percent in by_model.items():
            rows.append(
                _row(
                    f"paper-{model}-{round(100 * float(share))}-percent",
                    f"IndoFashion paper, {_MODEL_NAMES[model]}, {round(100 * float(share))} % of the training photos",
                    percent / 100,
                    f"{_PAPER}, table 5",
                    _PAPER_INPUT,
                    model=model,
                )
            )
    return rows


_PEERS = {
    "FashionCLIP linear probe": ("fashionclip", "Features of a model that had seen far more photos than these."),
    "scratch 4-conv CNN 70x70 grey 1000 epochs (chosen on test)": (
        "scratch-cnn",
        "70 x 70 grey, 1,000 epochs, chosen on the test photos, which flatters it.",
    ),
    "frozen ResNet-50 70 px (chosen on test)": (
        "frozen-resnet50",
        "70 pixels, ImageNet weights, chosen on the test photos, which flatters it.",
    ),
    "frozen VGG16 full train": ("frozen-vgg16", "ImageNet weights, frozen."),
    "the scratch CNN on photos scraped two years later": (
        "scratch-cnn-later",
        "Other photos: the same network on photos from two years later.",
    ),
}


def _peers() -> list[Published]:
    return [
        _row(f"peer-{_PEERS[name][0]}", name[:1].upper() + name[1:], percent / 100, "Public notebooks and model cards",
             _PEERS[name][1])
        for name, percent in load()["peers_official_test_percent"].items()
    ]  # fmt: skip


def _other_sets() -> list[Published]:
    """Accuracies alone, on Fashion-MNIST's 10,000 and the small clothing set's 372 test photos."""
    rows = []
    for key, data, prefix, names, num_images in (
        ("fashion_mnist_published_test_accuracy", "Fashion-MNIST", "fashion-mnist", FASHION_MNIST, 10_000),
        ("clothing_dataset_small_published_test_accuracy", "clothing-dataset-small", "clothing", _CLOTHING, 372),
    ):
        for number, (name, share) in enumerate(load()[key].items()):
            rows.append(
                Published(
                    id=f"{prefix}-{number}",
                    name=f"{data}, {name}",
                    data=data,
                    classes=tuple(names),
                    accuracy=float(share),
                    num_images=None if name == "human" else num_images,
                    source=f"Published accuracies on {data}",
                )
            )
    return rows
