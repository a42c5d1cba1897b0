"""Every switch of the trainer does what it names, against the plain form of the same arithmetic."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch.optim.swa_utils import AveragedModel

from fashion_core import storage
from fashion_core.launch.status import status_of
from fashion_core.models import inference
from fashion_core.models import input as model_input
from fashion_core.runs import checkpoints, runs
from fashion_core.settings import config, recipes
from fashion_core.training import batches, loop, steps

BASE = ["image_size=16", "batch_size=8", "log_every=1", "device=cpu", "epochs=3"]
CPU = torch.device("cpu")


def trained(tiny, folder: Path, *sets: str, run_id: str = "a") -> runs.Run:
    run = runs.create_run(tiny, recipes.settings_for("report", [*BASE, *sets]), runs_dir=folder, run_id=run_id)
    assert loop.train(run, tiny)["status"] == "finished"
    return run


def losses(run: runs.Run) -> list[float]:
    return [row["loss"] for row in storage.read_lines(run.folder / "metrics.jsonl") if row["kind"] == "step"]


def weights(run: runs.Run) -> dict[str, torch.Tensor]:
    return inference.load_model(run, CPU).state_dict()


@pytest.mark.parametrize("loss", ["weighted", "focal"])
def test_a_batch_in_parts_is_the_same_step(tiny, tmp_path: Path, loss: str):
    one, three = (
        trained(
            tiny,
            tmp_path,
            "dropout=0",
            "mixup=0.3",
            f"loss={loss}",
            "epochs=1",
            f"accumulation={parts}",
            run_id=f"in-{parts}",
        )
        for parts in (1, 3)
    )
    np.testing.assert_allclose(losses(three), losses(one), rtol=2e-4)
    for name, weight in weights(one).items():
        torch.testing.assert_close(weights(three)[name], weight, rtol=1e-2, atol=1e-3)


def test_a_last_batch_of_one_photo_goes_through_batch_norm_with_its_running_means(tiny, tmp_path: Path):
    # 36 training photos in batches of 7: the sixth has one, and resnet18's last map of 32 pixels is 1 x 1
    run = trained(tiny, tmp_path, "model=resnet18", "image_size=32", "batch_size=7", "epochs=1", run_id="odd")
    assert len(losses(run)) == 6 and np.isfinite(losses(run)).all()
    batches_seen = weights(run)["trunk.bn1.num_batches_tracked"]
    assert batches_seen == 5, "the batch of one photo moved no running mean"


def test_a_part_of_one_photo_goes_through_batch_norm_with_its_running_means(tiny, tmp_path: Path):
    # 36 training photos in batches of 8, each in 4 parts of two photos; the fifth has four photos, one a part
    sets = ("model=resnet18", "image_size=32", "batch_size=8", "accumulation=4", "epochs=1")
    run = trained(tiny, tmp_path, *sets, run_id="parts")
    assert len(losses(run)) == 5 and np.isfinite(losses(run)).all()
    assert weights(run)["trunk.bn1.num_batches_tracked"] == 4 * 4, "the parts of one photo moved no running mean"


def test_the_running_mean_is_torchs_averaged_model_and_is_what_is_judged(tiny, tmp_path: Path, monkeypatch):
    """The weights after each step, averaged by torch's own class with the decay that the docstring names."""
    seen: list[torch.nn.Module] = []
    real = steps.step

    def watched(learner, *arguments, **more):
        if not seen:
            seen.append(AveragedModel(learner.model, avg_fn=lambda kept, new, num: new))
            first = {name: weight.clone() for name, weight in learner.model.state_dict().items()}
            for name, weight in seen[0].module.state_dict().items():
                weight.copy_(first[name])
        found = real(learner, *arguments, **more)
        t = more["num_steps_before"]
        decay = min(0.6, (1 + t) / (10 + t))
        seen[0].avg_fn = lambda kept, new, num: decay * kept + (1 - decay) * new
        seen[0].n_averaged.fill_(1)  # 0 would copy the weights
        seen[0].update_parameters(learner.model)
        return found

    monkeypatch.setattr(steps, "step", watched)
    run = trained(tiny, tmp_path, "ema=0.6")
    judged = weights(run)
    for name, weight in seen[0].module.state_dict().items():
        torch.testing.assert_close(judged[name], weight, rtol=1e-4, atol=1e-6)
    saved = safetensors.torch.load_file(checkpoints.good_step(run.folder) / "trainer.safetensors")
    assert not torch.equal(saved["learning:output.weight"], judged["output.weight"])
    model = inference.new_model(run)
    model.load_state_dict(judged)
    with torch.inference_mode():
        logits = model.eval().head(torch.from_numpy(run.embeddings("test")))
    predicted = np.array(run.classes)[logits.argmax(1).numpy()]
    assert (predicted == run.predictions("test")["predicted"]).all()


