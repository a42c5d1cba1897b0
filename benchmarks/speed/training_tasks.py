"""What training_speed.py and training_memory.py measure, one task a process, on the CPU.

python -m benchmarks.speed.training_tasks TASK --dataset NAME --data-dir DATA [--folders DEST] [--steps N] ...

Takes an imported dataset, prints one line of JSON at the end. The trainer is used as it is: what is switched or timed
is wrapped from outside. B batch, C channels, H height, W width, N images.
"""

import argparse
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from torchvision.datasets import ImageFolder

from benchmarks.speed import plain_script
from fashion_core.data import datasets, pixels
from fashion_core.models import inference, networks
from fashion_core.models import input as model_input
from fashion_core.runs import runs
from fashion_core.settings import config, draws, recipes, sampling
from fashion_core.training import augment, batches, distributed, loop, losses, steps

GEMM_SHAPES = ((1024, 1024, 1024), (2048, 2048, 2048), (4096, 1024, 1024), (8192, 512, 1024), (1024, 4096, 2048))
CPU = torch.device("cpu")


def settings_of(options: argparse.Namespace) -> config.Settings:
    """The report recipe on the CPU, with what ``--set`` changes."""
    return recipes.settings_for("report", ["device=cpu", f"seed={options.seed}", *options.set])


def trained(options: argparse.Namespace) -> dict[str, Any]:
    """``steps`` steps through fashion_core.training.loop in a run directory of their own, stopped as a page would stop
    it.

    ms_per_image leaves out the first ``warm`` steps; it is the run's own clock, which has no validation in it.
    """
    dataset = datasets.find_dataset(options.data_dir, options.dataset)
    num, size = dataset.splits["train"], settings_of(options).batch_size
    options.set += [f"log_every={options.log_every}", f"epochs={options.steps * size // num + 2}"]
    assert options.steps % options.log_every == 0 and options.warm % options.log_every == 0
    if options.nchw:
        model_input.for_model = lambda images_BCHW, channels="RGB": images_BCHW  # what is drawn is NCHW already
        inference.build_model = lambda *args, **named: networks.build_model(*args, **named).to(
            memory_format=torch.contiguous_format
        )
    watch = Stopwatch() if options.shares else None
    reached = 0

    def say(sentence: str) -> None:
        nonlocal reached
        if found := re.search(r" step (\d+) loss", sentence):
            reached = int(found[1])
            if watch and reached == options.warm:
                watch.seconds.clear()

    with tempfile.TemporaryDirectory() as folder:
        run = runs.create_run(dataset, settings_of(options), runs_dir=Path(folder), run_id="measured")
        loop.train(run, dataset, should_stop=lambda: reached >= options.steps, say=say)
        rows = run.metrics()
    logged = rows[rows["kind"] == "step"].set_index("step")
    per_epoch = run.config["steps_per_epoch"]

    def images(step: int) -> int:
        return step // per_epoch * num + step % per_epoch * size

    warm_seconds = logged.loc[options.warm, "seconds"] if options.warm else 0.0
    timed_seconds = float(logged.loc[options.steps, "seconds"] - warm_seconds)
    timed_images = images(options.steps) - images(options.warm)
    found = {
        "ms_per_image": 1000 * timed_seconds / timed_images,
        "images_per_second": timed_images / timed_seconds,
        "losses": logged["loss"].tolist(),
    }
    if watch:
        spent = {name: 1000 * seconds / timed_images for name, seconds in watch.seconds.items()}
        found["ms_of"] = {**spent, "rest": found["ms_per_image"] - sum(spent.values())}
    return found


