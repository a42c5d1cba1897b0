"""Overview, Dataset and Evaluation, run through the entry script over a tiny dataset and a run trained on it."""

import json
import os
import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from fashion_core import storage
from fashion_core.launch import background
from fashion_core.runs import tags
from tests.support.made_runs import make_run
from tests.support.pages import asides, lab, metric, open_page, written  # noqa: F401
from tests.support.places import ROOT
from ui.app import address, navigation


def levels(app) -> list[int]:
    """The levels of a page's headings, from top to bottom, Streamlit's own and those in Markdown."""
    found = []

    def walk(block) -> None:
        for one in block.children.values():
            if hasattr(one, "children"):
                walk(one)
            elif one.type in ("title", "header", "subheader"):
                found.append(("title", "header", "subheader").index(one.type) + 1)
            elif one.type == "markdown":
                found.extend(len(marks) for marks in re.findall(r"^(#+) ", one.value, re.MULTILINE))

    walk(app.main)
    return found


@pytest.mark.parametrize("audience", ["class", "review"])
def test_no_page_skips_a_level_of_headings(lab, audience):
    pages = [(entry.name, {}) for entry in navigation.ENTRIES]
    pages += [("lessons", {"lesson": "imbalance"}), ("dataset", {"tab": "Sampler"}), ("claims", {"claim": "sampler"})]
    for page, query in pages:
        found = levels(lab(page, audience=audience, **query))
        assert found[0] == 1 and found.count(1) == 1, page
        assert all(after <= before + 1 for before, after in zip(found, found[1:], strict=False)), (page, query, found)


def test_evaluation_shows_what_scikit_learn_computes(lab, tiny_run):
    app = lab("evaluation")
    found = tiny_run.predictions("test")
    assert metric(app, "Accuracy") == f"{100 * accuracy_score(found['label'], found['predicted']):.1f} %"
    assert metric(app, "Macro F1") == f"{100 * f1_score(found['label'], found['predicted'], average='macro'):.1f} %"
    table = app.dataframe[-1].value
    scores = precision_recall_fscore_support(found["label"], found["predicted"], zero_division=0)
    assert table["support"].tolist() == scores[3].tolist()
    for column, expected in zip(["precision", "recall", "f1"], scores, strict=False):
        assert table[column].tolist() == pytest.approx([100 * share for share in expected])


def test_a_cell_in_the_address_opens_exactly_its_photos(lab, tiny_run):
    found = tiny_run.predictions("test")
    for true in tiny_run.classes:
        for predicted in tiny_run.classes:
            app = lab("evaluation", run="tiny-run", split="test", true=true, predicted=predicted)
            number = ((found["label"] == true) & (found["predicted"] == predicted)).sum()
            assert asides(app)[:1] == [f"{number} photo{'' if number == 1 else 's'}"]


def test_the_pickers_are_the_keyboards_way_to_a_cell(lab, tiny_run):
    app = lab("evaluation", true="saree", predicted=address.ANY)
    number = (tiny_run.predictions("test")["label"] == "saree").sum()
    assert asides(app)[0] == (f"1 to 6 of {number} photos" if number > 6 else f"{number} photos")
    app.selectbox(key="true").select(address.ANY).run()
    assert asides(app)[0] == f"1 to 6 of {len(tiny_run.predictions('test'))} photos"


