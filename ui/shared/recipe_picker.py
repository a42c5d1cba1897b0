"""Which recipe a form of settings starts from, and that its widgets, the address and the recipe's name say one thing.

A widget keeps its value when its default changes, so a form remembers of which recipe its widgets hold the values. When
another one is chosen, what stood at the old recipe's value takes the new one's, and what a person had changed stays and
is named. A link says all of a form: what it leaves out is the recipe's. Forms are told apart by the ``prefix`` of their
widgets' keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from fashion_core.settings import config, recipes
from fashion_core.settings.config import Settings
from fashion_core.settings.fields import Field
from ui.app import address, navigation, subject, words
from ui.shared import settings_form

KEY = "recipe"
#: Whose a recipe is, beside its name.
WHOSE = {"report": " (the report's)", "paper": " (the authors')"}


@dataclass(frozen=True)
class Filled:
    """The recipe whose values a form's widgets hold, and the visit of the page in which they were drawn; ``before`` is
    another recipe only until a browser has shown that it knows of this one."""

    recipe: str
    before: str
    visit: int


@dataclass(frozen=True)
class Offered:
    """The recipe that a form opens with ``on`` these photos where nobody has chosen; the seconds that each takes."""

    on: str
    recipe: str
    seconds: Mapping[str, float]

    def words(self, name: str) -> str:
        """``strong, about 6 min``"""
        return f"{recipe_words(name)}, about {words.roughly(self.seconds[name])}"


def recipe_words(name: str) -> str:
    """A recipe in the picker: its name, and whose it is."""
    return f"{name}{WHOSE.get(name, '')}"


def pick(prefix: str = "", asked: Sequence[Field] = config.FIELDS, offered: Offered | None = None) -> Settings:
    """The recipe that the other settings start from; the widgets of ``asked``, drawn below it, follow it. Opens on the
    first one, or on what is ``offered``."""
    if not subject.is_own(KEY):  # a form of another page had it
        st.session_state.pop(KEY, None)
    filled = _forms().get(prefix)
    arrived = filled is None or filled.visit != navigation.visit()
    said = [name for name in (KEY, *(f"{prefix}{field.name}" for field in asked)) if name in st.query_params]
    linked = bool(said) if arrived else st.query_params.get(KEY) not in (None, address.seen(KEY))
    if arrived and linked and KEY not in said:
        st.session_state[KEY] = next(iter(recipes.RECIPES))  # not the one that was chosen on another page
    if offered is not None:
        _open_on(offered, linked, prefix, asked)
    recipe = recipes.RECIPES[
        address.select(
            "Recipe",
            list(recipes.RECIPES),
            key=KEY,
            default=offered.recipe if offered else None,
            words=offered.words if offered else recipe_words,
            help="A named, complete set of settings. What you change is listed before a run starts.",
        )
    ]
    before = recipe
    if linked:
        _take_from_address(recipe, prefix, asked)
    elif filled is not None:
        before = recipes.RECIPES[filled.recipe]
        if before is recipe and _is_late(recipes.RECIPES[filled.before], recipe, prefix, asked):
            before = recipes.RECIPES[filled.before]
        _take_over(before, recipe, prefix, asked)
    if not address.is_history():
        address.rewrite(_to_say(recipe, prefix, asked))
    _forms()[f"{prefix} drawn"] = Filled(recipe.recipe, before.recipe, navigation.visit())
    return recipe


def _open_on(offered: Offered, linked: bool, prefix: str, asked: Sequence[Field]) -> None:
    """Have the form open on the recipe that is offered, and on the one that is offered on other photos once these are
    chosen, as long as neither the address nor the reader has said a recipe or changed a setting."""
    state = st.session_state
    now = None if linked else state.get(KEY, subject.remembered(KEY))
    opened = state.get("_opened_on")
    if now is None and not linked:
        state["_opened_on"] = offered
    elif opened is None or now != opened.recipe:
        state.pop("_opened_on", None)
    elif opened.on != offered.on:
        own = recipes.RECIPES[opened.recipe]
        if all(settings_form.holds(field, getattr(own, field.name), f"{prefix}{field.name}") for field in asked):
            state[KEY], state["_opened_on"] = offered.recipe, offered


def show_changes(recipe: Settings, values: Mapping[str, Any], prefix: str = "") -> None:
    """Name what the widgets say that the recipe does not, with a button that takes it back. Below the widgets: only a
    form of which all was drawn has its recipe's values, and a run of the page may end before."""
    _forms()[prefix] = _forms()[f"{prefix} drawn"]
    changed = []
    for name, value in values.items():
        own = getattr(recipe, name)
        said = config.FIELD[name].parse(value) if isinstance(value, str) else value
        if said != own:
            told = f"{settings_form.typed(own)} → **{words.plain(settings_form.typed(said))}**"
            changed.append(f"{settings_form.title(name)} {told}")
    if not changed:
        st.markdown(f"Nothing is changed from `{recipe.recipe}`.")
        return
    with st.container(gap=None):
        st.markdown(f"Changed from `{recipe.recipe}`: {', '.join(changed)}.")
        st.button(
            f"Take all from {recipe.recipe}",
            key=f"{prefix}take all",
            type="tertiary",
            icon=":material/undo:",
            on_click=fill,
            args=(recipe.recipe, {name: getattr(recipe, name) for name in values}, prefix),
            help="Puts the recipe's own values into the form. Nothing starts.",
        )


