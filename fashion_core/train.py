"""Train one model: the loop. Takes a run directory and a dataset, writes metrics, checkpoints and final predictions.

Every random number comes from (seed, epoch, row) or (seed, epoch, batch), so a checkpoint needs no generator state: a
run that goes on from a saved step feeds the same pixels and drops the same features as one that never stopped.
B batch, H height, W width, N images, K classes.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F

from fashion_core import augment, batches, checkpoints, infer, losses, manifest, pixels, runs, sampling, storage
from fashion_core.errors import FashionError, RunError


class Stopped(Exception):
    """Somebody asked the run to stop while it was not in the loop."""


@dataclass(kw_only=True)
class Progress:
    """Where a run stands; saved with every checkpoint."""

    step: int = 0
    seconds: float = 0.0  # spent in training steps, over all resumptions
    images: int = 0
    loss_sum: float = 0.0  # of the steps since the last logged one
    loss_steps: int = 0
    epoch_loss_sum: float = 0.0
    epoch_images: int = 0
    train_loss: float | None = None
    val_accuracy: float | None = None


def train(
    run: runs.Run,
    dataset: manifest.Dataset,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Train from the start, or go on from the newest saved step; returns what summary.json holds.

    Ends with an event that says how: finished, stopped (the batch was finished and saved), or failed with the reason.
    """
    try:
        with storage.hold(run.lock, seconds=5):
            try:
                return _train(run, dataset, should_stop, say)
            except Stopped:
                saved = checkpoints.saved_steps(run.folder)
                if not saved:
                    return _ended(run, Progress(), "stopped", "Stopped as asked before anything was saved.")
                stood = storage.read_json(checkpoints.good_step(run.folder) / "trainer.json")
                return _ended(run, Progress(**stood), "stopped", _stopped_at(run, saved[-1]))
            except torch.OutOfMemoryError as error:
                size = "x".join(map(str, run.settings.image_size))
                reason = (
                    f"out of memory with batch_size {run.settings.batch_size} at {size} on {_device_name(error)}; "
                    "nothing was changed by itself: start a new run with a smaller batch_size or image_size"
                )
                runs.tell(run, "failed", reason=reason)
                raise RunError(f"run {run.id!r}: {reason}") from error
            except FashionError as error:
                runs.tell(run, "failed", reason=str(error))
                raise
            except BaseException as error:
                runs.tell(run, "failed", reason=f"{type(error).__name__}: {error}; log.txt has the traceback")
                raise
    except storage.Busy as busy:
        raise RunError(f"run {run.id!r} is being trained by another process; watch it or stop that one") from busy


