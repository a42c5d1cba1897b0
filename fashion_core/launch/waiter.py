"""The program that waits for a run's slot and then becomes the command that trains: ``waiter RUN_FOLDER -- COMMAND``.

Light on purpose: twenty of them may wait. It keeps its pid, and the kernel locks, through exec. Knows no training.
"""

import os
import select
import signal
import sys
import time
from pathlib import Path

from fashion_core import processes, storage
from fashion_core.errors import FashionError, RunError
from fashion_core.launch import interpreter, run_queue

SECONDS = 0.5


def main(words: list[str]) -> int:
    """Wait, then become the command; returns only when the run does not start."""
    folder, command = Path(words[0]), words[2:]
    asked: list[int] = []
    wake, signalled = os.pipe()
    os.set_blocking(signalled, False)
    signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked.append(number))
    try:
        run_queue.claim(folder)
        held = _wait(folder, asked, wake)
    except run_queue.Withdrawn:
        _tell_withdrawn(folder)
        held = None
    except FashionError as error:
        print(interpreter.here(f"error: {error}"), file=sys.stderr, flush=True)
        return error.exit_code
    if held is None:
        said = f"run {folder.name!r} was taken out of the queue before it started"
        again = interpreter.here(f"python -m fashion_core train --run-dir {folder}")
        print(f"{said}; start it again with: {again}", file=sys.stderr, flush=True)
        return 0  # done as asked
    os.execve(command[0], command, {**os.environ, **run_queue.hand_on(held)})
    raise AssertionError  # unreachable, and mypy does not know


def _wait(folder: Path, asked: list[int], wake: int) -> list[run_queue.Held] | None:
    """The slots of the run, or None when this process was asked to end first."""
    told = False
    while not asked:
        try:
            held = run_queue.take(folder)
        except RunError:  # somebody has the queue for long; this process has time
            held = None
        if held and not asked:
            return held
        if held:  # asked in this very moment
            run_queue.release(held)
            _tell(folder, "stopped", reason=run_queue.TAKEN_OUT)
            return None
        if not told:
            told = True
            said = run_queue.sentence(folder) or "Waiting for its slot."
            _tell(folder, "queued", process=processes.process_identity())
            print(f"run {folder.name}: {said}", file=sys.stderr, flush=True)
        select.select([wake], [], [], SECONDS)
    if run_queue.withdraw(folder):
        return None
    raise run_queue.Withdrawn


def _tell_withdrawn(folder: Path) -> None:
    """Whoever took the ticket away has said so; if nobody has, this does, for no run may vanish without a word."""
    with run_queue.changing(folder.resolve().parent):
        events = [event["event"] for event in storage.read_lines(folder / "events.jsonl")]
        if [event for event in events if event != "stop_requested"][-1:] != ["stopped"]:
            _tell(folder, "stopped", reason=run_queue.TAKEN_OUT)


def _tell(folder: Path, event: str, **details: object) -> None:
    storage.append_line(folder / "events.jsonl", {"event": event, "time": time.time(), **details})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
