"""Background jobs on real processes: what a folder says of one that works, ends, is killed, or has given its pid away;
and each kind of job, shown again by a lab that knows nothing of it, and started again after its process was killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from fashion_core import jobs, locks, processes, storage
from fashion_core.cli import results
from fashion_core.data import datasets, first_look, importing
from fashion_core.data.audit import audit
from fashion_core.embeddings import tsne_umap
from fashion_core.errors import RunError
from fashion_core.launch import background, trial_steps
from fashion_core.lessons import plans, progress, worker
from fashion_core.runs import runs
from fashion_core.settings import recipes
from fashion_core.training import probe
from tests.support import made_jobs
from tests.support.made_lessons import make_lesson
from tests.support.pages import open_page, written

TOKEN = "0123456789abcdef"
SETTINGS = recipes.settings_for("report", ["image_size=32", "batch_size=8", "device=cpu", "epochs=1"])


@contextmanager
def sleeping() -> Iterator[dict]:
    """The identity of a process that lives as long as the block."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        yield processes.process_identity(child.pid)
    finally:
        child.kill()
        child.wait()


# the contract


def test_a_job_is_what_its_lock_and_its_process_say(tmp_path):
    assert jobs.look(tmp_path) is None
    with jobs.at_work(tmp_path) as report:
        assert jobs.look(tmp_path).state == jobs.STARTING
        report("reading", 0, 8)
        report.note(first_seconds=2.5)
        report("drawing", 3, 8)
        job = jobs.look(tmp_path)
        assert (job.state, job.stage, job.done, job.total) == (jobs.RUNNING, "drawing", 3, 8) and job.active
    job = jobs.look(tmp_path)
    assert (job.state, job.noted["first_seconds"]) == (jobs.DONE, 2.5) and 0 <= job.seconds < 60


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RunError("it is *full*"), "it is *full*"),
        (OSError("no"), "no"),
        (KeyError("x"), "it was broken off (KeyError)"),
    ],
)
def test_a_job_that_fails_says_why_and_the_next_one_begins_anew(error, told, tmp_path):
    with pytest.raises(type(error)), jobs.at_work(tmp_path, interrupted="it was broken off"):
        raise error
    assert (jobs.look(tmp_path).state, jobs.look(tmp_path).error) == (jobs.FAILED, told)
    with locks.hold(tmp_path / jobs.LOCK):
        made_jobs.failed(tmp_path, told)  # of a process that is gone, while another has the lock
        assert (jobs.look(tmp_path).state, jobs.look(tmp_path).error) == (jobs.STARTING, "")


def test_a_pid_that_another_process_has_now_is_not_running(tmp_path):
    with sleeping() as identity:
        made_jobs.working(tmp_path, identity, stage="drawing")
        assert jobs.look(tmp_path).state == jobs.RUNNING
        made_jobs.working(tmp_path, identity | {"started": identity["started"] - 5}, stage="drawing")
        assert jobs.look(tmp_path).state == jobs.FAILED
        jobs.remember(tmp_path, identity["pid"], ["x"], began=time.time())
        storage.discard(tmp_path / jobs.PROGRESS)
        assert jobs.look(tmp_path).state == jobs.STARTING
        record = storage.read_json(tmp_path / jobs.STARTED)
        record["process"]["started"] += 5
        storage.write_json(tmp_path / jobs.STARTED, record)
        assert jobs.look(tmp_path).state == jobs.FAILED


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"process": 3}', '{"process": {"pid": "x", "started": 0}, "began": 0}',
     '{"done": 3, "total": 9, "stage": "done", "error": null, "pid": 1}',
     '{"stage": "stopped", "error": "no", "time": 1}'],
)  # fmt: skip
def test_what_an_earlier_version_left_or_a_crash_tore_says_nothing(text, tmp_path):
    storage.write_text(tmp_path / jobs.PROGRESS, text)
    assert jobs.look(tmp_path) is None
    with locks.hold(tmp_path / jobs.LOCK):  # a process of the earlier version is at it still
        assert jobs.look(tmp_path).state == jobs.STARTING


