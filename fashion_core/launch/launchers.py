"""Where runs are trained: on this machine or in Slurm. Takes run directories, starts commands; needs no torch.

A launcher submits and cancels. What it has to remember stands in the run's events, so that any
process, on this machine or another one, can go on from there.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import psutil

from fashion_core import locks, paths, processes, storage
from fashion_core.errors import RunError
from fashion_core.launch import devices, run_queue, sbatch, slurm, slurm_poll
from fashion_core.launch.background import command_line, detach, environment
from fashion_core.launch.status import status_of
from fashion_core.runs import checkpoints, runs


class Launcher(Protocol):
    """Somewhere a run can be trained."""

    def submit(self, run: runs.Run, *, data_dir: Path) -> None:
        """Have the run trained, from its newest saved step on; returns at once."""

    def cancel(self, run: runs.Run, *, wait_seconds: float) -> str:
        """Let the run finish its batch, save and end; end it by force after ``wait_seconds``. One sentence back."""


@dataclass(frozen=True, kw_only=True)
class Local:
    """Detached processes of this machine, one run at a time on each device."""

    num_processes: int = 1
    wait: bool = True  # for the device; else RunError when another run has it

    def submit(self, run: runs.Run, *, data_dir: Path) -> None:
        words = training_words(run, data_dir=data_dir, num_processes=self.num_processes)

        def begin() -> int:
            waits_for = None if devices.dealt_out() else run.folder
            command = command_line(words, waits_for=waits_for)
            pid = detach(command, run.folder / "log.txt", ended=_telling_of_a_kill(run))
            runs.tell(run, "launched", process=processes.process_identity(pid))
            return pid

        if devices.dealt_out():
            begin()
        else:
            run_queue.enqueue(run.folder, run.settings.device, self.num_processes, start=begin, wait=self.wait)

    def cancel(self, run: runs.Run, *, wait_seconds: float) -> str:
        if run_queue.withdraw(run.folder):
            return status_of(run).sentence
        process = running_process(run)
        if process is None or status_of(run).state in runs.ENDED:
            raise RunError(f"run {run.id!r} is not running, it is {status_of(run).state}; there is nothing to stop")
        runs.tell(run, "stop_requested")
        process.send_signal(signal.SIGTERM)  # psutil checks the start time again before it signals
        deadline = time.monotonic() + wait_seconds
        while time.monotonic() < deadline:
            if running_process(run) is None:
                return status_of(run).sentence
            time.sleep(0.05)
        if wait_seconds <= 0:
            return f"Run {run.id!r} was asked to stop: it finishes its batch and saves."
        if running_process(run) is not None:
            _end_group(process)
            if status_of(run).state in runs.ENDED:  # it had said its last word already
                return status_of(run).sentence
            reason = f"Did not stop within {wait_seconds:g} s and was ended; {_saved_words(run)}"
            runs.tell(run, "stopped", reason=reason)
        return status_of(run).sentence


@dataclass(frozen=True, kw_only=True)
class Slurm:
    """Jobs of a Slurm cluster whose nodes see the run's directory, the data and this Python under the same paths."""

    request: sbatch.Request

    def submit(self, run: runs.Run, *, data_dir: Path) -> None:
        slurm.require()
        folder = run.folder.resolve()
        check_path(folder)
        name = sbatch.job_name(run.id)
        text = sbatch.script(
            self.request,
            name=name,
            command=command_line(training_words(run, data_dir=data_dir)),
            root=paths.PROJECT_ROOT,
            environment={**environment(), "PYTHONUNBUFFERED": "1"},
        )
        told: dict[str, Any] = {"name": name, "request": self.request.to_json()}
        try:
            with locks.hold(folder / "submit.lock"):  # two who resume it at once submit one job
                status = status_of(run) if run.events() else None
                if status is not None and status.active:
                    raise RunError(f"run {run.id!r} is {status.state} already. {status.sentence}")
                storage.write_text(folder / sbatch.SCRIPT, text)
                runs.tell(run, "submitting", slurm=told)
                flags = [f"--job-name={name}", *self.request.flags()]
                try:
                    job, cluster = slurm.submit(folder, flags, folder / "log.txt")
                except slurm.Refused as refused:
                    runs.tell(run, "failed", reason=f"{str(refused)[0].upper()}{str(refused)[1:]}.")
                    raise
                runs.tell(run, "submitted", slurm={**told, "job": job, "cluster": cluster})
        except locks.Busy as busy:
            raise RunError(f"run {run.id!r} is being submitted by another process; look at: runs") from busy

    def cancel(self, run: runs.Run, *, wait_seconds: float) -> str:
        job, answer = self._ask(run)
        if not answer.alive or slurm.has_ended(run.events()):
            raise RunError(f"run {run.id!r} is not running, it is {status_of(run).state}; there is nothing to stop")
        if answer.state in slurm.WAITING:
            slurm.withdraw(job)
            job, answer = self._ask(run)
        if answer.state not in slurm.GOING or _not_begun(run):  # nothing that could be saved is in the making
            slurm.end(job)
            runs.tell(run, "stopped", reason=f"Taken out of Slurm before training went on; {_saved_words(run)}")
            return status_of(run).sentence
        slurm.ask_to_end(job, nodes=self.request.nodes)
        runs.tell(run, "stop_requested", by="person")
        if wait_seconds <= 0:
            return f"Run {run.id!r} was asked to stop: it finishes its batch and saves."
        deadline = time.monotonic() + wait_seconds
        while answer.alive and not slurm.has_ended(run.events()):
            if time.monotonic() > deadline:
                slurm.end(job)
                reason = f"Did not stop within {wait_seconds:g} s and was cancelled in Slurm; {_saved_words(run)}"
                runs.tell(run, "stopped", reason=reason)
                break
            time.sleep(0.5)
            _, answer = self._ask(run)
        return status_of(run).sentence

    def _ask(self, run: runs.Run) -> tuple[slurm.Job, slurm.Answer]:
        """The run's job, with the number that Slurm gave it, and what Slurm says of it now."""
        job = slurm.job_of(run.events())
        assert job is not None, "only a run that was submitted comes here"
        answer = slurm_poll.ask(run.folder.parent, job, fresh=True)
        if answer.error:
            raise RunError(f"run {run.id!r} was not stopped: {answer.error}; try again when Slurm answers")
        return replace(job, id=answer.id or job.id), answer


