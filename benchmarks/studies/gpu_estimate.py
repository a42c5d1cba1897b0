"""What a recipe would cost on one GPU at IndoFashion's size: an estimate by arithmetic. Nothing here runs on a GPU.

    python -m benchmarks.studies.gpu_estimate [--recipe report paper ...] [--set key=value] [--images 91166] [--rows
    106166]

Counts on the CPU what does not depend on the machine: operations of a training step (each is at least one kernel),
multiplications of a photo, bytes that the backward pass keeps, weights. Then divides by what a GPU is assumed to do;
the assumptions are printed, and can be given. The epoch lies between the largest of the times (all at once) and their
sum (one after the other). Preparing the photos, validation and scoring are left out.
"""

import argparse
import time
from statistics import median

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from fashion_core.models import networks
from fashion_core.models.input import Photos
from fashion_core.settings import config, draws, recipes
from fashion_core.training import batches, distributed, input_pipeline, losses, steps

NUM_CLASSES = 15
CPU = torch.device("cpu")
#: An H100 (SXM): 495 TFLOP/s of TF32 (torch's default for convolutions in float32) and 990 of bfloat16, 3.35 TB/s. What
#: convolutions reach of the first, and elementwise work of the second, is a guess from published ResNet-50 throughputs.
#: Starting an operation took 37 (report), 46 (strong), 57 us (transfer) in steps on an H200 (LOG: gpu-host-bound).
ASSUMED = {"tflops": 495.0, "reached": 0.25, "bandwidth": 3.35e12, "streamed": 0.6, "launch": 50e-6}


