"""Which process is which: a pid comes back, a pid with its start time does not. Takes and gives plain identities."""

import platform
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


def began_before_boot(identity: dict[str, Any]) -> bool:
    """Whether the machine has been started since that process was."""
    return identity["started"] < psutil.boot_time() - 1
