"""The command line as a person runs it: in this process, or in one of its own."""

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from fashion_core.__main__ import app, main
from fashion_core.launch import background
from tests.support.places import ROOT


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def command(*words: object, data: Path, runs: Path) -> Done:
    """The command line inside this process: the same ``main``, without the seconds that a new Python takes."""
    places = ("--data-dir", data, "--runs-dir", runs)
    options = {name for name in ("data", "runs") if f"--{name}-dir" in signature_of(str(words[0]))}
    typed = [*words, *(places[:2] if "data" in options else ()), *(places[2:] if "runs" in options else ())]
    out, err = io.StringIO(), io.StringIO()
    handlers = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["fashion_core", *map(str, typed)])
        for name, value in background.ENVIRONMENT.items():  # else the command starts itself again to set them
            patch.setenv(name, value)
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            for name, handler in handlers.items():
                signal.signal(name, handler)
    return Done(code, out.getvalue(), err.getvalue())


def signature_of(word: str) -> set[str]:
    """The options of a command, as typer declares them."""
    found = next(c for c in typer.main.get_command(app).commands.items() if c[0] == word)[1]
    return {option for parameter in found.params for option in parameter.opts}


def process(*words: object, data: Path, runs: Path) -> subprocess.CompletedProcess:
    """The command line as a process of its own."""
    environment = {**os.environ, "FASHION_DATA": str(data), "FASHION_RUNS": str(runs)}
    return subprocess.run(
        [sys.executable, "-m", "fashion_core", *map(str, words)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )


def document(*words: object, data: Path, runs: Path, run=command):
    done = run(*words, "--json", data=data, runs=runs)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # stdout holds the document and nothing else