class Count(TorchDispatchMode):
    """How many operations were asked for; views cost no kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.num = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        self.num += not func.is_view
        return func(*args, **(kwargs or {}))


def learner_of(settings: config.Settings, device: torch.device = CPU) -> steps.Learner:
    """A learner as a training has it before its first step."""
    design = networks.Design(
        num_classes=NUM_CLASSES, image_size=settings.image_size, dropout=settings.dropout, width=settings.width
    )
    model = networks.build_model(settings.model, design).to(device)
    loss = losses.build_loss(settings, np.full(NUM_CLASSES, 100), device)
    learner = steps.Learner(
        settings=settings, model=model, smooth=None, loss=loss, ranks=distributed.Ranks(), device=device
    )
    learner.learn(frozen=False)
    return learner


def counted(settings: config.Settings, num: int = 4) -> dict[str, float]:
    """A photo: FLOP of a forward pass (a multiply-add is two), bytes kept for the backward pass; a step: operations."""
    width, height = settings.image_size
    pixels_NHWC = np.random.default_rng(0).integers(0, 256, (num, height, width, 3), np.uint8)
    learner = learner_of(settings)
    learner.model.train()
    photos = Photos(pixels_NHWC, CPU)
    rows_N, labels_N = np.arange(num), np.arange(num) % NUM_CLASSES
    batch = batches.Batch(number=0, positions_B=rows_N, repeats_B=np.zeros(num, np.int64))
    alone = input_pipeline.OneByOne(photos, settings, rows_N, labels_N, 1)
    source: input_pipeline.BatchSource = alone
    of_block, ahead = 0.0, 0
    if input_pipeline.can_be_ahead(settings, torch.device("cuda")):
        source = input_pipeline.Ahead(alone, rows_N, part_of=learner.ranks.part)
        with Count() as found:
            source.take(batch)
        of_block = found.num / source.length
        # the finished photos of a block, three times as much again to make them
        ahead = 4 * source.length * settings.batch_size * 3 * width * height * 4
    steps.step(learner, source, batch, learning_rate=1e-3, num_steps_before=0)
    with Count() as found:
        steps.step(learner, source, batch, learning_rate=1e-3, num_steps_before=0)
    images = torch.randn(num, 3, height, width)
    with FlopCounterMode(display=False) as flops, torch.no_grad():
        learner.model(images)
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        held = learner.model(images).sum()
    own = sum(kept.get(weight.untyped_storage().data_ptr(), 0) for weight in learner.model.parameters())
    del held
    return {"flop": flops.get_total_flops() / num, "kept": (sum(kept.values()) - own) / num,
            "operations": found.num + of_block, "ahead": ahead,
            "weights": sum(weight.numel() for weight in learner.model.parameters())}  # fmt: skip


def tell(settings: config.Settings, given: argparse.Namespace) -> None:
    found = counted(settings)
    width, height = settings.image_size
    half = settings.precision in ("bfloat16", "auto")  # auto takes bfloat16 on such a GPU
    tflops, kept = given.tflops * (2 if half else 1), found["kept"] * (0.5 if half else 1)
    num_steps = -(-given.images // settings.batch_size)
    compute = 3 * found["flop"] * given.images / (tflops * 1e12 * given.reached)
    traffic = 3 * kept * given.images / (given.bandwidth * given.streamed)
    launches = num_steps * found["operations"] * given.launch
    host = num_steps * seconds_of_draws(settings)
    parts = (compute, traffic, launches, host)
    cache = given.rows * width * height * 3
    step_bytes = 2 * kept * settings.batch_size + 16 * found["weights"] + found["ahead"]
    minutes = [settings.epochs * seconds / 60 for seconds in (max(parts), sum(parts))]
    for line in (
        f"\n{settings.recipe}: {settings.model}, {width} x {height}, batch {settings.batch_size}, "
        f"{settings.precision}, {settings.epochs} epochs. ESTIMATE, not a measurement",
        f"  counted    {found['flop'] / 1e9:.2f} GFLOP forward a photo, {found['kept'] / 1e6:.1f} MB kept a photo, "
        f"{found['operations']:,.0f} operations a step, {found['weights'] / 1e6:.1f} million weights",
        f"  arithmetic 3 x {found['flop'] / 1e9:.2f} G x {given.images:,} / ({tflops:g} T x {given.reached:g}) = "
        f"{compute:.1f} s an epoch",
        f"  traffic    3 x {kept / 1e6:.1f} MB x {given.images:,} / ({given.bandwidth / 1e12:g} TB/s x "
        f"{given.streamed:g}) = {traffic:.1f} s",
        f"  launches   {num_steps:,} steps x {found['operations']:,.0f} x {given.launch * 1e6:g} us = {launches:.1f} s",
        f"  drawing    {num_steps:,} steps x {1e3 * host / num_steps:.2f} ms, measured on this CPU = {host:.1f} s",
        f"  an epoch   {max(parts):.0f} to {sum(parts):.0f} s; {settings.epochs} epochs {minutes[0]:.1f} to "
        f"{minutes[1]:.1f} min, without preparing the photos and scoring",
        f"  GPU memory {step_bytes / 2**30:.1f} GiB for a step (2 x kept, 16 bytes a weight, batches ahead), about "
        f"0.6 for CUDA; the photos another {cache / 2**30:.1f} where twice that is free, else they are read from disk",
        f"  disk       {cache / 1e9:.1f} GB of pixels",
    ):
        print(line)


def seconds_of_draws(settings: config.Settings, repeats: int = 30) -> float:
    """The median time that chance takes for a batch: work of the host's processor, whatever the GPU."""
    rows_B = np.arange(settings.batch_size)
    taken = []
    for epoch in range(1, repeats + 1):
        began = time.perf_counter()
        draws.draw(settings, seed=0, epoch=epoch, rows_B=rows_B)
        taken.append(time.perf_counter() - began)
    return median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipe", nargs="+", default=list(recipes.RECIPES))
    parser.add_argument("--set", dest="sets", action="append", default=[], help="key=value, for every recipe")
    parser.add_argument("--images", type=int, default=91_166)
    parser.add_argument("--rows", type=int, default=106_166, help="photos of all splits")
    for name, value in ASSUMED.items():
        parser.add_argument(f"--{name}", type=float, default=value)
    given = parser.parse_args()
    print("assumed: " + ", ".join(f"{name} {getattr(given, name):g}" for name in ASSUMED))
    for name in given.recipe:
        tell(recipes.settings_for(name, given.sets), given)


if __name__ == "__main__":
    main()