def test_two_who_press_at_once_start_one_process_and_what_killed_it_is_known(tmp_path):
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    background.start(command, tmp_path, given={"upload": "photos.zip"})
    first = jobs.look(tmp_path)
    background.start(command, tmp_path)
    job = jobs.look(tmp_path)
    assert job == first and job.state == jobs.STARTING and job.given == {"upload": "photos.zip"}
    os.kill(job.process["pid"], signal.SIGKILL)
    for _ in range(100):
        if (job := jobs.look(tmp_path)).signal:
            break
        time.sleep(0.05)
    assert (job.state, job.error, job.signal) == (jobs.FAILED, "", signal.SIGKILL)


def test_a_process_counts_from_the_press_of_the_button_that_started_it(tmp_path):
    jobs.remember(tmp_path, os.getpid(), ["x"], began=time.time() - 30)
    with jobs.at_work(tmp_path) as report:
        report("drawing", 0, 0)
    assert 30 <= jobs.look(tmp_path).seconds < 40


# every kind


@dataclass(frozen=True)
class Kind:
    """A kind of background work: where its job is, what does it, what starts it, and how its page tells of it."""

    name: str
    folder: Callable[[Path], Path]
    work: Callable[[Path], object]
    start: Callable[[Path], object]
    page: dict[str, str]
    going_on: str  # in the bar, of a job that is at stage "drawing"
    stopped: str
    again: str  # how the button begins
    stays: bool = True  # the folder, when all is well
    given: Callable[[Path], dict] = lambda root: {}  # what its starter wants to know again


def data(root: Path) -> Path:
    return root / "data"


def run_in(root: Path, name: str = "tiny-run") -> runs.Run:
    return runs.find_run(root / "runs", name)


def dataset_in(root: Path) -> datasets.Dataset:
    return datasets.find_dataset(data(root), "tiny")


def measure_in(root: Path) -> int:
    folder = trial_steps.folder_of(dataset_in(root), SETTINGS, root / "runs")
    storage.write_json(folder / "settings.json", SETTINGS.to_json())
    return probe.main(str(data(root)), "tiny", str(folder))


