"""What the devices are and what runs on them: an NVIDIA driver played by an object, this machine's CPU for real."""

import os
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

from fashion_core.launch import devices, hardware, run_queue
from ui.shared import devices as devices_view

GIB = 2**30


class Driver:
    """As ``pynvml``: two GPUs; on the first a process of ours, its child, a stranger and one unknown here."""

    class NVMLError(Exception):
        pass

    def __init__(self, pids: list[int], *, works: bool = True):
        self.pids, self.works, self.open = pids, works, 0

    def nvmlInit(self):
        if not self.works:
            raise self.NVMLError("Driver Not Loaded")
        self.open += 1

    def nvmlShutdown(self):
        self.open -= 1

    def nvmlDeviceGetHandleByIndex(self, number):
        if number > 1:
            raise self.NVMLError("Not Found")
        return number

    def nvmlDeviceGetHandleByUUID(self, name):
        return {"GPU-first": 0, "GPU-second": 1}[name]

    def nvmlDeviceGetName(self, handle):
        return ("NVIDIA H100 80GB HBM3", b"Tesla T4")[handle]

    def nvmlDeviceGetMemoryInfo(self, handle):
        return SimpleNamespace(total=80 * GIB, free=(30 * GIB, 80 * GIB)[handle], used=0)

    def nvmlDeviceGetComputeRunningProcesses(self, handle):
        if handle:
            raise self.NVMLError("Not Supported")
        return [SimpleNamespace(pid=pid, usedGpuMemory=(place or None) and place * GIB)
                for place, pid in enumerate(self.pids)]  # fmt: skip


@pytest.fixture
def sleeper():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child
    child.communicate(b"\n")


@pytest.fixture
def held(tmp_path):
    """A runs directory whose first GPU and CPU this process holds for the run ``mine``."""
    (tmp_path / "mine").mkdir()
    taken: list[run_queue.Held] = []
    for device in ("cuda", "cpu"):
        run_queue.enqueue(tmp_path / "mine", device)
        taken += run_queue.take(tmp_path / "mine")
    yield tmp_path
    run_queue.release(taken)


def test_each_gpu_has_its_name_its_free_memory_and_whose_run_is_on_it(held, sleeper, monkeypatch):
    monkeypatch.setattr(devices, "gpus", lambda: ("0", "1", "7"))
    driver = Driver([os.getpid(), sleeper.pid, 1, 2**22 + 1])
    first, second, third, cpu = hardware.found(held, driver)
    assert (first.slot, first.name, first.total, first.free) == ("cuda-0", "NVIDIA H100 80GB HBM3", 80 * GIB, 30 * GIB)
    told = [(process.run, bool(process.name), process.memory) for process in first.processes]
    assert told == [("mine", True, None), ("mine", True, GIB), ("", True, 2 * GIB), ("", False, 3 * GIB)]
    assert (second.name, second.free, second.processes) == ("Tesla T4", 80 * GIB, ())
    assert (third.slot, third.total, third.processes) == ("cuda-7", None, ()) and cpu.slot == "cpu"
    assert driver.open == 0
    said = devices_view.device_words(first).replace("\\", "")
    assert "30.0 of 80.0 GiB free" in said and "`mine`" in said and "a program of somebody else" in said
    assert "does not tell its memory" in devices_view.device_words(third)


def test_a_gpu_may_be_named_by_its_uuid_and_a_driver_that_is_silent_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "gpus", lambda: ("GPU-second",))
    assert [gpu.name for gpu in hardware.found(tmp_path, Driver([]))][:1] == ["Tesla T4"]
    silent = hardware.found(tmp_path, Driver([], works=False))[0]
    assert (silent.name, silent.total, silent.free) == ("NVIDIA GPU", None, None)


def test_the_cpu_is_told_as_the_system_knows_it_with_the_run_that_has_its_slot(held, monkeypatch):
    monkeypatch.setattr(devices, "gpus", lambda: ())
    (cpu,) = [device for device in hardware.found(held) if device.slot == "cpu"]
    memory = psutil.virtual_memory()
    assert cpu.name and cpu.total == memory.total and cpu.free == pytest.approx(memory.available, rel=0.5)
    assert 1 <= cpu.cores <= os.cpu_count() and cpu.load >= 0
    (process,) = cpu.processes
    assert (process.run, process.pid) == ("mine", os.getpid())
    assert process.memory >= 0.5 * psutil.Process().memory_info().rss
    assert "Run `mine` trains on it" in devices_view.device_words(cpu)


def test_without_a_run_no_process_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "gpus", lambda: ())
    cpu = hardware.found(tmp_path)[-1]
    assert cpu.processes == () and "No run trains on it" in devices_view.device_words(cpu)
