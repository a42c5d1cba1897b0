"""What README says is what the code does."""

import re
import shlex
import subprocess
import sys

import pytest
import typer

from fashion_core.__main__ import app
from fashion_core.settings import recipes
from tests.support.places import ROOT
from ui.app import navigation

README = (ROOT / "README.md").read_text()


def test_the_commands_to_begin_with_stand_first_and_word_for_word():
    blocks = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
    setup = "python3 -m venv .venv && .venv/bin/pip install -r "
    assert blocks[0] == setup + "requirements.txt && .venv/bin/streamlit run streamlit_app.py"
    assert blocks[1] == setup + "requirements-dev.txt && .venv/bin/python -m pytest"
    assert blocks[2] == setup + "requirements-review.txt && .venv/bin/streamlit run streamlit_app.py"


def test_a_review_takes_the_versions_of_the_lab():
    lab, review = (
        {line for line in (ROOT / name).read_text().splitlines() if line}
        for name in ("requirements.txt", "requirements-review.txt")
    )
    assert {line.split("==")[0] for line in lab - review} == {"torch", "torchvision", "captum"}
    assert {line.split("==")[0] for line in review - lab} == {"onnxruntime"}
    assert review - lab < set((ROOT / "requirements-dev.txt").read_text().splitlines()), "what the tests answer with"


@pytest.mark.parametrize("entry", ["fashion_core.__main__", "streamlit_app"])
def test_where_there_are_no_locks_of_unix_one_sentence_says_where_it_runs(entry: str):
    script = f"import sys; sys.modules['fcntl'] = None; import {entry}"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert re.fullmatch("error: [^\n]* Windows under WSL [^\n]*\n", done.stderr)


def test_every_command_and_option_of_the_readme_exists():
    commands = typer.main.get_command(app).commands
    lines = re.findall(r"^python -m fashion_core ([^\n#]+)", README, re.MULTILINE)
    assert len(lines) >= 10
    for line in lines:
        word, *rest = shlex.split(line)
        options = {option for parameter in commands[word].params for option in parameter.opts}
        assert {part for part in rest if part.startswith("-")} <= options, line


def test_every_command_is_in_the_readme():
    missing = [word for word in typer.main.get_command(app).commands if f"fashion_core {word}" not in README]
    assert set(missing) <= {"datasets", "export"}


def test_the_table_of_pages_is_the_navigation_with_its_questions():
    table = dict(re.findall(r"^\| ([\w ]+) \| (.+\?) \|$", README, re.MULTILINE))
    pages = {entry.title: entry.question for entry in navigation.ENTRIES}
    assert table == pages


def test_the_readme_names_every_recipe():
    assert all(f"`{name}`" in README for name in recipes.RECIPES)
