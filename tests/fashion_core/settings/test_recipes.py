"""Another recipe chosen in a form: page, address, command line and recorded run say the same of it, in any order."""

import shlex
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest
from typer.main import get_command

from fashion_core import processes, storage
from fashion_core.__main__ import app
from fashion_core.errors import SettingsError
from fashion_core.launch import actions, launchers
from fashion_core.launch.status import status_of
from fashion_core.runs import runs
from fashion_core.settings import config, fields, recipes
from fashion_core.training import loop
from tests.support.pages import lab, open_page, written  # noqa: F401
from ui.shared import settings_form

RECIPES = list(recipes.RECIPES)
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
    return recipes.settings_for(words[words.index("--recipe") + 1], sets)


def in_widgets(app: AppTest, prefix: str) -> config.Settings:
    """The settings that the widgets show, the recipe's where the page has none."""
    shown = {}
    for widget in [*app.slider, *app.number_input, *app.selectbox]:
        name = (widget.key or "").removeprefix(prefix)
        if widget.key == f"{prefix}{name}" and name in config.FIELD:
            shown[name] = config.FIELD[name].parse(str(widget.value))
    return replace(recipes.RECIPES[app.selectbox(key="recipe").value], **shown)


def in_address(app: AppTest, prefix: str) -> config.Settings:
    """The settings that the address says, read as a person reads it."""
    said = {name: text[0] if isinstance(text, list) else text for name, text in app.query_params.items()}
    sets = [f"{name}={said[prefix + name]}" for name in config.FIELD if prefix + name in said]
    return recipes.settings_for(said.get("recipe", RECIPES[0]), sets)


def changed_by_hand(app: AppTest, prefix: str, own: dict[str, object]) -> None:
    for name, value in own.items():
        if name == "image_size":
            app.selectbox(key=f"{prefix}{name}").set_value(fields.typed(value))
        elif config.FIELD[name].kind == "float" and name not in ("learning_rate", "weight_decay"):
            app.slider(key=f"{prefix}{name}").set_value(value)
        else:
            app.number_input(key=f"{prefix}{name}").set_value(value)


@pytest.fixture
def launched(monkeypatch) -> list[config.Settings]:
    """What the page starts; nothing is."""
    started: list[config.Settings] = []
    monkeypatch.setattr(
        actions, "start_training", lambda dataset, settings, **where: started.append(settings) or "none"
    )
    return started


@pytest.mark.parametrize("has_own", [False, True], ids=["untouched", "with own changes"])
@pytest.mark.parametrize("page", PREFIXES)
def test_after_every_pair_of_recipes_page_address_and_command_line_agree(lab, launched, page, has_own):
    prefix, own = PREFIXES[page], own_on(page) if has_own else {}
    app = lab(page)
    changed_by_hand(app, prefix, own)
    app.run()
    for name in WALK[1:]:
        app.selectbox(key="recipe").select(name).run()
        expected = replace(recipes.RECIPES[name], **own)
        assert not app.exception
        assert in_widgets(app, prefix) == in_command(app) == in_address(app, prefix) == expected
        asked = {f"{prefix}{field}" for field in config.FIELD} & set(app.query_params)
        assert asked == {f"{prefix}{field}" for field in own}  # and what is the recipe's is left out
        said = written(app)
        for field, value in own.items():
            assert f"{settings_form.title(field)} {fields.typed(getattr(recipes.RECIPES[name], field))} → " in said
            assert f"→ **{fields.typed(value)}**" in said
        num_headed = sum(int(e.label.split("· ")[1].split()[0]) for e in app.expander if "changed" in e.label)
        assert num_headed == len(own)
        assert has_own or f"Nothing is changed from `{name}`" in said
    if page == "training":
        for name in RECIPES:
            app.selectbox(key="recipe").select(name).run()
            app.session_state["_started"] = -9.0
            app.button(key="train").click().run()
        assert launched == [replace(recipes.RECIPES[name], **own) for name in RECIPES]


@pytest.mark.parametrize("page", PREFIXES)
def test_a_second_tab_opened_at_the_same_address_shows_the_same_form(lab, page):
    prefix = PREFIXES[page]
    app = lab(page, recipe="strong", **{f"{prefix}flip": "0.3"})
    app.selectbox(key="recipe").select("transfer").run()
    other = lab(page, **app.query_params)
    expected = replace(recipes.RECIPES["transfer"], flip=0.3)
    assert in_widgets(app, prefix) == in_widgets(other, prefix) == in_command(other) == expected
    assert other.query_params == app.query_params


def test_an_address_says_all_of_a_form_also_after_another_one_was_filled(lab):
    app = lab("training", recipe="strong", epochs="2", flip="0.9")
    assert in_command(app) == replace(recipes.STRONG, epochs=2, flip=0.9)
    app = app.switch_page("pages/augmentation.py").run()  # its form is another one, of the recipe that was chosen
    assert in_command(app) == recipes.STRONG
    app.selectbox(key="recipe").select("paper")
    app.slider(key="try_erasing").set_value(0.2).run()
    here = in_command(app)
    next(button for button in app.button if button.label == "Use in training").click().run()
    assert in_command(app) == in_widgets(app, "") == here == replace(recipes.PAPER, erasing=0.2)


def test_a_form_that_the_reader_comes_back_to_is_as_it_was_and_its_address_says_so(lab):
    app = lab("training", recipe="strong", epochs="2", flip="0.9")
    app.switch_page("pages/overview.py").run()
    app.query_params.clear()  # as the sidebar's link does
    app.switch_page("pages/training.py").run()
    expected = replace(recipes.STRONG, epochs=2, flip=0.9)
    assert in_widgets(app, "") == in_command(app) == in_address(app, "") == expected