def test_frozen_features_stand_still_and_the_last_layer_learns(tiny, tmp_path: Path):
    run = trained(tiny, tmp_path, "freeze=features")
    torch.manual_seed(run.settings.seed)
    fresh = inference.new_model(run).state_dict()
    for name, weight in weights(run).items():
        assert torch.equal(weight, fresh[name]) == (not name.startswith("output.")), name


def test_weight_decay_is_adamws(tiny, tmp_path: Path):
    """With the loss switched off, AdamW with decay d and rate r shrinks each weight by 1 - r d a step."""
    run = runs.create_run(
        tiny,
        recipes.settings_for("report", [*BASE, "weight_decay=0.1", "learning_rate=0.01", "freeze=features"]),
        runs_dir=tmp_path,
        run_id="a",
    )
    with pytest.MonkeyPatch.context() as patch:
        share = steps._share
        patch.setattr(steps, "_share", lambda *arguments: share(*arguments) * 0)
        loop.train(run, tiny)
    torch.manual_seed(run.settings.seed)
    fresh = inference.new_model(run).state_dict()["output.weight"]
    torch.testing.assert_close(weights(run)["output.weight"], fresh * (1 - 0.01 * 0.1) ** 15)


def test_clipping_limits_the_gradient_and_its_length_is_logged(tiny, tmp_path: Path, monkeypatch):
    lengths: list[float] = []
    real = torch.optim.Adam.step

    def step(self, *arguments):
        grads = [weight.grad for group in self.param_groups for weight in group["params"]]
        lengths.append(float(torch.sqrt(sum((grad.double() ** 2).sum() for grad in grads))))
        return real(self, *arguments)

    monkeypatch.setattr(torch.optim.Adam, "step", step)
    run = trained(tiny, tmp_path, "clip_norm=0.01")
    logged = [row["gradient_norm"] for row in storage.read_lines(run.folder / "metrics.jsonl") if row["kind"] == "step"]
    assert len(logged) == len(lengths) == 15
    for before, after in zip(logged, lengths, strict=True):
        assert after == pytest.approx(min(before, 0.01), rel=1e-3)


def test_a_schedule_moves_the_rate_of_every_step(tiny, tmp_path: Path):
    run = trained(tiny, tmp_path, "schedule=one_cycle")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1e-3)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, total_steps=15, cycle_momentum=False)
    expected = []
    for _ in range(15):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(expected) < 15:
            theirs.step()
    frame = run.metrics()
    np.testing.assert_allclose(frame[frame["kind"] == "step"]["learning_rate"], expected, rtol=1e-9)


def validations(monkeypatch: pytest.MonkeyPatch, accuracies: list[float]) -> None:
    """Make validation say what the test wants it to say."""
    said = iter(accuracies)
    monkeypatch.setattr(
        loop.validation, "validate", lambda job: {"val_loss": 1 - (now := next(said)), "val_accuracy": now}
    )


def test_early_stopping_ends_after_the_epochs_that_it_names(tiny, tmp_path: Path, monkeypatch):
    validations(monkeypatch, [0.3, 0.6, 0.6, 0.5, 0.9, 0.9])
    run = trained(tiny, tmp_path, "epochs=9", "early_stopping=2")
    assert run.summary().epochs == 4 and "had not risen for 2" in status_of(run).sentence
    assert "Finished after 4 of 9 epochs" in status_of(run).sentence


def test_the_best_epochs_weights_are_kept_scored_and_loaded(tiny, tmp_path: Path, monkeypatch):
    validations(monkeypatch, [0.3, 0.8, 0.5, 0.8, 0.6])
    kept: dict[int, torch.Tensor] = {}
    save = loop.state.save

    def listen(run, learner, progress):
        kept[progress.step] = learner.model.state_dict()["output.weight"].clone()
        save(run, learner, progress)

    monkeypatch.setattr(loop.state, "save", listen)
    run = trained(tiny, tmp_path, "epochs=5", "final_weights=best")
    assert checkpoints.saved_steps(run.folder) == [10, 20, 25], "the best one and the last two"
    assert run.summary().scored_step == 10, "the earlier of two equals"
    assert inference.step_to_use(run).name == "10", "which prediction and export take too"
    assert torch.equal(weights(run)["output.weight"], kept[10])
    assert not torch.equal(kept[10], kept[25])
    with torch.inference_mode():
        logits = inference.load_model(run, CPU).head(torch.from_numpy(run.embeddings("test")))
    assert (np.array(run.classes)[logits.argmax(1).numpy()] == run.predictions("test")["predicted"]).all()


