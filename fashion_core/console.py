"""What every command shares: its options, and how it speaks.

One JSON document or lines on stdout, everything else on stderr. Knows no command.
"""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_core import config

app = typer.Typer(
    name="fashion_core",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Import labelled photos of clothes, train classifiers on them and judge them.",
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
DataDir = Annotated[Path, typer.Option("--data-dir", resolve_path=True, help="Where imported datasets lie.")]
RunsDir = Annotated[Path, typer.Option("--runs-dir", resolve_path=True, help="Where runs lie.")]
Split = Annotated[str | None, typer.Option("--split", help="train, val or test; test where there is one.")]
Nproc = Annotated[
    int, typer.Option("--nproc", min=1, max=64, help="Processes on this machine: one a GPU, or parts of a CPU.")
]
Device = Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda or mps.")]

DATA_DIR, RUNS_DIR = config.default_data_dir(), config.default_runs_dir()


def say(sentence: str) -> None:
    """One line for people, on stderr."""
    print(sentence, file=sys.stderr, flush=True)


def answer(document: Any, as_json: bool, lines: list[str]) -> None:
    """The command's result: one JSON document, or lines for people."""
    print(json.dumps(document, indent=1, ensure_ascii=False) if as_json else "\n".join(lines))


class Bar:
    """Progress on stderr: a moving line on a terminal, a line every five seconds in a log."""

    def __init__(self) -> None:
        self.stage, self.told, self.began = "", 0.0, time.monotonic()
        self.moving = sys.stderr.isatty()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage != self.stage:
            self.stage, self.told, self.began = stage, 0.0, now
        if done < total and now - self.told < (0.2 if self.moving else 5):
            return
        self.told = now
        left = (now - self.began) / done * (total - done) if done else 0
        text = f"{stage}: {done:,} of {total:,}" + (f", about {left:.0f} s left" if left >= 1 else "")
        print(f"\r{text:<78}" if self.moving else text, end="" if self.moving else "\n", file=sys.stderr, flush=True)
        if self.moving and done >= total:
            print(file=sys.stderr)
