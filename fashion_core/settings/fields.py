"""Each setting of a run as a person meets it: kind, range, unit and one line of help. Pages build widgets from this.

Takes a value or the text that somebody typed; gives the value, or one sentence that says what is wrong with it. Knows
no recipe and no run.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

from fashion_core.errors import SettingsError
from fashion_core.settings.pretrained import BACKBONES


def typed(value: Any) -> str:
    """A setting's value as a person types it."""
    if isinstance(value, tuple) and len(value) == 2:
        return str(value[0]) if value[0] == value[1] else f"{value[0]}x{value[1]}"
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)  # what is typed gives the same number back
    return str(value)


@dataclass(frozen=True, kw_only=True)
class Field:
    """One setting as a person meets it: its kind, range, unit and one line of help. Pages build widgets from this."""

    name: str
    group: str  # data | augmentation | model | imbalance | optimiser | hardware
    kind: str  # int | float | choice | size | sampler
    help: str
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()

    def check(self, value: Any) -> str | None:
        """What is wrong with ``value``, as one sentence, or None."""
        if self.kind in ("int", "float"):
            fits = isinstance(value, int if self.kind == "int" else int | float) and not isinstance(value, bool)
            if not fits or not math.isfinite(value) or not (self.low <= value <= self.high):  # type: ignore[operator]
                what = "a whole number " if self.kind == "int" else ""
                return f"{self.name} must be {what}between {self._range()}, got {typed(value)}"
        elif self.kind == "choice" and value not in self.choices:
            return f"{self.name} must be one of {', '.join(self.choices)}, got {value}"
        elif self.kind == "sampler" and not is_sampler(value):
            return (
                "sampler must be none, balanced, power(alpha) with alpha between 0 and 2, or class_balanced(beta) with "
                f"beta from 0 to below 1, got {value}"
            )
        elif self.kind == "size":
            for side in value if isinstance(value, tuple) and len(value) == 2 else (None,):
                if not isinstance(side, int) or not 16 <= side <= 512 or side % 4:
                    return (
                        f"image_size must be a multiple of 4 between 16 and 512, as 128 or 128x256, got {typed(value)}"
                    )
        return None

    def _range(self) -> str:
        return f"{typed(self.low)} and {typed(self.high)}"

    def parse(self, text: str) -> Any:
        """The value that ``text`` means for this setting; range and choice are checked when Settings are built."""
        text = text.strip()
        try:
            if self.kind == "int":
                return int(text)
            if self.kind == "float":
                return float(text)
        except ValueError:
            raise SettingsError(
                f"{self.name} must be a {'whole ' if self.kind == 'int' else ''}number "
                f"between {self._range()}, got {text!r}"
            ) from None
        if self.kind == "size":
            sides = re.fullmatch(r"(\d{1,4})(?:\s*[xX×]\s*(\d{1,4}))?", text)
            if not sides:
                return text
            return int(sides[1]), int(sides[2] or sides[1])
        return text


def sampler_power(sampler: Any) -> float | None:
    """alpha of ``power(alpha)``, or None when ``sampler`` is something else or alpha is outside 0..2."""
    found = re.fullmatch(r"power\((\d+(?:\.\d+)?)\)", sampler) if isinstance(sampler, str) else None
    return float(found[1]) if found and float(found[1]) <= 2 else None


def sampler_beta(sampler: Any) -> float | None:
    """beta of ``class_balanced(beta)``, or None when ``sampler`` is something else or beta is outside 0 <= beta < 1."""
    found = re.fullmatch(r"class_balanced\((\d+(?:\.\d+)?)\)", sampler) if isinstance(sampler, str) else None
    return float(found[1]) if found and float(found[1]) < 1 else None


def is_sampler(value: Any) -> bool:
    """Whether ``value`` names a way to draw an epoch."""
    return value in ("none", "balanced") or sampler_power(value) is not None or sampler_beta(value) is not None


MODELS = ("report_cnn", "strong_cnn", *BACKBONES)
RESIZES = ("squeeze", "pad", "crop")
SCHEDULES = ("constant", "cosine", "one_cycle", "plateau")
LOSSES = ("cross_entropy", "weighted", "focal", "balanced_softmax", "logit_adjusted")
DEVICES = ("auto", "cpu", "cuda", "mps")

