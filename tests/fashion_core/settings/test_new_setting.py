"""A setting is one line: the whole lab is copied, one line is added to its settings, and everything knows it."""

import dataclasses
import json
import shutil
import subprocess
import sys

import pytest

from fashion_core import paths
from fashion_core.settings import fields

LINE = '    glitter: float = setting(0.0, "augmentation", low=0, high=1, stage="colour", help="Chance of a sparkle.")\n'
ASK = """
import json, sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
from fashion_core.data import datasets
from fashion_core.errors import SettingsError
from fashion_core.runs import runs
from fashion_core.settings import recipes, schedules

FORM = '''
from fashion_core.settings import recipes
from ui.shared import settings_form
for heading in ("Augmentation", "Colour"):
    for field in settings_form.section(heading):
        settings_form.widget(field, recipes.REPORT, prefix=heading)
'''
def refused(said):
    try:
        recipes.settings_for("report", [said])
    except SettingsError as error:
        return str(error)

data_dir, folder = map(Path, sys.argv[1:])
settings = recipes.settings_for("report", ["glitter=0.4"])
run = runs.create_run(datasets.find_dataset(data_dir, "tiny"), settings, runs_dir=folder, run_id="new")
kept = json.loads((run.folder / "config.json").read_text())
del kept["settings"]["glitter"]
old = folder / "old"
old.mkdir()
(old / "config.json").write_text(json.dumps(kept))
sliders = AppTest.from_string(FORM).run(timeout=180).slider
print(json.dumps({
    "form": [[w.label, w.min, w.max, w.value, w.help] for w in sliders if "glitter" in w.key],
    "refused": [refused("glitter=2"), refused("gliter=1")],
    "config": json.loads((run.folder / "config.json").read_text())["settings"]["glitter"],
    "changed": kept["changed"],
    "again": runs.open_run(run.folder).settings.glitter,
    "old": runs.open_run(old).settings.glitter,
    "flags": recipes.to_flags(settings),
    "unused": schedules.unused(settings),
    "acts": [settings.acts("glitter"), recipes.REPORT.acts("glitter")],
}))
"""


@pytest.fixture(scope="module")
def lab_with_one_more(tmp_path_factory):
    """A copy of the lab whose settings have one more line."""
    root = tmp_path_factory.mktemp("lab")
    for part in ("fashion_core", "ui"):
        shutil.copytree(paths.PROJECT_ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    declaration = root / "fashion_core" / "settings" / "config.py"
    before, end, after = declaration.read_text().partition("    # fmt: on\n")
    declaration.write_text(before + LINE + end + after)
    return root


def test_one_line_brings_a_setting_into_the_form_the_command_line_the_record_and_old_runs(
    lab_with_one_more, tiny_data, tmp_path
):
    done = subprocess.run(
        [sys.executable, "-c", ASK, tiny_data, tmp_path], cwd=lab_with_one_more, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["form"] == [["Glitter (recipe 0)", 0, 1, 0, "Chance of a sparkle. From 0 to 1."]] * 2
    assert told["refused"] == [
        "glitter must be between 0 and 1, got 2", "setting 'gliter' is unknown; did you mean 'glitter'?"
    ]  # fmt: skip
    assert (told["config"], told["changed"], told["again"]) == (0.4, {"glitter": "0.4"}, 0.4)
    assert told["old"] == 0
    assert told["flags"] == "--recipe report --set glitter=0.4"
    assert "glitter" in told["unused"] and told["acts"] == [True, False]


def test_the_command_line_knows_the_new_setting(lab_with_one_more, tiny_data):
    words = ["-m", "fashion_core", "train", "tiny", "--set", "glitter=x", "--data-dir", tiny_data]
    done = subprocess.run([sys.executable, *words], cwd=lab_with_one_more, capture_output=True, text=True)
    assert done.returncode and "glitter must be a number between 0 and 1, got 'x'" in done.stderr


def test_an_augmentation_without_a_stage_is_refused_when_it_is_declared():
    forgotten = fields.setting(0.0, "augmentation", low=0, high=1, help="Chance of a sparkle.")
    with pytest.raises(AssertionError, match="glitter needs a stage"):
        fields.declared(dataclasses.make_dataclass("Forgotten", [("glitter", float, forgotten)]))
