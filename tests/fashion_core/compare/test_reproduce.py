"""A run trained again: the same bits where they can be expected, and otherwise the gap, its size and its reason."""

import ast
import dataclasses
import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import torch

from fashion_core import storage
from fashion_core.compare import bitwise, retrain, sides
from fashion_core.compare import reproduce as compare_reproduce
from fashion_core.data import datasets
from fashion_core.errors import ReadOnlyError, RunError, WrongUse
from fashion_core.launch import devices
from fashion_core.launch.status import status_of
from fashion_core.runs import environment, runs
from fashion_core.runs.record import Reproduces
from fashion_core.settings import recipes
from fashion_core.training import loop
from tests.support.made_pairs import run_with
from tests.support.made_runs import make_run
from tests.support.places import ROOT


def weights_file(run: runs.Run) -> Path:
    return max((run.folder / "steps").glob("[0-9]*"), key=lambda path: int(path.name)) / "model.safetensors"


def put_weights(run: runs.Run, weights: dict[str, np.ndarray]) -> None:
    """Other weights in the place of a saved step's, named by its COMMIT.json as if they had always been there."""
    path = weights_file(run)
    path.write_bytes(safetensors.numpy.save(weights))
    commit = json.loads((path.parent / "COMMIT.json").read_text())
    commit["sha256"]["model.safetensors"] = hashlib.sha256(path.read_bytes()).hexdigest()
    storage.write_json(path.parent / "COMMIT.json", commit)


def trained_again(tiny_run: runs.Run, tiny, folder: Path, **more) -> runs.Run:
    """What ``reproduce`` makes, trained in this process."""
    told = Reproduces(run=tiny_run.id, created=tiny_run.created, **more.pop("reproduces", {}))
    settings = dataclasses.replace(tiny_run.settings, **more.pop("settings", {}))
    made = runs.create_run(tiny, settings, runs_dir=folder, run_id="again", reproduces=told)
    loop.train(made, tiny, **more)
    return made


@pytest.fixture
def copied(tiny_run: runs.Run, tmp_path: Path) -> runs.Run:
    """The tiny run in a place of its own, to be changed."""
    shutil.copytree(tiny_run.folder, tmp_path / "copies" / "copy")
    return runs.open_run(tmp_path / "copies" / "copy")


def test_a_run_trained_again_has_the_same_bits_and_counts_them(tiny_run, tiny, tmp_path):
    made = trained_again(tiny_run, tiny, tmp_path)
    found = bitwise.compare(tiny_run, made)
    assert found.word == bitwise.EQUAL and not found.reasons and not found.gaps()
    ours, theirs = (safetensors.numpy.load_file(weights_file(run)) for run in (tiny_run, made))
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours) and found.weights.tensors == len(ours)
    rows = len((tiny_run.folder / "metrics.jsonl").read_text().splitlines())
    assert found.sentence == f"bit-equal: weights ({len(ours)} tensors), {rows} logged rows, 27 predictions"
    assert compare_reproduce.reproductions_of(tiny_run, [tiny_run, made]) == [made]


def test_a_stopped_and_resumed_second_training_is_equal_too_and_said(tiny_run, tiny, tmp_path):
    asked = iter([False] * 3 + [True] * 50)
    made = trained_again(tiny_run, tiny, tmp_path, should_stop=lambda: next(asked))
    with pytest.raises(RunError, match="has no result yet"):
        bitwise.compare(tiny_run, made)
    loop.train(made, tiny)
    found = bitwise.compare(tiny_run, made)
    assert found.word == bitwise.EQUAL
    assert found.notes == ("again was resumed 1 time on its way",)