KINDS = [
    Kind(
        name="import",
        folder=lambda root: datasets.incoming_folder(data(root), "few"),
        work=lambda root: importing.import_source(root / "few", data_dir=data(root)),
        start=lambda root: background.start_import(str(root / "few"), None, data_dir=data(root)),
        page={"name": "add_photos"},
        going_on="Drawing: 2 of 8",
        stopped="The import stopped before it was done. Nothing was imported; your files are untouched.",
        again="Look at these photos",
        stays=False,
    ),
    Kind(
        name="first look",
        folder=lambda root: first_look.folder_of(data(root), TOKEN),
        work=lambda root: first_look.look(
            root / "few", folder=first_look.folder_of(data(root), TOKEN), data_dir=data(root)
        ),
        start=lambda root: background.start_look(
            str(root / "few"), first_look.folder_of(data(root), TOKEN), data_dir=data(root)
        ),
        page={"name": "add_photos", "look": TOKEN},
        going_on="Drawing: 2 of 8",
        stopped="The look stopped before it was done.",
        again="Look again",
        given=lambda root: {"source": str(root / "few"), "choices": {}, "upload": None},
    ),
    Kind(
        name="audit",
        folder=lambda root: audit.folder_of(dataset_in(root)),
        work=lambda root: audit.run(dataset_in(root)),
        start=lambda root: background.start_audit("tiny", data_dir=data(root)),
        page={"name": "dataset", "dataset": "tiny", "tab": "Audit"},
        going_on="Drawing: 2 of 8",
        stopped="The audit stopped before its end. Your photos are untouched, and what was measured is kept.",
        again="Go on with the audit",
    ),
    Kind(
        name="map",
        folder=lambda root: tsne_umap.job_folder(run_in(root), "test", "tsne"),
        work=lambda root: tsne_umap.compute(run_in(root), "test", "tsne"),
        start=lambda root: tsne_umap.start(run_in(root), "test", "tsne"),
        page={"name": "embeddings", "run": "tiny-run", "split": "test", "map": "tsne"},
        going_on="Drawing, for ",
        stopped="The process ended before the map. Nothing else is touched; what it said is in ",
        again="Try again",
    ),
    Kind(
        name="features",
        folder=lambda root: background.embedding_folder(run_in(root), "train"),
        work=lambda root: results.embed("tiny-run", split="train", data_dir=data(root), runs_dir=root / "runs"),
        start=lambda root: background.start_embed(run_in(root), "train", data_dir=data(root)),
        page={"name": "embeddings", "run": "tiny-run", "split": "train"},
        going_on="The model at its end is looking at 36 train photos, for ",
        stopped="The features were not written; what the process said last is in ",
        again="Look at 36 train photos",
    ),
    Kind(
        name="features of every split",
        folder=lambda root: background.embedding_folder(run_in(root), "all"),
        work=lambda root: results.embed("tiny-run", split="all", data_dir=data(root), runs_dir=root / "runs"),
        start=lambda root: background.start_embed(run_in(root), "all", data_dir=data(root)),
        page={"name": "predict", "run": "tiny-run", "closer": "kin"},
        going_on="The model is looking at 63 photos; the page goes on by itself, for ",
        stopped="The features were not written; its last words are in ",
        again="Look at 63 photos of every split",
    ),
    Kind(
        name="lesson",
        folder=lambda root: progress.folder_of(plans.plan("imbalance"), root / "runs"),
        work=lambda root: worker.work(plans.plan("imbalance"), data_dir=data(root), runs_dir=root / "runs"),
        start=lambda root: progress.start(plans.plan("imbalance"), data_dir=data(root), runs_dir=root / "runs"),
        page={"name": "lessons", "lesson": "imbalance", "step": "run"},
        going_on="Drawing: 2 of 8.",
        stopped="Its process ended before it was done. What is finished is not trained again.",
        again="Train 2 small networks",
    ),
    Kind(
        name="trial steps",
        folder=lambda root: trial_steps.folder_of(dataset_in(root), SETTINGS, root / "runs"),
        work=measure_in,
        start=lambda root: trial_steps.start(dataset_in(root), SETTINGS, data_dir=data(root), runs_dir=root / "runs"),
        page={"name": "training", "dataset": "tiny", "image_size": "32", "batch_size": "8", "device": "cpu"},
        going_on="Training a few steps, about 15 s",
        stopped="the measurement failed: no word; try ",
        again="Measure here (10 s)",
    ),
]
EVERY = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture
def root(tmp_path, tiny_source, tiny_data, tiny_runs, tiny, monkeypatch):
    """Photos and a run of this test's own. What computes long is short here: jobs are looked at, not results."""
    shutil.copytree(tiny_data, tmp_path / "data")
    shutil.copytree(tiny_runs, tmp_path / "runs")
    shutil.copytree(tiny_source, tmp_path / "few")
    run = run_in(tmp_path)
    for path in run.folder.glob("embeddings-train.npy"):
        path.unlink()
    monkeypatch.undo()  # conftest's, which starts no import
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(tsne_umap, "_tsne", lambda units_MD, _: np.random.default_rng(0).random((len(units_MD), 2)))
    monkeypatch.setattr(results, "_evaluate", pretend_to_look)
    monkeypatch.setattr(probe, "measure", lambda *_: MEASURED)
    monkeypatch.setattr(worker.datasets, "make", lambda name, data_dir, report: report("drawing", 2, 8))
    monkeypatch.setattr(
        worker, "_train", lambda plan, part, _, runs_dir, say: make_lesson(plan.lesson, tiny, runs_dir, [part.name])
    )
    st.cache_resource.clear()
    return tmp_path


MEASURED = {"step_seconds": [0.1, 0.1, 0.1], "images_a_step": 8, "scored_a_second": 100.0, "memory_bytes": 2**30,
            "gpu_memory_bytes": None, "cache_is_built": True, "device": "cpu", "load": 0.0, "cores": 2}  # fmt: skip


def pretend_to_look(found, split, dataset, device, data_dir, step=None, report=None):
    report(f"evaluating {split}", 1, 2)
    storage.write_npy(found.folder / f"embeddings-{split}.npy", np.zeros((1, 4), np.float32))
    return split, None


