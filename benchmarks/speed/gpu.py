"""How fast training steps run on this machine's GPU, recipe by recipe, and what keeps it from being faster.

    python -m benchmarks.speed.gpu [--recipe report strong ...] [--set key=value] [--variant batch_size=256,compile=on]

Takes no photos: noise of the recipe's size lies on the device, as a training's photos do. Steps are the trainer's own.
A row: milliseconds a step and images a second by the wall clock, over steps that follow each other as in an epoch; the
part of that time in which the GPU computes (kernels of a traced step); launches, copies and waits of a step; the most
memory that torch took; seconds for an epoch of 91,166 photos at that speed.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.studies.gpu_estimate import NUM_CLASSES, learner_of
from fashion_core.models import networks
from fashion_core.models.device import uses_bfloat16
from fashion_core.models.input import Photos
from fashion_core.settings import config, recipes
from fashion_core.training import batches, steps

IMAGES = 91_166
WARM = 12


def measured(
    settings: config.Settings, device: torch.device, *, rows: int, num_steps: int, plain: bool
) -> dict[str, Any]:
    width, height = settings.image_size
    generator = np.random.default_rng(0)
    photos = Photos(generator.integers(0, 256, (rows, height, width, 3), np.uint8), device)
    labels_N = generator.integers(0, NUM_CLASSES, rows)
    learner = learner_of(settings, device)
    learner.bfloat16 = uses_bfloat16(settings.precision, device)
    networks.set_training(learner.model, learner.frozen)
    rows_N = np.arange(rows)
    order_N = generator.integers(0, rows, settings.batch_size * (num_steps + WARM + 24))
    parts = list(batches.batches(order_N, settings.batch_size))
    total = torch.zeros((), device=device)

    def run(some: list[batches.Batch]) -> None:
        for batch in some:
            loss, _ = steps.step(learner, source, rows_N, labels_N, batch, epoch=settings.epochs, learning_rate=1e-4,
                                 num_steps_before=batch.number)  # fmt: skip
            total.add_(loss)

    source = photos if plain else steps.source(learner, photos, rows_N, labels_N, order_N, settings.epochs)
    began = time.perf_counter()
    run(parts[:WARM])
    torch.cuda.synchronize(device)
    warm = time.perf_counter() - began
    torch.cuda.reset_peak_memory_stats(device)
    began = time.perf_counter()
    run(parts[WARM : WARM + num_steps])
    torch.cuda.synchronize(device)
    seconds = (time.perf_counter() - began) / num_steps
    memory = torch.cuda.max_memory_reserved(device)
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as traced:
        run(parts[WARM + num_steps :])
        torch.cuda.synchronize(device)
    events, num = traced.events(), len(parts[WARM + num_steps :])
    busy = sum(event.device_time_total for event in events if event.device_type == torch.autograd.DeviceType.CUDA)
    calls = {name: sum(event.name == name for event in events) / num for name in (
        "cudaLaunchKernel", "cudaMemcpyAsync", "cudaStreamSynchronize")}  # fmt: skip
    slowest = sorted(traced.key_averages(), key=lambda one: -one.self_cpu_time_total)[:8]
    return {
        "recipe": settings.recipe, "size": f"{width}x{height}", "batch": settings.batch_size,
        "precision": settings.precision, "compile": settings.compile, "resident": photos.resident,
        "ms": 1e3 * seconds, "images_per_second": settings.batch_size / seconds,
        "busy": busy / num / 1e6 / seconds, **calls, "gib": memory / 2**30, "warm_seconds": warm,
        "epoch_seconds": IMAGES / settings.batch_size * seconds, "loss": (total / len(parts)).item(),
        "slowest": {one.key[:40]: round(one.self_cpu_time_total / num) for one in slowest},
    }  # fmt: skip


def tell(row: dict[str, Any], variant: str, plain: bool) -> None:
    print(
        f"{row['recipe']:9}{variant:32}{'plain' if plain else '':6}{row['size']:>8} batch {row['batch']:>3} "
        f"{row['ms']:7.2f} ms a step {row['images_per_second']:8,.0f} images/s  GPU busy {row['busy']:4.0%}  launches "
        f"{row['cudaLaunchKernel']:5.0f} copies {row['cudaMemcpyAsync']:3.0f} "
        f"waits {row['cudaStreamSynchronize']:3.0f}  {row['gib']:5.1f} GiB  epoch {row['epoch_seconds']:5.1f} s",
        flush=True,
    )
    print("         ", row["slowest"], flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipe", nargs="+", default=list(recipes.RECIPES))
    parser.add_argument("--set", dest="sets", action="append", default=[], help="key=value, for every row")
    parser.add_argument("--variant", action="append", default=[], help="key=value,...: one more row a recipe")
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--plain", action="store_true", help="also rows with one batch made at a time")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    device, found = torch.device("cuda"), []
    torch.backends.cudnn.deterministic = True  # as ``train.make_learner`` sets it
    print(torch.cuda.get_device_name(device), "torch", torch.__version__)
    for recipe in given.recipe:
        for variant in ["", *given.variant]:
            settings = recipes.settings_for(recipe, [*given.sets, *filter(None, variant.split(","))])
            for plain in (False, True)[: 1 + given.plain]:
                try:
                    row = measured(settings, device, rows=given.rows, num_steps=given.steps, plain=plain)
                except Exception as error:  # noqa: BLE001 - one row that fails leaves the others
                    print(f"{recipe} {variant}: {type(error).__name__}: {str(error)[:300]}", flush=True)
                    continue
                found.append(row | {"variant": variant, "plain": plain})
                tell(row, variant, plain)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