def test_bfloat16_is_close_to_float32_and_not_the_same(tiny, tmp_path: Path):
    wide, narrow = (trained(tiny, tmp_path, f"precision={name}", run_id=name) for name in ("float32", "bfloat16"))
    assert losses(wide) != losses(narrow)
    np.testing.assert_allclose(losses(narrow)[:5], losses(wide)[:5], rtol=0.1)


def test_auto_takes_bfloat16_where_the_processor_has_it_and_the_run_says_which(tiny, tmp_path: Path, monkeypatch):
    for flags, expected in ({"avx512_bf16": True}, "bfloat16"), ({"avx2": True, "amx_tile": True}, "float32"):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda flags=flags: flags)
        run = trained(tiny, tmp_path, "precision=auto", "epochs=1", run_id=expected)
        started = next(event for event in run.events() if event["event"] == "started")
        same = trained(tiny, tmp_path, f"precision={expected}", "epochs=1", run_id=f"{expected}-by-name")
        assert started["precision"] == expected and losses(run) == losses(same)


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_model_learns_the_same(tiny, tmp_path: Path):
    plain, compiled = (
        trained(tiny, tmp_path, "dropout=0", "epochs=1", f"compile={on}", run_id=on) for on in ("off", "on")
    )
    np.testing.assert_allclose(losses(compiled), losses(plain), rtol=1e-3)


def test_photos_that_lie_on_the_device_train_the_same_bits(tiny, tmp_path: Path, monkeypatch):
    gathered = trained(tiny, tmp_path, "epochs=1", run_id="gathered")
    monkeypatch.setattr(model_input, "fits_on", lambda device, num_bytes: True)
    resident = trained(tiny, tmp_path, "epochs=1", run_id="resident")
    started = next(event for event in resident.events() if event["event"] == "started")
    assert started["photos_on_device"] is True
    assert losses(resident) == losses(gathered)
    assert all(torch.equal(a, b) for a, b in zip(weights(resident).values(), weights(gathered).values(), strict=True))


@pytest.mark.parametrize(
    ("sets", "num_features"),
    [
        (["model=resnet18", "image_size=32", "epochs=1"], 512),
        (["model=strong_cnn", "image_size=32", "width=8", "epochs=2", "start_size=0.5", "test_flip=on", "ema=0.9"], 32),
    ],
)
def test_a_network_with_norms_trains_stops_and_goes_on_to_the_same_bits(tiny, tmp_path: Path, sets, num_features: int):
    """It has running means, which a saved step must hold too."""
    sets = [*sets, "save_minutes=0", "precision=auto"]
    whole = trained(tiny, tmp_path, *sets, run_id="whole")
    run = runs.create_run(tiny, recipes.settings_for("report", [*BASE, *sets]), runs_dir=tmp_path, run_id="stopped")
    calls = iter(range(100))
    assert loop.train(run, tiny, should_stop=lambda: next(calls) >= 3)["status"] == "stopped"
    assert loop.train(run, tiny)["status"] == "finished"
    assert losses(run) == losses(whole)
    ours, theirs = weights(run), weights(whole)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert run.embeddings("test").shape == (15, num_features)


def test_the_papers_recipe_feeds_blue_first_at_128_by_256(tiny, tmp_path: Path):
    """Its input contract, with a small network and one epoch."""
    fed: list[torch.Tensor] = []
    new_model = inference.new_model

    def listen(run):
        model = new_model(run)
        model.register_forward_pre_hook(lambda model, inputs: fed.append(inputs[0].clone()) if model.training else None)
        return model

    paper = recipes.settings_for("paper", ["model=report_cnn", "epochs=1", "device=cpu", "saturation=0", "hue=0"])
    paper_sets = recipes.settings_for("paper", [])
    assert (paper_sets.image_size, paper_sets.channels, paper_sets.model) == ((128, 256), "BGR", "resnet50")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "new_model", listen)
        run = runs.create_run(tiny, paper, runs_dir=tmp_path, run_id="paper")
        loop.train(run, tiny)
    assert fed[0].shape == (32, 3, 256, 128)
    # The tiny photos of class k have 120 more in channel k: with blue first, that is channel 2 - k of the input.
    frame = tiny.manifest()
    rows = inference.split_rows(tiny, frame, "train")
    labels = frame["label"].map(tiny.classes.index).to_numpy()[rows]
    order = batches.epoch_order(labels, paper, epoch=1, num_classes=3)[:32]
    brightest = fed[0].mean(dim=(2, 3)).argmax(1).numpy()
    assert (brightest == 2 - labels[order]).all()
    assert run.record.to_json()["normalise"]["channels"] == "BGR"
    assert "BGR" in config.FIELD["channels"].choices