def _train(
    run: runs.Run, dataset: manifest.Dataset, should_stop: Callable[[], bool], say: Callable[[str], None]
) -> dict[str, Any]:
    settings = run.settings
    runs.check_same_dataset(run, dataset)
    resuming = bool(checkpoints.saved_steps(run.folder))
    device = infer.choose_device(settings.device)
    runs.tell(run, "preparing", reason="Preparing the photos.", process=runs.process_identity())
    say(f"run {run.id} on {_describe(device)}")

    frame = dataset.manifest()
    width, height = settings.image_size
    pixels.build(dataset, width, height, _cache_progress(run, should_stop), settings.num_workers)
    rows_N = infer.split_rows(dataset, frame, "train")
    labels_all = frame["label"].map({name: index for index, name in enumerate(dataset.classes)})
    labels_all = labels_all.fillna(-1).to_numpy(dtype=np.int64)
    labels_N = labels_all[rows_N]
    counts_K = sampling.class_counts(labels_N, dataset.classes)
    photos = batches.Photos(pixels.open_pixels(dataset, width, height), device)

    torch.manual_seed(settings.seed)
    model = infer.new_model(run).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=device.type in ("cpu", "cuda"))
    loss_of = losses.build_loss(settings, counts_K, device)
    progress = _load(run, model, optimizer, device) if resuming else Progress()
    _forget_after(run, progress)

    steps_per_epoch = run.config["steps_per_epoch"]
    runs.tell(run, "resumed" if resuming else "started", step=progress.step, device=str(device))
    while True:
        if progress.epoch_images and progress.step % steps_per_epoch == 0:  # all its steps are done and saved
            _close_epoch(run, progress, model, dataset, frame, photos, labels_all, should_stop, say)
        if progress.step == settings.epochs * steps_per_epoch:
            break
        if should_stop() and progress.step:
            raise Stopped
        epoch, first = progress.step // steps_per_epoch + 1, progress.step % steps_per_epoch
        order_N = batches.epoch_order(labels_N, settings, epoch=epoch, num_classes=len(dataset.classes))
        model.train()
        loss_since_log = torch.tensor(progress.loss_sum, device=device)
        epoch_loss = torch.tensor(progress.epoch_loss_sum, device=device)
        clock, images_at_clock, seconds_at_clock = time.perf_counter(), progress.images, progress.seconds
        for batch in batches.batches(order_N, settings.batch_size, first):
            rows_B = rows_N[batch.positions_B]
            labels_B = torch.from_numpy(labels_N[batch.positions_B]).to(device)
            drawn = augment.draw(settings, seed=settings.seed, epoch=epoch, rows_B=rows_B, repeats_B=batch.repeats_B)
            images_BCHW = augment.augment(photos.batch(rows_B), drawn)
            images_BCHW, partner_B, weight = augment.mix(
                images_BCHW, settings, seed=settings.seed, epoch=epoch, batch=batch.number
            )
            images_BCHW = augment.normalise(images_BCHW).contiguous(memory_format=torch.channels_last)

            torch.manual_seed(_step_seed(settings.seed, epoch, batch.number))  # dropout
            logits_BK = model(images_BCHW)
            loss = loss_of(logits_BK, labels_B)
            if weight < 1:
                loss = weight * loss + (1 - weight) * loss_of(logits_BK, labels_B[torch.from_numpy(partner_B)])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

            loss_since_log += loss.detach()
            epoch_loss += loss.detach() * len(rows_B)
            progress.step += 1
            progress.loss_steps += 1
            progress.images += len(rows_B)
            progress.epoch_images += len(rows_B)
            if progress.step % settings.log_every == 0:
                mean_loss = loss_since_log.item() / progress.loss_steps
                progress.seconds = seconds_at_clock + time.perf_counter() - clock
                _check_finite(run, mean_loss, progress.step, settings.learning_rate)
                _log(
                    run,
                    kind="step",
                    epoch=epoch,
                    step=progress.step,
                    loss=mean_loss,
                    learning_rate=settings.learning_rate,
                    images_per_second=(progress.images - images_at_clock) / (time.perf_counter() - clock),
                    seconds=progress.seconds,
                )
                say(f"epoch {epoch}/{settings.epochs} step {progress.step} loss {mean_loss:.4f}")
                loss_since_log.zero_()
                progress.loss_steps = 0
            if should_stop():
                break
        progress.seconds = seconds_at_clock + time.perf_counter() - clock
        progress.loss_sum, progress.epoch_loss_sum = loss_since_log.item(), epoch_loss.item()
        _check_finite(run, progress.epoch_loss_sum, progress.step, settings.learning_rate)
        _save(run, model, optimizer, progress)
        if should_stop():
            return _ended(run, progress, "stopped", _stopped_at(run, progress.step), device)

    scores = {}
    for split in ("val", "test"):
        if dataset.splits.get(split):
            say(f"scoring {split}")
            rows_S = infer.split_rows(dataset, frame, split)
            logits_NK, features_ND = _forward_rows(model, photos, rows_S, should_stop)
            infer.write_predictions(run, frame, rows_S, split, logits_NK, features_ND)
            if _has_every_class(labels_all[rows_S], counts_K):
                found = run.scores(split)
                scores[split] = {name: found[name] for name in ("n", "accuracy", "accuracy_ci95", "macro_f1")}
            else:
                say(f"{split} has no photos of some classes, so its scores would mean nothing and are left out")
    return _ended(
        run,
        progress,
        "finished",
        f"Finished {settings.epochs} epoch{'s' if settings.epochs > 1 else ''}.",
        device,
        scores,
    )


