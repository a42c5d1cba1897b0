"""What leaves the lab answers as the lab does: ONNX, safetensors, the model card, and three lines of Python."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.metrics import f1_score, recall_score

from fashion_core.errors import RunError, WrongUse
from fashion_core.metrics import calibration
from fashion_core.models import export, inference
from fashion_core.models import onnx as model_onnx
from fashion_core.models.classifier import Classifier
from fashion_core.runs import model_card, runs
from fashion_core.settings import recipes
from fashion_core.training import loop
from tests.support.made_runs import make_run
from tests.support.places import ROOT
from tests.support.tiny import draw_tiny


@pytest.fixture(scope="module")
def photos_on_disk(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """100 photos of many sizes, as JPEG and PNG."""
    folder = tmp_path_factory.mktemp("photos")
    paths = []
    for number in range(100):
        paths.append(folder / f"{number:03}.{'jpg' if number % 2 else 'png'}")
        draw_tiny(number % 3, number).resize((30 + number, 200 - number)).save(paths[-1])
    return paths


def answers_of_onnx(file: Path, paths: list[Path], number: int) -> np.ndarray:
    """Probabilities by Pillow, NumPy and onnxruntime alone, as a stranger gets them from the file's metadata."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    said = session.get_modelmeta().custom_metadata_map
    assert said["resize"].startswith("squeeze, bilinear")
    size = int(said["width"]), int(said["height"])
    images = [Image.open(path).convert("RGB").resize(size, Image.Resampling.BILINEAR) for path in paths]
    batch = np.stack([np.asarray(image) for image in images])
    parts = [batch[start : start + number] for start in range(0, len(batch), number)]
    return np.concatenate([session.run(["probabilities"], {"images": part})[0] for part in parts])


@pytest.mark.parametrize("number", [1, 7, 100])
def test_onnxruntime_answers_as_we_do_on_a_hundred_photos(tiny_onnx: Path, tiny_run, photos_on_disk, number: int):
    ours = inference.predict_photos(
        inference.load_model(tiny_run, torch.device("cpu")),
        [Image.open(path).convert("RGB") for path in photos_on_disk],
        tiny_run.settings,
    )
    theirs = answers_of_onnx(tiny_onnx, photos_on_disk, number)
    assert theirs.shape == (100, 3) and np.abs(theirs - ours).max() < 1e-4
    assert np.ptp(ours, axis=0).max() > 0.05, "photos of which all answers are alike would show nothing"


