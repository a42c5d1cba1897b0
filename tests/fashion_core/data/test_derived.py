"""Leaving photos out makes a new dataset and leaves the old one's bytes alone."""

import dataclasses
import hashlib
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fashion_core.data import datasets, derived, importing, pixels
from fashion_core.data.audit import audit
from fashion_core.errors import DatasetError, WrongUse
from tests.support.planted import planted_folder  # noqa: F401
from tests.support.places import ROOT
from tests.support.trees import bytes_of



@pytest.fixture
def planted(tmp_path, planted_folder):  # noqa: F811
    return importing.import_source(planted_folder, data_dir=tmp_path / "data", name="planted")




def test_a_version_without_leaks_has_none_and_the_old_dataset_keeps_its_bytes(planted, planted_folder):  # noqa: F811
    found = audit.run(planted)
    before, photos = bytes_of(planted.folder), bytes_of(planted_folder)
    new = derived.exclude(planted, derived.leaked(found), bring="command")
    assert bytes_of(planted.folder) == before and bytes_of(planted_folder) == photos
    assert new.id == "planted-v2" and new.name == "planted v2" and new.fingerprint != planted.fingerprint
    assert new.num_images == planted.num_images - 5 == sum(new.splits.values())
    assert audit.run(new).leaks == [] and audit.run(new).counts["exact_duplicate"] == 1
    old_rows, new_rows = planted.manifest(), new.manifest()
    left_out = new_rows["status"] == "excluded"
    assert set(new_rows.loc[left_out, "image_id"]) == set(derived.leaked(found))
    assert new_rows.loc[left_out, "reason"].str.startswith("leak: ").all()
    assert old_rows[~left_out].equals(new_rows[~left_out])


def test_both_versions_read_the_same_pixels_and_building_another_size_works(planted):
    ids = planted.manifest()["image_id"]
    new = derived.exclude(planted, {ids[0]: "no"}, bring="command")
    assert (pixels.thumbnails(new) == pixels.thumbnails(planted)).all()
    with pytest.raises(DatasetError):  # each cache names its own dataset
        pixels.open_pixels(dataclasses.replace(new, fingerprint=planted.fingerprint), 128, 128)
    pixels.build(new, 32, 32)
    assert not np.asarray(pixels.open_pixels(new, 32, 32)[0]).any()
    kept = np.array(pixels.thumbnails(new))
    shutil.rmtree(planted.folder)
    assert (pixels.thumbnails(datasets.load(new.folder)) == kept).all()


def test_photos_that_were_unpacked_with_the_old_dataset_are_found_after_data_is_moved(tmp_path, planted_folder):  # noqa: F811
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", planted_folder)
    old = importing.import_source(archive, data_dir=tmp_path / "data", name="planted")
    derived.exclude(old, {old.manifest()["image_id"][0]: "no"}, bring="command", name="fewer")
    (tmp_path / "data").rename(tmp_path / "moved")
    new = datasets.find_dataset(tmp_path / "moved", "fewer")
    row = new.manifest().query("status == 'ok'").iloc[0]
    assert datasets.read_photo(new, row["path"], row["sha256"])


def test_the_same_exclusion_again_is_the_same_dataset_and_another_one_is_numbered_on(planted):
    first, second = planted.manifest()["image_id"].head(2)
    one = derived.exclude(planted, {first: "no"}, bring="command")
    assert derived.exclude(planted, {first: "another reason"}, bring="command") == one
    other = derived.exclude(planted, {second: "no"}, bring="command")
    assert (one.name, other.name) == ("planted v2", "planted v3") and one.fingerprint != other.fingerprint
    with pytest.raises(DatasetError, match="there already with other photos"):
        derived.exclude(planted, {second: "no"}, bring="command", name="planted v2")


def test_what_cannot_be_left_out_is_refused_in_one_sentence(planted):
    sarees = planted.manifest().query("label == 'saree'")["image_id"]
    for reasons, sentence in (
        ({"nowhere.png": "no"}, "'nowhere.png'"),
        ({}, "leaves out no photo"),
        ({"train/kurta/broken.jpg": "no"}, "leaves out no photo"),
        (dict.fromkeys(sarees, "no"), "class 'saree' would lose its last photo"),
    ):
        with pytest.raises(DatasetError, match=sentence):
            derived.exclude(planted, reasons, bring="command")
    assert datasets.list_datasets(planted.folder.parent) == [planted]


def test_lists_are_text_json_or_what_the_audit_tab_saves(tmp_path):
    path = tmp_path / "list"
    for text, ids in (
        ("a.png\r\n\nb c.png\n", {"a.png", "b c.png"}),
        ('["a.png", "b.png"]', {"a.png", "b.png"}),
        ('{"dataset": "x", "images": {"a.png": "leak: why"}}', {"a.png"}),
    ):
        path.write_text(text)
        assert set(derived.read_list(path)) == ids
    for text in ("[1]", "{}", "[", '{"images": {"a": 1}}', '{"images": 3}', "[[1]]"):
        path.write_text(text)
        with pytest.raises(WrongUse):
            derived.read_list(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WrongUse):
        derived.read_list(path)


