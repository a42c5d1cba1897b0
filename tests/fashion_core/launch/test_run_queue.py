"""One run at a time on a device, the others in order: real processes, killed, moved, taken out; nobody else signalled.

The children that wait are the real waiter; what it becomes is a script of three lines that notes when it held the slot,
so that overlaps are found in what the children saw and not in what the queue says of itself.
"""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from fashion_core import locks, processes, storage
from fashion_core.errors import DeviceError, DiskError, RunError, SettingsError, WrongUse
from fashion_core.launch import actions, devices, launchers, run_queue
from fashion_core.launch.status import status_of
from fashion_core.runs import runs
from fashion_core.settings import recipes
from tests.support.commands import command, document, process
from tests.support.made_runs import make_run
from tests.support.places import ROOT
from tests.support.stubs import launch_stub, seen, wait_for


def names_on(runs_dir: Path) -> list[str]:
    return [name for name, what, _ in seen(runs_dir) if what == "on"]


def in_line(runs_dir: Path) -> list[str]:
    return [run_id for _, run_id, _ in run_queue.waiting(runs_dir)]


def events_of(folder: Path) -> list[str]:
    return [event["event"] for event in storage.read_lines(folder / "events.jsonl")]


@pytest.fixture
def taken(tmp_path: Path):
    """The CPU's slot of a runs directory, held by this process under the name ``holder``."""
    (tmp_path / "holder").mkdir()
    run_queue.enqueue(tmp_path / "holder", "cpu")
    held = run_queue.take(tmp_path / "holder")
    assert held
    yield held
    try:
        run_queue.release(held)
    except OSError:  # the test has let go of it
        pass


def test_of_twenty_simultaneous_launches_one_runs_and_the_rest_follow_in_order(taken, tmp_path: Path):
    names = [f"run-{number:02}" for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        pids = list(pool.map(lambda name: launch_stub(tmp_path / name), names))
    order = in_line(tmp_path)
    assert sorted(order) == names and not seen(tmp_path)
    assert [place for _, _, place in run_queue.waiting(tmp_path)] == list(range(1, 21))
    assert run_queue.sentence(tmp_path / order[0]) == "Waiting for the CPU behind run holder; it is next."
    assert run_queue.sentence(tmp_path / order[7]) == "Waiting for the CPU behind run holder; 7 before it."
    wait_for(lambda: all("queued" in events_of(tmp_path / name) for name in names))
    sizes = [psutil.Process(pid).memory_info().rss / 1e6 for pid in pids]
    assert max(sizes) < 60, "a process that waits is small"
    run_queue.release(taken)
    wait_for(lambda: len(seen(tmp_path)) == 40)
    rows = sorted(seen(tmp_path), key=lambda row: row[2])
    assert [row[:2] for row in rows] == [(name, what) for name in order for what in ("on", "off")]
    assert in_line(tmp_path) == [] and not list((tmp_path / ".queue").glob("*.json"))


def test_a_holder_that_is_killed_frees_the_slot_and_a_killed_waiter_is_passed_over(tmp_path: Path):
    first = launch_stub(tmp_path / "first", 60)
    wait_for(lambda: names_on(tmp_path) == ["first"])
    second, _ = launch_stub(tmp_path / "second"), launch_stub(tmp_path / "third", 60)
    assert in_line(tmp_path) == ["second", "third"]
    wait_for(lambda: "queued" in events_of(tmp_path / "third") and "queued" in events_of(tmp_path / "second"))
    os.kill(second, signal.SIGKILL)
    wait_for(lambda: in_line(tmp_path) == ["third"], 5)
    os.kill(first, signal.SIGKILL)
    killed = time.monotonic()
    wait_for(lambda: names_on(tmp_path) == ["first", "third"])
    assert time.monotonic() - killed < 2
    holder = storage.read_json(tmp_path / ".slots" / "cpu.json")
    assert holder["run"] == "third"
    os.kill(holder["process"]["pid"], signal.SIGKILL)


def test_runs_move_in_the_line_and_start_in_their_new_order(taken, tmp_path: Path):
    for name in "abcd":
        launch_stub(tmp_path / name)
    run_queue.move(tmp_path / "d", before="a")
    run_queue.move(tmp_path / "b", before=None)
    assert in_line(tmp_path) == ["d", "a", "c", "b"]
    run_queue.move(tmp_path / "c", before="c")
    for name, before in (("e", "a"), ("a", "e")):
        with pytest.raises(RunError, match="run 'e' does not wait in the queue"):
            run_queue.move(tmp_path / name, before=before)
    run_queue.release(taken)
    wait_for(lambda: len(seen(tmp_path)) == 8)
    assert names_on(tmp_path) == ["d", "a", "c", "b"]


def test_a_run_taken_out_never_starts_and_says_so_once(taken, tmp_path: Path):
    pids = {name: launch_stub(tmp_path / name) for name in ("early", "late", "asked")}
    assert run_queue.withdraw(tmp_path / "early")  # it may not even have begun to wait
    wait_for(lambda: "queued" in events_of(tmp_path / "late") and "queued" in events_of(tmp_path / "asked"))
    assert run_queue.withdraw(tmp_path / "late") and not run_queue.withdraw(tmp_path / "late")
    os.kill(pids["asked"], signal.SIGTERM)
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in pids.values()), 10)
    run_queue.release(taken)
    for name in pids:
        events = storage.read_lines(tmp_path / name / "events.jsonl")
        assert [event["event"] for event in events].count("stopped") == 1 and events[-1]["event"] == "stopped"
        assert events[-1]["reason"] == "Taken out of the queue before it started."
    assert not seen(tmp_path) and in_line(tmp_path) == []