def in_a_fork(root: Path, kind: Kind, moment: str) -> None:
    """Do the work in a process that is killed at a ``moment``, as if a button had started it."""
    folder = kind.folder(root)
    child = os.fork()
    if not child:
        with suppress(BaseException):
            real, written = jobs.Reporter._write, []

            def write(reporter):
                if moment == "start" or (moment == "end" and reporter.record["state"] == jobs.DONE):
                    os.kill(os.getpid(), signal.SIGKILL)
                real(reporter)
                written.append(reporter.record["stage"])
                if moment == "middle":
                    os.kill(os.getpid(), signal.SIGKILL)

            jobs.Reporter._write = write
            if not kind.stays:  # its last word is that the folder goes
                storage.discard = lambda path: path == folder and os.kill(os.getpid(), signal.SIGKILL)
            kind.work(root)
        os._exit(1)
    jobs.remember(folder, child, ["work"], began=time.time())
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (kind.name, moment)


@EVERY
def test_a_killed_job_reads_as_failed_whenever_it_was_killed_and_the_next_one_ends_well(kind, root):
    for moment in ("start", "middle"):
        in_a_fork(root, kind, moment)
        job = jobs.look(kind.folder(root))
        assert (job.state, job.error) == (jobs.FAILED, ""), moment
        assert bool(job.stage) is (moment == "middle")
        jobs.forget(kind.folder(root))
    in_a_fork(root, kind, "end")
    assert jobs.look(kind.folder(root)).state == jobs.FAILED
    kind.work(root)
    if kind.name != "audit":  # its findings were there, so nothing was done again and nobody asks for its job
        job = jobs.look(kind.folder(root))
        assert (job.state if job else None) == (jobs.DONE if kind.stays else None)


@EVERY
def test_a_lab_that_knows_nothing_of_a_job_follows_it_and_offers_it_again_when_it_was_killed(kind, root, monkeypatch):
    started = []

    def detach(command, log, **_):
        started.append(command)
        return os.getpid()

    monkeypatch.setattr(background, "detach", detach)
    page = dict(kind.page)
    name = page.pop("name")
    with sleeping() as identity:
        made_jobs.working(kind.folder(root), identity, stage="drawing", done=2, total=8)
        jobs.remember(kind.folder(root), identity["pid"], ["work"], began=time.time(), given=kind.given(root))
        kind.start(root)
        assert not started, "it goes on"
        app = open_page(name, **page)
        bars = [bar.proto.text.replace("\\", "") for bar in app.get("progress")]
        assert any(bar.startswith(kind.going_on) for bar in bars), bars
        if kind.name != "import":
            assert not [b for b in app.button if b.label.startswith(kind.again) and not b.disabled]
    app.run()
    told = written(app) + "\n".join(warning.value for warning in app.warning).replace("\\", "")
    assert kind.stopped in told and not app.exception
    if kind.name == "import":
        app.text_input(key="import_source").input(str(root / "few"))
    elif kind.name == "lesson":
        return  # it asks for a guess first; tests of its page press the button
    next(button for button in app.button if button.label.startswith(kind.again)).click().run()
    assert len(started) == 1 and not app.exception
    if kind.name not in ("import", "first look"):  # each look has a folder of its own
        assert jobs.look(kind.folder(root)).state == jobs.STARTING
    assert len(app.get("progress")) >= 1


def test_what_trial_steps_found_is_shown_by_whoever_opens_the_page_the_same_day(root):
    measure_in(root)
    page = {"dataset": "tiny", "image_size": "32", "batch_size": "8", "device": "cpu", "epochs": "100"}
    assert "for 100 epochs at 80 images a second; at least 1.0 GiB of main memory" in written(
        open_page("training", **page)
    )
    folder = KINDS[-1].folder(root)
    record = storage.read_json(folder / jobs.PROGRESS)
    storage.write_json(folder / jobs.PROGRESS, record | {"began": time.time() - 2 * trial_steps.KEPT_SECONDS})
    assert "images a second; at least" not in written(open_page("training", **page))
