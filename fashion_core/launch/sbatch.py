"""What a run asks Slurm for, and the batch script that trains it. Takes words; gives text; calls no program.

The script becomes the very command that trains on one machine (``run``, which goes on with what is saved),
so a job that Slurm requeues after a preemption or a dead node loses nothing. Every word of it is quoted.
"""

import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fashion_core.errors import WrongUse

SCRIPT = "job.sbatch"
GRACE_SECONDS = 60  # before the time limit a run is asked to save and end
_VALUE = re.compile(r"[A-Za-z0-9_.,:+@/=&|*()\[\]!-]{1,200}")
_TIME = re.compile(r"(\d+-)?\d+(:\d{1,2}){0,2}")
_ELSEWHERE = {
    "partition": "--partition",
    "time": "--time",
    "account": "--account",
    "nodes": "--nodes",
    "gpus-per-node": "--gpus",
    "gpus": "--gpus",
}
#: What the lab sets, and what would put other words, variables or images into the job: requests are read from run
#: directories too, which are handed around.
_OURS = (
    "array batch bb bbf chdir container error export export-file get-user-env gid help input job-name no-requeue "
    "ntasks ntasks-per-node open-mode output parsable requeue signal test-only uid version wait wrap"
).split()


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a job asks for; ``processes`` and ``gpus`` are those of each node, ``options`` go to sbatch as they are."""

    nodes: int = 1
    processes: int = 1
    gpus: int = 0
    options: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def flags(self) -> list[str]:
        """sbatch's options, without the name of the job and its log."""
        batch = "B:" if self.nodes == 1 else ""  # the batch process is the trainer, or else it is srun
        return [
            f"--nodes={self.nodes}",
            "--ntasks-per-node=1",
            *([f"--gpus-per-node={self.gpus}"] if self.gpus else []),
            "--open-mode=append",
            "--requeue",
            f"--signal={batch}TERM@{GRACE_SECONDS}",
            *(f"--{name}={value}" if value else f"--{name}" for name, value in self.options),
        ]


def from_json(kept: Mapping[str, Any]) -> Request:
    """What ``Request.to_json`` gave, checked again: it comes from a file. WrongUse when it is something else."""
    try:
        options = {str(name): str(value) for name, value in kept["options"]}
        named = {name: options.pop(name, None) for name in ("partition", "time", "account")}
        numbers = {name: int(kept[name]) for name in ("nodes", "processes", "gpus")}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise WrongUse(
            "what the run asked Slurm for is damaged in its events.jsonl; copy its settings to a new run"
        ) from None
    found = [f"{name}={value}" if value else name for name, value in options.items()]
    return request(
        None,
        nodes=numbers["nodes"],
        processes=numbers["processes"],
        gpus=numbers["gpus"] or None,
        options=found,
        **named,
    )


def request(
    before: Request | None = None,
    *,
    nodes: int | None = None,
    processes: int | None = None,
    gpus: int | None = None,
    options: Sequence[str] = (),
    **named: str | None,
) -> Request:
    """A checked request. What is None or not among ``options`` (``key=value`` or ``key``) is taken from ``before``.

    ``named`` are the options with a name of their own: partition, time, account. WrongUse names what is wrong."""
    before = before or Request()
    found = dict(before.options)
    for name, value in named.items():
        if value is not None:
            found[name] = _checked(f"--{name}", value)
    if named.get("time") is not None and not _TIME.fullmatch(found["time"]):
        raise WrongUse(f"--time must be as Slurm writes it, 08:00:00 or 1-12:00:00 or minutes, got {named['time']!r}")
    for option in options:
        name, sign, value = option.partition("=")
        name = name.strip().removeprefix("--")
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", name):
            raise WrongUse(f"--slurm must be a long option of sbatch as key=value, like mem=32G, got {option!r}")
        if own := next((flag for word, flag in _ELSEWHERE.items() if word.startswith(name)), None):
            raise WrongUse(f"--slurm {name}=... has an option of its own: {own}")
        if any(word.startswith(name) for word in _OURS):  # sbatch takes the beginning of an option for the option
            raise WrongUse(f"--slurm {name}=... is set by the lab itself, for a run to be found and stopped again")
        found[name] = _checked(f"--slurm {name}", value) if sign else ""
    for name, number, most in (("nodes", nodes, 1024), ("nproc", processes, 64), ("gpus", gpus, 64)):
        if number is not None and not 1 <= number <= most:
            raise WrongUse(f"--{name} must be a whole number between 1 and {most}, got {number}")
    if processes is None:
        processes = gpus or before.processes
    gpus = before.gpus if gpus is None else gpus
    if gpus and processes != gpus:
        raise WrongUse(f"--gpus {gpus} and --nproc {processes} differ, and each process has one GPU; leave --nproc out")
    nodes = before.nodes if nodes is None else nodes
    return Request(nodes=nodes, processes=processes, gpus=gpus, options=tuple(found.items()))


def _checked(option: str, value: str) -> str:
    if not _VALUE.fullmatch(value):
        raise WrongUse(f"{option} must be letters, digits and the signs of Slurm's options, 200 at most, got {value!r}")
    return value


def job_name(run_id: str) -> str:
    """A name that no other job has, by which a job is told from a later one with the same number."""
    return f"{re.sub(r'[^A-Za-z0-9_.-]', '_', run_id)[:80]}-{secrets.token_hex(4)}"


def script(request: Request, *, name: str, command: Sequence[str], root: Path, environment: Mapping[str, str]) -> str:
    """The batch script. ``command`` is Python's words up to and with ``train ...``: ``[python, "-m", ...]``.

    ``root`` is where it starts, ``environment`` what is exported first.
    """
    lines = [
        "#!/bin/bash",
        *(f"#SBATCH {flag}" for flag in [f"--job-name={name}", *request.flags()]),
        "# Written by the lab. The lab submits it with --output=log.txt of this directory.",
        f"cd {shlex.quote(str(root))} || exit 1",
        *(f"export {name}={shlex.quote(value)}" for name, value in environment.items()),
    ]
    python, words = command[0], list(command[1:])
    if request.nodes == 1:
        words += ["--nproc", str(request.processes)] if request.processes > 1 else []
        return "\n".join([*lines, f"exec {shlex.join([python, *words])}", ""])
    cpus = dict(request.options).get("cpus-per-task")  # srun does not take it over from sbatch
    step = [
        "srun",
        f"--nodes={request.nodes}",
        f"--ntasks={request.nodes}",
        "--ntasks-per-node=1",
        "--kill-on-bad-exit=1",
        *([f"--cpus-per-task={cpus}"] if cpus else []),
    ]
    launcher = [
        *(python, "-m", "torch.distributed.run"),
        f"--nnodes={request.nodes}",
        f"--nproc-per-node={request.processes}",
        "--max-restarts=0",
        "--rdzv-backend=c10d",
    ]
    lines += [
        "head=$(hostname)  # this script runs on the job's first node",
        "port=$((20000 + SLURM_JOB_ID % 10000))",
        "trap : TERM  # the ranks are asked too; this shell waits for them",
        f'{shlex.join(step)} {shlex.join(launcher)} --rdzv-endpoint="$head:$port" '
        f'--rdzv-id="$SLURM_JOB_ID-${{SLURM_RESTART_COUNT:-0}}" {shlex.join(words)}',
        "",
    ]
    return "\n".join(lines)