def test_another_seed_shows_the_gap_that_numpy_finds(tiny_run, tiny, tmp_path):
    made = trained_again(tiny_run, tiny, tmp_path, settings={"seed": 3})
    found = bitwise.compare(tiny_run, made)
    assert found.word == bitwise.GAP and "seed 0 and 3" in found.reasons
    ours, theirs = (safetensors.numpy.load_file(weights_file(run)) for run in (tiny_run, made))
    largest = {name: float(np.abs(ours[name].astype(np.float64) - theirs[name]).max()) for name in ours}
    assert found.weights.largest == max(largest.values()) and largest[found.weights.where] == max(largest.values())
    assert found.weights.equal == sum(np.array_equal(ours[name], theirs[name]) for name in ours)
    lines = [
        [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
        for run in (tiny_run, made)
    ]
    assert (found.logged.first_step, found.logged.word) == (1, "loss")
    assert (found.logged.first, found.logged.second) == (lines[0][0]["loss"], lines[1][0]["loss"])
    for one in found.predicted:
        mine, other = (pd.read_parquet(run.folder / f"predictions-{one.split}.parquet") for run in (tiny_run, made))
        shares = [frame.filter(like="p_").to_numpy(np.float64) for frame in (mine, other)]
        assert one.photos == len(mine) and one.largest == np.abs(shares[0] - shares[1]).max()
        assert one.changed == (mine["predicted"] != other["predicted"]).sum()
        right = [(frame["label"] == frame["predicted"]).mean() for frame in (mine, other)]
        moved = one.difference
        assert moved.value == pytest.approx(right[1] - right[0]) and moved.low <= moved.value <= moved.high
    told = "\n".join(found.lines())
    assert "points [" in told and "n = 15" in told and "likely: seed 0 and 3" in told
    assert json.loads(json.dumps(found.to_json()))["word"] == "gap"


def test_photos_that_one_run_alone_was_asked_about_are_a_gap_and_counted(tiny_run, copied):
    path = copied.folder / "predictions-test.parquet"
    frame = pd.read_parquet(path)
    frame.iloc[2:].to_parquet(path)
    for pair in ((tiny_run, copied), (copied, tiny_run)):
        found = bitwise.compare(*pair)
        assert found.word == bitwise.GAP and "test: 2 photos are answered by one of the two runs only" in found.gaps()
        (test,) = (one for one in found.predicted if one.split == "test")
        assert (test.photos, test.equal, test.extra) == (len(frame) - 2, len(frame) - 2, 2)
    path.unlink()
    found = bitwise.compare(tiny_run, copied)
    assert (
        found.word == bitwise.EQUAL and "tiny-run alone has predictions of test, which were not compared" in found.notes
    )


def test_weights_changed_after_training_are_the_gap_and_nothing_else_is(tiny_run, copied):
    weights = safetensors.numpy.load_file(weights_file(copied))
    name = sorted(weights)[0]
    weights[name].flat[0] += np.float32(0.25)
    put_weights(copied, weights)
    found = bitwise.compare(tiny_run, copied)
    assert found.word == bitwise.GAP and found.weights.equal == found.weights.tensors - 1
    assert found.weights.where == name and found.weights.largest == pytest.approx(0.25, rel=1e-5)
    assert found.logged.equal == found.logged.rows and all(one.equal == one.photos for one in found.predicted)
    assert found.reasons == (
        "both learnt in equal steps, so the weights or answers of one were changed or made again later",
    )


def test_weights_that_are_not_as_saved_are_not_compared_and_that_is_said(tiny_run, copied):
    path = weights_file(copied)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    found = bitwise.compare(tiny_run, copied)
    assert found.word == bitwise.GAP and "model.safetensors is not as it was saved" in found.gaps()[0]


def test_a_run_without_saved_weights_is_compared_by_the_rest_and_that_is_said(tiny_run, copied):
    shutil.rmtree(copied.folder / "steps")
    found = bitwise.compare(tiny_run, copied)
    assert found.word == bitwise.EQUAL and "weights" not in found.sentence
    assert found.notes == ("copy has no saved weights, so weights were not compared",)


def test_minus_nought_and_not_a_number_are_compared_by_their_bits(tiny_run, copied, tmp_path):
    weights = safetensors.numpy.load_file(weights_file(copied))
    name = sorted(weights)[0]
    weights[name].flat[:2] = [0.0, np.nan]
    put_weights(copied, weights)
    shutil.copytree(copied.folder, tmp_path / "copies" / "other")
    other = runs.open_run(tmp_path / "copies" / "other")
    assert bitwise.compare(copied, other).word == bitwise.EQUAL
    weights[name].flat[0] = -0.0
    put_weights(other, weights)
    assert bitwise.compare(copied, other).weights.equal == len(weights) - 1


def test_half_precision_weights_are_compared_in_half_precision_and_that_is_said(tiny_run, copied):
    weights = safetensors.numpy.load_file(weights_file(copied))
    put_weights(copied, {name: array.astype(np.float16) for name, array in weights.items()})
    frame = pd.read_parquet(copied.folder / "predictions-test.parquet")
    frame["p_kurta"] = frame["p_kurta"].astype(np.float32) * np.float32(1.001)
    storage.write_parquet(copied.folder / "predictions-test.parquet", frame)
    found = bitwise.compare(copied, tiny_run)
    assert found.word == bitwise.EQUAL and found.weights.half
    assert "in half precision" in found.sentence and "predictions" not in found.sentence
    assert "copy keeps its weights in half precision" in found.notes[0]


def test_versions_threads_and_a_resume_elsewhere_are_named_as_reasons(tiny_run, copied):
    lines = [json.loads(line) for line in (copied.folder / "events.jsonl").read_text().splitlines()]
    for event in lines:
        if event["event"] == "started":
            event["computed"]["versions"]["torch"] = "2.0.0"
            event["computed"]["threads"] = 64
            resumed = json.loads(json.dumps(event)) | {"event": "resumed"}
            resumed["computed"]["cpu"] = "Another CPU"
    lines.insert(-1, resumed)
    storage.write_text(copied.folder / "events.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    rows = (copied.folder / "metrics.jsonl").read_text().splitlines()
    storage.write_text(
        copied.folder / "metrics.jsonl", "\n".join([rows[0].replace('"loss": ', '"loss": 9')] + rows[1:])
    )
    found = bitwise.compare(tiny_run, copied)
    here = environment.versions()["torch"]
    assert f"torch {here} and 2.0.0" in found.reasons
    assert f"threads {torch.get_num_threads()} and 64" in found.reasons
    assert any("a resume of copy had processor Another CPU instead of" in reason for reason in found.reasons)
    expected = compare_reproduce.expected(copied)
    assert expected.word == compare_reproduce.NOT_EXPECTED
    assert f"torch is {here} here and was 2.0.0" in expected.reasons


@pytest.mark.parametrize(
    ("device", "gpus", "word", "said"),
    [
        ("cuda", ("0",), compare_reproduce.UNKNOWN, "on a GPU, where single steps were seen to repeat"),
        ("cuda", (), compare_reproduce.NOT_EXPECTED, "on a GPU (of unknown kind), and none is here"),
        ("mps", (), compare_reproduce.UNKNOWN, "nobody has tried"),
    ],
)
def test_nobody_promises_the_bits_of_a_run_that_another_device_trained(
    tiny_run, copied, monkeypatch, device, gpus, word, said
):
    monkeypatch.setattr(devices, "gpus", lambda: gpus)
    lines = [json.loads(line) for line in (copied.folder / "events.jsonl").read_text().splitlines()]
    told = [line | {"device": device} if line["event"] == "started" else line for line in lines]
    storage.write_text(copied.folder / "events.jsonl", "".join(json.dumps(line) + "\n" for line in told))
    expected = compare_reproduce.expected(copied)
    assert expected.word == word and len(expected.reasons) == 1 and said in expected.reasons[0]
    assert compare_reproduce.expected(tiny_run).word == compare_reproduce.EXPECTED


def test_a_run_of_before_the_records_is_read_and_what_is_unknown_is_said(tmp_path, tiny):
    run = make_run(tmp_path / "old", tiny.classes, counts={"test": 9})
    assert compare_reproduce.expected(run).word == compare_reproduce.UNKNOWN
    assert "processor, threads and training code were not recorded before" in compare_reproduce.expected(run).reasons[0]
    recipe = compare_reproduce.of_run(run, [tiny])
    assert recipe.missing.startswith("the photos of 'made'") and not recipe.computed
    assert not any("OMP_NUM_THREADS" in line for line in recipe.commands)


def test_a_new_run_records_what_its_bits_hang_on_and_that_it_can_be_expected(tiny_run):
    told = next(event for event in tiny_run.events() if event["event"] == "started")["computed"]
    assert told["threads"] == torch.get_num_threads() and told["versions"] == environment.versions()
    assert told["program"] == environment.code() and told["cpu"] and told["capability"]
    assert compare_reproduce.expected(tiny_run) == compare_reproduce.Expectation(
        word=compare_reproduce.EXPECTED, reasons=()
    )


@pytest.mark.parametrize(
    "sets",
    [
        [],
        ["seed=7", "image_size=64x128", "sampler=power(0.5)", "learning_rate=0.00123456789", "device=cpu"],
        ["sampler=class_balanced(0.999)", "loss=focal", "mixup=0.3", "early_stopping=3"],
    ],
)
@pytest.mark.parametrize("recipe", list(recipes.RECIPES))
def test_the_train_command_gives_the_settings_back(recipe, sets, tiny_run):
    record = dataclasses.replace(tiny_run.record, settings=recipes.settings_for(recipe, sets))
    run = dataclasses.replace(tiny_run, record=record)
    words = shlex.split(compare_reproduce.train_command(run, name="x"))
    assert words[0] == f"OMP_NUM_THREADS={torch.get_num_threads()}"
    assert words[1:5] == ["python", "-m", "fashion_core", "train"] and words[-2:] == ["--run-id", "x"]
    typed = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    assert recipes.settings_for(words[words.index("--recipe") + 1], typed) == run.settings
    assert f"seed={run.settings.seed}" in typed


def test_a_recipe_that_is_gone_is_rebuilt_setting_by_setting(tiny_run):
    settings = dataclasses.replace(recipes.STRONG, recipe="last-year", seed=4)
    words = shlex.split(compare_reproduce.flags(settings))
    typed = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    found = recipes.settings_for(words[1], typed)
    assert dataclasses.replace(found, recipe="last-year") == settings


def test_the_commands_bring_the_photos_train_and_score_in_order(tiny_run, tiny):
    recipe = compare_reproduce.of_run(tiny_run, [tiny], split="val")
    assert recipe.commands[0] == tiny.bring and recipe.missing == ""
    assert " train tiny --recipe report" in recipe.commands[1]
    assert recipe.commands[2] == "python -m fashion_core evaluate tiny-run-again --split val"
    assert (recipe.seed, recipe.fingerprint) == (0, tiny.fingerprint)
    assert ("image_size", "16", "128") in recipe.settings and ("flip", "0.5", "") in recipe.settings


def test_a_derived_dataset_is_brought_in_two_commands_and_a_quoted_one_stays_whole():
    bring = "python -m fashion_core import demo && python -m fashion_core import demo --imbalance 100 --name 'a b'"
    assert compare_reproduce.bring_commands(bring) == bring.split(" && ")
    assert compare_reproduce.bring_commands("import 'a && b'") == ["import 'a && b'"]


def test_a_comparison_is_both_trainings_and_then_the_comparison(tiny_run, tiny, tmp_path):
    other = make_run(tmp_path / "other", tiny.classes, counts={"test": 9})
    found = compare_reproduce.of_sides([sides.side_of_run(tiny_run), sides.side_of_run(other)], "test", 0.01)
    assert [re.sub(r".*fashion_core (\w+) .*", r"\1", line) for line in found] == [
        "import", "import", "train", "train", "compare",
    ]  # fmt: skip
    assert found[-1].endswith("compare tiny-run-again other-again --split test --margin 0.01")


def test_seeds_are_one_command_and_a_published_side_needs_none(tmp_path):
    for seed in (1, 2, 3):
        run_with(tmp_path / f"seed{seed}", np.arange(60) % 4 > 0, seed=seed, group="three")
    group = sides.find_side("three", runs.list_runs(tmp_path))
    found = compare_reproduce.of_sides([group, sides.find_side("published-report", [])], "test", 0.02)
    assert found[-2].endswith("--set seed=1 --seeds 3 --run-id three-again")
    assert found[-1].endswith("compare GROUP published-report --split test --margin 0.02") and len(found) == 3


def test_what_cannot_be_trained_again_is_refused_with_a_sentence(tiny_run, tiny, copied, tmp_path, monkeypatch):
    where = {"data_dir": tiny.folder.parent, "runs_dir": tmp_path}
    before = sorted(tmp_path.iterdir())
    with pytest.raises(RunError, match="the photos of 'tiny' .* are not on this machine; run: python -m fashion_core"):
        retrain.start(tiny_run, data_dir=tmp_path / "empty", runs_dir=tmp_path)
    other = json.loads((copied.folder / "config.json").read_text())
    other["dataset"]["fingerprint"] = "f" * 16
    storage.write_json(copied.folder / "config.json", other)
    with pytest.raises(RunError, match="dataset 'tiny' here has fingerprint .*: other photos, labels or splits"):
        retrain.start(runs.open_run(copied.folder), **where)
    (copied.folder / "summary.json").unlink()
    storage.append_line(copied.folder / "events.jsonl", {"event": "stopped", "time": 0, "reason": "Stopped."})
    with pytest.raises(RunError, match="is stopped; only a finished run"):
        retrain.start(runs.open_run(copied.folder), **where)
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    with pytest.raises(ReadOnlyError):
        retrain.start(tiny_run, **where)
    assert sorted(tmp_path.iterdir()) == before


def test_other_first_weights_are_refused(tiny_run, tiny, tmp_path, monkeypatch):
    other = dataclasses.replace(tiny_run.record, pretrained={"sha256": "a" * 64, "source": "file x.pth"})
    run = dataclasses.replace(tiny_run, record=other)
    monkeypatch.setattr("fashion_core.settings.pretrained.record", lambda *_: {"sha256": "b" * 64})
    with pytest.raises(RunError, match="started from weights with sha256 aaaaaaaaaaaa, and those of .* have bbbb"):
        retrain.start(run, data_dir=tiny.folder.parent, runs_dir=tmp_path)


def test_photos_that_have_gone_are_refused_unless_their_pixels_are_kept(tiny_run, tiny, tmp_path):
    shutil.copytree(tiny.folder, tmp_path / "data" / "tiny")
    record = json.loads((tmp_path / "data" / "tiny" / "dataset.json").read_text())
    storage.write_json(tmp_path / "data" / "tiny" / "dataset.json", record | {"root": str(tmp_path / "gone")})
    retrain._check_photos(tiny_run, datasets.find_dataset(tmp_path / "data", "tiny"))
    for cache in (tmp_path / "data" / "tiny").glob("pixels-*"):
        cache.unlink()
    with pytest.raises(RunError, match=f"are not at {tmp_path / 'gone'} any more; put them back, or run:"):
        retrain._check_photos(tiny_run, datasets.find_dataset(tmp_path / "data", "tiny"))


def test_threads_that_were_recorded_are_taken_and_given_back(tiny_run, tiny, tmp_path):
    before = torch.get_num_threads()
    made = trained_again(tiny_run, tiny, tmp_path, reproduces={"threads": before + 1})
    assert torch.get_num_threads() == before
    assert compare_reproduce.computed_of(made)["threads"] == str(before + 1)


def test_two_runs_of_other_classes_or_one_run_twice_are_refused(tiny_run, tmp_path):
    with pytest.raises(RunError, match="stands on both sides"):
        bitwise.compare(tiny_run, tiny_run)
    with pytest.raises(RunError, match="other classes"):
        bitwise.compare(tiny_run, make_run(tmp_path / "b", ("a", "b"), counts={"test": 4}))


def test_every_module_of_training_that_can_move_a_bit_is_in_the_hash_of_the_code():
    assert all(
        (ROOT / "fashion_core").joinpath(*name.split(".")).with_suffix(".py").is_file() for name in environment.CODE
    )
    there = {
        f"{folder}.{path.stem}"
        for folder in ("models", "training")
        for path in (ROOT / "fashion_core" / folder).glob("*.py")
        if path.stem != "__init__"
    }
    # which write down and explain, or use what was trained
    assert there - set(environment.CODE) == {
        "training.context", "training.failures", "training.probe", "training.torchrun",
        "models.saliency", "models.classifier", "models.onnx", "models.export", "models.unlike",
            "models.without_torch",
    }  # fmt: skip


def test_a_comment_and_an_import_change_nothing_of_the_hash_and_a_number_does():
    def hashed(text: str) -> str:
        return ast.dump(environment._Bare().visit(ast.parse(text)))

    plain = hashed("def f(x):\n    return x + 1\n")
    assert plain == hashed('"""Says."""\nimport os\n\n# why\ndef f(x):\n    """Adds."""\n    return x + 1\n')
    assert plain != hashed("def f(x):\n    return x + 2\n")


def test_a_hash_of_an_earlier_way_is_not_held_against_the_code_of_today(tiny_run, copied):
    lines = [json.loads(line) for line in (copied.folder / "events.jsonl").read_text().splitlines()]
    for line in lines:
        if "computed" in line:
            line["computed"]["code"] = line["computed"].pop("program")
    storage.write_text(copied.folder / "events.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    told = compare_reproduce.expected(copied)
    assert told.word == compare_reproduce.UNKNOWN and len(told.reasons) == 1 and "by an earlier way" in told.reasons[0]


@pytest.fixture(scope="module")
def commanded(tiny_data, tiny_runs, tmp_path_factory):
    """``reproduce`` as a person calls it, on a copy of the tiny run."""
    folder = tmp_path_factory.mktemp("commanded")
    shutil.copytree(tiny_runs / "tiny-run", folder / "tiny-run")
    places = ["--data-dir", str(tiny_data), "--runs-dir", str(folder)]
    command = [sys.executable, "-m", "fashion_core", "reproduce", "tiny-run", "--json", *places]
    return folder, places, subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_the_command_trains_again_through_the_queue_and_answers_one_document(commanded):
    folder, _, done = commanded
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["word"], document["run_id"], document["reproduces"]) == ("bit-equal", "tiny-run-again", "tiny-run")
    made = runs.find_run(folder, "tiny-run-again")
    assert status_of(made).state == "finished" and made.settings == runs.find_run(folder, "tiny-run").settings
    assert "The same bits can be expected here" in done.stderr
    assert [event["event"] for event in made.events()].count("resumed") == 0


def test_against_compares_without_training_and_refuses_options_of_training(commanded, capsys):
    from fashion_core.cli.reproduce import reproduce

    folder, *_ = commanded
    reproduce("tiny-run", against="tiny-run-again", runs_dir=folder, as_json=False, run_id=None, threads=None)
    assert capsys.readouterr().out.startswith("bit-equal: weights (")
    with pytest.raises(WrongUse, match="--against trains nothing, so --threads has no place"):
        reproduce("tiny-run", against="tiny-run-again", runs_dir=folder, threads=2)
