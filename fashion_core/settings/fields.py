"""What a setting is, and how one is declared: a field of a dataclass that says its default, kind, range, unit and help.

Takes a value or the text that somebody typed; gives the value, or one sentence that says what is wrong with it. Knows
no setting by name but those of a kind of their own, no recipe and no run.
"""

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any

from fashion_core.errors import SettingsError

#: What happens to a photo on its way into the network, in this order; ``draw`` is chance itself.
STAGES = ("input", "crop", "flip", "rotate", "colour", "erase", "mix", "size", "draw")


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
    """One setting as a person meets it. Pages build widgets from this, and the command line its refusals."""

    name: str
    group: str  # data | augmentation | model | imbalance | optimiser | hardware
    kind: str  # int | float | choice | size | sampler
    help: str
    title: str = ""
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()  # what a form offers where any text may be typed
    fine: bool = False  # a number whose useful values lie too close together for a slider: 0.0005, 0.999
    stage: str = ""  # where it acts on a photo: one of STAGES, which every augmentation says
    off: float = 0  # the value with which it leaves photos as they are
    changes: str = "learning"  # or no more than "luck", the "bits" by rounding, or the "record" of the run
    original: bool = False  # in the config.json of every run; what an older run does not name had its default

    def __post_init__(self) -> None:
        assert self.stage in STAGES if self.stage else self.group != "augmentation", f"{self.name} needs a stage"

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


def setting(default: Any, group: str, **more: Any) -> Any:
    """Declares a setting as a field of ``config.Settings``; ``more`` are fields of Field, of which ``help`` is needed.
    ``default`` is the student report's value, and what runs did before the setting existed."""
    return dataclasses.field(default=default, metadata={"group": group, **more})


def declared(settings: type) -> tuple[Field, ...]:
    """The settings that a class declares, in order; kind and title follow from type and name where nothing is said."""
    kinds = {int: "int", float: "float"}
    return tuple(
        Field(
            **{
                "name": field.name,
                "kind": kinds.get(field.type, "choice"),  # type: ignore[arg-type]
                "title": field.name.replace("_", " ").capitalize(),
                **field.metadata,
            }
        )
        for field in dataclasses.fields(settings)
        if field.metadata
    )


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
