"""One run at a time on each device, and the queue of those that wait. Takes run directories; needs no torch, no pandas.

    <runs>/.slots/<slot>.lock   held by the process that trains there: a kernel lock, so that a crash frees it
    <runs>/.slots/<slot>.json   which run took it last
    <runs>/.queue/<run>.json    a ticket: it counts while its process is alive

Runs of one folder share the slots that ``devices`` names. Whoever changes the queue holds <runs>/.queue/.lock. The
process that waits is ``waiter``.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from fashion_core import locks, processes, storage
from fashion_core.errors import RunError
from fashion_core.launch import devices

HANDED_ON = "FASHION_SLOTS"  # the environment's word for slots that a waiter holds for the program that it becomes
TAKEN_OUT = "Taken out of the queue before it started."
SWEEP_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A run's place in the queue: ``num`` of ``slots`` are needed, all at once."""

    path: Path
    order: float
    slots: tuple[str, ...]
    num: int
    process: dict[str, Any]
    waits: bool  # whether that process waits; before it does, it is the one that launched the run

    @property
    def run_id(self) -> str:
        return self.path.stem

    def write(self) -> None:
        kept = {"order": self.order, "slots": self.slots, "num": self.num, "process": self.process, "waits": self.waits}
        storage.write_json(self.path, kept)


class Held(NamedTuple):
    """A slot that this process holds, until the descriptor is closed."""

    slot: str
    descriptor: int


class Waiting(NamedTuple):
    """A waiting run: the kind of slot (cpu, mps, cuda), the run, its place before that kind, 1 for the next."""

    slot: str
    run_id: str
    place: int


class Withdrawn(Exception):
    """The ticket is gone: somebody has taken the run out of the queue."""


@contextmanager
def changing(runs_dir: Path) -> Iterator[None]:
    """Hold the queue: nobody else adds, moves, takes or withdraws a ticket meanwhile."""
    try:
        with locks.hold(runs_dir / ".queue" / ".lock", seconds=30):
            yield
    except locks.Busy as busy:
        raise RunError(f"the queue of '{runs_dir}' was being changed for 30 s; try again") from busy


