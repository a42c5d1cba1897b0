"""Ask a trained model in three lines of Python. Takes a run directory and photos; gives classes with probabilities.

    from fashion_core.models.classifier import Classifier

    for answer in Classifier("checkpoints/strong-drawn")(["one.jpg", "two.jpg"]):
        print(answer.image, answer.label, answer.probability, answer.unlike)

Knows no app and writes nothing. N images, K classes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fashion_core.data.sources import photos
from fashion_core.errors import PhotoError, RunError, WrongUse
from fashion_core.metrics import calibration
from fashion_core.models import inference
from fashion_core.models.device import choose_device
from fashion_core.runs import familiar, runs, temperature

CHUNK = 256  # decoded photos in memory at once: 50 MB at 256 px


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the model says about one photo: every class with its probability, the likeliest first.

    A photo that could not be read has ``error``, the sentence that says why, and no classes. ``unlike``: whether it is
    unlike all that the model learnt from, so that its classes and probabilities say nothing; None where that was not
    asked (``Classifier.not_asked`` says why).
    """

    image: str
    top: tuple[tuple[str, float], ...] = ()
    error: str | None = None
    unlike: bool | None = None

    @property
    def label(self) -> str | None:
        """The likeliest class; None where the photo could not be read."""
        return self.top[0][0] if self.top else None

    @property
    def probability(self) -> float | None:
        """The probability of the likeliest class."""
        return self.top[0][1] if self.top else None


class Classifier:
    """A run's model, loaded once. ``classes`` are in the order of its outputs.

    ``folder`` is a run directory, or what ``export --format safetensors`` wrote. ``device`` is auto, cpu, cuda or mps.
    With ``calibrated`` the probabilities are those of the temperature that fits the run's validation predictions
    (Guo et al., 2017); RunError when it has none or too few. ``not_asked``: why photos are not held beside those of
    training, as a clause; empty where they are.
    """

    def __init__(self, folder: str | PathLike[str], *, device: str = "auto", calibrated: bool = False) -> None:
        self.run = runs.open_run(Path(folder))
        self.classes = self.run.classes
        self.temperature = 1.0
        if calibrated:
            found = temperature.of_run(self.run)
            if found.why_not:
                raise RunError(f"run {self.run.id!r} cannot be calibrated: {found.why_not}; ask it without calibration")
            self.temperature = found.value
        self._reference = familiar.of_run(self.run)
        self.not_asked = familiar.not_asked(self.run) if self._reference is None else ""
        chosen = choose_device(device)
        if (Path(folder) / "model.safetensors").exists():
            model = inference.new_model(self.run)
            inference.put_weights(model, self.run, Path(folder))
            self._model = model.to(chosen).eval()
        else:
            self._model = inference.load_model(self.run, chosen)

    def __call__(self, images: Any) -> list[Answer]:
        """An answer for each image, in order: paths, bytes, open files, PIL images or uint8 H x W x 3 RGB arrays.

        One image alone gives a list of one. A PIL image that was just opened is turned upright, as a path is. A photo
        that cannot be read is named in its answer; the others go on.
        """
        alone = isinstance(images, (str, PathLike, bytes, Image.Image, np.ndarray)) or hasattr(images, "read")
        given: Iterable[Any] = [images] if alone else images
        answers: list[Answer] = []
        waiting: list[tuple[int, Image.Image]] = []
        for number, image in enumerate(given):
            name = fspath(image) if isinstance(image, (str, PathLike)) else f"image {number}"
            answers.append(Answer(image=str(name)))
            try:
                waiting.append((number, _decoded(image)))
            except PhotoError as error:
                answers[number] = Answer(image=str(name), error=str(error))
            if len(waiting) == CHUNK:
                self._answer(waiting, answers)
                waiting = []
        self._answer(waiting, answers)
        return answers

    def probabilities(self, images: list[Image.Image]) -> np.ndarray:
        """Probabilities, float32 N x K in the order of ``classes``, of decoded RGB photos."""
        return self._calibrated(inference.predict_photos(self._model, images, self.run.settings))

    def _calibrated(self, probabilities_NK: np.ndarray) -> np.ndarray:
        known = self.temperature == 1
        return probabilities_NK if known else calibration.with_temperature(probabilities_NK, self.temperature)

    def _answer(self, waiting: list[tuple[int, Image.Image]], answers: list[Answer]) -> None:
        if not waiting:
            return
        looked = inference.look_at_photos(self._model, [image for _, image in waiting], self.run.settings)
        unlike: list[bool | None] = [None] * len(waiting)
        if self._reference is not None:
            unlike = self._reference.is_unlike(looked.photos_NHW3, looked.energies_N).tolist()
        probabilities_NK = self._calibrated(looked.probabilities_NK)
        for (number, _), probabilities_K, is_unlike in zip(waiting, probabilities_NK, unlike, strict=True):
            order = np.argsort(-probabilities_K, kind="stable")
            top = tuple((self.classes[k], float(probabilities_K[k])) for k in order)
            answers[number] = Answer(image=answers[number].image, top=top, unlike=is_unlike)


def _decoded(image: Any) -> Image.Image:
    """One image as decoded RGB; PhotoError where a file is no photo, WrongUse for what is no image at all."""
    if isinstance(image, Image.Image):
        return photos.of_image(image)
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise WrongUse(
                f"an array must be uint8 H x W x 3 (RGB), got {image.dtype} {' x '.join(map(str, image.shape))}"
            )
        return Image.fromarray(image)
    if isinstance(image, (str, PathLike)):
        return photos.open_photo(Path(image))
    if isinstance(image, bytes) or hasattr(image, "read"):
        return photos.open_photo(image)
    raise WrongUse(f"an image must be a path, bytes, an open file, a PIL image or an array, got {type(image).__name__}")
