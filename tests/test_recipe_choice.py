"""Another recipe chosen in a form: page, address, command line and recorded run say the same of it, in any order."""

import json
import shlex
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from fashion_core import config, fields, launch, launchers, manifest, runs, train
from tests.made_runs import make_run
from tests.test_pages import lab, open_page, written  # noqa: F401
from ui import settings_form

RECIPES = list(config.RECIPES)
#: Every ordered pair of the four recipes once, as one walk.
WALK = ["report", "paper", "report", "strong", "report", "transfer", "paper", "strong", "paper", "transfer", "strong",
        "transfer", "report"]  # fmt: skip
OWN = {"epochs": 5, "flip": 0.3, "image_size": (64, 64), "seed": 7}
PREFIXES = {"training": "", "augmentation": "try_"}


def own_on(page: str) -> dict[str, object]:
    """The changes that a person makes by hand, of those that the page offers."""
    return {name: value for name, value in OWN.items() if not (page == "augmentation" and name == "epochs")}


def in_command(app: AppTest) -> config.Settings:
    """The settings that the command line on the page would train with."""
    words = shlex.split(next(code.value for code in app.code if "fashion_core train" in code.value))
    sets = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    return config.settings_for(words[words.index("--recipe") + 1], sets)


def in_widgets(app: AppTest, prefix: str) -> config.Settings:
    """The settings that the widgets show, the recipe's where the page has none."""
    shown = {}
    for widget in [*app.slider, *app.number_input, *app.selectbox]:
        name = (widget.key or "").removeprefix(prefix)
        if widget.key == f"{prefix}{name}" and name in fields.FIELD:
            shown[name] = fields.FIELD[name].parse(str(widget.value))
    return replace(config.RECIPES[app.selectbox(key="recipe").value], **shown)


def in_address(app: AppTest, prefix: str) -> config.Settings:
    """The settings that the address says, read as a person reads it."""
    said = {name: text[0] if isinstance(text, list) else text for name, text in app.query_params.items()}
    sets = [f"{name}={said[prefix + name]}" for name in fields.FIELD if prefix + name in said]
    return config.settings_for(said.get("recipe", RECIPES[0]), sets)


def changed_by_hand(app: AppTest, prefix: str, own: dict[str, object]) -> None:
    for name, value in own.items():
        if name == "image_size":
            app.selectbox(key=f"{prefix}{name}").set_value(fields.typed(value))
        elif fields.FIELD[name].kind == "float" and name not in ("learning_rate", "weight_decay"):
            app.slider(key=f"{prefix}{name}").set_value(value)
        else:
            app.number_input(key=f"{prefix}{name}").set_value(value)


@pytest.fixture
def launched(monkeypatch) -> list[config.Settings]:
    """What the page starts; nothing is."""
    started: list[config.Settings] = []
    monkeypatch.setattr(launch, "start_training", lambda dataset, settings, **where: started.append(settings) or "none")
    return started


@pytest.mark.parametrize("has_own", [False, True], ids=["untouched", "with own changes"])
@pytest.mark.parametrize("page", PREFIXES)
def test_after_every_pair_of_recipes_page_address_and_command_line_agree(lab, launched, page, has_own):  # noqa: F811
    prefix, own = PREFIXES[page], own_on(page) if has_own else {}
    app = lab(page)
    changed_by_hand(app, prefix, own)
    app.run()
    for name in WALK[1:]:
        app.selectbox(key="recipe").select(name).run()
        expected = replace(config.RECIPES[name], **own)
        assert not app.exception
        assert in_widgets(app, prefix) == in_command(app) == in_address(app, prefix) == expected
        asked = {f"{prefix}{field}" for field in fields.FIELD} & set(app.query_params)
        assert asked == {f"{prefix}{field}" for field in own}  # and what is the recipe's is left out
        said = written(app)
        for field, value in own.items():
            assert f"{settings_form.title(field)} {fields.typed(getattr(config.RECIPES[name], field))} → " in said
            assert f"→ **{fields.typed(value)}**" in said
        num_headed = sum(int(e.label.split("· ")[1].split()[0]) for e in app.expander if "changed" in e.label)
        assert num_headed == len(own)
        assert has_own or f"Nothing is changed from `{name}`" in said
    if page == "training":
        for name in RECIPES:
            app.selectbox(key="recipe").select(name).run()
            app.session_state["_started"] = -9.0
            app.button(key="train").click().run()
        assert launched == [replace(config.RECIPES[name], **own) for name in RECIPES]