def launcher_of(run: runs.Run) -> Launcher:
    """The launcher that has the run, or had it last."""
    request = request_of(run)
    return Local() if request is None else Slurm(request=request)


def request_of(run: runs.Run) -> sbatch.Request | None:
    """What the run asked Slurm for; None when it was last launched elsewhere, or never."""
    events = run.events()
    job = slurm.job_of(events)
    if job is None or not job.submitted:
        return None
    return sbatch.from_json(next(event["slurm"] for event in reversed(events) if "slurm" in event).get("request", {}))


def check_path(folder: Path) -> None:
    """RunError when Slurm could not write a log in this folder."""
    if any(sign in str(folder) for sign in "\\\n\r"):
        raise RunError(f"Slurm cannot write a log under {str(folder)!r}: it has a backslash or a line break")


def _not_begun(run: runs.Run) -> bool:
    own = [event for event in run.events() if event["event"] != "stop_requested"]
    return "slurm" in own[-1]


def _saved_words(run: runs.Run) -> str:
    saved = checkpoints.saved_steps(run.folder)
    return f"step {saved[-1]:,} is saved." if saved else "nothing was saved."


def _telling_of_a_kill(run: runs.Run) -> Callable[[int, int], None]:
    """What tells a run's events that a signal ended its process, unless the run said its last word or was stopped."""
    kills_before = processes.num_memory_kills()

    def ended(pid: int, status: int) -> None:
        if status >= 0 or not run.folder.is_dir():
            return
        last: dict[str, Any] = {}
        for event in reversed(run.events()):
            if event["event"] in ("stop_requested", *runs.ENDED):
                return
            if last := event.get("process", {}):
                break
        if last.get("pid") == pid:  # nobody has resumed it meanwhile
            kills = processes.num_memory_kills()
            rose = kills is not None and kills_before is not None and kills > kills_before
            runs.tell(run, "killed", signal=-status, out_of_memory=status == -signal.SIGKILL and rose)

    return ended


def training_words(run: runs.Run, *, data_dir: Path, num_processes: int = 1) -> list[str]:
    """The words of the command that trains a run whose directory is there."""
    words = ["run", str(run.folder.resolve()), "--data-dir", str(data_dir.resolve())]
    return [*words, "--nproc", str(num_processes)] if num_processes > 1 else words


def running_process(run: runs.Run) -> psutil.Process | None:
    """The process that trains the run, if exactly that one is alive on this machine."""
    identity = next((event["process"] for event in reversed(run.events()) if "process" in event), None)
    return psutil.Process(identity["pid"]) if identity and processes.is_alive(identity) else None


def _end_group(process: psutil.Process) -> None:
    try:
        if os.getpgid(process.pid) == process.pid:  # our own session's group, never somebody else's
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait(2)
    except (psutil.Error, ProcessLookupError):
        pass