def test_a_value_changed_by_hand_to_another_recipes_is_that_ones_own_from_then_on(lab):
    app = lab("training", epochs="40", label_smoothing="0.1")  # both stand so in strong
    app.selectbox(key="recipe").select("strong").run()
    assert "Nothing is changed from `strong`" in written(app) and "epochs" not in app.query_params
    app.selectbox(key="recipe").select("paper").run()
    assert in_widgets(app, "") == in_command(app) == in_address(app, "") == recipes.PAPER


@pytest.mark.parametrize("page", PREFIXES)
def test_one_click_takes_all_own_changes_back(lab, page):
    prefix, own = PREFIXES[page], own_on(page)
    app = lab(page, recipe="strong", **{f"{prefix}{name}": fields.typed(value) for name, value in own.items()})
    assert in_command(app) == replace(recipes.STRONG, **own)
    app.button(key=f"{prefix}take all").click().run()
    assert in_widgets(app, prefix) == in_command(app) == in_address(app, prefix) == recipes.STRONG
    assert not [button for button in app.button if button.key == f"{prefix}take all"]


def test_own_changes_that_the_new_recipe_cannot_have_are_named_and_taken_back_with_one_click(lab):
    app = lab("training", recipe="strong", start_size="0.6")
    app.selectbox(key="recipe").select("report").run()
    assert "start_size below 1 needs a network" in written(app)
    assert "Changed from `report`: Start size 1 → **0.6**" in written(app)
    app.button(key="take all").click().run()
    assert not app.error and in_command(app) == recipes.REPORT


def test_a_click_from_a_browser_that_does_not_know_of_the_new_recipe_yet_changes_nothing(lab, launched):
    app = lab("training").run()  # AppTest knows the keys of a first run's widgets only after the next
    app.selectbox(key="recipe").select("strong")
    for widget in [*app.slider, *app.number_input, *app.selectbox]:
        widget.set_value(widget.value)
    before = app._tree
    app.run()
    assert in_command(app) == recipes.STRONG
    app._tree = before  # what the browser still shows, and sends with the next click
    app.button(key="train").click().run()
    assert launched == [recipes.STRONG]
    assert in_widgets(app, "") == in_command(app) == recipes.STRONG


def test_a_form_filled_with_a_runs_settings_keeps_those_that_another_recipe_has_too(lab, tmp_path, monkeypatch, tiny):
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    settings = replace(recipes.STRONG, epochs=recipes.REPORT.epochs, batch_size=16)
    run = runs.create_run(tiny, settings, runs_dir=tmp_path, run_id="failed")
    event = {"event": "failed", "time": 0, "reason": "why", "batch_size": 16, "batch_size_that_fits": 8}
    storage.append_line(run.folder / "events.jsonl", event)
    app = lab("training", run="failed", recipe="report")
    assert in_command(app) == recipes.REPORT
    app.button(key="fill changed").click().run()
    assert in_widgets(app, "") == in_command(app) == in_address(app, "") == replace(settings, batch_size=8)


def test_a_sampler_that_a_link_carries_stands_in_the_first_recipe(lab):
    app = lab("training", recipe="strong", epochs="3")
    app.switch_page("pages/dataset.py").run()
    app.query_params.clear()
    app.query_params.update({"sampler": "power(0.5)", "loss": "cross_entropy"})
    app.switch_page("pages/training.py").run()
    assert in_widgets(app, "") == in_command(app) == replace(recipes.REPORT, sampler="power(0.5)", loss="cross_entropy")


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_started_from_the_form_is_recorded_with_the_recipes_values(name, lab, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    dataset = tiny

    def train_here(self, run, *, data_dir):
        loop.train(run, dataset)

    monkeypatch.setattr(launchers.Local, "submit", train_here)
    small = {"image_size": (32, 32), "batch_size": 64, "epochs": 1, "width": 8, "pretrained": "none"}  # one step, cheap
    app = lab("training", **{field: fields.typed(value) for field, value in small.items()})
    app.selectbox(key="recipe").select(name).run()
    app.selectbox(key="pretrained").select("none").run()  # the weights need not be here
    app.button(key="train").click().run()
    assert not app.exception and not app.error
    (run,) = runs.list_runs(tmp_path)
    recorded = storage.read_json(run.folder / "config.json")
    assert recorded["settings"] == replace(recipes.RECIPES[name], **small).to_json()
    assert run.recipe == name and status_of(run).state == "finished" and status_of(run).step == 1


def test_a_link_to_another_run_beside_the_form_leaves_the_form_as_it_is(lab, tmp_path, monkeypatch, tiny):
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    for name in ("one", "two"):
        run = runs.create_run(tiny, recipes.REPORT, runs_dir=tmp_path, run_id=name)
        own = {"event": "started", "time": 0, "process": processes.process_identity()}
        storage.append_line(run.folder / "events.jsonl", own)
    app = lab("training", run="one", recipe="strong", epochs="5")
    (link,) = [link for link in app.get("page_link") if "run=two" in link.proto.query_string]
    other = lab("training", **dict(part.split("=") for part in link.proto.query_string.split("&")))
    assert in_command(other) == in_widgets(app, "") == replace(recipes.STRONG, epochs=5)


@pytest.mark.parametrize("wrong", ["rapport", "zzzz"])
def test_an_unknown_recipe_is_answered_with_all_that_there_are_as_the_help_of_train_is(wrong: str):
    with pytest.raises(SettingsError) as refused:
        recipes.recipe(wrong)
    assert all(name in str(refused.value) for name in recipes.RECIPES)
    (option,) = (one for one in get_command(app).commands["train"].params if one.name == "recipe")
    assert all(name in option.help for name in recipes.RECIPES)