@pytest.fixture(scope="module")
def tiny_onnx(tiny_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("onnx") / "tiny.onnx"
    said = model_onnx.write(runs.find_run(tiny_runs, "tiny-run"), file)
    assert said["bytes"] == file.stat().st_size and said["largest_difference"] < 1e-4
    return file


def test_an_onnx_file_is_one_file_that_says_what_it_is(tiny_onnx: Path, tiny_run):
    import onnx

    assert [path.name for path in tiny_onnx.parent.iterdir()] == ["tiny.onnx"]
    proto = onnx.load(str(tiny_onnx), load_external_data=False)
    assert not any(tensor.external_data for tensor in proto.graph.initializer)
    said = {entry.key: entry.value for entry in proto.metadata_props}
    assert json.loads(said["classes"]) == list(tiny_run.classes)
    assert said["dataset_fingerprint"] == tiny_run.dataset.fingerprint
    assert json.loads(said["scores"])["accuracy"] == tiny_run.summary().scores["test"].accuracy.value
    shape = proto.graph.input[0].type.tensor_type.shape.dim
    assert shape[0].dim_param and [one.dim_value for one in shape[1:]] == [16, 16, 3]


@pytest.mark.parametrize(
    ("recipe", "sets"), [("report", ["image_size=16x24"]), ("strong", ["image_size=28x36", "width=8"])]
)
def test_blue_first_and_a_wide_photo_reach_the_onnx_file_too(
    tiny, tmp_path: Path, photos_on_disk, recipe: str, sets: list[str]
):
    settings = recipes.settings_for(recipe, [*sets, "channels=BGR", "epochs=1", "batch_size=8", "device=cpu"])
    run = runs.create_run(tiny, settings, runs_dir=tmp_path, run_id="bgr")
    loop.train(run, tiny)
    model_onnx.write(run, tmp_path / "bgr.onnx")
    decoded = [Image.open(path).convert("RGB") for path in photos_on_disk[:20]]
    ours = inference.predict_photos(inference.load_model(run, torch.device("cpu")), decoded, settings)
    assert np.abs(answers_of_onnx(tmp_path / "bgr.onnx", photos_on_disk[:20], 20) - ours).max() < 1e-4


def test_a_missing_package_and_a_file_that_is_there_are_said(tiny_run, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(model_onnx, "find_spec", lambda name: None if name == "onnxscript" else object())
    with pytest.raises(RunError, match="needs onnxscript, not installed here; run: pip install onnxscript"):
        model_onnx.write(tiny_run, tmp_path / "a.onnx")
    monkeypatch.undo()
    (tmp_path / "a.onnx").write_text("mine")
    with pytest.raises(RunError, match="exists already"):
        model_onnx.write(tiny_run, tmp_path / "a.onnx")
    assert (tmp_path / "a.onnx").read_text() == "mine"


def test_an_onnx_file_that_answers_otherwise_is_not_written(tiny_run, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(model_onnx, "_difference", lambda *_: float("nan"))
    with pytest.raises(RunError, match="not written"):
        model_onnx.write(tiny_run, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_an_opened_image_is_answered_as_its_path_is_and_one_that_is_cut_off_is_named(tiny_run, tmp_path: Path):
    classify = Classifier(tiny_run.folder, device="cpu")
    exif = Image.Exif()
    exif[0x0112] = 6
    turned, clear, cut = (tmp_path / name for name in ("turned.jpg", "clear.png", "cut.jpg"))
    draw_tiny(0, 1).resize((60, 90)).save(turned, exif=exif)
    clear_image = draw_tiny(1, 2).convert("RGBA")
    clear_image.putalpha(60)
    clear_image.save(clear)
    cut.write_bytes(turned.read_bytes()[:-200])
    for path in (turned, clear):
        with Image.open(path) as opened:
            assert classify(opened)[0].top == classify(path)[0].top
    with Image.open(cut) as opened, Image.open(turned) as whole:
        found = classify([opened, whole])
    assert "damaged or cut off" in found[0].error and found[1].label


def test_the_classifier_takes_what_people_have_and_names_what_it_cannot_read(tiny_run, tmp_path: Path, photos_on_disk):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photos_on_disk[1].read_bytes()[:200])
    classify = Classifier(tiny_run.folder, device="cpu")
    path, photo = photos_on_disk[0], Image.open(photos_on_disk[0]).convert("RGB")
    found = classify(
        [path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes()), photo, np.asarray(photo), broken]
    )
    assert len({answer.top for answer in found[:6]}) == 1
    assert found[0].image == str(path) and found[0].error is None and found[5].image == "image 5"
    assert found[6].label is None and found[6].probability is None and "damaged or cut off" in found[6].error
    assert [label for label, _ in found[0].top] != list(classify.classes) or found[0].top[0][1] >= found[0].top[1][1]
    assert sum(share for _, share in found[0].top) == pytest.approx(1, abs=1e-6)
    (alone,) = classify(path)  # a batch of one may round the last bits otherwise
    assert alone.image == found[0].image and dict(alone.top) == pytest.approx(dict(found[0].top), abs=1e-6)
    assert classify([]) == []
    for wrong in (7, np.zeros((4, 4), np.uint8)):
        with pytest.raises(WrongUse, match="must be"):
            classify([wrong])


def test_the_classifier_agrees_with_the_stored_predictions_of_every_test_photo(tiny_run, tiny, monkeypatch):
    monkeypatch.setattr("fashion_core.models.classifier.CHUNK", 4)  # photos come in several chunks
    stored = tiny_run.predictions("test")
    manifest = tiny.manifest().set_index("image_id")
    answers = Classifier(tiny_run.folder, device="cpu")(
        [tiny.root / manifest["path"][name] for name in stored["image_id"]]
    )
    assert [answer.label for answer in answers] == stored["predicted"].tolist()
    theirs = pd.DataFrame([dict(answer.top) for answer in answers])[list(tiny_run.classes)].to_numpy()
    assert np.abs(theirs - stored[[f"p_{name}" for name in tiny_run.classes]].to_numpy()).max() < 1e-5


def test_few_validation_photos_calibrate_nothing_and_say_so(tiny_run):
    with pytest.raises(RunError, match="12 validation photos are too few to fit a temperature on: it takes 100"):
        Classifier(tiny_run.folder, device="cpu", calibrated=True)


def test_calibrated_probabilities_fit_validation_better_and_keep_the_first_answer(
    tiny_run, photos_on_disk, monkeypatch
):
    monkeypatch.setattr(calibration, "FEWEST", 1)
    monkeypatch.setattr(calibration, "FEWEST_WRONG", 0)
    raw, calibrated = (Classifier(tiny_run.folder, device="cpu", calibrated=wish) for wish in (False, True))
    assert raw.temperature == 1 != calibrated.temperature
    before, after = raw(photos_on_disk[:20]), calibrated(photos_on_disk[:20])
    assert [answer.label for answer in before] == [answer.label for answer in after]
    assert [answer.probability for answer in before] != [answer.probability for answer in after]
    assert sum(share for _, share in after[0].top) == pytest.approx(1)
    frame = tiny_run.predictions("val")
    truth = runs.label_indices(frame["label"], tiny_run.classes)
    p = np.log(frame[[f"p_{name}" for name in tiny_run.classes]].to_numpy(dtype=float))

    def loss(temperature: float) -> float:
        return -torch.log_softmax(torch.from_numpy(p / temperature), 1)[np.arange(len(truth)), truth].mean().item()

    assert loss(calibrated.temperature) <= min(loss(t) for t in np.geomspace(0.05, 20, 200)) + 1e-6


def test_the_safetensors_folder_answers_as_the_run_does(tiny_run, tmp_path: Path, photos_on_disk):
    import safetensors.numpy

    size = export.write_model(tiny_run, tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["README.md", "config.json", "model.safetensors"]
    assert size == sum(path.stat().st_size for path in (tmp_path / "out").iterdir())
    weights = safetensors.numpy.load_file(tmp_path / "out" / "model.safetensors")
    assert all(array.dtype == np.float32 for array in weights.values())
    ours, theirs = (
        Classifier(folder, device="cpu")(photos_on_disk[:9]) for folder in (tiny_run.folder, tmp_path / "out")
    )
    assert [answer.top for answer in ours] == [answer.top for answer in theirs]
    with pytest.raises(RunError, match="exists already"):
        export.write_model(tiny_run, tmp_path / "out")


def test_the_model_cards_numbers_are_those_of_the_predictions(tiny_run):
    text = model_card.card(tiny_run)
    frame = tiny_run.predictions("test")
    labels = list(tiny_run.classes)
    accuracy = (frame["label"] == frame["predicted"]).mean()
    assert f"Accuracy **{100 * accuracy:.1f} % [" in text and "n = 15" in text
    assert f"macro F1 {f1_score(frame['label'], frame['predicted'], labels=labels, average='macro'):.3f} [" in text
    recall = recall_score(frame["label"], frame["predicted"], labels=labels, average=None)
    for name, share in zip(labels, recall, strict=True):
        assert re.search(rf"^\| {name} \| \d+ \| {share:.3f} \[", text, re.MULTILINE)
    assert "84.13" not in text and "no test split" not in text, "three classes have nothing published beside them"
    assert recipes.to_flags(tiny_run.settings) in text


def test_a_card_of_drawings_on_validation_says_both_and_escapes_names(tmp_path: Path):
    hostile = "<b>|x` [a](javascript:1)"
    run = make_run(
        tmp_path / "card", ("kurta", hostile), counts={"val": 8}, embeddings=False, fingerprint=f"0`{hostile}"
    )
    text = model_card.card(run)
    assert "no test split" in text and hostile not in text and "<b>" not in text
    assert "&lt;b&gt;\\|x\\` \\[a\\]\\(javascript:1\\)" in text
    assert ("Trained on drawings" in text) == run.dataset.synthetic
    nothing = make_run(tmp_path / "none", ("kurta", "saree"), counts={}, embeddings=False)
    with pytest.raises(RunError, match="has no predictions to report; run: python -m fashion_core evaluate none"):
        model_card.card(nothing)


def test_the_python_lines_of_the_readme_and_of_the_card_run(tmp_path: Path, monkeypatch, capsys, tiny_run):
    draw_tiny(0, 0).save(tmp_path / "photo.jpg")
    block = re.search(r"```python\n(.+?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None and "Classifier" in block[1]
    card = re.search(r"```python\n(.+?)```", model_card.card(tiny_run), re.DOTALL)
    assert card is not None
    monkeypatch.chdir(tmp_path)
    for code in (
        block[1].replace("checkpoints/", f"{ROOT}/checkpoints/"),
        card[1].replace("FOLDER", str(tiny_run.folder)),
    ):
        exec(compile(code, "README", "exec"), {})
        label, probability = capsys.readouterr().out.split()
        assert label and 0 < float(probability) <= 1