def _stopped_at(run: runs.Run, step: int) -> str:
    total = run.settings.epochs * run.config["steps_per_epoch"]
    return f"Stopped as asked at step {step:,} of {total:,}; everything up to there is saved."


def _has_every_class(labels_N: np.ndarray, counts_K: np.ndarray) -> bool:
    return len(np.unique(labels_N)) == len(counts_K)


def _forward_rows(
    model: Any, photos: batches.Photos, rows_N: np.ndarray, should_stop: Callable[[], bool]
) -> tuple[np.ndarray, np.ndarray]:
    def chunks() -> Iterator[torch.Tensor]:
        for start in range(0, len(rows_N), infer.BATCH):
            if should_stop():  # what was trained is saved; scoring is done again when the run goes on
                raise Stopped
            yield photos.batch(rows_N[start : start + infer.BATCH])

    return infer.forward(model, chunks())


def _close_epoch(
    run: runs.Run,
    progress: Progress,
    model: Any,
    dataset: manifest.Dataset,
    frame: Any,
    photos: batches.Photos,
    labels_all: np.ndarray,
    should_stop: Callable[[], bool],
    say: Callable[[str], None],
) -> None:
    """Validate an epoch whose steps are done and saved, and log it. A run that ends in here does it again."""
    epoch = progress.step // run.config["steps_per_epoch"]
    progress.train_loss = progress.epoch_loss_sum / progress.epoch_images
    val = _validate(model, dataset, frame, photos, labels_all, should_stop)
    _check_finite(run, val.get("val_loss", 0.0), progress.step, run.settings.learning_rate)
    progress.val_accuracy = val.get("val_accuracy")
    row = {"train_loss": progress.train_loss, "seconds": progress.seconds, **val}
    _log(run, kind="epoch", epoch=epoch, step=progress.step, **row)
    runs.tell(run, "epoch", epoch=epoch, **row)
    say(f"epoch {epoch}/{run.settings.epochs} train loss {progress.train_loss:.4f}" + _told(val))
    progress.epoch_loss_sum, progress.epoch_images = 0.0, 0


def _validate(
    model: Any,
    dataset: manifest.Dataset,
    frame: Any,
    photos: batches.Photos,
    labels_all: np.ndarray,
    should_stop: Callable[[], bool],
) -> dict[str, float]:
    """Plain cross entropy and accuracy on val, every image once; nothing where the dataset has no val photos."""
    if not dataset.splits.get("val"):
        return {}
    rows_N = infer.split_rows(dataset, frame, "val")
    logits_NK, _ = _forward_rows(model, photos, rows_N, should_stop)
    logits, labels = torch.from_numpy(logits_NK), torch.from_numpy(labels_all[rows_N])
    return {
        "val_loss": F.cross_entropy(logits, labels).item(),
        "val_accuracy": (logits.argmax(1) == labels).double().mean().item(),
    }


def _step_seed(seed: int, epoch: int, batch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch, batch, 2]).generate_state(1, np.uint64)[0] >> 1)


