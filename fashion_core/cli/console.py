"""What every command shares: its options, and how it speaks.

One JSON document or lines on stdout, everything else on stderr. Knows no command.
"""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from fashion_core import paths, storage
from fashion_core.launch import interpreter

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
Backend = Annotated[
    str | None, typer.Option("--backend", help="local, or slurm: submit a job; the options after this are its own.")
]
Partition = Annotated[str | None, typer.Option("--partition", help="Slurm: where the job may run.")]
TimeLimit = Annotated[str | None, typer.Option("--time", help="Slurm: how long it may run, like 08:00:00.")]
Gpus = Annotated[int | None, typer.Option("--gpus", min=1, max=64, help="Slurm: GPUs on each node, a process each.")]
Nodes = Annotated[int | None, typer.Option("--nodes", min=1, max=1024, help="Slurm: machines for one run.")]
Account = Annotated[str | None, typer.Option("--account", help="Slurm: who pays.")]
SlurmOptions = Annotated[
    list[str] | None, typer.Option("--slurm", help="Slurm: any other option of sbatch, key=value, like mem=32G.")
]
Device = Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda or mps.")]

DATA_DIR, RUNS_DIR = paths.default_data_dir(), paths.default_runs_dir()


def say(sentence: str) -> None:
    """One line for people, on stderr."""
    print(interpreter.here(sentence), file=sys.stderr, flush=True)


def answer(document: Any, as_json: bool, lines: list[str]) -> None:
    """The command's result: one JSON document, or lines for people."""
    print(json.dumps(document, indent=1, ensure_ascii=False) if as_json else interpreter.here("\n".join(lines)))


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
        text = f"{stage}: {storage.amount(stage, done, total)}" + (f", about {left:.0f} s left" if left >= 1 else "")
        print(f"\r{text:<78}" if self.moving else text, end="" if self.moving else "\n", file=sys.stderr, flush=True)
        if self.moving and done >= total:
            print(file=sys.stderr)
