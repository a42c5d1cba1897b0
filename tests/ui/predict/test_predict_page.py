"""The Predict page: it answers as the trained model does, names what it cannot read, and never trusts a name."""

import io
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from fashion_core.launch import background
from fashion_core.models import device, export, inference
from fashion_core.runs import runs
from tests.support.made_runs import add_half_precision_weights, make_run
from tests.support.pictures import png
from tests.support.places import ROOT
from ui.shared import asked_photos, run_status
from ui.shared.asked_photos import Answer

GONE = {"pid": 2**22 + 1, "started": 0.0}  # no process has such a number


@pytest.fixture
def tiny_lab(tiny_data, tiny_runs, monkeypatch):
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(tiny_runs))


def open_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(str(ROOT / "pages" / "predict.py"))
    app.run()
    assert not app.exception
    return app


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader(key="uploads").set_value([(name, data, "image/jpeg") for name, data in files]).run()
    assert not app.exception
    return app


def numbers_of(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def huge_png() -> bytes:
    """The header of a 20,000 x 20,000 picture; nothing that large is ever made."""
    data = bytearray(png(1, 1))
    data[16:24] = (20_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


def test_a_photo_of_the_dataset_gets_the_answer_that_evaluation_stored(tiny_lab, tiny_run):
    stored = tiny_run.predictions("test").iloc[4]
    app = open_page(run="tiny-run", image=stored["image_id"])
    numbers = numbers_of(app)
    assert numbers["Most likely"].lower() == stored["predicted"]
    assert numbers["True class"].lower() == stored["label"]
    assert [button.proto.label for button in app.get("download_button")] == ["Download as CSV", "Download as JSON"]
    said = [text.value.replace("\\", "").replace("\u00a0", " ") for text in app.markdown]
    assert any(f"{100 * stored['p_' + stored['predicted']]:.1f} %" in text for text in said)


def test_a_photo_in_the_address_that_is_not_here_is_named(tiny_lab):
    app = open_page(run="tiny-run", image="zzz`")
    assert [warning.value for warning in app.warning] == ["Photo `` zzz` `` is not here; showing another one."]
    assert numbers_of(app)["Most likely"]


def test_another_photo_is_another_one_and_stands_in_the_address(tiny_lab):
    app = open_page(run="tiny-run")
    assert "image" not in app.query_params
    seen = set()
    for _ in range(3):
        next(button for button in app.button if "another photo" in button.label).click().run()
        assert not app.exception
        seen.add(app.query_params["image"][0])
        assert len(seen) >= 1
    app.run()
    assert app.query_params["image"][0] in seen


def test_why_is_asked_of_the_answer_and_not_of_the_class_that_was_chosen_for_another_photo(tiny_lab, tiny_run):
    said = tiny_run.predictions("test")
    one = said.iloc[0]
    other = said[said["predicted"] != one["predicted"]]
    other = other.iloc[0] if len(other) else said.iloc[1]
    third = next(name for name in tiny_run.classes if name not in (one["predicted"], other["predicted"]))
    app = open_page(run="tiny-run", image=one["image_id"], why=third, closer="why")
    assert app.selectbox(key="why").value == third  # a link is honoured
    app.query_params["image"] = other["image_id"]
    app.run()
    assert app.selectbox(key="why").value == other["predicted"] and "why" not in app.query_params
    app.selectbox(key="why").select(third).run()
    app.query_params["image"], app.query_params["why"] = one["image_id"], one["predicted"]
    app.run()  # a link to another photo and another class
    assert app.selectbox(key="why").value == one["predicted"] and not app.exception


def test_what_the_model_receives_is_the_row_of_the_pixel_cache(tiny):
    from fashion_core.data import pixels
    from fashion_core.data.sources import readers

    size = tiny.first_pixels
    photo = readers.open_photo_of(tiny.kind, tiny.root, tiny.manifest()["path"].iloc[5])
    np.testing.assert_array_equal(asked_photos.of_image("x", photo, size).input_HW3, pixels.open_pixels(tiny, *size)[5])


def test_a_damaged_file_among_good_ones_is_named_and_the_others_go_on(tiny_lab):
    app = open_page(**{"run": "tiny-run", "from": "own"})
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    upload(
        app,
        ("good.png", png()),
        ("text.jpg", b"I am a text"),
        ("empty.jpg", b""),
        ("drawing.png", svg),
        ("cut.png", png(300, 300)[:80]),
        ("huge.png", huge_png()),
        ("=cmd|' /C calc'!A0.png", png(colour=(0, 200, 0))),
    )
    [warning] = [element.value for element in app.warning if "could not be read" in element.value]
    assert "5 files could not be read as photos; the other 2 were read." in warning
    refused = app.dataframe[0].value.set_index("File")["Why"]
    assert refused["text.jpg"].endswith("it holds text")
    assert refused["empty.jpg"] == "the file is empty"
    assert refused["drawing.png"].endswith("it holds SVG")
    assert refused["cut.png"].startswith("damaged or cut off")
    assert "20,000 x 20,000 pixels" in refused["huge.png"]
    assert len(app.dataframe[1].value) == 7
    assert "text\\.jpg" in warning and "huge" not in warning  # three in a line each
    kinds = [element.type for element in app.main if element.type in ("metric", "warning")]
    assert kinds.index("metric") < kinds.index("warning")  # the answer comes first


@pytest.mark.parametrize(
    ("refused", "read", "sentence"),
    [
        (1, 0, "1 file could not be read as a photo."),
        (1, 1, "1 file could not be read as a photo; the other one was read."),
        (2, 1, "2 files could not be read as photos; the other one was read."),
        (3, 12, "3 files could not be read as photos; the other 12 were read."),
    ],
)
def test_how_many_files_were_read_is_said_in_good_english(refused, read, sentence):
    assert asked_photos.refused_words(refused, read) == sentence


def test_two_files_of_one_name_can_both_be_looked_at():
    several = [asked_photos.Asked(name="a.jpg"), asked_photos.Asked(name="b.jpg"), asked_photos.Asked(name="a.jpg")]
    assert asked_photos.names_apart(several) == ["a.jpg (1)", "b.jpg", "a.jpg (3)"]


def test_more_files_than_the_limit_are_counted_and_left_out(tiny_lab):
    app = upload(open_page(**{"run": "tiny-run", "from": "own"}), *[(f"{n}.png", png()) for n in range(50)])
    assert "50 files are more than the 24" in app.warning[0].value
    assert len(app.dataframe[0].value) == 24


def test_only_unreadable_files_give_no_answer(tiny_lab):
    app = upload(open_page(**{"run": "tiny-run", "from": "own"}), ("a.jpg", b"no"))
    assert app.warning[0].value.startswith("1 file could not be read as a photo.  \na\\.jpg: ")
    assert not app.dataframe
    assert not app.metric


def test_a_file_over_the_limit_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(asked_photos, "MOST_BYTES", 10)
    assert asked_photos.of_upload("big.png", png(), (16, 16)).reason.startswith("larger than")


def test_a_run_without_weights_is_one_sentence(lab):
    make_run(lab / "one", ("bag", "boot"), counts={"test": 20})
    app = open_page(run="one")
    assert len(app.error) == 1
    assert "no saved weights" in app.error[0].value
    assert not app.metric


def test_a_run_that_has_saved_nothing_yet_is_waited_for_and_not_trained_again(lab, monkeypatch):
    make_run(lab / "one", ("bag", "boot"), counts={"test": 20})
    monkeypatch.setattr(run_status, "status_of", lambda run: SimpleNamespace(active=True))
    (error,) = open_page(run="one").error
    assert "is still training" in error.value and "first epoch" in error.value and "again" not in error.value


def test_a_drawn_run_in_half_precision_answers_and_says_that_it_never_saw_a_photograph(lab):
    run = make_run(lab / "one", ("bag", "boot", "coat"), counts={"test": 60}, synthetic=True)
    add_half_precision_weights(run)
    app = upload(open_page(run="one"), ("mine.png", png()))
    assert numbers_of(app)["Most likely"] in ("Bag", "Boot", "Coat")
    assert any("has never seen a photograph" in text.value for text in app.markdown)
    assert any("not calibrated" in text.value for text in app.markdown)


def test_how_often_it_was_right_when_it_was_that_sure_is_a_count_by_hand():
    frame = pd.DataFrame(
        {
            "label": ["a", "a", "b", "b", "a"],
            "predicted": ["a", "b", "b", "b", "a"],
            "p_a": [0.90, 0.12, 0.30, 0.13, 0.88],
            "p_b": [0.10, 0.88, 0.70, 0.87, 0.12],
        }
    )
    found = asked_photos.record(frame, ("a", "b"), 0.88)
    assert (found.right.value, found.right.n) == (3 / 4, 4)
    assert found.in_words() == ("–", "only 4 photos to judge by")
    assert asked_photos.record(frame, ("a", "b"), 0.99).most == 1.0


@pytest.mark.parametrize("name", ["=1+1.jpg", "+1.jpg", "-1.jpg", "@SUM(A1).jpg", "\t=1.jpg", " =1.jpg", "＝1.jpg"])
def test_no_cell_of_the_table_is_a_formula(lab, name):
    run = make_run(lab / "one", ("=bag", "boot"), counts={"test": 20})
    several = [asked_photos.Asked(name=name), asked_photos.Asked(name="x.jpg", reason="-no")]
    table = pd.read_csv(io.BytesIO(asked_photos.results_csv(run, several, [Answer(np.array([0.7, 0.3]), True), None])))
    assert table["image"][0] == f"'{name}"
    assert table["label_1"][0] == "'=bag"
    assert table["error"][1] == "'-no"
    assert table["probability_1"][0] == pytest.approx(0.7)
    assert table["unlike"][0] == "yes" and pd.isna(table["unlike"][1])


def test_the_json_has_the_shape_of_the_command_line(lab):
    run = make_run(lab / "one", ("bag", "boot"), counts={"test": 20})
    several = [asked_photos.Asked(name="../a.jpg"), asked_photos.Asked(name="b.jpg", reason="the file is empty")]
    found = json.loads(asked_photos.results_json(run, several, [Answer(np.array([0.25, 0.75]), False), None]))
    assert found == [
        {
            "image": "../a.jpg",
            "top": [{"label": "boot", "probability": 0.75}, {"label": "bag", "probability": 0.25}],
            "error": None,
            "unlike": False,
        },
        {"image": "b.jpg", "top": [], "error": "the file is empty", "unlike": None},
    ]


def test_an_unreadable_step_is_a_sentence_and_not_a_traceback(lab):
    run = make_run(lab / "one", ("bag", "boot"), counts={"test": 20})
    add_half_precision_weights(run)
    (run.folder / "steps" / "10" / "model.safetensors").write_bytes(b"broken")
    app = upload(open_page(run="one"), ("mine.png", png()))
    assert "no saved step that can be read" in app.error[0].value


@pytest.fixture(scope="module")
def two_runs(tiny_runs: Path, tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny run with the features of its training photos, and the same in half precision under another name."""
    folder = tmp_path_factory.mktemp("two-runs")
    shutil.copytree(tiny_runs / "tiny-run", folder / "tiny-run")
    run = runs.find_run(folder, "tiny-run")
    inference.evaluate(run, tiny, "train", device="cpu")
    export.write_reference(run, tiny, folder / "other")
    return folder


def test_a_closer_look_shows_where_the_nearest_and_what_others_say(tiny_data, two_runs, monkeypatch):
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(two_runs))
    run = runs.find_run(two_runs, "tiny-run")
    stored = run.predictions("test").iloc[3]
    app = open_page(run="tiny-run", image=stored["image_id"])
    html = [element.proto.body for element in app.get("html")]
    assert any("The same before training" in text and text.count("<figure>") == 3 for text in html)
    assert any("untrained networks" in text.value for text in app.markdown)

    app = open_page(run="tiny-run", image=stored["image_id"], closer="kin")
    train, features = run.embeddings("train"), run.embeddings("test")[3]
    unit = train / np.linalg.norm(train, axis=1, keepdims=True)
    near = np.argsort(-(unit @ (features / np.linalg.norm(features))), kind="stable")[:5]
    expected = run.predictions("train")["image_id"].iloc[near].tolist()
    shown = [element.proto.body for element in app.get("html") if "vastra-gallery" in element.proto.body][-1]
    assert re.findall('<figure title="([^"]+)"', shown) == expected
    assert numbers_of(app)["Like training"] == "–", "twelve validation photos give no limit"

    app = open_page(run="tiny-run", image=stored["image_id"], closer="runs")
    table = app.dataframe[0].value
    assert len(table) == 2 and set(table["Most likely"].str.lower()) == {stored["predicted"]}
    assert table["Probability"].iloc[0] == pytest.approx(table["Probability"].iloc[1], abs=0.5)
    assert (table["Calibrated"] == "no").all(), "twelve validation photos fit no temperature"
    monkeypatch.setattr("fashion_core.metrics.calibration.FEWEST", 10)
    monkeypatch.setattr("fashion_core.metrics.calibration.FEWEST_WRONG", 0)
    st.cache_resource.clear()
    table = open_page(run="tiny-run", image=stored["image_id"], closer="runs").dataframe[0].value
    assert (table["Calibrated"] == "yes").all()
    (run.folder / "predictions-val.parquet").rename(run.folder / "away")
    table = open_page(run="tiny-run", image=stored["image_id"], closer="runs").dataframe[0].value
    (run.folder / "away").rename(run.folder / "predictions-val.parquet")
    assert table["Calibrated"].iloc[0] == "no"


def test_the_features_of_the_training_photos_are_made_when_somebody_asks(tiny_lab, monkeypatch):
    asked_for = []
    monkeypatch.setattr(background, "start_embed", lambda run, split, *, data_dir: asked_for.append((run.id, split)))
    app = open_page(run="tiny-run", closer="kin")
    assert not asked_for
    [button] = [button for button in app.button if button.label.startswith("Look at 63 photos of every split, about ")]
    button.click().run()
    assert asked_for == [("tiny-run", "all")] and not app.exception


def test_the_groups_of_a_dataset_are_added_up(tiny_run):
    from dataclasses import replace

    from ui.predict import other_runs

    groups = {"men": ["kurta"], "women": ["saree", "shoe"]}
    grouped = replace(tiny_run, record=replace(tiny_run.record, dataset=replace(tiny_run.dataset, groups=groups)))
    assert other_runs.group_words(grouped, np.array([0.2, 0.5, 0.3])) == "Women 80.0 %, Men 20.0 %"
    assert other_runs.group_words(tiny_run, np.array([0.2, 0.5, 0.3])) == ""


def test_how_many_strangers_the_limit_catches_is_counted_by_hand(tiny, tiny_run, tmp_path, monkeypatch):
    from ui.app import loaders
    from ui.predict import nearest_training

    class Limit:
        limit = 0.5

        def is_unlike(self, photos, energies):
            return (energies > np.median(energies)) & (photos.shape[1:] == (16, 16, 3))

    rows = tiny.manifest()
    looked = inference.look_at_photos(
        inference.load_model(tiny_run, device.choose_device("cpu")),
        [inference.photos.open_photo(tiny.root / path) for path in rows["path"]],
        tiny_run.settings,
    )
    expected = int(Limit().is_unlike(looked.photos_NHW3, looked.energies_N).sum())
    assert nearest_training._caught(("key",), tiny_run, tiny, Limit()) == (expected, len(rows))
    assert 0 < expected < len(rows)
    from dataclasses import replace

    stranger = replace(tiny, name="<b>other</b>", classes=("lamp", "chair", "desk"))
    monkeypatch.setattr(loaders, "datasets", lambda: [tiny, replace(stranger, name="gone", root=tmp_path / "nowhere")])
    told = nearest_training._caught_words(tiny_run, Limit()).replace("\\", "")
    assert told.endswith("is not known here: no photo of dataset 'gone' could be read."), "and the page goes on"
    monkeypatch.setattr(loaders, "datasets", lambda: [tiny, stranger])
    monkeypatch.setattr(nearest_training, "_caught", lambda key, run, dataset, limit: (3, 60))
    told = nearest_training._caught_words(tiny_run, Limit())
    assert "5.0 % [1.7, 13.7] of 60 pictures of" in told and "Most strangers pass" in told and "<b>" not in told


@pytest.fixture
def asking_lab(tiny_data, tiny_runs, tmp_path, monkeypatch):
    """The tiny run where twelve validation photos are enough to ask what is unlike training; nothing is prepared."""
    monkeypatch.setattr("fashion_core.metrics.out_of_distribution.LEAST_FITTED", 10)
    shutil.copytree(tiny_runs / "tiny-run", tmp_path / "tiny-run")
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    st.cache_resource.clear()
    return tmp_path / "tiny-run"


def noise_png() -> bytes:
    buffer = io.BytesIO()
    array = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    asked_photos.Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("audience", ["class", "review"])
def test_noise_gets_no_answer_and_no_count_and_a_photo_of_the_kind_gets_both(asking_lab, tiny, audience):
    app = open_page(**{"run": "tiny-run", "from": "own", "audience": audience})
    known = (tiny.root / tiny.manifest()["path"].iloc[40]).read_bytes()
    upload(app, ("noise.png", noise_png()), ("known.png", known))
    assert (asking_lab / "unlike.npz").exists(), "made with the first question"
    told = [text.value for text in app.markdown]
    heads = [text for text in told if text.startswith("## ")]
    assert heads == ["## No answer: this photo is unlike all the photos that the model learnt from."]
    assert not any("was right" in text for text in told) and not numbers_of(app)
    assert any("to it this looks most like" in text and ":gray" in text for text in told)
    table = app.dataframe[0].value.set_index("Photo")
    assert table.loc["noise.png", ["Unlike training", "Most likely"]].tolist() == ["yes", ""]
    assert table.loc["known.png", "Unlike training"] == "no" and table.loc["known.png", "Most likely"]
    app.selectbox(key="looked_at").select_index(1).run()
    told = [text.value for text in app.markdown]
    if audience == "class":
        assert numbers_of(app)["Like training"] == "Alike" and numbers_of(app)["Most likely"]
    else:
        assert any(text.startswith("## Most likely") for text in told)


def test_where_it_was_not_asked_the_answer_says_so_and_has_no_count(tiny_lab):
    app = open_page(**{"run": "tiny-run", "from": "own", "audience": "review"})
    upload(app, ("noise.png", noise_png()))
    [head] = [text.value for text in app.markdown if text.value.startswith("## ")]
    assert head.startswith("## Most likely") and "right" not in head
    assert "was not asked" in app.warning[0].value and "12 validation" in app.warning[0].value


def test_a_question_that_takes_longer_is_offered_and_not_waited_for(asking_lab, monkeypatch):
    started = []
    monkeypatch.setattr("ui.predict.unlike.SECONDS", 0)
    monkeypatch.setattr(background, "start_embed", lambda run, split, *, data_dir: started.append((run.id, split)))
    app = upload(open_page(**{"run": "tiny-run", "from": "own"}), ("noise.png", noise_png()))
    assert "is not prepared yet" in app.warning[0].value and not (asking_lab / "unlike.npz").exists()
    app.button(key="prepare unlike").click().run()
    assert started == [("tiny-run", "val")] and not app.exception


def test_a_model_of_cut_outs_says_that_it_knows_these_only(lab):
    run = make_run(lab / "one", ("bag", "boot", "coat"), counts={"test": 60})
    config = json.loads((run.folder / "config.json").read_text())
    config["dataset"]["kind"] = "fashion-mnist"
    (run.folder / "config.json").write_text(json.dumps(config))
    add_half_precision_weights(run)
    app = upload(open_page(run="one"), ("mine.png", png()))
    assert any("grey cut-outs of 28 by 28 pixels and knows such pictures only" in text.value for text in app.markdown)


def test_what_the_page_says_is_caught_is_what_was_measured():
    from ui.predict.unlike import CAUGHT

    measured = ROOT / "benchmarks" / "quality" / "unlike_measured.md"
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in measured.read_text().splitlines() if "|" in line
    ]
    names = lines[0][1:]
    table = {
        row[0]: dict(zip(names, [float(cell.split()[0]) if cell else None for cell in row[1:]], strict=True))
        for row in lines[2:]
    }
    never = [name for name in table if "noise" in name or "one colour" in name]
    assert len(never) == 8 and all(table[name][run] == 100 for name in never for run in names)
    cutouts = [run for run in names if "fashion-mnist" in run]
    assert all(table["fashion-mnist"][run] in (100, None) for run in names) and len(cutouts) == 2
    assert all(table[other][run] == 100 for other in ("clothing", "catalogue", "demo") for run in cutouts)
    assert f"{table['clothing']['strong-drawn']:.0f} of 100 photos of clothes" in CAUGHT["drawn"]
    assert f"(a weak one: {table['clothing']['short report-demo']:.0f})" in CAUGHT["drawn"]
    assert all(table["own val"][run] <= 5 for run in names)