FIELDS: tuple[Field, ...] = (
    Field(
        name="image_size",
        group="data",
        kind="size",
        unit="pixels",
        help="Every photo is resized to this width x height.",
    ),
    Field(
        name="resize",
        group="data",
        kind="choice",
        choices=RESIZES,
        help="How a photo of another shape gets that size: squeeze changes its shape, pad adds black, crop cuts the "
        "longer sides.",
    ),
    Field(
        name="channels",
        group="data",
        kind="choice",
        choices=("RGB", "BGR"),
        help="Order of the colours that the model receives; BGR is what the IndoFashion authors' code feeds.",
    ),
    Field(name="batch_size", group="data", kind="int", low=1, high=4096, unit="images", help="Images a training step."),
    Field(name="flip", group="augmentation", kind="float", low=0, high=1, help="Chance that a photo is mirrored."),
    Field(
        name="rotation_degrees",
        group="augmentation",
        kind="float",
        low=0,
        high=180,
        unit="degrees",
        help="Turned by an angle drawn between minus and plus this.",
    ),
    Field(
        name="brightness",
        group="augmentation",
        kind="float",
        low=0,
        high=1,
        help="Brightness is multiplied by a factor drawn from 1 minus to 1 plus this.",
    ),
    Field(
        name="contrast",
        group="augmentation",
        kind="float",
        low=0,
        high=1,
        help="Contrast is multiplied by a factor drawn from 1 minus to 1 plus this.",
    ),
    Field(
        name="saturation",
        group="augmentation",
        kind="float",
        low=0,
        high=1,
        help="Colourfulness is multiplied by a factor drawn from 1 minus to 1 plus this.",
    ),
    Field(
        name="hue",
        group="augmentation",
        kind="float",
        low=0,
        high=0.5,
        help="Hue is shifted by an amount drawn between minus and plus this; 0.5 is half the colour wheel.",
    ),
    Field(
        name="crop_scale",
        group="augmentation",
        kind="float",
        low=0.05,
        high=1,
        help="Random resized crop: the smallest share of the photo's area that a crop may have; 1 is off.",
    ),
    Field(
        name="erasing",
        group="augmentation",
        kind="float",
        low=0,
        high=1,
        help="Chance that a rectangle of the photo is erased (2 to 33 % of its area).",
    ),
    Field(
        name="mixup",
        group="augmentation",
        kind="float",
        low=0,
        high=8,
        help="Alpha of MixUp: each batch is blended with a shuffled copy of itself; 0 is off.",
    ),
    Field(
        name="cutmix",
        group="augmentation",
        kind="float",
        low=0,
        high=8,
        help="Alpha of CutMix: a patch of each photo comes from another photo of the batch; 0 is off.",
    ),
    Field(
        name="start_size",
        group="optimiser",
        kind="float",
        low=0.25,
        high=1,
        help="Training starts with photos of this share of the size; they grow to all of it by two thirds of the "
        "epochs. 1 is off.",
    ),
    Field(name="model", group="model", kind="choice", choices=MODELS, help="The network."),
    Field(
        name="pretrained",
        group="model",
        kind="choice",
        choices=("none", "imagenet"),
        help="What the network starts from: none is random weights, imagenet what it learnt from 1.3 million photos of "
        "1,000 kinds of things.",
    ),
    Field(
        name="width",
        group="model",
        kind="int",
        low=8,
        high=256,
        unit="channels",
        help="Channels of the first stage of strong_cnn; later ones have two and four times as many.",
    ),
    Field(
        name="test_flip",
        group="model",
        kind="choice",
        choices=("off", "on"),
        help="on judges each photo together with its mirror image: twice the work, usually a better answer.",
    ),
    Field(
        name="dropout",
        group="model",
        kind="float",
        low=0,
        high=0.95,
        help="Share of the features that each training step hides.",
    ),
    Field(
        name="freeze",
        group="model",
        kind="choice",
        choices=("none", "features"),
        help="none trains every weight; features trains the last layer only and leaves the rest as it is. On "
        "pretrained weights each photo's features are then computed once and kept: an epoch takes about a second.",
    ),
    Field(
        name="sampler",
        group="imbalance",
        kind="sampler",
        help="What an epoch draws: none = every photo once; balanced = every class equally often, with repeats; "
        "power(alpha) = a photo is drawn by its class's count to the power of minus alpha; class_balanced(beta) = by "
        "the effective number of its class's photos (Cui et al., 2019).",
    ),
    Field(
        name="loss",
        group="imbalance",
        kind="choice",
        choices=LOSSES,
        help="How a wrong answer is charged; weighted charges rare classes more.",
    ),
    Field(
        name="label_smoothing",
        group="imbalance",
        kind="float",
        low=0,
        high=0.9,
        help="Share of the target that is spread over all classes.",
    ),
    Field(name="epochs", group="optimiser", kind="int", low=1, high=1000, help="Passes over the training photos."),
    Field(
        name="head_epochs",
        group="optimiser",
        kind="int",
        low=0,
        high=1000,
        unit="epochs",
        help="So many of the epochs, the first ones, train the last layer only, on features that are computed once; "
        "needs pretrained weights. 0 is off.",
    ),
    Field(
        name="backbone_rate",
        group="optimiser",
        kind="float",
        low=0.001,
        high=1,
        help="Learning rate of everything below the last layer, as a share of the last layer's.",
    ),
    Field(
        name="learning_rate",
        group="optimiser",
        kind="float",
        low=1e-7,
        high=1,
        help="Step size of Adam, or the highest one where a schedule moves it.",
    ),
    Field(
        name="schedule",
        group="optimiser",
        kind="choice",
        choices=SCHEDULES,
        help="How the learning rate moves: cosine falls to 0, one_cycle rises for 30 % of the run and "
        "then falls, plateau is divided by 10 when 3 epochs brought no better validation loss.",
    ),
    Field(
        name="weight_decay",
        group="optimiser",
        kind="float",
        low=0,
        high=1,
        help="Share of each weight that is taken off per step and unit of learning rate (AdamW); 0 is plain Adam.",
    ),
    Field(
        name="clip_norm",
        group="optimiser",
        kind="float",
        low=0,
        high=1000,
        help="The gradient is scaled down to this length when it is longer; 0 is off.",
    ),
    Field(
        name="ema",
        group="optimiser",
        kind="float",
        low=0,
        high=0.99999,
        help="Decay of the running mean of the weights that validation and the final scores use; 0 is off.",
    ),
    Field(
        name="early_stopping",
        group="optimiser",
        kind="int",
        low=0,
        high=1000,
        unit="epochs",
        help="End after so many epochs without a better validation accuracy; 0 is off.",
    ),
    Field(
        name="final_weights",
        group="optimiser",
        kind="choice",
        choices=("last", "best"),
        help="Which weights are scored at the end: those of the last step, or of the epoch with the best validation "
        "accuracy.",
    ),
    Field(
        name="accumulation",
        group="optimiser",
        kind="int",
        low=1,
        high=256,
        unit="parts",
        help="Parts that a batch is computed in, one after the other, to save memory; the step stays the same, but for "
        "networks with batch norm (all but report_cnn and convnext_tiny), which take each part's own mean.",
    ),
    Field(
        name="seed",
        group="optimiser",
        kind="int",
        low=0,
        high=2**31 - 1,
        help="Start of every random draw; the same seed gives the same run.",
    ),
    Field(
        name="log_every",
        group="optimiser",
        kind="int",
        low=1,
        high=10_000,
        unit="batches",
        help="The loss is logged this often.",
    ),
    Field(
        name="device",
        group="hardware",
        kind="choice",
        choices=DEVICES,
        help="auto takes a CUDA GPU, then Apple's GPU, then the CPU.",
    ),
    Field(
        name="precision",
        group="hardware",
        kind="choice",
        choices=("float32", "bfloat16", "auto"),
        help="Arithmetic of the forward pass: bfloat16 is faster on new GPUs and the newest CPUs, and slower on other "
        "CPUs; auto takes it where the processor computes it itself, but for features that are kept.",
    ),
    Field(
        name="compile",
        group="hardware",
        kind="choice",
        choices=("off", "on"),
        help="on compiles the model with torch.compile before the first step: slower to start, faster on a GPU.",
    ),
    Field(
        name="save_minutes",
        group="hardware",
        kind="float",
        low=0,
        high=1440,
        unit="minutes",
        help="A step is saved at least this often within an epoch, so that a killed run loses little; 0 is after "
        "every step.",
    ),
    Field(
        name="keep_steps",
        group="hardware",
        kind="choice",
        choices=("last_two", "every_epoch"),
        help="Which saved steps stay beside the best one: every_epoch keeps the run's whole history to look at, and "
        "takes about three times the model's size on the disk for each epoch.",
    ),
    Field(
        name="num_workers",
        group="hardware",
        kind="int",
        low=0,
        high=64,
        unit="threads",
        help="Threads that decode photos when the pixel cache is built; 0 is one a core.",
    ),
)
FIELD = {field.name: field for field in FIELDS}
