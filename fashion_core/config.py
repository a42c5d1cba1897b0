"""Settings of a run: frozen, keyword-only, validated when built. Recipes are named complete sets of them.

Takes strings that people type and gives Settings, or a SettingsError of one sentence that names the setting, the rule
and the value. Knows no files; where data and runs lie by default is the one thing it asks of the environment.
"""

import dataclasses
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashion_core.errors import SettingsError
from fashion_core.labels import did_you_mean

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def default_data_dir() -> Path:
    """Where imported datasets lie unless told otherwise (FASHION_DATA, else data/ beside the app)."""
    return Path(os.environ.get("FASHION_DATA") or PROJECT_ROOT / "data").resolve()


def default_runs_dir() -> Path:
    """Where runs lie unless told otherwise (FASHION_RUNS, else checkpoints/ beside the app)."""
    return Path(os.environ.get("FASHION_RUNS") or PROJECT_ROOT / "checkpoints").resolve()


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
                return f"{self.name} must be {what}between {self.low:g} and {self.high:g}, got {value}"
        elif self.kind == "choice" and value not in self.choices:
            return f"{self.name} must be one of {', '.join(self.choices)}, got {value}"
        elif self.kind == "sampler" and not is_sampler(value):
            return (
                "sampler must be none, balanced, power(alpha) with alpha between 0 and 2, or class_balanced(beta) with "
                f"beta from 0 to below 1, got {value}"
            )
        elif self.kind == "size":
            for side in value if isinstance(value, tuple) and len(value) == 2 else (None,):
                if not isinstance(side, int) or not 16 <= side <= 512 or side % 8:
                    return (
                        f"image_size must be a multiple of 8 between 16 and 512, as 128 or 128x256, got {typed(value)}"
                    )
        return None

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
                f"between {self.low:g} and {self.high:g}, got {text!r}"
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


MODELS = ("report_cnn",)
LOSSES = ("cross_entropy", "weighted", "focal", "balanced_softmax", "logit_adjusted")
DEVICES = ("auto", "cpu", "cuda", "mps")

FIELDS: tuple[Field, ...] = (
    Field(
        name="image_size",
        group="data",
        kind="size",
        unit="pixels",
        help="Every photo is squeezed to this width x height.",
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
    Field(name="model", group="model", kind="choice", choices=MODELS, help="The network."),
    Field(
        name="dropout",
        group="model",
        kind="float",
        low=0,
        high=0.95,
        help="Share of the features that each training step hides.",
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
    Field(name="learning_rate", group="optimiser", kind="float", low=1e-7, high=1, help="Step size of Adam."),
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


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting of a run. Building one checks all of them; a SettingsError names the first that is out of range."""

    recipe: str
    image_size: tuple[int, int]  # width, height
    batch_size: int
    flip: float
    rotation_degrees: float
    brightness: float
    contrast: float
    saturation: float
    mixup: float
    cutmix: float
    model: str
    dropout: float
    sampler: str
    loss: str
    label_smoothing: float
    epochs: int
    learning_rate: float
    seed: int
    log_every: int
    device: str
    num_workers: int

    def __post_init__(self) -> None:
        for field in FIELDS:
            wrong = field.check(getattr(self, field.name))
            if wrong:
                raise SettingsError(wrong)
        if self.mixup and self.cutmix:
            raise SettingsError(
                f"mixup and cutmix cannot both be on, got mixup={self.mixup:g} and cutmix={self.cutmix:g}: set one to 0"
            )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; ``image_size`` as it is typed."""
        return {**dataclasses.asdict(self), "image_size": typed(self.image_size)}

    def to_flags(self) -> str:
        """The ``--recipe`` and ``--set`` flags that rebuild these settings on a command line."""
        return " ".join([f"--recipe {self.recipe}", *(f"--set {name}={_shell(new)}" for name, _, new in changes(self))])


def typed(value: Any) -> str:
    """A setting's value as a person types it."""
    if isinstance(value, tuple) and len(value) == 2:
        return str(value[0]) if value[0] == value[1] else f"{value[0]}x{value[1]}"
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)  # what is typed gives the same number back
    return str(value)


def _shell(text: str) -> str:
    return f"'{text}'" if "(" in text else text


#: The student report ("Fashion Classification Using Custom CNNs and Balanced Sampling"). It does not state the
#: strength of its colour jitter; 0.2 is the value of torchvision's own tutorials. It weights twice on purpose.
REPORT = Settings(
    recipe="report",
    image_size=(128, 128),
    batch_size=32,
    flip=0.5,
    rotation_degrees=10.0,
    brightness=0.2,
    contrast=0.2,
    saturation=0.2,
    mixup=0.0,
    cutmix=0.0,
    model="report_cnn",
    dropout=0.5,
    sampler="balanced",
    loss="weighted",
    label_smoothing=0.0,
    epochs=2,
    learning_rate=1e-3,
    seed=0,
    log_every=10,
    device="auto",
    num_workers=0,
)

RECIPES: dict[str, Settings] = {"report": REPORT}


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
    missing = sorted(names - set(values))
    if missing:
        raise SettingsError(f"settings are incomplete: {', '.join(missing)} missing")
    given = dict(values)
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
