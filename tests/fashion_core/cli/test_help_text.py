"""The help groups every command, and each example below one is a call that the command takes."""

import re
import shlex

import pytest
import typer
from typer.testing import CliRunner

from fashion_core.__main__ import app
from fashion_core.cli import help_text

COMMANDS = typer.main.get_command(app).commands
EXAMPLES = [(name, text) for group in help_text.GROUPS.values() for name, texts in group.items() for text in texts]


def test_every_command_that_people_type_stands_in_one_group_with_an_example():
    tabled = [name for group in help_text.GROUPS.values() for name in group]
    assert sorted(tabled) == sorted(name for name, command in COMMANDS.items() if not command.hidden)
    assert all(texts for group in help_text.GROUPS.values() for texts in group.values())


@pytest.mark.parametrize("name, text", EXAMPLES, ids=[text for _, text in EXAMPLES])
def test_an_example_is_a_call_that_the_command_takes(name: str, text: str):
    word, *rest = shlex.split(text)
    assert word == name
    given = COMMANDS[name].make_context(name, list(rest)).params  # raises where a word or an option is not known
    assert given


def test_the_first_help_shows_the_groups_in_order_and_a_command_its_examples(monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")
    first = CliRunner().invoke(app, ["--help"]).stdout
    places = [first.index(f"─ {group} ") for group in help_text.GROUPS]
    assert places == sorted(places)
    assert "─ Commands ─" not in first, "no command is left over"
    assert len(re.findall(r"^│ import .*(?:\n│   +.*)*", first, re.MULTILINE)[0].splitlines()) == 1
    own = CliRunner().invoke(app, ["compare", "--help"]).stdout
    assert (
        own.index("Examples:") < own.index("fashion_core compare RUN OTHER") < own.index("compare RUN published-report")
    )
