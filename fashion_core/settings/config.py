"""Settings of a run, each declared once: frozen, keyword-only, validated when built.

Takes plain values and gives Settings, or a SettingsError of one sentence with the setting, the rule and the value.
Form, command line, ranges, help and what an old run meant follow from the declaration. Knows no files and no recipe.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fashion_core.errors import SettingsError
from fashion_core.labels import did_you_mean
from fashion_core.settings.fields import declared, setting, typed
from fashion_core.settings.pretrained import BACKBONES

MODELS = ("report_cnn", "strong_cnn", *BACKBONES)
RESIZES = ("squeeze", "pad", "crop")
SCHEDULES = ("constant", "cosine", "one_cycle", "plateau")
LOSSES = ("cross_entropy", "weighted", "focal", "balanced_softmax", "logit_adjusted")
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting of a run. Building one checks all of them; a SettingsError names the first that is out of range.

    The defaults are the student report's ("Fashion Classification Using Custom CNNs and Balanced Sampling"). It does
    not state the strength of its colour jitter; 0.2 is the value of torchvision's own tutorials. It weights twice on
    purpose.
    """

    recipe: str = "report"
    # fmt: off
    image_size: tuple[int, int] = setting((128, 128), "data", kind="size", unit="pixels", stage="input",
        offered=("32", "64", "96", "128", "160", "224", "240", "260", "128x256"), original=True, title="Image size",
        help="Every photo is resized to this width x height.")
    resize: str = setting("squeeze", "data", choices=RESIZES, stage="input", title="Resizing",
        help="How a photo of another shape gets that size: squeeze changes its shape, pad adds black, crop cuts the "
        "longer sides.")
    channels: str = setting("RGB", "data", choices=("RGB", "BGR"), stage="input", title="Channel order",
        help="Order of the colours that the model receives; BGR is what the IndoFashion authors' code feeds.")
    batch_size: int = setting(32, "data", low=1, high=4096, unit="images", original=True,
        help="Images a training step.")
    flip: float = setting(0.5, "augmentation", low=0, high=1, stage="flip", original=True, title="Mirror",
        help="Chance that a photo is mirrored.")
    rotation_degrees: float = setting(10.0, "augmentation", low=0, high=180, unit="degrees", stage="rotate",
        original=True, title="Rotation",
        help="Turned by an angle drawn between minus and plus this.")
    brightness: float = setting(0.2, "augmentation", low=0, high=1, stage="colour", original=True,
        help="Brightness is multiplied by a factor drawn from 1 minus to 1 plus this.")
    contrast: float = setting(0.2, "augmentation", low=0, high=1, stage="colour", original=True,
        help="Contrast is multiplied by a factor drawn from 1 minus to 1 plus this.")
    saturation: float = setting(0.2, "augmentation", low=0, high=1, stage="colour", original=True,
        help="Colourfulness is multiplied by a factor drawn from 1 minus to 1 plus this.")
    hue: float = setting(0.0, "augmentation", low=0, high=0.5, stage="colour",
        help="Hue is shifted by an amount drawn between minus and plus this; 0.5 is half the colour wheel.")
    crop_scale: float = setting(1.0, "augmentation", low=0.05, high=1, stage="crop", off=1, title="Smallest crop",
        help="Random resized crop: the smallest share of the photo's area that a crop may have; 1 is off.")
    erasing: float = setting(0.0, "augmentation", low=0, high=1, stage="erase",
        help="Chance that a rectangle of the photo is erased (2 to 33 % of its area).")
    mixup: float = setting(0.0, "augmentation", low=0, high=8, stage="mix", original=True, title="MixUp",
        help="Alpha of MixUp: each batch is blended with a shuffled copy of itself; 0 is off.")
    cutmix: float = setting(0.0, "augmentation", low=0, high=8, stage="mix", original=True, title="CutMix",
        help="Alpha of CutMix: a patch of each photo comes from another photo of the batch; 0 is off.")
    start_size: float = setting(1.0, "optimiser", low=0.25, high=1, stage="size", off=1,
        help="Training starts with photos of this share of the size; they grow to all of it by two thirds of the "
        "epochs. 1 is off.")
    model: str = setting("report_cnn", "model", choices=MODELS, original=True,
        help="The network.")
    pretrained: str = setting("none", "model", choices=("none", "imagenet"), title="Starts from",
        help="What the network starts from: none is random weights, imagenet what it learnt from 1.3 million photos "
        "of 1,000 kinds of things.")
    width: int = setting(64, "model", low=8, high=256, unit="channels",
        help="Channels of the first stage of strong_cnn; later ones have two and four times as many.")
    test_flip: str = setting("off", "model", choices=("off", "on"),
        help="on judges each photo together with its mirror image: twice the work, usually a better answer.")
    dropout: float = setting(0.5, "model", low=0, high=0.95, original=True,
        help="Share of the features that each training step hides.")
    freeze: str = setting("none", "model", choices=("none", "features"), title="Frozen",
        help="none trains every weight; features trains the last layer only and leaves the rest as it is. On "
        "pretrained weights each photo's features are then computed once and kept: an epoch takes about a "
        "second.")
    sampler: str = setting("balanced", "imbalance", kind="sampler",
        offered=("none", "balanced", "power(0.5)", "class_balanced(0.999)"), original=True, title="Sampler",
        help="What an epoch draws: none = every photo once; balanced = every class equally often, with repeats; "
        "power(alpha) = a photo is drawn by its class's count to the power of minus alpha; class_balanced(beta) "
        "= by the effective number of its class's photos (Cui et al., 2019).")
    loss: str = setting("weighted", "imbalance", choices=LOSSES, original=True,
        help="How a wrong answer is charged; weighted charges rare classes more.")
    label_smoothing: float = setting(0.0, "imbalance", low=0, high=0.9, original=True,
        help="Share of the target that is spread over all classes.")
    epochs: int = setting(2, "optimiser", low=1, high=1000, original=True,
        help="Passes over the training photos.")
    head_epochs: int = setting(0, "optimiser", low=0, high=1000, unit="epochs",
        title="Epochs for the last layer alone",
        help="So many of the epochs, the first ones, train the last layer only, on features that are computed once; "
        "needs pretrained weights. 0 is off.")
    backbone_rate: float = setting(1.0, "optimiser", low=0.001, high=1, title="Rate below the last layer",
        help="Learning rate of everything below the last layer, as a share of the last layer's.")
    learning_rate: float = setting(1e-3, "optimiser", low=1e-7, high=1, fine=True, original=True,
        help="Step size of Adam, or the highest one where a schedule moves it.")
    schedule: str = setting("constant", "optimiser", choices=SCHEDULES, title="Learning rate schedule",
        help="How the learning rate moves: cosine falls to 0, one_cycle rises for 30 % of the run and then falls, "
        "plateau is divided by 10 when 3 epochs brought no better validation loss.")
    weight_decay: float = setting(0.0, "optimiser", low=0, high=1, fine=True,
        help="Share of each weight that is taken off per step and unit of learning rate (AdamW); 0 is plain Adam.")
    clip_norm: float = setting(0.0, "optimiser", low=0, high=1000, fine=True, title="Clip the gradient at",
        help="The gradient is scaled down to this length when it is longer; 0 is off.")
    ema: float = setting(0.0, "optimiser", low=0, high=0.99999, fine=True, title="Running mean of weights",
        help="Decay of the running mean of the weights that validation and the final scores use; 0 is off.")
    early_stopping: int = setting(0, "optimiser", low=0, high=1000, unit="epochs",
        help="End after so many epochs without a better validation accuracy; 0 is off.")
    final_weights: str = setting("last", "optimiser", choices=("last", "best"), title="Weights that are scored",
        help="Which weights are scored at the end: those of the last step, or of the epoch with the best validation "
        "accuracy.")
    accumulation: int = setting(1, "optimiser", low=1, high=256, unit="parts", title="Parts a batch",
        help="Parts that a batch is computed in, one after the other, to save memory; the step stays the same, but "
        "for networks with batch norm (all but report_cnn and convnext_tiny), which take each part's own mean.")
    seed: int = setting(0, "optimiser", low=0, high=2**31 - 1, stage="draw", changes="luck", original=True,
        help="Start of every random draw; the same seed gives the same run.")
    log_every: int = setting(10, "optimiser", low=1, high=10_000, unit="batches", changes="record", original=True,
        title="Log the loss every",
        help="The loss is logged this often.")
    device: str = setting("auto", "hardware", choices=DEVICES, changes="bits", original=True,
        help="auto takes a CUDA GPU, then Apple's GPU, then the CPU.")
    precision: str = setting("float32", "hardware", choices=("float32", "bfloat16", "auto"),
        help="Arithmetic of the forward pass: bfloat16 is faster on new GPUs and the newest CPUs, and slower on other"
        " CPUs; auto takes it where the processor computes it itself, but for features that are kept.")
    compile: str = setting("off", "hardware", choices=("off", "on"), changes="bits", title="Compiled model",
        help="on compiles the model with torch.compile before the first step: slower to start, faster on a GPU.")
    save_minutes: float = setting(5.0, "hardware", low=0, high=1440, unit="minutes", changes="record", fine=True,
        title="Save every",
        help="A step is saved at least this often within an epoch, so that a killed run loses little; 0 is after "
        "every step.")
    keep_steps: str = setting("last_two", "hardware", choices=("last_two", "every_epoch"), changes="record",
        title="Saved steps to keep",
        help="Which saved steps stay beside the best one: every_epoch keeps the run's whole history to look at, and "
        "takes about three times the model's size on the disk for each epoch.")
    num_workers: int = setting(0, "hardware", low=0, high=64, unit="threads", changes="record", original=True,
        title="Decoding threads",
        help="Threads that decode photos when the pixel cache is built; 0 is one a core.")
    # fmt: on

    def __post_init__(self) -> None:
        for field in FIELDS:
            wrong = field.check(getattr(self, field.name))
            if wrong:
                raise SettingsError(wrong)
        if self.pretrained != "none" and self.model not in BACKBONES:
            raise SettingsError(
                f"pretrained {self.pretrained} needs one of the models {', '.join(BACKBONES)}, got model={self.model}"
            )
        if self.head_epochs and self.pretrained == "none":
            raise SettingsError(
                f"head_epochs needs pretrained weights, whose features say something before anything is trained; got "
                f"head_epochs={self.head_epochs} and pretrained=none: set one of the two"
            )
        if self.start_size < 1 and self.model == "report_cnn":
            raise SettingsError(
                f"start_size below 1 needs a network that takes photos of any size; report_cnn takes one, got "
                f"start_size={self.start_size:g}"
            )
        least = BACKBONES[self.model].least if self.model in BACKBONES else 0
        if (side := round(min(self.image_size) * self.start_size)) < least:
            raise SettingsError(
                f"{self.model} needs photos of at least {least} pixels, got {side} with "
                f"image_size={typed(self.image_size)} and start_size={self.start_size:g}"
            )
        if self.has_batch_norm and self.batch_size // self.accumulation < 2:
            raise SettingsError(
                f"{self.model} brings each batch to its own mean and deviation, which one photo does not have; got "
                f"batch_size={self.batch_size} in accumulation={self.accumulation} parts: leave two photos to a part"
            )
        if self.mixup and self.cutmix:
            raise SettingsError(
                f"mixup and cutmix cannot both be on, got mixup={self.mixup:g} and cutmix={self.cutmix:g}: set one to 0"
            )

    @property
    def has_batch_norm(self) -> bool:
        """Whether what the network makes of a photo in training depends on the photos beside it."""
        return BACKBONES[self.model].batch_norm if self.model in BACKBONES else self.model != "report_cnn"

    def acts(self, step: str) -> bool:
        """Whether a stage of ``fields.STAGES``, or one setting of it, changes photos."""
        return any(getattr(self, field.name) != field.off for field in FIELDS if step in (field.stage, field.name))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; ``image_size`` as it is typed."""
        return {**dataclasses.asdict(self), "image_size": typed(self.image_size)}


FIELDS = declared(Settings)
FIELD = {field.name: field for field in FIELDS}


def from_json(values: Mapping[str, Any]) -> Settings:
    """Settings as ``to_json`` wrote them; a name that is unknown or missing is refused."""
    names = ("recipe", *FIELD)
    for name in values:
        if name not in names:
            raise SettingsError(f"setting {name!r} is unknown; {did_you_mean(name, names)}")
    missing = sorted({"recipe", *(field.name for field in FIELDS if field.original)} - set(values))
    if missing:
        raise SettingsError(f"settings are incomplete: {', '.join(missing)} missing")
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", str(values["recipe"])):
        raise SettingsError(f"recipe must be lower-case letters, digits and dashes, got {values['recipe']!r}")
    return Settings(**{**values, "image_size": FIELD["image_size"].parse(str(values["image_size"]))})