def _save(run: runs.Run, model: Any, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    """Save model, optimizer and position as one verified step; weights that are not numbers are never saved."""
    if not all(weight.isfinite().all() for weight in model.parameters()):
        _check_finite(run, math.nan, progress.step, run.settings.learning_rate)
    state: dict[str, torch.Tensor] = {}
    for (name, _), values in zip(model.named_parameters(), optimizer.state_dict()["state"].values(), strict=True):
        for key, tensor in values.items():
            state[f"{key}:{name}"] = tensor.detach().cpu().contiguous()
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    files = {
        "model.safetensors": safetensors.torch.save(weights),
        "trainer.safetensors": safetensors.torch.save(state),
        "trainer.json": json.dumps(asdict(progress), allow_nan=False).encode(),
    }
    checkpoints.write(run.folder, progress.step, files)
    checkpoints.keep_last(run.folder)
    runs.tell(run, "saved", step=progress.step)


def _load(run: runs.Run, model: Any, optimizer: torch.optim.Optimizer, device: torch.device) -> Progress:
    """Put the newest step that verifies into model and optimizer; where the run stood then."""
    target = checkpoints.good_step(run.folder, needs="trainer.safetensors")
    model.load_state_dict(safetensors.torch.load_file(target / "model.safetensors"))
    model.to(memory_format=torch.channels_last)
    saved = safetensors.torch.load_file(target / "trainer.safetensors")
    layout = optimizer.state_dict()
    # The moments must lie in memory as their weights do (channels last): fused Adam walks both by raw position and
    # mixes them up without a word when they differ.
    layout["state"] = {
        index: {
            "step": saved[f"step:{name}"],
            **{key: torch.empty_like(weight).copy_(saved[f"{key}:{name}"]) for key in ("exp_avg", "exp_avg_sq")},
        }
        for index, (name, weight) in enumerate(model.named_parameters())
    }
    optimizer.load_state_dict(layout)
    return Progress(**storage.read_json(target / "trainer.json"))


def _forget_after(run: runs.Run, progress: Progress) -> None:
    """Drop metric rows that are about to be written again: of steps that were not saved, and of an open epoch."""
    path = run.folder / "metrics.jsonl"
    if path.exists():
        rows = storage.read_lines(path)
        kept = [
            row for row in rows if row["step"] + (row["kind"] == "epoch" and progress.epoch_images > 0) <= progress.step
        ]
        storage.write_text(path, "".join(json.dumps(row) + "\n" for row in kept))


def _log(run: runs.Run, **row: Any) -> None:
    storage.append_line(run.folder / "metrics.jsonl", row)


def _ended(
    run: runs.Run,
    progress: Progress,
    status: str,
    reason: str,
    device: torch.device | None = None,
    scores: dict[str, Any] | None = None,
) -> dict[str, Any]:
    summary = {
        "run_id": run.id,
        "status": status,
        "epochs": progress.step // run.config["steps_per_epoch"],
        "steps": progress.step,
        "seconds": round(progress.seconds, 3),
        "images_per_second": round(progress.images / progress.seconds, 2) if progress.seconds else None,
        "device": str(device) if device else None,
        "train_loss": progress.train_loss,
        "val_accuracy": progress.val_accuracy,
        "scores": scores or {},
    }
    if status == "finished":
        storage.write_json(run.folder / "summary.json", summary)
    runs.tell(run, status, reason=reason)
    return summary


def _cache_progress(run: runs.Run, should_stop: Callable[[], bool]) -> Callable[[str, int, int], None]:
    """Tell the events every two seconds how far the pixel cache is, so that a page has something true to say."""
    told = 0.0

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal told
        if should_stop():
            raise Stopped
        if time.monotonic() - told > 2:
            told = time.monotonic()
            runs.tell(run, "preparing", reason=f"Preparing the photos: {done:,} of {total:,}.")

    return progress


def _check_finite(run: runs.Run, loss: float, step: int, learning_rate: float) -> None:
    if not math.isfinite(loss):
        raise RunError(
            f"run {run.id!r}: the loss became {loss} by step {step:,} at learning rate {learning_rate:g}; "
            "earlier saved steps are untouched; start a new run with a smaller learning_rate"
        )


def _told(val: dict[str, float]) -> str:
    return f" val accuracy {val['val_accuracy']:.4f}" if val else ""


def _describe(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)


def _device_name(error: BaseException) -> str:
    return "the GPU" if "CUDA" in str(error) else "this device"
