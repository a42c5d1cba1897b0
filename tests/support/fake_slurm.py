"""A Slurm of our own for tests: sbatch, squeue, sacct and scancel on PATH, which keep their state in a folder.

Run as a program it is one of the four (the name tells which) or the node: ``node ID`` runs a job's script for real.
Imported it is the cluster as a test sees it: what it holds back, ends, forgets or refuses.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = ("sbatch", "squeue", "sacct", "scancel")
DOWN = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"


class FakeSlurm:
    """The cluster, for a test. Jobs wait when ``hold()`` was called; ``calls`` are the command lines that came."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nodes: list[subprocess.Popen] = []
        (folder / "jobs").mkdir(parents=True)
        (folder / "bin").mkdir()
        for name in PROGRAMS:
            program = folder / "bin" / name
            program.write_text(f'#!/bin/sh\nexec {sys.executable} -S {__file__} {folder} {name} "$@"\n')
            program.chmod(0o755)

    @property
    def calls(self) -> list[list[str]]:
        path = self.folder / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def of(self, program: str) -> list[list[str]]:
        return [words for words in self.calls if words[0] == program]

    def set(self, what: str, text: str = "") -> None:
        """``hold``, ``down``, ``refuse`` (with sbatch's words), ``accounting``, ``time_left``."""
        (self.folder / what).write_text(text)

    def unset(self, what: str) -> None:
        (self.folder / what).unlink()

    def put(self, number: str, name: str, state: str, reason: str = "None", known: str = "squeue sacct") -> None:
        """A job in a state, known to some of the programs."""
        save(self.folder, {"id": number, "name": name, "state": state, "reason": reason, "known": known})

    def job(self, number: str) -> dict:
        return load(self.folder, number)

    def change(self, number: str, **values: str) -> None:
        save(self.folder, {**load(self.folder, number), **values})

    def release(self, number: str) -> None:
        """A node is free: the job starts."""
        self.nodes.append(begin(self.folder, load(self.folder, number)))

    def signal(self, number: str, which: int) -> None:
        os.kill(load(self.folder, number)["pid"], which)

    def end(self) -> None:
        for path in (self.folder / "jobs").glob("*.json"):
            job = json.loads(path.read_text())
            if job["state"] == "RUNNING" and "pid" in job:
                try:
                    os.killpg(job["pid"], signal.SIGKILL)
                except ProcessLookupError:
                    pass
        for node in self.nodes:
            node.wait(10)


def load(folder: Path, number: str) -> dict:
    return json.loads((folder / "jobs" / f"{number}.json").read_text())


def save(folder: Path, job: dict) -> None:
    path = folder / "jobs" / f"{job['id']}.json"
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(job))
    temporary.replace(path)


def begin(folder: Path, job: dict) -> subprocess.Popen:
    started = subprocess.Popen(
        [sys.executable, "-S", __file__, str(folder), "node", job["id"]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while "pid" not in load(folder, job["id"]):
        assert time.monotonic() < deadline, "the node never began"
        time.sleep(0.01)
    return started


def node(folder: Path, number: str) -> None:
    job = load(folder, number)
    with open(job["output"], "ab") as output:
        trainer = subprocess.Popen(
            ["/bin/bash", job["script"]],
            cwd=job["folder"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "SLURM_JOB_ID": number, "SLURM_JOB_NAME": job["name"], "SLURM_JOB_NODELIST": "n[1-2]"},
        )
    save(folder, {**job, "state": "RUNNING", "reason": "None", "pid": trainer.pid})
    code = trainer.wait()
    job = load(folder, number)
    if job["state"] == "RUNNING":
        save(folder, {**job, "state": "COMPLETED" if code == 0 else "FAILED"})


def sbatch(folder: Path, words: list[str]) -> int:
    refuse = folder / "refuse"
    if refuse.exists():
        print(f"sbatch: error: {refuse.read_text()}", file=sys.stderr)
        return 1
    options = dict(word.removeprefix("--").partition("=")[::2] for word in words[:-1])
    script = Path(words[-1]).resolve()
    kept = folder / f"script-{len(list((folder / 'jobs').iterdir()))}"
    kept.write_bytes(script.read_bytes())  # Slurm keeps its own copy
    number = str(100 + len(list((folder / "jobs").iterdir())))
    job = {"id": number, "name": options["job-name"], "state": "PENDING", "reason": "Resources", "words": words}
    job |= {"known": "squeue sacct", "script": str(kept), "folder": os.getcwd()}
    save(folder, {**job, "output": options["output"].replace("%%", "%")})
    if not (folder / "hold").exists():
        begin(folder, load(folder, number))
    print(number)
    return 0


def chosen(folder: Path, words: list[str], program: str) -> list[dict]:
    options = dict(word.removeprefix("--").partition("=")[::2] for word in words)
    found = [json.loads(path.read_text()) for path in sorted((folder / "jobs").glob("*.json"))]
    if "jobs" in options:
        found = [job for job in found if job["id"] in options["jobs"].split(",")]
    if "name" in options:
        found = [job for job in found if job["name"] in options["name"].split(",")]
    return [job for job in found if program in job["known"].split()]


def squeue(folder: Path, words: list[str]) -> int:
    if "--format=%L" in words:
        print((folder / "time_left").read_text())
        return 0
    found = chosen(folder, words, "squeue")
    asked = next((word for word in words if word.startswith("--jobs=")), ",")
    if not found and "," not in asked:
        print("slurm_load_jobs error: Invalid job id specified", file=sys.stderr)
        return 1
    for job in found:
        print(f"{job['id']}|{job['state']}|{job['name']}|{job['reason']}")
    return 0


def sacct(folder: Path, words: list[str]) -> int:
    if not (folder / "accounting").exists():
        print("Slurm accounting storage is disabled", file=sys.stderr)
        return 1
    for job in chosen(folder, words, "sacct"):
        by = " by 1000" if job["state"] == "CANCELLED" else ""
        print(f"{job['id']}|{job['state']}{by}|{job['name']}|None")
    return 0


def scancel(folder: Path, words: list[str]) -> int:
    job = load(folder, words[-1])
    if f"--name={job['name']}" not in words:
        return 0
    if "--state=PENDING" in words and job["state"] != "PENDING":
        return 0
    if "--signal=TERM" in words:
        os.kill(job["pid"], signal.SIGTERM)
        return 0
    was = job["state"]
    if was in ("PENDING", "RUNNING"):
        save(folder, {**job, "state": "CANCELLED"})
    if was == "RUNNING":
        os.killpg(job["pid"], signal.SIGKILL)
    return 0


if __name__ == "__main__":
    place, name, *typed = sys.argv[1:]
    if name == "node":
        node(Path(place), *typed)
        sys.exit()
    with open(Path(place) / "calls.jsonl", "a") as calls:
        calls.write(json.dumps([name, *typed]) + "\n")
    if (Path(place) / "down").exists():
        print(DOWN, file=sys.stderr)
        sys.exit(1)
    sys.exit({"sbatch": sbatch, "squeue": squeue, "sacct": sacct, "scancel": scancel}[name](Path(place), typed))
