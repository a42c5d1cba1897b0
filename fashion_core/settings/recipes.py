"""Recipes: named complete sets of settings, and settings told as a recipe with single ones changed.

Takes strings that people type and gives Settings, or a SettingsError of one sentence.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from fashion_core.errors import SettingsError
from fashion_core.labels import did_you_mean, nearest
from fashion_core.settings.config import FIELD, FIELDS, Settings
from fashion_core.settings.fields import typed

REPORT = Settings()

#: The IndoFashion authors' baseline (arXiv 2104.02830 and its released code): 128 wide x 256 high, squeezed, BGR,
#: jitter of hue and saturation, flip and rotation. They start from ImageNet weights; here the weights are random.
PAPER = replace(
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
STRONG = replace(
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
TRANSFER = replace(
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

RECIPES = {"report": REPORT, "paper": PAPER, "strong": STRONG, "transfer": TRANSFER}


def recipe(name: str) -> Settings:
    """The settings of a named recipe; SettingsError with the nearest name, and all of them, when there is none."""
    if name not in RECIPES:
        near = f"{did_you_mean(name, RECIPES)} " if nearest(name, RECIPES) else ""
        raise SettingsError(f"recipe {name!r} is unknown; {near}known: {', '.join(RECIPES)}")
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
        if name not in FIELD:
            raise SettingsError(f"setting {name!r} is unknown; {did_you_mean(name, FIELD)}")
        changed[name] = FIELD[name].parse(text)
    return replace(base, **changed)


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


def to_flags(settings: Settings) -> str:
    """The ``--recipe`` and ``--set`` flags that rebuild these settings on a command line."""
    sets = [f"--set {name}={_shell(new)}" for name, _, new in changes(settings)]
    return " ".join([f"--recipe {settings.recipe}", *sets])


def _shell(text: str) -> str:
    return f"'{text}'" if "(" in text else text