def test_the_command_makes_the_new_dataset_and_says_so(planted):
    words = [sys.executable, "-m", "fashion_core", "audit", "planted", "--exclude-leaks", "--name", "clean"]
    words += ["--json", "--data-dir", str(planted.folder.parent)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)["new_dataset"]
    assert made["dataset"] == "clean" and made["images"] == planted.num_images - 5
    assert "audit planted --exclude-leaks --name clean" in datasets.load(planted.folder.parent / "clean").bring


def test_a_list_is_kept_so_that_the_command_makes_the_new_dataset_again_after_it_was_removed(planted, tmp_path):
    first, second = planted.manifest()["image_id"].head(2)
    reasons = {first: "leak: seen before", second: "an ugly photo"}
    made = derived.exclude(planted, reasons, name="my choice")
    old, _, again = made.bring.rpartition(" && ")
    assert old == planted.bring
    shutil.rmtree(made.folder)
    words = shlex.split(again)
    assert words[:3] == ["python", "-m", "fashion_core"]
    words = [sys.executable, *words[1:], "--data-dir", str(planted.folder.parent)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    back = datasets.load(made.folder)
    assert back == made and back.manifest().equals(made.manifest())
    assert back.manifest().set_index("image_id")["reason"][[first, second]].tolist() == list(reasons.values())


def test_a_list_given_to_the_command_may_be_thrown_away_afterwards(planted, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(planted.manifest()["image_id"][0])
    words = [sys.executable, "-m", "fashion_core", "audit", "planted", "--exclude", str(path), "--name", "fewer"]
    done = subprocess.run([*words, "--data-dir", str(planted.folder.parent)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    bring = datasets.load(planted.folder.parent / "fewer").bring
    kept = Path(shlex.split(bring)[shlex.split(bring).index("--exclude") + 1])
    assert str(path) not in bring and derived.read_list(kept) == {path.read_text(): "listed in list.txt"}


def test_what_is_refused_leaves_no_list_behind(planted):
    sarees = planted.manifest().query("label == 'saree'")["image_id"]
    with pytest.raises(DatasetError):
        derived.exclude(planted, dict.fromkeys(sarees, "no"))
    with pytest.raises(DatasetError, match="visible characters"):
        derived.exclude(planted, {sarees.iloc[0]: "no"}, name="\n")
    assert not (planted.folder.parent / derived.LISTS).exists()


def test_a_split_that_loses_its_last_photo_of_a_class_is_named(planted):
    rows = planted.manifest().query("label == 'saree' and split == 'test' and status == 'ok'")
    with pytest.raises(DatasetError, match="test has no photo of class 'saree'.*--force"):
        derived.exclude(planted, dict.fromkeys(rows["image_id"], "no"))
    assert datasets.list_datasets(planted.folder.parent) == [planted]
    made = derived.exclude(planted, dict.fromkeys(rows["image_id"], "no"), force=True)
    assert "--force" in shlex.split(made.bring)
    assert derived.left(planted, made).endswith(f"most is lost by saree in test 0 of {len(rows)}")
    assert made.warnings[-1] == "test has no photo of class 'saree' any more"
    fewer = derived.exclude(planted, dict.fromkeys(rows["image_id"][1:], "no"))
    assert not any("any more" in warning for warning in fewer.warnings)


def test_a_split_is_not_emptied_without_being_asked_to(planted):
    val = planted.manifest().query("split == 'val' and status == 'ok'")["image_id"]
    with pytest.raises(DatasetError, match="val has no photo"):
        derived.exclude(planted, dict.fromkeys(val, "no"))
    made = derived.exclude(planted, dict.fromkeys(val, "no"), force=True)
    assert "val" not in made.splits and "val has no photo any more" in made.warnings


def test_another_dataset_of_the_same_name_leaves_the_first_ones_list_alone(planted):
    first, second = planted.manifest()["image_id"].head(2)
    made = derived.exclude(planted, {first: "no"}, name="fewer")
    shutil.rmtree(made.folder)
    derived.exclude(planted, {second: "no"}, name="fewer")
    kept = Path(shlex.split(made.bring)[shlex.split(made.bring).index("--exclude") + 1])
    assert set(derived.read_list(kept)) == {first}


def test_the_command_says_which_labels_a_list_decides_and_which_conflicts_stay(planted):
    found = audit.run(planted)
    conflict = found.findings().query("kind == 'conflict'").iloc[0]
    first, second = conflict["image_id"], conflict["other"]
    assert derived.conflict_notes(found, derived.leaked(found))[0].startswith("1 label conflict stays")
    (note,) = derived.conflict_notes(found, [first])
    assert f"'{first}' goes" in note and f"the label is '{conflict['other_label']}'" in note
    (note,) = derived.conflict_notes(found, [second])
    assert f"'{second}' goes" in note and f"the label is '{conflict['label']}'" in note
    assert derived.conflict_notes(found, [first, second]) == []
    words = [sys.executable, "-m", "fashion_core", "audit", "planted", "--exclude-leaks"]
    done = subprocess.run([*words, "--data-dir", str(planted.folder.parent)], cwd=ROOT, capture_output=True, text=True)
    assert "1 label conflict stays" in done.stderr, done.stderr
