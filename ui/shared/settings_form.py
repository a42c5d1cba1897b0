"""Widgets for a run's settings, made from ``config.FIELDS``: range, unit, help and the recipe's value come from there.

A widget's key is the setting's name (with a prefix where a page only tries values), so that every value stands in the
address. The ranges of widgets are enforced by the browser only; Settings check again, and theirs is the sentence shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from fashion_core.errors import SettingsError
from fashion_core.settings import config, fields
from fashion_core.settings.config import Settings
from fashion_core.settings.fields import Field
from ui.app import faults, words
from ui.shared import corrected_twice as shared_corrected_twice

#: How a person thinks of the settings: a heading, and the groups of ``config.FIELDS`` below it.
SECTIONS = {
    "Photos": ("data",),
    "Augmentation": ("augmentation",),
    "Model": ("model",),
    "Rare classes": ("imbalance",),
    "Learning": ("optimiser",),
    "Device": ("hardware",),
}
#: What is tried on one photo, in the order in which it happens to it: a heading, and the stages below it.
STAGE_HEADINGS = {
    "Input": ("input",),
    "Shape": ("crop", "flip", "rotate"),
    "Colour": ("colour",),
    "Erase, mix": ("erase", "mix"),
    "Seed": ("draw",),
}
_UNITS = {"degrees": "°", "pixels": " px", "minutes": " min"}


def title(name: str) -> str:
    """``learning_rate`` -> ``Learning rate``"""
    return config.FIELD[name].title


def typed(value: Any) -> str:
    """A setting's value as it is typed after ``--set name=``."""
    return fields.typed(value)


def section(heading: str) -> list[Field]:
    """The settings below a heading of ``STAGE_HEADINGS`` or ``SECTIONS``, in the order in which they are declared."""
    if heading in STAGE_HEADINGS:
        return [field for stage in STAGE_HEADINGS[heading] for field in config.FIELDS if field.stage == stage]
    return [field for field in config.FIELDS if field.group in SECTIONS[heading]]


def widget(
    field: Field,
    recipe: Settings,
    *,
    prefix: str = "",
    choices: Iterable[str] | None = None,
    quiet: bool = False,
    **more: Any,
) -> Any:
    """Draw one setting, opened on the recipe's value, and return what it says (typed text for a size).

    The recipe's value stands beside the name; with ``quiet`` only when another one is chosen. ``more`` goes
    to the widget.
    """
    own = getattr(recipe, field.name)
    key = f"{prefix}{field.name}"
    # plain text: what a screen reader calls a widget is its label as it is written, markup and all
    name = field.title if quiet and holds(field, own, key) else f"{field.title} {_beside(field, own)}"
    said = {"key": key, "bind": "query-params", "help": _help(field), **more}
    if field.kind == "int":
        return st.number_input(name, int(field.low), int(field.high), own, 1, **said)
    if field.fine:
        return st.number_input(name, float(field.low), float(field.high), float(own), None, "%g", **said)
    if field.kind == "float":
        step = 0.01 if field.high < 1 else 0.05 if field.high <= 1 else 0.1 if field.high <= 10 else 1.0
        return st.slider(name, float(field.low), float(field.high), float(own), step, "%g", **said)
    if field.kind == "choice":
        offered = list(choices if choices is not None else field.choices)
        return st.selectbox(name, offered, offered.index(own) if own in offered else 0, **said)
    own = typed(own)
    offered = sorted({own, *field.offered}, key=_by_size)
    return st.selectbox(name, offered, offered.index(own), accept_new_options=True, **said) or own


def _beside(field: Field, own: Any) -> str:
    return f"(recipe {typed(own)}{_UNITS.get(field.unit, '')})"


def _help(field: Field) -> str:
    bounds = (
        f" From {typed(field.low)} to {typed(field.high)}." if field.low is not None and field.high is not None else ""
    )
    sizes = " One number for a square, or width x height; type any multiple of 4." if field.kind == "size" else ""
    return f"{field.help}{bounds}{sizes}"


def _by_size(text: str) -> tuple[int, str]:
    head = text.partition("x")[0]
    return (int(head) if head.isdigit() else 0, text)


def section_words(heading: str, recipe: Settings, prefix: str = "") -> str:
    """The heading, with how many of its settings differ from the recipe by what the widgets held a moment ago."""
    num = sum(not holds(field, getattr(recipe, field.name), f"{prefix}{field.name}") for field in section(heading))
    return f"{heading} :gray[· {num} changed]" if num else heading


def holds(field: Field, own: Any, key: str) -> bool:
    """Whether the widget, which may not be drawn yet, holds the recipe's value; it ignores one that cannot be."""
    chosen = st.session_state.get(key, st.query_params.get(key))
    if isinstance(chosen, str) and field.kind not in ("size", "sampler"):
        try:
            chosen = field.parse(chosen)
        except SettingsError:
            return True
        if field.check(chosen):
            return True
    return chosen is None or chosen in (own, typed(own))


def held(field: Field, value: Any) -> Any:
    """A setting's value as its widget holds it."""
    if field.kind in ("size", "sampler"):
        return typed(value)
    return float(value) if field.kind == "float" else value


def address_text(field: Field, value: Any) -> str:
    """What its widget writes into the address for a value that it holds."""
    return str(value) if field.fine else typed(value)


def asked_value(field: Field, key: str, own: Any) -> Any:
    """What the widget takes from the address: ``own`` where that says nothing, or what cannot be."""
    text = st.query_params.get(key)
    if text is None:
        return held(field, own)
    if field.kind in ("size", "sampler"):  # the engine answers for them
        return text or held(field, own)
    try:
        value = field.parse(text)
    except SettingsError:
        return held(field, own)
    return held(field, own if field.check(value) else value)


def is_asked(field: Field, key: str, value: Any) -> bool:
    """Whether the address says this value, however it is written."""
    return key in st.query_params and asked_value(field, key, None) == value


def corrected_twice(settings: Settings) -> str:
    """What it does that sampler and loss both correct for rare classes; empty where they do not."""
    return shared_corrected_twice.twice(settings.sampler, settings.loss, settings.recipe)


def build(recipe: Settings, values: Mapping[str, Any]) -> Settings | None:
    """Settings of the recipe with these values; None, and the engine's own sentence on the page, when they refuse."""
    with faults.shown(stop=False):
        parsed = {
            name: config.FIELD[name].parse(value) if isinstance(value, str) else value for name, value in values.items()
        }
        return replace(recipe, **parsed)
    return None


def refuse_address(prefix: str = "", asked: Iterable[Field] = config.FIELDS) -> None:
    """Say what is wrong with a value in the address: its widget would ignore it without a word."""
    for field in asked:
        if field.kind in ("size", "sampler"):  # their widgets take any text, so that the engine answers for them
            continue
        refuse_value(f"{prefix}{field.name}", field, "The recipe's value is used.")


def refuse_value(key: str, field: Field, instead: str) -> None:
    """Say what is wrong with one value in the address, and what is taken ``instead``."""
    text = st.query_params.get(key)
    try:
        wrong = field.check(field.parse(text)) if text is not None else None
    except SettingsError as error:
        wrong = str(error)
    if wrong:
        told = f"The address asks for what cannot be: {words.plain(wrong)}. {instead}"
        st.warning(told, icon=":material/link:")