def fill(recipe: str, values: Mapping[str, Any], prefix: str = "", **more: str) -> None:
    """Put these settings into the form, and choose ``more`` in other pickers, in one step of the browser's history. For
    callbacks: widgets must not be drawn yet. A recipe that is not known here leaves the chosen one."""
    asked = [config.FIELD[name] for name in values]
    st.session_state.pop("_opened_on", None)
    for field in asked:
        st.session_state[f"{prefix}{field.name}"] = settings_form.held(field, values[field.name])
    if recipe not in recipes.RECIPES:
        recipe = st.session_state.get(KEY, next(iter(recipes.RECIPES)))
    elif recipe != st.session_state.get(KEY):
        more[KEY] = recipe
    _forms()[prefix] = Filled(recipe, recipe, navigation.visit())
    address.prepare(_to_say(recipes.RECIPES[recipe], prefix, asked))
    address.choose(**more)


def asked() -> dict[str, str]:
    """What the address says of the Training page's form; for links of the page to itself, which else would empty it."""
    return {name: st.query_params[name] for name in (KEY, *config.FIELD) if name in st.query_params}


def _forms() -> dict[str, Filled]:
    return st.session_state.setdefault("_forms", {})


def _take_from_address(recipe: Settings, prefix: str, asked: Sequence[Field]) -> None:
    """Give every widget what the address says, and the recipe's value where it says nothing or what cannot be."""
    for field in asked:
        key = f"{prefix}{field.name}"
        st.session_state[key] = settings_form.asked_value(field, key, getattr(recipe, field.name))


def _take_over(old: Settings, new: Settings, prefix: str, asked: Sequence[Field]) -> None:
    """Give every widget that stands at the old recipe's value the new one's."""
    for field in asked if old is not new else ():
        if settings_form.holds(field, getattr(old, field.name), f"{prefix}{field.name}"):
            st.session_state[f"{prefix}{field.name}"] = settings_form.held(field, getattr(new, field.name))


def _is_late(old: Settings, new: Settings, prefix: str, asked: Sequence[Field]) -> bool:
    """Whether all widgets say again what they said before the recipe changed: a click came from a browser that had not
    heard of it yet."""
    changed = [field for field in asked if getattr(old, field.name) != getattr(new, field.name)]
    return bool(changed) and all(
        settings_form.holds(field, getattr(old, field.name), f"{prefix}{field.name}") for field in changed
    )


def _to_say(recipe: Settings, prefix: str, asked: Sequence[Field]) -> dict[str, str | None]:
    """What the address is to say, where it does not already say what the widgets will hold."""
    wanted: dict[str, str | None] = {}
    for field in asked:
        key = f"{prefix}{field.name}"
        if settings_form.holds(field, getattr(recipe, field.name), key):
            wanted[key] = None
        elif (value := st.session_state.get(key)) is not None and not settings_form.is_asked(field, key, value):
            wanted[key] = settings_form.address_text(field, value)
    return wanted
