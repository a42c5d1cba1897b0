"""Runs in Slurm: the programs are our own (``fake_slurm``), the jobs they start and the training are real."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fashion_core import locks, processes, storage
from fashion_core.errors import RunError, WrongUse
from fashion_core.launch import actions, background, launchers, sbatch, slurm, slurm_poll
from fashion_core.launch.status import status_of
from fashion_core.runs import runs
from fashion_core.settings import recipes
from tests.support.commands import command
from tests.support.fake_slurm import DOWN, FakeSlurm
from tests.support.made_runs import make_run

SETS = ["image_size=16", "batch_size=8", "log_every=1", "device=cpu"]
PAYLOADS = [
    "a b",
    "a'b",
    'a"b',
    "$(touch canary)",
    "`touch canary`",
    "a;touch canary",
    "a&touch canary",
    "%j",
    "*",
    "#",
]
PAYLOADS += ["--wrap=touch canary", "$HOME", "ä ö", "a\tb", "a\\b", "a\nb", "!x", "~"]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = FakeSlurm(tmp_path / "cluster")
    monkeypatch.setenv("PATH", f"{found.folder / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(slurm_poll, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr(slurm_poll, "KEEP_ERROR_SECONDS", 0.0)
    monkeypatch.setattr(slurm_poll, "KEEP_ENDED_SECONDS", 0.0)
    yield found
    found.end()


def wait_for(condition, what: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
        time.sleep(0.05)


def given(folder: Path, number: str = "7", name: str = "job-7", *told: dict) -> runs.Run:
    """A run that was given to Slurm and has told some events since."""
    make_run(folder, ("kurta", "saree"), counts={"test": 4})
    (folder / "summary.json").unlink()
    (folder / "events.jsonl").unlink()
    (folder / sbatch.SCRIPT).touch()
    run = runs.open_run(folder)
    kept = {"name": name, "request": sbatch.Request().to_json()}
    long_ago = {"event": "submitting", "time": time.time() - 100, "slurm": kept}
    storage.append_line(run.folder / "events.jsonl", long_ago)
    if number:
        runs.tell(run, "submitted", slurm={**kept, "job": number, "cluster": ""})
    for event in told:
        storage.append_line(folder / "events.jsonl", {"time": time.time(), **event})
    return run


def inside(number: str = "7", name: str = "job-7", host: str = "node-1") -> dict:
    """What a trainer on another node says first; the pid is one that lives here."""
    job = {"id": number, "name": name, "cluster": ""}
    return {"event": "started", "process": {**processes.process_identity(), "host": host, "job": job}}


ENDINGS = {
    "PENDING": ("queued", "Waits in Slurm as job 7: its nodes are in use."),
    "CONFIGURING": ("starting", "Slurm has given job 7 its nodes"),
    "RUNNING": ("running", "Training, epoch 1 of 2."),
    "COMPLETING": ("running", "Training, epoch 1 of 2."),
    "SUSPENDED": ("running", "Slurm has halted job 7"),
    "COMPLETED": ("interrupted", "Slurm job 7 is over, but the run has not said its last word, at step 3 of 20."),
    "FAILED": ("failed", "Slurm job 7 failed without a word of the run (the log may say why) at step 3 of 20."),
    "OUT_OF_MEMORY": ("failed", "used more memory than it had asked for (--slurm mem=...) and was ended at step 3"),
    "TIMEOUT": ("interrupted", "Slurm job 7 reached its time limit (--time) and was ended at step 3 of 20."),
    "NODE_FAIL": ("interrupted", "A node of Slurm job 7 failed at step 3 of 20."),
    "CANCELLED": ("stopped", "Slurm job 7 was cancelled in Slurm at step 3 of 20."),
    "PREEMPTED": ("interrupted", "Slurm job 7 had to give its nodes to another job at step 3 of 20."),
    "NEVER_HEARD_OF": ("failed", "Slurm job 7 ended as NEVER_HEARD_OF at step 3 of 20."),
}


@pytest.mark.parametrize("known", ["squeue", "sacct"])
@pytest.mark.parametrize("state", ENDINGS)
def test_what_slurm_says_of_a_job_is_one_plain_sentence(cluster: FakeSlurm, tmp_path: Path, state: str, known: str):
    run = given(tmp_path / "runs" / "r", "7", "job-7", inside())
    storage.append_line(run.folder / "metrics.jsonl", {"kind": "step", "epoch": 1, "step": 3, "loss": 1.0})
    cluster.set("accounting")
    cluster.put("7", "job-7", state, "Resources", known=known)
    expected, sentence = ENDINGS[state]
    status = status_of(run)
    if known == "sacct" and state in slurm.ALIVE:  # the controller does not know it, so it does not run
        expected, sentence = "interrupted", "Slurm job 7 is not in Slurm any more"
    assert status.state == expected and sentence in status.sentence
    if not status.active:
        assert status.sentence.endswith("Nothing was saved before that.")


def test_a_job_that_nobody_knows_any_more_has_ended_and_one_that_never_trained_has_failed(
    cluster: FakeSlurm, tmp_path: Path
):
    cluster.put("7", "somebody-else", "RUNNING")  # the number came back; the name is another
    began = given(tmp_path / "runs" / "began", "7", "job-7", inside())
    assert (
        status_of(began).state == "interrupted" and "does not say how it ended, at step 0" in status_of(began).sentence
    )
    never = given(tmp_path / "runs" / "never", "8", "job-8")
    assert status_of(never).state == "failed" and "before training began" in status_of(never).sentence
    with pytest.raises(RunError, match="is not running, it is interrupted; there is nothing to stop"):
        actions.stop(began)
    assert not cluster.of("scancel")


def test_a_submission_that_was_cut_off_is_found_again_by_its_name(cluster: FakeSlurm, tmp_path: Path):
    run = given(tmp_path / "runs" / "cut", "", "job-cut")
    assert status_of(run).state == "failed"
    cluster.put("31", "job-cut", "PENDING", "Priority")
    assert status_of(run).sentence == "Waits in Slurm as job 31: other jobs come first."
    actions.stop(run)
    assert cluster.job("31")["state"] == "CANCELLED" and status_of(run).state == "stopped"
    runs.tell(run, "submitting", slurm={"name": "job-new", "request": sbatch.Request().to_json()})
    assert status_of(run).sentence == "Being given to Slurm."


def test_two_who_resume_a_run_at_once_submit_one_job(cluster: FakeSlurm, tmp_path: Path):
    run = given(tmp_path / "runs" / "r", "7", "job-7", {"event": "stopped", "reason": "Stopped as asked."})
    with locks.hold(run.folder / "submit.lock"):
        with pytest.raises(RunError, match="is being submitted by another process"):
            actions.start_resume(run, data_dir=tmp_path)
    cluster.set("hold")
    actions.start_resume(run, data_dir=tmp_path)
    with pytest.raises(RunError, match="is queued already. Waits in Slurm as job"):
        actions.start(run, data_dir=tmp_path, request=sbatch.Request())
    assert len(cluster.of("sbatch")) == 1


def test_a_scheduler_that_does_not_answer_is_said_and_nothing_is_guessed(cluster: FakeSlurm, tmp_path: Path):
    waits = given(tmp_path / "runs" / "waits", "7", "job-7")
    trains = given(tmp_path / "runs" / "trains", "8", "job-8", inside("8", "job-8"))
    ended = given(tmp_path / "runs" / "ended", "9", "job-9", {"event": "finished", "reason": "Finished 2 epochs."})
    cluster.set("down")
    assert (status_of(waits).state, status_of(trains).state) == ("queued", "running")  # as last heard of, and held so
    for run in (waits, trains):
        said = status_of(run).sentence
        assert DOWN in said and f"what Slurm job {slurm.job_of(run.events()).id} does is not known" in said
        with pytest.raises(RunError, match="was not stopped: Slurm's squeue says"):
            actions.stop(run)
        with pytest.raises(RunError, match="there is nothing to resume"):
            actions.start_resume(run, data_dir=tmp_path)
    assert status_of(ended).sentence == "Finished 2 epochs."
    cluster.unset("down")
    cluster.put("8", "job-8", "RUNNING")
    assert status_of(trains).sentence == "Training, epoch 1 of 2."


def test_a_machine_without_slurm_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    run = given(tmp_path / "runs" / "r", "7", "job-7", inside())
    assert "Slurm's squeue is not on this machine" in status_of(run).sentence
    done = command("train", "tiny", "--backend", "slurm", data=tmp_path, runs=tmp_path / "runs")
    assert done.returncode == 1 and "launch from a login node" in done.stderr


def test_all_runs_of_a_folder_are_one_question_that_is_good_for_some_seconds(
    cluster: FakeSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(slurm_poll, "KEEP_SECONDS", 3600.0)
    monkeypatch.setattr(slurm_poll, "KEEP_ENDED_SECONDS", 3600.0)
    found = [given(tmp_path / "runs" / f"r{place}", str(place), f"job-{place}") for place in range(1, 31)]
    found.append(given(tmp_path / "runs" / "done", "99", "job-99", {"event": "finished"}))
    for place in range(1, 30):
        cluster.put(str(place), f"job-{place}", "PENDING", "Priority")
    for _ in range(3):
        states = [status_of(run).state for run in found]
    assert states == ["queued"] * 29 + ["failed", "finished"]
    assert [words[0] for words in cluster.calls] == ["squeue", "sacct"]
    assert not any("99" in words[-1].split("=")[1].split(",") for words in cluster.of("squeue"))
    assert cluster.of("sacct")[0][-1] == "--jobs=30"
    status_of(given(tmp_path / "runs" / "new", "40", "job-40"))  # a new one is asked for at once
    assert len(cluster.of("squeue")) == 2


def test_a_run_is_submitted_waits_trains_and_finishes_with_the_local_command(
    cluster: FakeSlurm, tiny_data: Path, tmp_path: Path
):
    cluster.set("hold")
    words = ["--backend", "slurm", "--partition", "gpu", "--time", "08:00:00", "--account", "lab", "--slurm", "mem=8G"]
    typed = ["train", "tiny", *(f"--set={one}" for one in SETS), "--run-id", "s", *words, "--json"]
    done = command(*typed, data=tiny_data, runs=tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"run_id": "s", "status": "queued", "job": "100"}
    run = runs.find_run(tmp_path / "runs", "s")
    asked = cluster.job("100")["words"]
    assert {"--partition=gpu", "--time=08:00:00", "--account=lab", "--mem=8G", "--requeue"} <= set(asked)
    lines = (run.folder / sbatch.SCRIPT).read_text().splitlines()
    directives = [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH")]
    assert set(directives) == {word for word in asked if word.startswith("--")} - {"--parsable", asked[1]}
    local = background.command_line(launchers.training_words(run, data_dir=tiny_data))
    assert lines[-1] == f"exec {' '.join(local)}"
    with pytest.raises(RunError, match="is queued; there is nothing to resume"):
        actions.start_resume(run, data_dir=tiny_data)
    assert command("resume", "s", "--backend", "local", data=tiny_data, runs=tmp_path / "runs").returncode == 1
    cluster.release("100")
    wait_for(lambda: cluster.job("100")["state"] != "RUNNING", "the job's end")
    assert status_of(run).sentence == "Finished 2 epochs.", run.log_tail()
    assert run.summary().status == "finished" and "epoch 2/2" in run.log_tail()
    process = next(event["process"] for event in run.events() if "process" in event)
    assert process["job"]["id"] == "100" and process["job"]["name"] == slurm.job_of(run.events()).name


def submit(dataset: str, data: Path, folder: Path, *sets: str, **asked) -> runs.Run:
    from fashion_core.data import datasets

    settings = recipes.settings_for("report", [*SETS, *sets])
    run = runs.create_run(datasets.find_dataset(data, dataset), settings, runs_dir=folder, run_id="s")
    actions.start(run, data_dir=data, request=sbatch.request(**asked))
    return run


def test_a_run_in_slurm_is_stopped_resumed_there_and_asked_to_end_by_its_time_limit(
    cluster: FakeSlurm, tiny_data: Path, tmp_path: Path
):
    run = submit("tiny", tiny_data, tmp_path, "epochs=1000", "save_minutes=1000", time="10")
    wait_for(lambda: status_of(run).step > 3, "a few steps")
    sentence = actions.stop(run, wait_seconds=30)
    assert re.match(r"Stopped as asked at step \d+ of .*; everything up to there is saved\.", sentence)
    assert ["scancel", "--signal=TERM", "--batch", f"--name={slurm.job_of(run.events()).name}", "100"] in cluster.calls
    saved = status_of(run).step

    actions.start_resume(run, data_dir=tiny_data)
    assert launchers.request_of(run) == sbatch.request(time="10") and slurm.job_of(run.events()).id == "101"
    wait_for(lambda: status_of(run).step > saved + 3, "steps after the resumption")
    cluster.set("time_left", "0:55")
    cluster.signal("101", signal.SIGTERM)  # as Slurm does at --signal=B:TERM@60
    wait_for(lambda: cluster.job("101")["state"] == "FAILED", "the end of the job")
    status = status_of(run)
    assert status.state == "stopped"
    assert "because the time limit of its Slurm job (--time) was 55 s away, at step" in status.sentence
    assert status.sentence.endswith(" is saved; resume it.")

    cluster.change("101", state="PENDING", reason="BeginTime")  # so it looks when Slurm itself begins it again
    assert status_of(run).state == "queued" and "It goes on from step" in status_of(run).sentence
    sentence = actions.stop(run)
    assert cluster.job("101")["state"] == "CANCELLED"
    assert re.fullmatch(r"Taken out of Slurm before training went on; step [\d,]+ is saved\.", sentence)


def test_what_does_not_stop_is_cancelled_and_says_what_is_saved(
    cluster: FakeSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = given(tmp_path / "runs" / "deaf", "7", "job-7", inside())
    deaf = subprocess.Popen(
        [sys.executable, "-c", "import signal; signal.pthread_sigmask(0, [15]); print(flush=True); signal.pause()"],
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    assert deaf.stdout is not None and deaf.stdout.readline(), "it is deaf before it is asked to stop"
    deaf.stdout.close()
    cluster.put("7", "job-7", "RUNNING")
    cluster.change("7", pid=deaf.pid)
    sentence = actions.stop(run, wait_seconds=0.1)
    assert sentence == "Did not stop within 0.1 s and was cancelled in Slurm; nothing was saved."
    assert deaf.wait(10) == -signal.SIGKILL


def test_what_slurm_refuses_leaves_nothing_behind(cluster: FakeSlurm, tiny_data: Path, tmp_path: Path):
    cluster.set("refuse", "invalid partition specified: nope")
    typed = ["train", "tiny", *(f"--set={one}" for one in SETS), "--backend", "slurm", "--partition", "nope"]
    for more in ([], ["--seeds", "3"]):
        done = command(*typed, *more, data=tiny_data, runs=tmp_path / "runs")
        assert done.returncode == 1
        assert "Slurm did not take the job: invalid partition specified: nope; nothing was started" in done.stderr
        assert runs.list_runs(tmp_path / "runs") == []


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["--partition", "gpu"], "--partition is an option of --backend slurm; give that too, or leave --partition"),
        (["--backend", "pbs"], "--backend must be local or slurm, got 'pbs'"),
        (["--backend", "slurm", "--time", "soon"], "--time must be as Slurm writes it"),
        (["--backend", "slurm", "--partition", "a b"], "--partition must be letters, digits and the signs"),
        (["--backend", "slurm", "--slurm", "comment=$(x)"], "--slurm comment must be letters, digits and the signs"),
        (["--backend", "slurm", "--slurm", "output=x"], "is set by the lab itself"),
        (["--backend", "slurm", "--slurm", "nodes=2"], "has an option of its own: --nodes"),
        (["--backend", "slurm", "--slurm", "Mem=2"], "must be a long option of sbatch as key=value"),
        (["--backend", "slurm", "--gpus", "4", "--nproc", "2"], "each process has one GPU"),
        (["--backend", "slurm", "--no-wait"], "--no-wait has no place"),
    ],
)
def test_what_cannot_be_asked_for_is_one_sentence(
    cluster: FakeSlurm, tiny_data: Path, tmp_path: Path, typed: list[str], sentence: str
):
    done = command("train", "tiny", *typed, data=tiny_data, runs=tmp_path / "runs")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and sentence in done.stderr
    assert not cluster.calls and not (tmp_path / "runs").exists()


HOSTILE = [
    {"name": "a", "job": "--user=root"},
    {"name": "a b", "job": "7"},
    {"name": "--all", "job": "7\n8"},
    {"name": "a", "job": "7", "cluster": "x --wrap=y"},
    {"name": ["a"], "job": {}},
    "job",
    {},
    None,
]


@pytest.mark.parametrize("kept", HOSTILE, ids=repr)
def test_a_run_directory_that_somebody_handed_over_cannot_put_words_into_a_command(
    cluster: FakeSlurm, tmp_path: Path, kept: object
):
    run = given(tmp_path / "runs" / "r", "7", "job-7")
    storage.append_line(run.folder / "events.jsonl", {"event": "submitted", "time": 1, "slurm": kept})
    process = {**processes.process_identity(), "host": "elsewhere", "job": kept}
    assert slurm.job_of(run.events()) is None
    status_of(run)
    storage.append_line(run.folder / "events.jsonl", {"event": "started", "time": 2, "process": process})
    status_of(run)
    assert not cluster.calls
    wrong = [
        ["wrap", "touch canary"],
        ["wra", "canary"],
        ["outp", "x"],
        ["export", "ALL,LD_PRELOAD=./x.so"],
        ["mem", "$(x)"],
    ]
    for options in (*([option] for option in wrong), [["Name", "x"]], "no", None):
        with pytest.raises(WrongUse):
            sbatch.from_json({"nodes": 1, "processes": 1, "gpus": 0, "options": options})


def test_a_request_takes_over_what_was_asked_before():
    before = sbatch.request(nodes=2, gpus=4, partition="gpu", time="1-00:00:00", options=["mem=32G", "exclusive"])
    assert sbatch.from_json(json.loads(json.dumps(before.to_json()))) == before
    assert before.processes == 4 and {"--gpus-per-node=4", "--exclusive", "--nodes=2"} <= set(before.flags())
    after = sbatch.request(before, time="02:00:00", options=["mem=64G"])
    assert (after.nodes, after.processes, after.gpus) == (2, 4, 4)
    expected = {"partition": "gpu", "time": "02:00:00", "mem": "64G", "exclusive": ""}
    assert dict(after.options) == expected
    assert sbatch.request(before, gpus=1).processes == 1
    with pytest.raises(WrongUse, match="--nodes must be a whole number between 1 and 1024, got 0"):
        sbatch.request(nodes=0)


@pytest.mark.parametrize("name", PAYLOADS)
@pytest.mark.parametrize("nodes", [1, 2])
def test_no_name_is_ever_read_as_a_command(tmp_path: Path, name: str, nodes: int):
    """The script runs for real, with programs that write down the words that they are given."""
    noted = tmp_path / "noted"
    (tmp_path / "bin").mkdir()
    root = tmp_path / f"root {name}".replace("/", "_")
    root.mkdir()
    python = tmp_path / "bin" / f"python {name}".replace("/", "_")
    for program, body in {
        python: f'printf "%s\\0" "$@" > "{noted}"; pwd > "{noted}.pwd"',
        tmp_path / "bin" / "srun": 'while [ "${1#--}" != "$1" ]; do shift; done; exec "$@"',
        tmp_path / "bin" / "hostname": "echo first",
    }.items():
        program.write_text(f"#!/bin/bash\n{body}\n")
        program.chmod(0o755)
    words = ["train", "--run-dir", f"/runs/{name}", "--data-dir", f"/data/{name}"]
    text = sbatch.script(
        sbatch.request(nodes=nodes, processes=2),
        name=sbatch.job_name(name),
        command=[str(python), "-m", "fashion_core", *words],
        root=root,
        environment={"WORD": name},
    )
    (tmp_path / sbatch.SCRIPT).write_text(text)
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "SLURM_JOB_ID": "20007"}
    subprocess.run(["/bin/bash", sbatch.SCRIPT], cwd=tmp_path, env=environment, check=True, timeout=120)
    given_words = noted.read_text().split("\0")[:-1]
    if nodes == 1:
        assert given_words == ["-m", "fashion_core", *words, "--nproc", "2"]
    else:
        assert given_words[-len(words) - 2 :] == ["-m", "fashion_core", *words]
        assert "--rdzv-endpoint=first:20007" in given_words and "--nproc-per-node=2" in given_words
    assert Path((tmp_path / "noted.pwd").read_text().removesuffix("\n")) == root
    assert not [path for path in tmp_path.rglob("canary*")]
    assert all(re.fullmatch(r"#SBATCH --[a-z-]+(=[A-Za-z0-9_.:@-]+)?", line) for line in directives(text))


def directives(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#SBATCH")]
