"""A process that is told to end: one that listens, one that does not, one that is gone, one that the kernel keeps."""

import subprocess
import sys
import time

import psutil
import pytest

from fashion_core.runs import processes

LISTENS = "import time; print('up', flush=True); time.sleep(60)"
IGNORES = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.mark.parametrize(("program", "killed"), [(LISTENS, False), (IGNORES, True)])
def test_a_process_is_asked_first_and_ended_when_it_does_not_listen(program, killed, monkeypatch):
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"up\n"
        process, kills = psutil.Process(child.pid), []
        real = process.kill
        monkeypatch.setattr(process, "kill", lambda: kills.append(True) or real())
        processes.end(process, 0.5 if killed else 20)
        assert not process.is_running() and bool(kills) == killed


def test_a_process_that_has_ended_by_itself_is_no_trouble():
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        process = psutil.Process(child.pid)
    processes.end(process, 1)
    assert not process.is_running()


def test_a_process_that_the_kernel_does_not_let_go_is_not_waited_for_without_end():
    class Stuck:
        told: list[str] = []

        def terminate(self) -> None:
            self.told.append("terminate")

        def kill(self) -> None:
            self.told.append("kill")

        def wait(self, seconds: float) -> None:
            raise psutil.TimeoutExpired(seconds)

    began = time.monotonic()
    processes.end(Stuck(), 0.1)
    assert Stuck.told == ["terminate", "kill"] and time.monotonic() - began < 5
