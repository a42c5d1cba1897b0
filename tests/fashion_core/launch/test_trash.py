"""Labels of runs are durable and change nothing else; a deleted run is whole in the trash and comes back as it was."""

import hashlib
import json
from pathlib import Path

import pytest

from fashion_core import locks, paths, storage
from fashion_core.errors import ReadOnlyError, RunError, WrongUse
from fashion_core.launch import trash
from fashion_core.runs import processes, runs, tags
from tests.support.made_runs import make_run


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "runs" / "one", ("kurta", "saree"), counts={"val": 4}, embeddings=False)


def prints(folder: Path) -> dict[str, str]:
    """Every file below a folder by its own hash; locks, which are empty, left out."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def begin(run: runs.Run) -> None:
    """Make a run look as one that this process trains."""
    storage.append_line(
        run.folder / "events.jsonl", {"event": "started", "time": 0, "process": processes.process_identity()}
    )


def test_a_change_keeps_the_other_labels_and_every_other_file(run):
    before = prints(run.folder)
    tags.label(run, name="Baseline", tags=("a", "b"))
    tags.label(run, starred=True)
    assert json.loads((run.folder / "labels.json").read_text()) == {
        "name": "Baseline", "tags": ["a", "b"], "note": "", "starred": True,
    }  # fmt: skip
    after = prints(run.folder)
    after.pop("labels.json")
    assert after == before and run.folder.name == "one"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "x" * 81}, "a name must have at most 80 characters, got 81"),
        ({"name": "two\nlines"}, "a name must be one line of text"),
        ({"tags": ("x" * 31,)}, "a tag must have at most 30 characters, got 31"),
        ({"tags": tuple(map(str, range(13)))}, "at most 12 tags, got 13"),
        ({"note": "x" * 2001}, "a note must have at most 2,000 characters, got 2,001"),
    ],
)
def test_what_is_too_long_is_refused_with_its_limit_and_nothing_is_written(run, change, words):
    with pytest.raises(WrongUse, match=words):
        tags.label(run, **change)
    assert not (run.folder / "labels.json").exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"tags": 5}', '{"name": "' + "x" * 500 + '"}'])
def test_damaged_labels_hide_no_run(run, text):
    (run.folder / "labels.json").write_text(text)
    assert tags.labels_of(run) == tags.Labels()
    assert [found.id for found in runs.list_runs(run.folder.parent)] == ["one"]


def test_tags_are_separated_by_commas_and_stand_once():
    assert tags.tags_in(" baseline, to show,baseline,, x ") == ("baseline", "to show", "x")


def test_a_deleted_run_is_not_listed_and_comes_back_bit_for_bit(run):
    runs_dir, before = run.folder.parent, prints(run.folder)
    assert trash.delete(run) == "one"
    assert runs.list_runs(runs_dir) == [] and not run.folder.exists()
    with pytest.raises(RunError):
        runs.find_run(runs_dir, "one")
    assert [(one.place, one.run_id) for one in trash.trash(runs_dir)] == [("one", "one")]
    assert trash.restore(runs_dir, "one") == "one"
    assert prints(run.folder) == before and trash.trash(runs_dir) == []
    assert [found.id for found in runs.list_runs(runs_dir)] == ["one"]


def test_an_active_run_is_refused_by_its_process_and_by_its_lock(run):
    with locks.hold(run.lock), pytest.raises(RunError, match="stop it before it can be deleted"):
        trash.delete(run)
    begin(run)
    with pytest.raises(RunError, match="run 'one' is running; stop it before it can be deleted"):
        trash.delete(run)
    assert run.folder.is_dir() and trash.trash(run.folder.parent) == []


def test_two_runs_of_one_id_lie_side_by_side_in_the_trash(run):
    runs_dir = run.folder.parent
    trash.delete(run)
    second = make_run(runs_dir / "one", ("kurta", "saree"), counts={"val": 8}, embeddings=False)
    with pytest.raises(RunError, match="run 'one' exists; delete that one first"):
        trash.restore(runs_dir, "one")
    assert trash.delete(second) == "one~2"
    assert trash.restore(runs_dir, "one~2") == "one"
    assert runs.find_run(runs_dir, "one").dataset["splits"] == {"val": 8}
    assert [one.place for one in trash.trash(runs_dir)] == ["one"]


@pytest.mark.parametrize("place", ["../one", "one/../one", "nothing", "", "one~x", "/etc"])
def test_only_what_is_in_the_trash_is_restored(run, place):
    with pytest.raises(RunError, match="is not in the trash"):
        trash.restore(run.folder.parent, place)
    assert run.folder.is_dir()


def test_a_rename_that_fails_leaves_the_run_where_it_was(run, monkeypatch):
    before = prints(run.folder)

    def full(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(storage.os, "rename", full)
    with pytest.raises(Exception, match="Input/output error"):
        trash.delete(run)
    monkeypatch.undo()
    assert prints(run.folder) == before and trash.trash(run.folder.parent) == []


def test_a_read_only_lab_labels_deletes_and_restores_nothing(run, monkeypatch):
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    for act in (
        lambda: tags.label(run, starred=True),
        lambda: trash.delete(run),
        lambda: trash.restore(run.folder, "x"),
    ):
        with pytest.raises(ReadOnlyError, match="review copy"):
            act()
    assert run.folder.is_dir() and not (run.folder / "labels.json").exists()


def test_runs_are_found_by_every_tag_and_by_star(run):
    other = make_run(run.folder.parent / "two", ("kurta", "saree"), counts={"val": 4}, embeddings=False)
    tags.label(run, tags=("a", "b"), starred=True)
    tags.label(other, tags=("a",))

    def ids(**wanted):
        return [found.id for found in tags.matching([run, other], **wanted)]

    assert ids() == ["one", "two"] and ids(tags=["a"]) == ["one", "two"]
    assert ids(tags=["a", "b"]) == ["one"] and ids(starred=True) == ["one"] and ids(tags=["c"]) == []


def test_git_brings_back_the_shipped_runs_alone(run):
    assert not tags.is_shipped(run)
    shipped = runs.list_runs(paths.PROJECT_ROOT / "checkpoints")
    assert {found.id for found in shipped if tags.is_shipped(found)} == {
        found.id for found in shipped if found.id in tags.SHIPPED
    }


def test_the_command_line_labels_deletes_and_restores_what_the_page_does(run):
    from typer.testing import CliRunner

    from fashion_core.__main__ import app

    def said(*words: str) -> object:
        done = CliRunner().invoke(app, [*words, "--json", "--runs-dir", str(run.folder.parent)])
        if done.exception:
            raise done.exception
        return json.loads(done.stdout)

    said("label", "one", "--name", "Baseline", "--tag", "a", "--tag", "b", "--note", "of May", "--star")
    assert tags.labels_of(run) == tags.Labels(name="Baseline", tags=("a", "b"), note="of May", starred=True)
    found = said("label", "one", "--tag", "c", "--untag", "a", "--no-star")
    assert found == {"run_id": "one", "name": "Baseline", "tags": ["b", "c"], "note": "of May", "starred": False}
    with pytest.raises(WrongUse, match="run 'one' has no tag 'z'; it has: b, c"):
        said("label", "one", "--untag", "z")
    assert [row["name"] for row in said("runs", "--tag", "b")] == ["Baseline"] and said("runs", "--starred") == []
    place = said("delete", "one")["place"]
    assert said("runs") == [] and said("trash") == [{"place": place, "run_id": "one", "damaged": False}]
    assert said("restore", place)["run_id"] == "one" and said("trash") == []
    assert tags.labels_of(run).name == "Baseline"
