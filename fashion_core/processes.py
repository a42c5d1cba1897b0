"""Which process is which: a pid comes back, a pid with its start time does not. Takes and gives plain identities."""

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil


def process_identity(pid: int | None = None) -> dict[str, Any]:
    """pid, start time and host: what tells a process from a later one with the same pid; and its Slurm job, if any."""
    process = psutil.Process(pid)
    identity = {"pid": process.pid, "started": process.create_time(), "host": platform.node()}
    job = own_job()
    return identity | {"job": job} if job else identity


def own_job() -> dict[str, str] | None:
    """The Slurm job that this process is in: its number, name and cluster."""
    if "SLURM_JOB_ID" not in os.environ:
        return None
    variables = {"id": "SLURM_JOB_ID", "name": "SLURM_JOB_NAME", "cluster": "SLURM_CLUSTER_NAME"}
    return {key: os.environ.get(variable, "") for key, variable in variables.items()}


def find(identity: dict[str, Any]) -> psutil.Process | None:
    """Exactly this process if it runs on this machine: same pid, same start time, and not a zombie.

    The host's name is asked only of a process in a Slurm job, which may be on another node: on laptops it changes with
    the network. psutil asks for the start time once more before it signals what is returned here.
    """
    if identity.get("job") and not is_here(identity):
        return None
    try:
        process = psutil.Process(identity["pid"])
        same = abs(process.create_time() - identity["started"]) < 0.05
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def end(process: psutil.Process, wait_seconds: float) -> None:
    """Ask a process to end, and end it when it has not after so many seconds; returns when it is gone, or when the
    kernel has not let it go after as many seconds again (it waits for a disk)."""
    with suppress(psutil.NoSuchProcess):  # it has ended by itself meanwhile
        process.terminate()
        try:
            process.wait(wait_seconds)
        except psutil.TimeoutExpired:
            process.kill()
            with suppress(psutil.TimeoutExpired):
                process.wait(wait_seconds)


def is_alive(identity: dict[str, Any]) -> bool:
    """Whether exactly this process runs on this machine."""
    return find(identity) is not None


def is_here(identity: dict[str, Any]) -> bool:
    """Whether that process ran on this machine, by the machine's name."""
    return bool(identity.get("host") == platform.node())


def memory_bytes() -> int:
    """Main memory that this process holds, photos that it reads from the disk's cache included."""
    return int(psutil.Process().memory_info().rss)


def num_memory_kills() -> int | None:
    """How many processes the kernel has ended for want of memory, in this process's control group or, without one, on
    this machine; None where it does not say (Linux's memory.events and /proc/vmstat)."""
    own = next(iter(_lines(Path("/proc/self/cgroup"), "0::")), "").removeprefix("0::/")
    for path, word in ((Path("/sys/fs/cgroup") / own / "memory.events", "oom_kill "), (_VMSTAT, "oom_kill ")):
        for line in _lines(path, word):
            return int(line.removeprefix(word))
    return None


_VMSTAT = Path("/proc/vmstat")


def _lines(path: Path, beginning: str) -> list[str]:
    try:
        return [line for line in path.read_text().splitlines() if line.startswith(beginning)]
    except OSError:
        return []


def began_before_boot(identity: dict[str, Any]) -> bool:
    """Whether the machine has been started since that process was."""
    return identity["started"] < psutil.boot_time() - 1
