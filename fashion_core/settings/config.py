"""Settings of a run: frozen, keyword-only, validated when built. Recipes are named complete sets of them.

Takes strings that people type and gives Settings, or a SettingsError of one sentence that names the setting, the rule
and the value. Knows no files; where data and runs lie by default is the one thing it asks of the environment.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fashion_core.errors import SettingsError
from fashion_core.labels import did_you_mean
from fashion_core.settings.fields import FIELD, FIELDS, Field, typed
from fashion_core.settings.pretrained import BACKBONES


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting of a run. Building one checks all of them; a SettingsError names the first that is out of range."""

    recipe: str
    image_size: tuple[int, int]  # width, height
    resize: str
    channels: str
    batch_size: int
    flip: float
    rotation_degrees: float
    brightness: float
    contrast: float
    saturation: float
    hue: float
    crop_scale: float
    erasing: float
    mixup: float
    cutmix: float
    start_size: float
    model: str
    pretrained: str
    width: int
    test_flip: str
    dropout: float
    freeze: str
    sampler: str
    loss: str
    label_smoothing: float
    epochs: int
    head_epochs: int
    backbone_rate: float
    learning_rate: float
    schedule: str
    weight_decay: float
    clip_norm: float
    ema: float
    early_stopping: int
    final_weights: str
    accumulation: int
    seed: int
    log_every: int
    device: str
    precision: str
    compile: str
    save_minutes: float
    keep_steps: str
    num_workers: int

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

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; ``image_size`` as it is typed."""
        return {**dataclasses.asdict(self), "image_size": typed(self.image_size)}

    def to_flags(self) -> str:
        """The ``--recipe`` and ``--set`` flags that rebuild these settings on a command line."""
        return " ".join([f"--recipe {self.recipe}", *(f"--set {name}={_shell(new)}" for name, _, new in changes(self))])


def _shell(text: str) -> str:
    return f"'{text}'" if "(" in text else text


#: The student report ("Fashion Classification Using Custom CNNs and Balanced Sampling"). It does not state the
#: strength of its colour jitter; 0.2 is the value of torchvision's own tutorials. It weights twice on purpose.
REPORT = Settings(
    recipe="report",
    image_size=(128, 128),
    resize="squeeze",
    channels="RGB",
    batch_size=32,
    flip=0.5,
    rotation_degrees=10.0,
    brightness=0.2,
    contrast=0.2,
    saturation=0.2,
    hue=0.0,
    crop_scale=1.0,
    erasing=0.0,
    mixup=0.0,
    cutmix=0.0,
    start_size=1.0,
    model="report_cnn",
    pretrained="none",
    width=64,
    test_flip="off",
    dropout=0.5,
    freeze="none",
    sampler="balanced",
    loss="weighted",
    label_smoothing=0.0,
    epochs=2,
    head_epochs=0,
    backbone_rate=1.0,
    learning_rate=1e-3,
    schedule="constant",
    weight_decay=0.0,
    clip_norm=0.0,
    ema=0.0,
    early_stopping=0,
    final_weights="last",
    accumulation=1,
    seed=0,
    log_every=10,
    device="auto",
    precision="float32",
    compile="off",
    save_minutes=5.0,
    keep_steps="last_two",
    num_workers=0,
)

#: The IndoFashion authors' baseline (arXiv 2104.02830 and its released code): 128 wide x 256 high, squeezed, BGR,
#: jitter of hue and saturation, flip and rotation. They start from ImageNet weights; here the weights are random.
PAPER = dataclasses.replace(
    REPORT,
    recipe="paper",
    image_size=(128, 256),
    channels="BGR",
    brightness=0.0,
    contrast=0.0,
    saturation=0.2,
    hue=0.2,
    model="resnet50",
    dropout=0.0,
    sampler="none",
    loss="cross_entropy",
    schedule="plateau",
    epochs=20,  # neither paper nor code states a number that training ends at
)

#: The best that this project has measured for a small network from scratch (LOG: strong-recipe has what was tried,
#: LOG: strong-parts what each part is worth).
STRONG = dataclasses.replace(
    REPORT,
    recipe="strong",
    image_size=(96, 96),
    batch_size=64,
    crop_scale=0.35,
    start_size=0.5,
    model="strong_cnn",
    width=48,
    test_flip="on",
    dropout=0.0,
    sampler="none",
    loss="cross_entropy",
    label_smoothing=0.1,
    epochs=40,
    learning_rate=3e-3,
    schedule="one_cycle",
    weight_decay=0.02,
    precision="auto",
)

#: A network that has seen ImageNet, fine-tuned; ``--set freeze=features`` trains the last layer alone, in seconds.
TRANSFER = dataclasses.replace(
    REPORT,
    recipe="transfer",
    image_size=(224, 224),
    brightness=0.0,
    contrast=0.0,
    saturation=0.0,
    model="tf_efficientnet_lite0",
    pretrained="imagenet",
    test_flip="on",
    dropout=0.2,
    sampler="none",
    loss="cross_entropy",
    label_smoothing=0.1,
    epochs=3,
    schedule="one_cycle",
    weight_decay=0.01,
    precision="auto",
)

RECIPES: dict[str, Settings] = {"report": REPORT, "paper": PAPER, "strong": STRONG, "transfer": TRANSFER}

#: What runs did before a setting existed: an old run's config.json does not name it.
_SINCE = dict(
    resize="squeeze",
    channels="RGB",
    hue=0.0,
    crop_scale=1.0,
    erasing=0.0,
    start_size=1.0,
    pretrained="none",
    width=64,
    test_flip="off",
    freeze="none",
    head_epochs=0,
    backbone_rate=1.0,
    schedule="constant",
    weight_decay=0.0,
    clip_norm=0.0,
    ema=0.0,
    early_stopping=0,
    final_weights="last",
    accumulation=1,
    precision="float32",
    compile="off",
    save_minutes=5.0,
    keep_steps="last_two",
)


def recipe(name: str) -> Settings:
    """The settings of a named recipe; SettingsError with the nearest name when there is none."""
    if name not in RECIPES:
        raise SettingsError(f"recipe {name!r} is unknown; {did_you_mean(name, RECIPES)}")
    return RECIPES[name]


def settings_for(recipe_name: str, sets: Iterable[str] = ()) -> Settings:
    """A recipe with single settings changed, each given as ``key=value``. The last of two equal keys counts."""
    base = recipe(recipe_name)
    changed: dict[str, Any] = {}
    for item in sets:
        name, equals, text = item.partition("=")
        name = name.strip()
        if not equals:
            raise SettingsError(f"--set takes key=value, got {item!r}")
        changed[name] = _field(name).parse(text)
    return dataclasses.replace(base, **changed)


def _field(name: str) -> Field:
    if name not in FIELD:
        raise SettingsError(f"setting {name!r} is unknown; {did_you_mean(name, FIELD)}")
    return FIELD[name]


def from_json(values: Mapping[str, Any]) -> Settings:
    """Settings as ``to_json`` wrote them; a name that is unknown or missing is refused."""
    names = {field.name for field in dataclasses.fields(Settings)}
    for name in values:
        if name not in names:
            raise SettingsError(f"setting {name!r} is unknown; {did_you_mean(name, names)}")
    given = {**_SINCE, **values}
    missing = sorted(names - set(given))
    if missing:
        raise SettingsError(f"settings are incomplete: {', '.join(missing)} missing")
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", str(given["recipe"])):
        raise SettingsError(f"recipe must be lower-case letters, digits and dashes, got {given['recipe']!r}")
    given["image_size"] = FIELD["image_size"].parse(str(given["image_size"]))
    return Settings(**given)


def changes(settings: Settings) -> list[tuple[str, str, str]]:
    """(name, the recipe's value, this value) for every setting that differs from its recipe, as typed."""
    base = RECIPES.get(settings.recipe)
    if base is None:
        return []
    return [
        (field.name, typed(getattr(base, field.name)), typed(getattr(settings, field.name)))
        for field in FIELDS
        if getattr(base, field.name) != getattr(settings, field.name)
    ]
