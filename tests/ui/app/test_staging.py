"""Uploads stay as long as a tab shows them or a job reads them, and no longer."""

import os
import time

import pytest

from fashion_core import jobs, processes, storage
from fashion_core.data import datasets, uploads
from ui.app import staging


@pytest.fixture
def tabs(monkeypatch):
    """The sessions whose tabs are open."""
    open_tabs: set[str] = set()
    monkeypatch.setattr(staging, "_is_open", open_tabs.__contains__)
    return open_tabs


def begun(data_dir, session="a tab"):
    token = staging.open_for(session, data_dir)
    upload = staging.of(token)
    uploads.make(upload.folder)
    (upload.folder / "tree-1").mkdir()
    (upload.folder / "tree-1" / "a.jpg").write_bytes(b"a")
    return token, upload


def test_an_upload_goes_three_minutes_after_its_tab_unless_another_shows_it(tmp_path, tabs):
    tabs.add("a tab")
    token, upload = begun(tmp_path)
    staging.tidy(tmp_path, 1000)
    tabs.clear()
    staging.tidy(tmp_path, 2000)
    staging.tidy(tmp_path, 2000 + staging.KEPT_SECONDS)
    assert upload.folder.is_dir() and staging.of(token) is upload, "a tab that is reloaded has time to come back"
    tabs.add("reloaded")
    staging.hold(upload.folder / "photos" / "wardrobe", "reloaded")
    staging.tidy(tmp_path, 3000)
    tabs.clear()
    staging.tidy(tmp_path, 4000)
    assert upload.folder.is_dir()
    staging.tidy(tmp_path, 4001 + staging.KEPT_SECONDS)
    assert not upload.folder.exists() and staging.of(token) is None


@pytest.mark.parametrize("where", ["import", "look"])
def test_an_upload_that_a_job_reads_stays_until_the_job_is_over(tmp_path, tabs, where):
    token, upload = begun(tmp_path)
    job = tmp_path / datasets.INCOMING / ("wardrobe" if where == "import" else ".looks/0123456789abcdef")
    job.mkdir(parents=True)
    given = {"upload": {"kept": str(upload.folder / "photos" / "wardrobe"), "name": "wardrobe"}}
    jobs.remember(job, os.getpid(), ["import"], began=time.time(), given=given)
    staging.leave(upload.folder)
    staging.tidy(tmp_path, 10**9)
    assert upload.folder.is_dir() and staging.of(token) is None, "nobody can add to it"
    jobs.stopped(job, "the photos cannot be used")
    staging.tidy(tmp_path, 10**9)
    assert not upload.folder.exists()
    assert job.exists() == (where == "import"), "a look goes with what it saw, the reason of an import stays"


def test_a_server_that_starts_takes_away_what_dead_ones_left_and_nothing_of_living_ones(tmp_path, tabs):
    folders = [begun(tmp_path)[1].folder for _ in range(4)]
    dead, living, ownerless, elsewhere = folders
    storage.write_json(dead / uploads.OWNER, processes.process_identity() | {"pid": 2**22 + 1})
    storage.write_json(living / uploads.OWNER, processes.process_identity(os.getppid()))
    (ownerless / uploads.OWNER).unlink()
    os.utime(ownerless, (0, 0))
    storage.write_json(elsewhere / uploads.OWNER, processes.process_identity() | {"host": "another machine"})
    earlier = tmp_path / datasets.INCOMING / "uploads"
    earlier.mkdir()
    for name in ("upload-1-2.zip", "upload-1-3.zip"):
        (earlier / name).write_bytes(b"old")
    os.utime(earlier / "upload-1-2.zip", (0, 0))
    uploads.sweep(tmp_path)
    assert [folder.is_dir() for folder in folders] == [False, True, False, True]
    assert [path.name for path in earlier.iterdir()] == ["upload-1-3.zip"]
    for folder in folders:
        staging.leave(folder)


def test_nothing_but_an_upload_is_ever_taken_away(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"a")
    for folder in (tmp_path / "photos", tmp_path, tmp_path / datasets.INCOMING / ".uploads" / ".."):
        assert uploads.folder_of(folder, tmp_path) is None
        staging.leave(folder)
    assert (tmp_path / "photos" / "a.jpg").exists()