def test_classes_called_any_and_all_are_classes_like_others(lab, tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    run = make_run(tmp_path / "one", ("all", "any", "clicked"), counts={"test": 60})
    found = run.predictions("test")
    app = lab("evaluation", true="any", predicted="all")
    number = ((found["label"] == "any") & (found["predicted"] == "all")).sum()
    assert len(app.dataframe[0].value) == number
    assert app.selectbox(key="true").options == ["Any class", "All", "Any", "Clicked"]
    assert lab("embeddings", view="lines", lines="clicked").selectbox(key="lines").value == "clicked"
    app = lab("embeddings", highlight="all")
    assert app.selectbox(key="highlight").value == "all"
    assert any(
        "20 test photos of All" in element.value or "20 photos of All" in element.value for element in app.markdown
    )


def test_wrong_values_in_the_address_are_ignored(lab):
    app = lab("evaluation", run="../../etc", split="<b>", true="' OR 1", predicted="zzz", photos="-9")
    assert metric(app, "Photos") == "15"
    assert lab("dataset", dataset="nothing", photos_class="x", bars="y", page="1e9", tab="?").metric


def test_a_split_without_predictions_says_which_command_makes_them(lab):
    app = lab("evaluation", split="train")
    assert "python -m fashion_core evaluate tiny-run --split train" in written(app)
    assert not app.metric


def test_a_run_whose_photos_are_elsewhere_keeps_its_numbers_and_names_the_command(lab, tmp_path, monkeypatch):
    (tmp_path / "runs").mkdir()
    shutil.copytree(os.environ["FASHION_RUNS"] + "/tiny-run", tmp_path / "runs" / "tiny-run")
    path = tmp_path / "runs" / "tiny-run" / "config.json"
    config = json.loads(path.read_text())
    config["dataset"] |= {"fingerprint": "elsewhere", "bring": "python -m fashion_core import fashion-mnist"}
    storage.write_json(path, config)
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    app = lab("evaluation")
    assert metric(app, "Photos") == "15" and len(app.dataframe) == 2
    assert "python -m fashion_core import fashion-mnist" in written(app)


def test_drawn_data_is_called_drawn_on_every_page_that_uses_it(lab, tiny_data, tiny_runs, tmp_path, monkeypatch):
    shutil.copytree(tiny_data, tmp_path / "data")
    shutil.copytree(tiny_runs, tmp_path / "runs")
    for path, change in (
        (tmp_path / "data" / "tiny" / "dataset.json", lambda record: record.update(synthetic=True)),
        (tmp_path / "runs" / "tiny-run" / "config.json", lambda record: record["dataset"].update(synthetic=True)),
    ):
        record = json.loads(path.read_text())
        change(record)
        storage.write_json(path, record)
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    assert "Drawn data" in written(lab("dataset")) and "Drawn data" in written(lab("evaluation"))
    assert [m.label for m in lab("overview").metric][0] == "Best on drawn data"


def test_dataset_counts_and_filters_its_photos(lab, tiny):
    app = lab("dataset")
    assert metric(app, "Photos") == str(tiny.num_images) and metric(app, "Imbalance") == "3.0 : 1"
    app.multiselect(key="photos_split").select("val").run()
    app.multiselect(key="photos_class").select("saree").run()
    assert asides(app) == ["4 photos"]


def test_damaged_photos_are_named_with_their_reason(lab, tiny_data, tmp_path, monkeypatch):
    shutil.copytree(tiny_data, tmp_path / "data")
    path = tmp_path / "data" / "tiny" / "manifest.parquet"
    frame = pd.read_parquet(path)
    frame.loc[3, ["status", "reason"]] = ["damaged", "the file ends in the middle"]
    storage.write_parquet(path, frame)
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    app = lab("dataset", tab="Damaged and missing")
    assert app.dataframe[0].value[["path", "reason"]].to_numpy().tolist() == [
        [frame.loc[3, "path"], "the file ends in the middle"]
    ]


def test_overview_keeps_published_results_apart_from_our_own(lab):
    app = lab("overview")
    assert metric(app, "Published paper") == "88.43 %" and metric(app, "Published report") == "84.13 %"
    assert "answers another question" in written(app)
    assert metric(app, "Best on photos")


def test_a_model_of_small_grey_cut_outs_is_not_the_best_on_photos(tiny_runs, tiny_data, tmp_path, monkeypatch):
    shutil.copytree(tiny_runs / "tiny-run", tmp_path / "tiny-run")
    config = json.loads((tmp_path / "tiny-run" / "config.json").read_text())
    config["dataset"]["kind"] = "fashion-mnist"
    (tmp_path / "tiny-run" / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    app = open_page("overview")
    assert "Best on photos" not in [number.label for number in app.metric]
    assert metric(app, "Best on cut-outs")
    app = open_page("overview", audience="review")
    assert "grey cut-outs of" in written(app) and "knows such pictures only" in written(app)


def test_a_score_of_photos_too_few_to_judge_by_is_not_the_best_on_photos(tiny_data, tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    make_run(tmp_path / "few", ("saree", "kurta"), counts={"test": 11})
    app = open_page("overview", audience="review")
    assert "Best on photos" not in [number.label for number in app.metric] and "best model" not in written(app)
    make_run(tmp_path / "enough", ("saree", "kurta"), counts={"test": 12}, fingerprint="1" * 16)
    assert metric(open_page("overview", audience="review"), "Best on photos")


def test_a_reviewer_is_led_from_the_best_model_to_where_that_very_model_fails(lab, tiny_run):
    links = [link.proto for link in lab("overview", audience="review").get("page_link")]
    (link,) = [link for link in links if link.label == "Where it fails"]
    assert link.page == "evaluation" and f"run={tiny_run.id}" in link.query_string


def test_an_empty_lab_draws_its_first_photos_and_says_what_each_page_would_show(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start_import", lambda *args, **keywords: started.append(args))
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    assert "No model has been scored here yet" in written(open_page("overview"))
    assert "No run is here yet" in written(open_page("evaluation"))
    for page in ("overview", "dataset"):
        assert "add_photos" in [link.proto.page for link in open_page(page).get("page_link")], page
    assert open_page("add_photos").text_input(key="import_source")
    assert started == [("demo", None)]
    for page in ("overview", "dataset", "augmentation", "training"):
        told = [warning.value.replace("\\", "") for warning in open_page(page, dataset="nope").warning]
        assert ["Dataset `nope` is not here" in one for one in told] == [True], page
        assert not open_page(page, dataset="demo").warning, page
    assert "Run `gone` is not here" in open_page("evaluation", run="gone").warning[0].value


def test_pages_that_only_show_results_never_import_torch(tiny_data, tiny_runs):
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "for name in ('overview', 'dataset', 'evaluation'):\n"
        "    app = AppTest.from_file('streamlit_app.py', default_timeout=180).run()\n"
        "    app.switch_page(f'pages/{name}.py').run()\n"
        "    assert not app.exception and app.metric, name\n"
        "print('torch' in sys.modules)\n"
    )
    environment = os.environ | {"FASHION_DATA": str(tiny_data), "FASHION_RUNS": str(tiny_runs)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.strip().endswith("False"), done.stdout + done.stderr


def test_a_name_and_a_star_stand_in_every_picker_of_runs(lab, tiny_run):
    tags.label(tiny_run, name="The <b>first</b>", starred=True)
    try:
        for name, key in (("evaluation", "run"), ("embeddings", "run"), ("predict", "run"), ("training", "run"),
                          ("dataset", "photos_run")):  # fmt: skip
            app = lab(name, tab="Photos")
            offered = next(picker.options for picker in app.selectbox if picker.key == key)
            assert any(option.startswith("★ The <b>first</b> · report") for option in offered), (name, offered)
    finally:
        (tiny_run.folder / "labels.json").unlink()


@pytest.mark.parametrize("page", ["evaluation", "training", "predict"])
def test_a_run_in_the_address_that_is_not_here_is_named_with_the_one_that_is_shown(lab, page):
    app = lab(page, run="no`such*run")
    (told,) = [warning.value for warning in app.warning]
    assert "no`such*run" in told and "is not here; showing report" in told and "· tiny" in told
    assert not lab(page, run="tiny-run").warning


def test_a_dataset_in_the_address_that_is_not_here_is_named(lab):
    (told,) = [warning.value for warning in lab("dataset", dataset="gone").warning]
    assert told == "Dataset `gone` is not here; showing tiny."


def test_a_tab_that_the_dataset_page_has_not_is_named(lab):
    told = [warning.value for warning in lab("dataset", tab="Nope").warning]
    assert told == ["Tab: `Nope` is not here; showing Photos."]
    assert not lab("dataset", tab="Damaged and missing").warning