def _ticket(path: Path) -> Ticket | None:
    try:
        kept = storage.read_json(path)
        return Ticket(
            path=path,
            order=float(kept["order"]),
            slots=tuple(map(str, kept["slots"])),
            num=int(kept["num"]),
            process={"pid": int(kept["process"]["pid"]), "started": float(kept["process"]["started"])},
            waits=bool(kept["waits"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(folder: Path) -> Path:
    folder = folder.resolve()
    return folder.parent / ".queue" / f"{folder.name}.json"


def _all_tickets(runs_dir: Path) -> list[Ticket]:
    found = [ticket for path in (runs_dir / ".queue").glob("*.json") if (ticket := _ticket(path))]
    return sorted(found, key=lambda ticket: (ticket.order, ticket.run_id))


def tickets(runs_dir: Path) -> list[Ticket]:
    """The tickets whose process is alive, in order."""
    return [ticket for ticket in _all_tickets(runs_dir) if processes.is_alive(ticket.process)]


def _ahead(ticket: Ticket) -> list[Ticket]:
    """Those who come first to a slot that the ticket could use: nobody overtakes, so nobody starves."""
    before = []
    for other in _all_tickets(ticket.path.parent.parent):
        if other.path == ticket.path:
            break
        if set(other.slots) & set(ticket.slots) and processes.is_alive(other.process):
            before.append(other)
    return before


def enqueue(
    folder: Path,
    device: str,
    num_processes: int = 1,
    *,
    start: Callable[[], int] | None = None,
    wait: bool = True,
) -> None:
    """Put a run at the end of the queue. ``start`` begins the process that will wait and gives its pid; without it this
    process waits. RunError if the run waits already, or would have to and ``wait`` is false."""
    slots, num = devices.slots_for(device, num_processes)
    path = _path(folder)
    with changing(path.parent.parent):
        old = _ticket(path)
        if old and processes.is_alive(old.process):
            raise RunError(f"run {folder.name!r} waits in the queue already; take it out with: stop {folder.name}")
        last = 0.0
        for ticket in _all_tickets(path.parent.parent):
            last = max(last, ticket.order)
            fresh = not ticket.waits and time.time() - _changed(ticket.path) < SWEEP_SECONDS  # its waiter may come yet
            if not fresh and not processes.is_alive(ticket.process):
                storage.discard(ticket.path)
        identity = processes.process_identity()
        made = Ticket(path=path, order=last + 1, slots=slots, num=num, process=identity, waits=start is None)
        made.write()
        try:
            if not wait:
                _refuse_to_wait(made)
            if start:
                _given_to(made, start()).write()
        except BaseException:
            storage.discard(path)
            raise


def _given_to(ticket: Ticket, pid: int) -> Ticket:
    return replace(ticket, process=processes.process_identity(pid), waits=True)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def claim(folder: Path) -> None:
    """Make this process the one that waits for the run. Withdrawn if the ticket is gone."""
    path = _path(folder)
    with changing(path.parent.parent):
        ticket = _ticket(path)
        if ticket is None:
            raise Withdrawn
        if ticket.process["pid"] != os.getpid():  # else the launcher has done it
            _given_to(ticket, os.getpid()).write()


def take(folder: Path) -> list[Held] | None:
    """Give up the ticket for its slots, all at once; None while it is not the run's turn. Withdrawn as in ``claim``."""
    path = _path(folder)
    runs_dir = path.parent.parent
    ticket = _ticket(path)
    if ticket is None:
        raise Withdrawn
    if sum(not locks.is_held(_lock(runs_dir, slot)) for slot in ticket.slots) < ticket.num:
        return None  # most askings end here: a lock was looked at and nothing was read
    with changing(runs_dir):
        ticket = _ticket(path)
        if ticket is None:
            raise Withdrawn
        if _ahead(ticket):
            return None
        held: list[Held] = []
        for slot in ticket.slots:
            descriptor = locks.lock(_lock(runs_dir, slot)) if len(held) < ticket.num else None
            if descriptor is not None:
                held.append(Held(slot, descriptor))
        if len(held) < ticket.num:
            release(held)
            return None
        holder = {"run": ticket.run_id, "process": processes.process_identity()}
        for slot, _ in held:
            storage.write_json(_lock(runs_dir, slot).with_suffix(".json"), holder)
        storage.discard(path)
    return held


def release(held: Sequence[Held]) -> None:
    for _, descriptor in held:
        os.close(descriptor)


def _lock(runs_dir: Path, slot: str) -> Path:
    return runs_dir / ".slots" / f"{slot}.lock"


def hand_on(held: Sequence[Held]) -> dict[str, str]:
    """Keep the slots through exec; the environment from which ``adopt`` takes them up."""
    for _, descriptor in held:
        os.set_inheritable(descriptor, True)
    return {
        HANDED_ON: ",".join(f"{slot}={descriptor}" for slot, descriptor in held),
        **devices.visible([slot for slot, _ in held]),
    }


def adopt(folder: Path) -> list[Held] | None:
    """The slots that the waiter which this process was holds for the run; None if there was none."""
    held = []
    for item in filter(None, os.environ.pop(HANDED_ON, "").split(",")):
        slot, _, descriptor = item.rpartition("=")
        try:
            found = Held(slot, int(descriptor))
            path = _lock(folder.resolve().parent, slot)
            if not os.path.samestat(os.fstat(found.descriptor), path.stat()) or not locks.is_held(path):
                return None
            os.set_inheritable(found.descriptor, False)
        except (OSError, ValueError):
            return None
        held.append(found)
    return held or None


def withdraw(folder: Path, *, tell: bool = True) -> bool:
    """Take a run out of the queue and end the process that waits for it; False if it does not wait (any more)."""
    path = _path(folder)
    if not path.exists():
        return False
    with changing(path.parent.parent):
        ticket = _ticket(path)
        storage.discard(path)
        process = processes.find(ticket.process) if ticket else None
        if ticket is None or process is None:
            return False
        if tell:
            told = {"event": "stopped", "time": time.time(), "reason": TAKEN_OUT}
            storage.append_line(folder / "events.jsonl", told)
        # Under the lock it cannot have taken its slot meanwhile. A launcher is somebody else, and goes on.
        if not ticket.waits or process.pid == os.getpid():
            return True
        _signal(process, signal.SIGTERM)
    for number in (0, signal.SIGKILL):
        try:
            if number:
                _signal(process, number)
            process.wait(2)
        except psutil.TimeoutExpired:  # suspended, or the machine is very busy
            continue
        except psutil.Error:
            pass
        break
    return True


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)  # psutil checks the start time again before it signals
    except psutil.Error:
        pass


def move(folder: Path, before: str | None) -> None:
    """Put a waiting run before another one, or at the end. RunError if one of them does not wait."""
    runs_dir = folder.resolve().parent
    with changing(runs_dir):
        line = tickets(runs_dir)
        for name in (folder.name, before):
            if name is not None and name not in [ticket.run_id for ticket in line]:
                raise RunError(f"run {name!r} does not wait in the queue; only a waiting run can be moved")
        if before == folder.name:
            return
        names = [ticket.run_id for ticket in line if ticket.run_id != folder.name]
        names.insert(names.index(before) if before is not None else len(names), folder.name)
        orders = sorted(ticket.order for ticket in line)
        by_name = {ticket.run_id: ticket for ticket in line}
        for name, order in zip(names, orders, strict=True):
            if by_name[name].order != order:
                replace(by_name[name], order=order).write()


def waiting(runs_dir: Path) -> list[Waiting]:
    """The runs that wait, in the order in which they will start: those whose slot is taken or that have one before."""
    found: list[Waiting] = []
    for ticket in tickets(runs_dir):
        if sentence(runs_dir / ticket.run_id):
            kind = ticket.slots[0].partition("-")[0]
            found.append(Waiting(kind, ticket.run_id, 1 + sum(other.slot == kind for other in found)))
    return found


def sentence(folder: Path) -> str | None:
    """For what and behind whom a run waits; None when it has no ticket, or nobody stands in its way."""
    ticket = _ticket(_path(folder))
    if ticket is None or not processes.is_alive(ticket.process):
        return None
    stands = _in_the_way(ticket)
    if stands is None:
        return None
    names, num_before = stands
    behind = f" behind {_runs(names)}" if names else ""
    return f"Waiting for {devices.words(ticket.slots, ticket.num)}{behind}; " + (
        f"{num_before} before it." if num_before else "it is next."
    )


def _refuse_to_wait(ticket: Ticket) -> None:
    stands = _in_the_way(ticket)
    if stands is not None:
        who = f"by {_runs(stands[0])}" if stands[0] else "already"
        thing = devices.words(ticket.slots, ticket.num)
        raise RunError(f"{thing} is taken {who}; leave --no-wait out and the run waits for its turn")


def _in_the_way(ticket: Ticket) -> tuple[list[str], int] | None:
    """The runs that have the ticket's slots, and how many wait before it; None when it could start now."""
    runs_dir = ticket.path.parent.parent
    ahead = _ahead(ticket)
    held = [slot for slot in ticket.slots if locks.is_held(_lock(runs_dir, slot))]
    if not ahead and len(ticket.slots) - len(held) >= ticket.num:
        return None
    names = list(dict.fromkeys(name for slot in held if (name := _holder(runs_dir, slot))))
    if not names and ahead:
        names = [ahead.pop(0).run_id]
    return names, len(ahead)


def _runs(names: list[str]) -> str:
    return f"{'run' if len(names) == 1 else 'runs'} {' and '.join(names)}"


def _holder(runs_dir: Path, slot: str) -> str | None:
    found = holder(runs_dir, slot)
    return found[0] if found else None


def holder(runs_dir: Path, slot: str) -> tuple[str, dict[str, Any]] | None:
    """The run that holds a slot and the process that took it, where that one is still alive."""
    try:
        kept = storage.read_json(_lock(runs_dir, slot).with_suffix(".json"))
        return (str(kept["run"]), kept["process"]) if processes.is_alive(kept["process"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
