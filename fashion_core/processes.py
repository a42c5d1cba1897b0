"""Which process is which: a pid comes back, a pid with its start time does not. Takes and gives plain identities."""

import platform
from pathlib import Path
from typing import Any

import psutil


def process_identity(pid: int | None = None) -> dict[str, Any]:
    """pid, start time and host: what tells a process from a later one with the same pid."""
    process = psutil.Process(pid)
    return {"pid": process.pid, "started": process.create_time(), "host": platform.node()}


def find(identity: dict[str, Any]) -> psutil.Process | None:
    """Exactly this process if it runs on this machine: same pid, same start time, and not a zombie.

    The host's name is not asked: it changes with the network on laptops, and pid and start time do not recur elsewhere.
    psutil asks for the start time once more before it signals what is returned here.
    """
    try:
        process = psutil.Process(identity["pid"])
        same = abs(process.create_time() - identity["started"]) < 0.05
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def is_alive(identity: dict[str, Any]) -> bool:
    """Whether exactly this process runs on this machine."""
    return find(identity) is not None


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