def test_a_launcher_that_is_killed_leaves_its_run_waiting(taken, tmp_path: Path):
    code = (
        "import os, signal; from pathlib import Path; from tests.support.stubs import launch_stub;"
        f"launch_stub(Path({str(tmp_path / 'orphan')!r})); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == -signal.SIGKILL
    assert in_line(tmp_path) == ["orphan"]
    run_queue.release(taken)
    wait_for(lambda: len(seen(tmp_path)) == 2)


def test_a_pid_that_came_back_a_hundred_times_is_never_alive_and_never_signalled(taken, tmp_path, monkeypatch):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    signalled = []
    monkeypatch.setattr(psutil.Process, "send_signal", lambda *words: signalled.append(words))
    try:
        true = processes.process_identity(stranger.pid)
        (tmp_path / "mine").mkdir()
        run_queue.enqueue(tmp_path / "mine", "cpu")
        path = tmp_path / ".queue" / "old.json"
        (tmp_path / "old").mkdir()
        for number in range(100):
            before = {**true, "started": true["started"] - 0.1 * (number + 1)}
            assert not processes.is_alive(before)
            kept = {"order": 0.5, "slots": ["cpu"], "num": 1, "process": before, "waits": True}
            path.write_text(json.dumps(kept))
            assert in_line(tmp_path) == ["mine"]
            assert run_queue.sentence(tmp_path / "mine") == "Waiting for the CPU behind run holder; it is next."
            assert not run_queue.withdraw(tmp_path / "old") and not path.exists()
        path.write_text(json.dumps({**kept, "process": true}))
        assert in_line(tmp_path) == ["old", "mine"], "the true identity counts, so the hundred could have failed"
        assert not signalled and stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_the_slots_of_a_device_setting_are_known_without_torch(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(devices, "_num_gpus", lambda: 0)
    assert devices.slots_for("auto") == devices.slots_for("cpu", 8) == (("cpu",), 1)
    assert devices.slots_for("mps") == (("mps",), 1) and devices.slots_for("cuda") == (("cuda-0",), 1)
    monkeypatch.setattr(devices, "_num_gpus", lambda: 4)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert devices.slots_for("auto", 2) == (("cuda-0", "cuda-1", "cuda-2", "cuda-3"), 2)
    assert devices.slots_for("cpu") == (("cpu",), 1)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert devices.slots_for("cuda") == (("cuda-2", "cuda-3"), 1)
    with pytest.raises(DeviceError, match="--nproc 3 needs 3 GPUs, this machine has 2"):
        devices.slots_for("auto", 3)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert devices.slots_for("auto") == (("cpu",), 1)


def test_a_run_over_several_gpus_takes_all_or_none_and_is_not_overtaken(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(devices, "_num_gpus", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name, num in (("one", 1), ("both", 2), ("last", 1)):
        (tmp_path / name).mkdir()
        run_queue.enqueue(tmp_path / name, "cuda", num)
    first = run_queue.take(tmp_path / "one")
    assert [slot for slot, _ in first] == ["cuda-0"]
    assert devices.visible(["cuda-1"]) == {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "1"}
    assert run_queue.take(tmp_path / "both") is None and run_queue.take(tmp_path / "last") is None
    with monkeypatch.context() as patch:  # as if the first had been taken after it was looked at
        patch.setattr(locks, "is_held", lambda path: False)
        assert run_queue.take(tmp_path / "both") is None
    assert not locks.is_held(tmp_path / ".slots" / "cuda-1.lock")
    assert run_queue.sentence(tmp_path / "both") == "Waiting for 2 GPUs behind run one; it is next."
    assert run_queue.sentence(tmp_path / "last") == "Waiting for a GPU behind run one; 1 before it."
    (tmp_path / "on-cpu").mkdir()
    run_queue.enqueue(tmp_path / "on-cpu", "cpu")
    run_queue.release(run_queue.take(tmp_path / "on-cpu"))  # another device has its own line
    run_queue.release(first)
    both = run_queue.take(tmp_path / "both")
    assert [slot for slot, _ in both] == ["cuda-0", "cuda-1"] and devices.visible(["cuda-0", "cuda-1"]) == {}
    assert run_queue.take(tmp_path / "last") is None
    run_queue.release(both)
    run_queue.release(run_queue.take(tmp_path / "last"))


def test_slots_that_the_environment_only_claims_are_not_believed(taken, tmp_path: Path, monkeypatch):
    with open(tmp_path / "other", "w") as other:
        for claim in (f"cpu={other.fileno()}", "cpu=9999", "cpu", "=", "nonsense=x"):
            monkeypatch.setenv(run_queue.HANDED_ON, claim)
            assert run_queue.adopt(tmp_path / "holder") is None and run_queue.HANDED_ON not in os.environ
    monkeypatch.setenv(run_queue.HANDED_ON, f"cpu={taken[0].descriptor}")
    assert run_queue.adopt(tmp_path / "holder") == taken


def test_no_wait_refuses_names_the_run_that_is_in_the_way_and_leaves_nothing(taken, tiny_data, tmp_path: Path):
    for more in ((), ("--detach",)):
        done = command("train", "tiny", "--device", "cpu", "--run-id", "mine", "--no-wait", *more, data=tiny_data,
                       runs=tmp_path)  # fmt: skip
        assert done.returncode == 1 and done.stderr == (
            "error: the CPU is taken by run holder; leave --no-wait out and the run waits for its turn\n"
        )
        assert not (tmp_path / "mine").exists() and in_line(tmp_path) == []


def test_a_command_that_waits_says_behind_whom_and_ctrl_c_ends_it(taken, tiny_data, tmp_path: Path):
    words = ["train", "tiny", "--device", "cpu", "--run-id", "mine", "--data-dir", tiny_data, "--runs-dir", tmp_path]
    child = subprocess.Popen(
        [sys.executable, "-m", "fashion_core", *map(str, words)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    try:
        assert child.stderr.readline() == "run mine: Waiting for the CPU behind run holder; it is next.\n"
        status = status_of(runs.find_run(tmp_path, "mine"))
        assert status.state == "queued" and status.active and "behind run holder" in status.sentence
        (listed,) = document("runs", data=tiny_data, runs=tmp_path)
        assert (listed["status"], listed["place"]) == ("queued", 1)
        again = command("resume", "mine", data=tiny_data, runs=tmp_path)
        assert again.returncode == 1 and "is queued in another process" in again.stderr
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=120)
        assert child.returncode == 0 and "taken out of the queue before it started; start it again with" in said
    finally:
        child.kill()
        child.wait()
    status = status_of(runs.find_run(tmp_path, "mine"))
    assert (status.state, status.sentence) == ("stopped", "Taken out of the queue before it started.")


def test_stop_and_cancel_take_a_launched_run_out_of_the_queue(taken, tiny_data, tmp_path: Path):
    settings = recipes.settings_for("report", ["device=cpu"])
    for name in ("stopped", "cancelled"):
        actions.start_training("tiny", settings, data_dir=tiny_data, runs_dir=tmp_path, run_id=name)
        run = runs.find_run(tmp_path, name)
        assert status_of(run).state == "queued"
        (actions.stop if name == "stopped" else actions.cancel)(run)
        assert status_of(run).sentence == "Taken out of the queue before it started."
        assert launchers.running_process(run) is None
    with pytest.raises(RunError, match="run 'cancelled' does not wait in the queue, it is stopped"):
        actions.cancel(run)


@pytest.mark.parametrize(
    ("started", "words"),
    [(psutil.boot_time() - 60, "when the machine restarted"), (time.time() - 1, "when its process ended")],
    ids=["restarted", "ended"],
)
def test_a_run_that_waited_without_a_process_is_interrupted(tmp_path: Path, started: float, words: str):
    run = make_run(tmp_path / "made", ("kurta", "saree"), counts={"val": 4})
    (run.folder / "summary.json").unlink(missing_ok=True)
    assert run.record.group is None  # as in every run before there were groups
    gone = {"pid": os.getpid(), "started": started, "host": "here"}
    storage.write_text(run.folder / "events.jsonl", "")
    storage.append_line(run.folder / "events.jsonl", {"event": "queued", "process": gone})
    assert (status_of(run).state, status_of(run).sentence) == ("interrupted", f"It was waiting {words}; resume it.")


def test_a_group_of_seeds_trains_one_after_the_other_in_order(tiny_data, tmp_path: Path):
    sets = ("--set", "image_size=16", "--set", "batch_size=36", "--set", "epochs=1", "--set", "seed=5")
    told = document("train", "tiny", *sets, "--device", "cpu", "--run-id", "g", "--seeds", 3, "--detach",
                    data=tiny_data, runs=tmp_path, run=process_with_places)  # fmt: skip
    assert told["run_ids"] == ["g-1", "g-2", "g-3"] and told["group"]["varies"] == ["seed"]
    members = [runs.find_run(tmp_path, name) for name in told["run_ids"]]
    wait_for(lambda: all(status_of(run).state == "finished" for run in members))
    assert [run.settings.seed for run in members] == [5, 6, 7]
    assert [run.record.group.to_json() for run in members] == [told["group"]] * 3 and told["group"]["kind"] == "seeds"
    times = [(event["time"], run.id) for run in members for event in run.events()
             if event["event"] in ("preparing", "started", "finished")]  # fmt: skip
    assert [name for _, name in sorted(times)] == [name for _, name in times], "one ends before the next begins"


def process_with_places(*words: object, data: Path, runs: Path) -> subprocess.CompletedProcess:
    return process(*words, "--data-dir", data, "--runs-dir", runs, data=data, runs=runs)


def test_a_twin_differs_in_the_one_setting_and_wrong_groups_are_refused(taken, tiny_data, tmp_path: Path):
    settings = recipes.settings_for("report", ["device=cpu", "epochs=3", "seed=4"])
    where = actions.Where(data_dir=tiny_data, runs_dir=tmp_path)
    ids = actions.start_twin("tiny", settings, "sampler=none", where)
    try:
        one, two = (runs.find_run(tmp_path, name) for name in ids)
        ours, theirs = one.settings.to_json(), two.settings.to_json()
        assert {name for name in ours if ours[name] != theirs[name]} == {"sampler"}
        assert one.record.group == two.record.group
        assert (one.record.group.kind, one.record.group.varies) == ("twin", ("sampler",))
    finally:
        for name in ids:
            actions.stop(runs.find_run(tmp_path, name))
    with pytest.raises(WrongUse, match="a twin differs in one setting, and sampler is balanced already"):
        actions.start_twin("tiny", settings, "sampler=balanced", where)
    with pytest.raises(WrongUse, match="a twin keeps the seed"):
        actions.start_twin("tiny", settings, "seed=7", where)
    with pytest.raises(SettingsError, match="did you mean 'sampler'"):
        actions.start_twin("tiny", settings, "samplr=none", where)
    with pytest.raises(WrongUse, match="seeds must be a whole number between 2 and 100, got 1"):
        actions.start_group("tiny", settings, 1, where)
    runs.create_run_at(_tiny(tiny_data), settings, tmp_path / "g-2")
    with pytest.raises(RunError, match="run 'g-2' exists already"):
        actions.start_group("tiny", settings, 3, replace(where, run_id="g"))
    assert not (tmp_path / "g-1").exists(), "a group that cannot be whole is not begun"


def _tiny(tiny_data: Path):
    from fashion_core.data import datasets

    return datasets.find_dataset(tiny_data, "tiny")


def test_a_disk_without_locks_is_an_error_and_not_a_slot_that_is_never_free(tmp_path: Path, monkeypatch):
    def without(*words: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", without)
    with pytest.raises(DiskError, match="No locks available"):
        locks.lock(tmp_path / "cpu.lock")
