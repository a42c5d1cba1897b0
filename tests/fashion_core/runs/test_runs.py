"""The state of a run is computed from its files and its process; launching, stopping and killing are real."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from fashion_core import locks, storage
from fashion_core.data import datasets
from fashion_core.errors import RunError, WrongUse
from fashion_core.launch import actions, launchers
from fashion_core.launch.status import status_of
from fashion_core.runs import checkpoints, processes, runs
from fashion_core.settings import config, recipes
from tests.support.stubs import wait_for

LONG = ["image_size=16", "batch_size=1", "log_every=1", "device=cpu", "epochs=1000"]


def copy_of(run: runs.Run, folder: Path) -> runs.Run:
    shutil.copytree(run.folder, folder)
    return runs.open_run(folder)


@pytest.fixture
def started(tiny_data: Path, tmp_path: Path):
    """A detached run that would take minutes; it is ended when the test is over."""
    run_id = actions.start_training(
        "tiny", recipes.settings_for("report", LONG), data_dir=tiny_data, runs_dir=tmp_path, run_id="long"
    )
    run = runs.find_run(tmp_path, run_id)
    yield run
    process = launchers.running_process(run)
    if process is not None:
        process.kill()
        process.wait(10)


def test_a_launched_run_lives_in_its_own_session_with_the_settings_of_allocator_and_threads(started: runs.Run):
    assert status_of(started).state in ("starting", "running")
    wait_for(lambda: status_of(started).step > 0)
    process = launchers.running_process(started)
    assert process is not None and os.getsid(process.pid) == process.pid
    given = process.environ()  # what it was started with, before anything was imported
    assert (given["MALLOC_MMAP_MAX_"], given["OMP_WAIT_POLICY"], given["GOMP_SPINCOUNT"]) == ("0", "PASSIVE", "0")
    assert status_of(started).state == "running" and locks.is_held(started.lock)
    with pytest.raises(RunError, match="there is nothing to resume"):
        actions.start_resume(started, data_dir=Path("unused"))


def test_stop_lets_the_batch_finish_saves_and_leaves_no_process(started: runs.Run):
    wait_for(lambda: status_of(started).step > 3)
    process = launchers.running_process(started)
    sentence = actions.stop(started, wait_seconds=60)
    status = status_of(started)
    assert status.state == "stopped" and "everything up to there is saved" in sentence
    assert process is None or not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert (started.folder / "steps" / str(status.step) / "COMMIT.json").exists()
    with pytest.raises(RunError, match="is not running, it is stopped"):
        actions.stop(started)


def test_a_run_that_does_not_listen_is_ended_with_its_group(started: runs.Run):
    wait_for(lambda: status_of(started).step > 3)
    process = launchers.running_process(started)
    assert process is not None
    process.suspend()  # as if one batch took for ever
    sentence = actions.stop(started, wait_seconds=0.5)
    assert "Did not stop within 0.5 s and was ended" in sentence and status_of(started).state == "stopped"
    assert launchers.running_process(started) is None


def test_a_killed_run_is_called_interrupted_and_goes_on(started: runs.Run, tiny_data: Path):
    wait_for(lambda: checkpoints.saved_steps(started.folder))
    process = launchers.running_process(started)
    assert process is not None
    process.send_signal(signal.SIGKILL)
    wait_for(lambda: not status_of(started).active)  # the kernel frees its memory first and its lock after that
    status = status_of(started)
    assert launchers.running_process(started) is None
    assert status.state == "interrupted" and "is saved; resume it" in status.sentence
    wait_for(lambda: "Killed from outside by signal 9 (SIGKILL) at step" in status_of(started).sentence)
    assert f"at step {status.step:,} of" in status_of(started).sentence
    steps = status.step
    actions.start_resume(started, data_dir=tiny_data)
    assert status_of(started).state in ("starting", "running")
    wait_for(lambda: status_of(started).step > steps)
    numbers = started.metrics().query("kind == 'step'")["step"].tolist()
    assert numbers == list(range(1, len(numbers) + 1))  # every step once


def test_a_kill_is_not_told_of_a_run_that_goes_on_or_was_stopped(started: runs.Run, monkeypatch: pytest.MonkeyPatch):
    wait_for(lambda: status_of(started).step > 0)
    process = launchers.running_process(started)
    assert process is not None
    monkeypatch.setattr(processes, "num_memory_kills", lambda: 3)
    ended = launchers._telling_of_a_kill(started)
    told = len(started.events())
    ended(process.pid + 1, -9)  # an earlier process of the run, whose end is seen late
    ended(process.pid, 1)  # it ended by itself: the log has its last words
    assert len(started.events()) == told
    monkeypatch.setattr(processes, "num_memory_kills", lambda: 4)
    ended(process.pid, -9)
    assert (
        started.events()[-1]["event"] == "killed" and status_of(started).state == "running"
    )  # it is alive, whoever says so
    process.kill()
    process.wait(10)
    assert "Killed by the operating system because main memory ran out, at step" in status_of(started).sentence
    runs.tell(started, "stop_requested")
    told = len(started.events())
    ended(process.pid, -9)
    assert len(started.events()) == told


def test_a_run_is_set_back_to_a_saved_step_and_goes_on_to_the_same_bits(tiny_data: Path, tmp_path: Path):
    settings = recipes.settings_for("report", ["image_size=16", "epochs=4", "batch_size=8", "log_every=1"])
    whole = runs.find_run(tmp_path, train_here("whole", settings, tiny_data, tmp_path))
    final = (whole.folder / "steps" / str(checkpoints.saved_steps(whole.folder)[-1]) / "model.safetensors").read_bytes()
    questions = itertools.count()
    asked = 2 * whole.config["steps_per_epoch"] + 8
    stopped = train_here("back", settings, tiny_data, tmp_path, lambda: next(questions) > asked)
    run = runs.find_run(tmp_path, stopped)
    assert status_of(run).state == "stopped"
    first, *later = checkpoints.saved_steps(run.folder)
    assert later
    with pytest.raises(RunError, match=rf"cannot go on from step 1; its saved steps: {first}"):
        actions.rewind(run, 1)
    assert checkpoints.saved_steps(run.folder) == [first, *later]
    actions.rewind(run, first)
    status = status_of(run)
    assert checkpoints.saved_steps(run.folder) == [first]
    assert status.state == "stopped" and f"Set back to step {first}" in status.sentence
    train_here("back", settings, tiny_data, tmp_path)
    numbers = run.metrics().query("kind == 'step'")["step"].tolist()
    assert numbers == list(range(1, len(numbers) + 1))
    again = run.folder / "steps" / str(checkpoints.saved_steps(run.folder)[-1]) / "model.safetensors"
    assert again.read_bytes() == final
    with pytest.raises(RunError, match="is finished; start a new run"):
        actions.rewind(run, first)


def train_here(
    run_id: str, settings: config.Settings, data_dir: Path, runs_dir: Path, should_stop=lambda: False
) -> str:
    """Train in this process, or go on where the run stands."""
    from fashion_core.training import loop

    dataset = datasets.find_dataset(data_dir, "tiny")
    there = (runs_dir / run_id / "config.json").exists()
    run = (
        runs.find_run(runs_dir, run_id)
        if there
        else runs.create_run(dataset, settings, runs_dir=runs_dir, run_id=run_id)
    )
    loop.train(run, dataset, should_stop=should_stop)
    return run_id


def test_a_run_stopped_before_it_could_begin_is_called_stopped(started: runs.Run):
    process = launchers.running_process(started)
    assert process is not None
    process.suspend()  # it cannot have begun when it is asked
    sentence = actions.stop(started, wait_seconds=0.2)
    status = status_of(started)
    assert status.state == "stopped" and status.sentence == sentence == "Taken out of the queue before it started."
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_host_that_changes_its_name_keeps_its_runs(started: runs.Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("platform.node", lambda: "renamed-by-the-network")
    assert status_of(started).active and launchers.running_process(started) is not None


def test_asking_whether_a_lock_is_held_never_looks_like_holding_it(tmp_path: Path):
    from concurrent.futures import ThreadPoolExecutor

    path = tmp_path / "run.lock"
    with locks.hold(path):
        assert locks.is_held(path)
    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda _: locks.is_held(path), range(2000)))


def test_two_who_create_the_same_run_at_once_get_one_run(tiny, tmp_path: Path):
    from concurrent.futures import ThreadPoolExecutor

    def create(epochs: int) -> str:
        settings = recipes.settings_for("report", [f"epochs={epochs}"])
        try:
            return str(runs.create_run(tiny, settings, runs_dir=tmp_path, run_id="same").settings.epochs)
        except RunError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(create, range(1, 17)))
    winners = [text for text in said if text.isdigit()]
    assert len(winners) == 1 and runs.find_run(tmp_path, "same").settings.epochs == int(winners[0])


def test_a_process_with_the_same_pid_and_another_start_is_a_stranger(tiny_run: runs.Run, tmp_path: Path):
    run = copy_of(tiny_run, tmp_path / "copy")
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        identity = processes.process_identity(stranger.pid)
        assert processes.is_alive(identity)
        storage.write_text(run.folder / "events.jsonl", "")
        reused = {"event": "started", "process": {**identity, "started": identity["started"] - 5}}
        storage.append_line(run.folder / "events.jsonl", reused)
        assert status_of(run).state == "interrupted"
        with pytest.raises(RunError, match="there is nothing to stop"):
            actions.stop(run)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
    assert not processes.is_alive(identity)


def test_a_zombie_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    identity = processes.process_identity(child.pid)
    wait_for(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
    assert psutil.pid_exists(child.pid) and not processes.is_alive(identity)
    child.wait()


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], "interrupted"),
        (["launched"], "failed"),
        (["launched", "preparing", "started"], "interrupted"),
        (["launched", "stop_requested"], "stopped"),
        (["launched", "queued"], "interrupted"),
        (["launched", "queued", "stop_requested"], "stopped"),
        (["launched", "queued", "stopped"], "stopped"),
        (["launched", "started", "epoch", "saved", "finished"], "finished"),
        (["started", "stop_requested", "stopped"], "stopped"),
        (["started", "failed"], "failed"),
        (["started", "stopped", "resumed"], "interrupted"),
    ],
    ids=str,
)
def test_the_state_without_a_process_follows_the_last_event(tiny_run, tmp_path, events: list[str], state: str):
    run = copy_of(tiny_run, tmp_path / "copy")
    (run.folder / "events.jsonl").unlink()
    os.utime(run.folder / "config.json", (0, 0))
    for event in events:
        storage.append_line(run.folder / "events.jsonl", {"event": event})
    assert status_of(run).state == (state if events else "failed")


def test_unknown_and_misnamed_runs_are_answered_with_the_nearest(tiny_runs: Path):
    with pytest.raises(RunError, match="run 'tiny-rum' is unknown; did you mean 'tiny-run'"):
        runs.find_run(tiny_runs, "tiny-rum")
    for name in ("../tiny-run", "/etc", "", "."):
        with pytest.raises(RunError, match="is unknown"):
            runs.find_run(tiny_runs, name)


def test_a_run_id_that_is_no_directory_name_is_refused(tiny, tmp_path: Path):
    for name in ("../up", "Upper", "a b", "a/b"):
        with pytest.raises(WrongUse, match="must be lower-case letters"):
            runs.create_run(tiny, recipes.recipe("report"), runs_dir=tmp_path, run_id=name)
    assert not list(tmp_path.iterdir())
    runs.create_run(tiny, recipes.recipe("report"), runs_dir=tmp_path, run_id="taken")
    with pytest.raises(RunError, match="run 'taken' exists already"):
        runs.create_run(tiny, recipes.recipe("report"), runs_dir=tmp_path, run_id="taken")


def test_a_damaged_run_is_left_out_of_the_list_and_named_when_asked_for(tiny_run: runs.Run, tmp_path: Path):
    copy_of(tiny_run, tmp_path / "good")
    bad = copy_of(tiny_run, tmp_path / "bad").folder / "config.json"
    whole = json.loads(bad.read_text())
    for name in ("created", "classes", "steps_per_epoch", "dataset", "settings"):
        bad.write_text(json.dumps({key: value for key, value in whole.items() if key != name}))
        assert [run.id for run in runs.list_runs(tmp_path)] == ["good"]
    bad.write_text('{"format": 1}')
    assert [run.id for run in runs.list_runs(tmp_path)] == ["good"]
    with pytest.raises(RunError, match="run 'bad' cannot be read"):
        runs.find_run(tmp_path, "bad")


def test_a_missing_split_names_the_command_that_makes_it(tiny_run: runs.Run):
    with pytest.raises(RunError, match="python -m fashion_core evaluate tiny-run --split train"):
        tiny_run.predictions("train")
    with pytest.raises(RunError, match="python -m fashion_core embed tiny-run --split train"):
        tiny_run.embeddings("train")


@pytest.mark.parametrize(
    "line",
    [
        '{"time": 1}',
        '{"event": 7}',
        '{"event": "started", "process": 7}',
        '{"event": "started", "process": {"pid": "x"}}',
    ],
)
def test_a_damaged_run_directory_has_a_state_and_does_not_break_the_list(tiny_run: runs.Run, tmp_path: Path, line: str):
    copy_of(tiny_run, tmp_path / "sound")
    run = copy_of(tiny_run, tmp_path / "damaged")
    with open(run.folder / "events.jsonl", "a") as file:
        file.write(line + "\n")
    with open(run.folder / "metrics.jsonl", "a") as file:
        file.write('{"kind": "step", "step": "seven"}\n')
    found = {one.id: status_of(one) for one in runs.list_runs(tmp_path)}
    assert set(found) == {"sound", "damaged"} and found["sound"].state == "finished"
    assert found["damaged"].state in ("finished", "running")  # this very process trained it, and is alive
    assert all(isinstance(event["event"], str) for event in run.events())
