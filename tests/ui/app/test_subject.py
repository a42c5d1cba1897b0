"""One run, one dataset and one split through the app: what is shown where nobody has chosen, and what stays chosen."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fashion_core import processes, storage
from fashion_core.compare import run_names, sides
from fashion_core.data import datasets, pixels
from fashion_core.runs import runs, tags
from tests.support.made_pairs import run_with
from tests.support.made_runs import make_run
from tests.support.pages import open_page
from ui.shared import pickers

CLASSES = ("blouse", "dupattas", "saree")


def value(app, key: str) -> str | None:
    found = app.query_params.get(key)
    return found[0] if isinstance(found, list) else found


def judged(folder: Path, accuracy: float, **more) -> runs.Run:
    """A finished run of this validation accuracy."""
    run = run_with(folder, [True] * 30, **more)
    storage.write_json(folder / "summary.json", replace(run.summary(), val_accuracy=accuracy).to_json())
    return run


@pytest.fixture
def two_sets(lab, tiny, monkeypatch):
    """Two datasets that are here, "tiny" and "other" (the same photos under another fingerprint)."""
    data = lab.parent / "data-of-two"
    data.mkdir()
    for name, fingerprint in (("tiny", tiny.fingerprint), ("other", "1" * 16)):
        shutil.copytree(tiny.folder, data / name, ignore=shutil.ignore_patterns("audit"))
        own = {"id": name, "name": name, "fingerprint": fingerprint}
        storage.write_json(data / name / "dataset.json", storage.read_json(tiny.folder / "dataset.json") | own)
        for path in (data / name).glob("pixels-*.npy"):
            pixels.seal(data / name, path, fingerprint)
    monkeypatch.setenv("FASHION_DATA", str(data))
    return {found.id: found for found in datasets.list_datasets(data)}


def test_without_a_choice_it_is_the_starred_run_then_the_best_on_the_datasets_photos(lab, two_sets):
    tiny, other = two_sets["tiny"].fingerprint, two_sets["other"].fingerprint
    worse, best = judged(lab / "a", 0.5, fingerprint=tiny), judged(lab / "b", 0.7, fingerprint=tiny)
    alone = judged(lab / "c", 0.6, fingerprint=other)
    gone = judged(lab / "d", 0.99, fingerprint="2" * 16)  # its photos are not here
    every = [gone, alone, worse, best]
    assert pickers.usual_run(every).id == "b", "the dataset here that has most runs, and its best"
    assert pickers.usual_run(every, "other").id == "c", "the dataset in the address"
    assert pickers.usual_run([gone]).id == "d"
    drawn = judged(lab / "e", 0.4, fingerprint="3" * 16)
    drawn = replace(drawn, record=replace(drawn.record, dataset=replace(drawn.dataset, kind="demo")))
    assert pickers.usual_run([gone, drawn]).id == "e", "the photos that the first start draws by itself"
    tags.label(worse, starred=True)
    assert pickers.usual_run(every, "tiny").id == "a" and pickers.usual_run(every).id == "a"
    assert pickers.usual_run(every, "other").id == "c", "a star on other photos is none on these"
    assert pickers.usual_run([]) is None


def test_a_run_that_is_chosen_on_one_page_is_shown_on_all_and_its_dataset_with_it(lab, two_sets):
    for name in ("tiny", "other"):
        for number in (0, 1):
            dataset = two_sets[name]
            make_run(lab / f"{name}-{number}", dataset.classes, counts={"val": 12, "test": 12},
                     fingerprint=dataset.fingerprint)  # fmt: skip
    app = open_page("evaluation").run()  # of a session's first page the browser writes the address
    first = value(app, "run")
    assert first and value(app, "dataset") == first.partition("-")[0] and value(app, "split") == "test"
    wanted = "other-0" if first != "other-0" else "tiny-0"
    app.selectbox(key="run").select(wanted).run()
    app.segmented_control(key="split").select("val").run()
    for page in ("embeddings", "predict", "overview", "training", "compare", "lessons", "dataset", "evaluation"):
        app.query_params.clear()  # as a click on the sidebar's link does
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception, page
        assert (value(app, "run"), value(app, "dataset")) == (wanted, wanted.partition("-")[0]), page
        assert value(app, "split") == "val", page


def test_another_dataset_lets_go_of_a_run_that_was_not_trained_on_it_but_not_on_training(lab, two_sets):
    for name, dataset in two_sets.items():
        make_run(lab / f"run-{name}", dataset.classes, counts={"val": 12, "test": 12}, fingerprint=dataset.fingerprint)
    app = open_page("evaluation", run="run-tiny")
    app.query_params.clear()
    app.switch_page("pages/dataset.py").run()
    assert app.selectbox(key="dataset").value == "tiny"
    app.selectbox(key="dataset").select("other").run()
    assert value(app, "run") is None and value(app, "dataset") == "other"
    app.query_params.clear()
    app.switch_page("pages/evaluation.py").run()
    assert value(app, "run") == "run-other"
    # on Training the photos to train on and the run to look at are chosen each for itself, and the choice stays
    app.query_params.clear()
    app.switch_page("pages/training.py").run()
    app.selectbox(key="dataset").select("tiny").run()
    assert value(app, "dataset") == "tiny" and value(app, "run") == "run-other"
    app.query_params.clear()
    app.switch_page("pages/evaluation.py").run()
    assert value(app, "run") == "run-other"
    app.query_params.clear()
    app.switch_page("pages/training.py").run()
    assert app.selectbox(key="dataset").value == "tiny", "what is about to be trained on"


def test_compare_opens_on_a_pair_that_can_be_compared_and_leaves_no_filter_on_evaluation(lab, two_sets):
    for name, dataset in two_sets.items():
        run_with(lab / f"a-{name}", [True] * 30, fingerprint=dataset.fingerprint)
    run_with(lab / "b-tiny", [True] * 30, fingerprint=two_sets["tiny"].fingerprint, sets=["sampler=none"])
    app = open_page("compare", dataset="other", run="a-other").run()  # nothing else answered its photos
    assert not app.error and {value(app, "first"), value(app, "second")} == {"a-tiny", "b-tiny"}
    app.selectbox(key="true").select("saree").run()
    assert value(app, "true") == "saree"
    app.query_params.clear()
    app.switch_page("pages/evaluation.py").run()
    assert value(app, "run") == "a-other" and value(app, "true") is None and not app.exception


def test_a_run_that_still_trains_says_so_instead_of_an_error(lab, tiny, tiny_run):
    run = make_run(lab / "going", tiny.classes, counts={"test": 12}, fingerprint=tiny.fingerprint, embeddings=False)
    for name in ("summary.json", "predictions-test.parquet"):
        (run.folder / name).unlink(missing_ok=True)
    own = {"event": "started", "time": 0, "process": processes.process_identity()}
    storage.append_line(run.folder / "events.jsonl", own)
    app = open_page("evaluation", run="going")
    assert not app.error and any("still training" in element.value for element in app.markdown)


# names


def test_a_name_says_what_differs_from_the_recipe_and_no_other_run_changes_it(lab):
    run = run_with(lab / "a", [True] * 3, seed=2, sets=["sampler=none", "num_workers=3"])
    assert run_names.made_name(run) == "report, image size 16, sampler none, seed 2"
    tags.label(run, name="Baseline")
    assert run_names.name_of(run) == "Baseline"
    group = run_with(lab / "b", [True] * 3, group="three")
    assert run_names.made_name(group) == "report, image size 16, seed 0", "its seed, also the usual one"
    assert run_names.group_name([group, run]) == "2 seeds of report, image size 16"


def test_of_a_long_name_what_tells_it_apart_is_never_left_out():
    shared = ["epochs 28", "width 64", "batch size 128", "crop scale 0.8"]
    names = [["strong", *shared, f"erasing {erasing}", "rotation degrees 0"] for erasing in (0.25, 0.5, 0.75)]
    names.append(["strong", *shared, "rotation degrees 10"])
    short = run_names.shortened(names, 40)
    assert len(set(short)) == 4 and all(len(name) <= 40 for name in short)
    assert all(f"erasing {erasing}" in name for erasing, name in zip((0.25, 0.5, 0.75), short, strict=False))
    assert run_names.shortened([["report", "seed 2"]], 40) == ["report, seed 2"]


def test_two_sides_of_one_name_are_told_apart_by_photos_then_time_then_id(lab):
    one, two = run_with(lab / "a", [True] * 3), run_with(lab / "b", [True] * 3, fingerprint="1" * 16)
    both = run_names.told_apart([sides.side_of_run(one), sides.side_of_run(two)])
    assert [side.name for side in both] == ["report, image size 16 (made-0000)", "report, image size 16 (made-1111)"]
    twin = run_with(lab / "c", [True] * 3)
    both = run_names.told_apart([sides.side_of_run(one), sides.side_of_run(twin)])
    assert len({side.name for side in both}) == 2 and all("report, image size 16" in side.name for side in both)


def test_runs_launched_one_after_another_have_different_colours_and_keep_them(tmp_path, tiny):
    from fashion_core.settings import recipes

    settings = recipes.settings_for("report", ["image_size=32"])
    made = [runs.create_run(tiny, settings, runs_dir=tmp_path, run_id=f"r{number}") for number in range(12)]
    assert len({run.colour for run in made[:10]}) == 10 == runs.NUM_COLOURS
    shutil.rmtree(made[3].folder)
    kept = {run.id: run.colour for run in made if run.id != "r3"}
    assert {run.id: run.colour for run in runs.list_runs(tmp_path)} == kept