class Stopwatch:
    """Seconds spent in the parts of a training step. On a CPU a call returns when its work is done."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        model_input.Photos.batch = self.timed("gather", model_input.Photos.batch)
        draws.draw = self.timed("draw", draws.draw)
        for name in ("crop", "turn", "to_float", "jitter", "erase"):
            part = "augment: " + {"turn": "flip and rotate", "to_float": "to floats", "jitter": "colour"}.get(
                name, name
            )
            setattr(augment, name, self.timed(part, getattr(augment, name)))
        model_input.normalise = self.timed("normalise", model_input.normalise)
        model_input.for_model = self.timed("channels_last", model_input.for_model)
        losses.Loss.each = self.timed("loss", losses.Loss.each)
        torch.Tensor.backward = self.timed("backward", torch.Tensor.backward)
        make_learner = loop.make_learner

        def watched(*args: Any, **named: Any) -> steps.Learner:
            learner = make_learner(*args, **named)
            learner.wrapped.forward = self.timed("forward", learner.wrapped.forward)
            learner.optimizer.step = self.timed("optimizer", learner.optimizer.step)
            return learner

        loop.make_learner = watched

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*args: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return call(*args, **named)
            finally:
                self.seconds[part] += time.perf_counter() - started

        return measured


def plain_input(options: argparse.Namespace) -> dict[str, Any]:
    """JPEG to a batch of normalised floats as the plain script does it, in its own process, without a model."""
    torch.manual_seed(options.seed)
    dataset = ImageFolder(options.folders / "train", transform=plain_script.train_transform)
    return {"ms_per_image": _per_image((len(labels) for _, labels in _again(lambda: _plain(dataset))), options)}


def _plain(dataset: ImageFolder) -> Any:
    return plain_script.make_loader(dataset, workers=0)


def our_input(options: argparse.Namespace) -> dict[str, Any]:
    """The same from the cache: gather, draw, augment, normalise, as ``steps.feed`` hands it to the model."""
    settings, dataset = settings_of(options), datasets.find_dataset(options.data_dir, options.dataset)
    photos, rows_N, labels_N = _opened(dataset, settings)

    def epoch() -> Any:
        order_N = batches.epoch_order(labels_N, settings, epoch=1, num_classes=len(dataset.classes))
        for batch in batches.batches(order_N, settings.batch_size):
            yield len(steps.feed(photos, settings, rows_N, batch, epoch=1).images_BCHW)

    return {"ms_per_image": _per_image(_again(epoch), options)}


def _again(epoch: Callable[[], Any]) -> Any:
    while True:
        yield from epoch()


def _per_image(counts: Any, options: argparse.Namespace) -> float:
    for _ in range(options.warm):
        next(counts)
    started = time.perf_counter()
    num = sum(next(counts) for _ in range(options.steps - options.warm))
    return 1000 * (time.perf_counter() - started) / num


def _opened(dataset: datasets.Dataset, settings: config.Settings) -> tuple[model_input.Photos, np.ndarray, np.ndarray]:
    """Photos, the manifest rows of the training split, and their labels."""
    width, height = settings.image_size
    pixels.build(dataset, width, height)
    frame = dataset.manifest()
    rows_N = inference.split_rows(dataset, frame, "train")
    index = {name: number for number, name in enumerate(dataset.classes)}
    labels_N = frame["label"].iloc[rows_N].map(index).to_numpy(dtype=np.int64)
    return model_input.Photos(pixels.open_pixels(dataset, width, height), CPU), rows_N, labels_N


def plain_step(options: argparse.Namespace) -> dict[str, Any]:
    """Forward, backward and optimizer of the plain script on one prepared batch, NCHW."""
    torch.manual_seed(options.seed)
    dataset = ImageFolder(options.folders / "train", transform=plain_script.train_transform)
    images, labels = next(iter(_plain(dataset)))
    model, criterion = plain_script.make_model(len(dataset.classes)), plain_script.make_criterion(dataset)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step() -> int:
        optimizer.zero_grad()
        criterion(model(images), labels).backward()
        optimizer.step()
        return len(images)

    return {"ms_per_image": _per_image(iter(step, None), options)}


def our_step(options: argparse.Namespace) -> dict[str, Any]:
    """``steps.step`` on one prepared batch, and what the machine can do: its best matrix product before and after."""
    settings, dataset = settings_of(options), datasets.find_dataset(options.data_dir, options.dataset)
    photos, rows_N, labels_N = _opened(dataset, settings)
    num_classes = len(dataset.classes)
    order_N = batches.epoch_order(labels_N, settings, epoch=1, num_classes=num_classes)
    batch = next(batches.batches(order_N, settings.batch_size))
    fed = steps.feed(photos, settings, rows_N, batch, epoch=1)
    steps.feed = lambda *args, **named: fed
    with tempfile.TemporaryDirectory() as folder:
        run = runs.create_run(dataset, settings, runs_dir=Path(folder), run_id="measured")
        learner = loop.make_learner(run, sampling.class_counts(labels_N, dataset.classes), CPU, distributed.Ranks())
    networks.set_training(learner.model, learner.frozen)

    def step() -> int:
        named = {"epoch": 1, "learning_rate": settings.learning_rate, "num_steps_before": 0}
        steps.step(learner, photos, rows_N, labels_N, batch, **named)
        return len(batch.positions_B)

    gflops = gemm_gflops()
    per_image = _per_image(iter(step, None), options)
    return {
        "ms_per_image": per_image,
        "gemm_gflops": max(gflops, gemm_gflops()),
        "flops_per_image": flops_per_image(learner.model, fed.images_BCHW),
    }


def flops_per_image(model: torch.nn.Module, images_BCHW: torch.Tensor) -> float:
    """Multiplications and additions of the convolutions and dense layers, forward and backward, for one image.

    Counted by PyTorch from the shapes of what really runs: no gradient of the photos themselves is computed.
    """
    with FlopCounterMode(display=False) as counter:
        model(images_BCHW).sum().backward()
    return counter.get_total_flops() / len(images_BCHW)


def gemm_gflops(repeats: int = 6) -> float:
    """The best rate of a float32 matrix product, 2 m n k operations, over several large shapes."""
    best = 0.0
    for m, n, k in GEMM_SHAPES:
        one, other, out = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
        for _ in range(repeats):
            started = time.perf_counter()
            torch.mm(one, other, out=out)
            best = max(best, 2 * m * n * k / (time.perf_counter() - started) / 1e9)
    return best


TASKS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "train": trained,
    "plain-input": plain_input,
    "our-input": our_input,
    "plain-step": plain_step,
    "our-step": our_step,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--folders", type=Path)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--warm", type=int, default=0, help="steps at the start that are not timed")
    parser.add_argument("--log-every", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="key=value; changes one setting")
    parser.add_argument("--nchw", action="store_true", help="model and photos without channels_last")
    parser.add_argument("--shares", action="store_true", help="time the parts of a step")
    options = parser.parse_args()
    print(json.dumps(TASKS[options.task](options)))


if __name__ == "__main__":
    main()
