"""Train one model: the loop. Takes a run directory and a dataset, writes metrics, saved steps and final predictions.

How a step learns is ``steps``, how a run is saved ``trainer_state``, what a failure says ``mishaps``. Under torchrun
every rank runs this; the first one writes. B batch, N images, K classes.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from fashion_core import locks, processes, rights, storage
from fashion_core.data import datasets, pixels
from fashion_core.errors import FashionError, RunError
from fashion_core.labels import counted
from fashion_core.models import inference, networks, unlike
from fashion_core.models.device import choose_device, uses_bfloat16
from fashion_core.models.input import Photos
from fashion_core.runs import checkpoints, environment, familiar, runs
from fashion_core.settings import sampling, schedules
from fashion_core.training import batches, distributed, failures, finetuning, losses, state, steps, validation
from fashion_core.training.context import Job, Stopped, told_to_events
from fashion_core.training.state import Progress


def train(
    run: runs.Run,
    dataset: datasets.Dataset,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Train from the start, or go on from the newest saved step; returns what summary.json holds.

    Ends with an event that says how: finished, stopped (the batch was finished and saved), or failed with the reason.
    """
    rights.refuse_read_only("nothing can be trained")
    world = distributed.join()
    if not world.is_first:
        try:
            return _train(run, dataset, world, should_stop, lambda sentence: None)
        except Stopped:
            return _summary(run, Progress(), "stopped")
        except failures.Mishap as mishap:
            raise RunError(f"run {run.id!r}: {mishap.reason}") from mishap
        finally:
            distributed.leave()
    try:
        with locks.hold(run.lock, seconds=5):
            try:
                return _train(run, dataset, world, should_stop, say)
            except Stopped:
                saved = checkpoints.saved_steps(run.folder)
                if not saved:
                    return _ended(run, Progress(), "stopped", "Stopped as asked before anything was saved.")
                stood = storage.read_json(checkpoints.good_step(run.folder) / "trainer.json")
                return _ended(run, Progress.from_json(stood), "stopped", _stopped_at(run, saved[-1]))
            except failures.Mishap as mishap:
                failures.tell(run, mishap.reason, **mishap.details)
                raise RunError(f"run {run.id!r}: {mishap.reason}") from mishap
            except FashionError as error:
                failures.tell(run, str(error))
                raise
            except RuntimeError as error:
                if world.size == 1 or "Connection" not in str(error):
                    failures.tell(run, f"{type(error).__name__}: {error}; log.txt has the traceback")
                    raise
                reason = "another rank of this run has gone; earlier saved steps are untouched: resume the run"
                failures.tell(run, reason)  # the process that started the ranks adds which one and how
                raise RunError(f"run {run.id!r}: {reason}") from error
            except OSError as error:
                reason = failures.in_words(error)
                failures.tell(run, reason)
                raise RunError(f"run {run.id!r}: {reason}") from error
            except BaseException as error:
                failures.tell(run, f"{type(error).__name__}: {error}; log.txt has the traceback")
                raise
    except locks.Busy as busy:
        raise RunError(f"run {run.id!r} is being trained by another process; watch it or stop that one") from busy
    finally:
        distributed.leave()


def _train(
    run: runs.Run,
    dataset: datasets.Dataset,
    world: distributed.Ranks,
    should_stop: Callable[[], bool],
    say: Callable[[str], None],
) -> dict[str, Any]:
    if splits := run.unanswered():
        return _answered(run, dataset, splits, world, say)
    with finetuning.threads_of(run):
        return _trained(run, *_prepare(run, dataset, world, should_stop, say), world, should_stop)


def _answered(
    run: runs.Run, dataset: datasets.Dataset, splits: list[str], world: distributed.Ranks, say: Callable[[str], None]
) -> dict[str, Any]:
    """Predictions and features of a finished run, made again with the weights that it was judged by; its summary."""
    if world.is_first:
        told = next(event for event in reversed(run.events()) if event["event"] == "finished")
        runs.tell(run, "preparing", reason="Making its predictions again.", process=processes.process_identity())
        for split in splits:
            say(f"run {run.id} is trained; asking it about {split} again")
            inference.evaluate(run, dataset, split, device=run.settings.device)
        runs.tell(run, "finished", reason=told["reason"])
    world.wait()
    summary = run.summary()
    assert summary is not None
    return summary.to_json()


def _trained(
    run: runs.Run, job: Job, progress: Progress, world: distributed.Ranks, should_stop: Callable[[], bool]
) -> dict[str, Any]:
    """The epochs that are left, and the scores at the end."""
    settings = run.settings
    while True:
        if progress.epoch_images and progress.step % job.steps_per_epoch == 0:  # all its steps are done and saved
            _close_epoch(job, progress)
        patience = settings.early_stopping
        if progress.step == job.total_steps or patience and progress.epochs_without_better >= patience:
            break
        if any(world.agree(should_stop())) and progress.step:
            raise Stopped
        if job.learner.frozen and not schedules.is_frozen(settings, progress.step // job.steps_per_epoch + 1):
            job = finetuning.thaw(job)
        learner = job.learner
        with finetuning.threads_for(job):
            _epoch(job, progress)
        if world.is_first:
            state.save(run, learner, progress)
        if any(world.agree(should_stop())):
            reason = _stopped_at(run, progress.step)
            if not world.is_first:
                return _summary(run, progress, "stopped", learner.device)
            return _ended(run, progress, "stopped", reason, learner.device)
    scored_step = _choose_weights(job, progress)
    scores = validation.score_splits(job)
    told = f"Finished {settings.epochs} epoch{'s' if settings.epochs > 1 else ''}."
    if progress.step < job.total_steps:
        told = (
            f"Finished after {progress.step // job.steps_per_epoch} of {counted(settings.epochs, 'epoch')}: the "
            f"validation accuracy had not risen for {settings.early_stopping}."
        )
    if settings.final_weights == "best":
        told += f" Scored with the weights of step {scored_step:,}, the best on validation."
    if not world.is_first:
        return _summary(run, progress, "finished", job.learner.device, scores)
    if familiar.too_few(run) is None:
        unlike.prepare(run, job.dataset, model=job.learner.judged, step=scored_step)
    return _ended(run, progress, "finished", told, job.learner.device, scores, scored_step)


def _prepare(
    run: runs.Run,
    dataset: datasets.Dataset,
    world: distributed.Ranks,
    should_stop: Callable[[], bool],
    say: Callable[[str], None],
) -> tuple[Job, Progress]:
    settings = run.settings
    runs.check_same_dataset(run, dataset)
    resuming = bool(checkpoints.saved_steps(run.folder))
    device = world.device(choose_device(settings.device))
    if world.is_first:
        _prepare_photos(run, dataset, world, should_stop)
    say(
        f"run {run.id} on {_describe(device)}"
        + (f", {counted(world.size, 'process', 'processes')}" if world.size > 1 else "")
    )
    world.wait()
    frame = dataset.manifest()
    rows_N = inference.split_rows(dataset, frame, "train")
    labels_all = inference.class_indices(dataset, frame)
    counts_K = sampling.class_counts(labels_all[rows_N], dataset.classes)
    learner = make_learner(run, counts_K, device, world)
    if settings.pretrained != "none" and not resuming:  # a saved step has every weight
        finetuning.start_from_pretrained(run, learner, dataset.folder.parent)
    if world.is_first:
        _require_space(run, learner)
    progress = state.load(run, learner) if resuming else Progress()
    world.wait()
    if world.is_first:
        state.forget_after(run.folder, progress)
    photos = Photos(pixels.open_pixels(dataset, *settings.image_size, settings.resize), device)
    job = Job(
        run=run,
        dataset=dataset,
        frame=frame,
        photos=photos,
        pixels=photos,
        labels_all=labels_all,
        rows_N=rows_N,
        learner=learner,
        should_stop=should_stop,
        say=say,
    )
    if learner.frozen and settings.pretrained != "none":
        job = finetuning.on_features(job)
    job.tell(
        "resumed" if resuming else "started",
        step=progress.step,
        device=str(device),
        processes=world.size,
        photos_on_device=job.photos.resident,
        precision="bfloat16" if learner.bfloat16 else "float32",
        computed=environment.record(
            threads=torch.get_num_threads(),
            capability=torch.backends.cpu.get_cpu_capability(),
            gpu=_describe(device) if device.type == "cuda" else None,
        ),
    )
    return job, progress


def _prepare_photos(
    run: runs.Run, dataset: datasets.Dataset, world: distributed.Ranks, should_stop: Callable[[], bool]
) -> None:
    """The pixel cache of the run's size, and who may be asked to stop meanwhile."""
    # Under torchrun the process to signal is the one that started the ranks: it passes a stop on to all.
    process = processes.process_identity(world.parent if world.size > 1 else None)
    runs.tell(run, "preparing", reason="Preparing the photos.", process=process)
    width, height = run.settings.image_size
    tell = told_to_events(run, "Preparing the photos", should_stop)
    pixels.build(dataset, width, height, tell, run.settings.num_workers, how=run.settings.resize)


def _require_space(run: runs.Run, learner: steps.Learner) -> None:
    """FashionError when the disk has no room for the steps that the run will save."""
    num_steps = 4  # the last two, the best, and one in the making
    if run.settings.keep_steps == "every_epoch":
        num_steps += max(0, run.settings.epochs - len(checkpoints.saved_steps(run.folder)))
    needed = num_steps * state.num_bytes(learner)
    storage.require_space(run.folder, needed, f"the saved steps of run {run.id!r}")


def make_learner(run: runs.Run, counts_K: np.ndarray, device: torch.device, world: distributed.Ranks) -> steps.Learner:
    """The run's network with its first weights, and everything that makes it learn."""
    settings = run.settings
    torch.backends.cudnn.deterministic = True  # the same bits on the same GPU, at no cost (LOG: cudnn-deterministic)
    torch.manual_seed(settings.seed)
    model = inference.new_model(run).to(device)
    smooth = None
    if settings.ema:
        smooth = inference.new_model(run).to(device).requires_grad_(False).eval()
        smooth.load_state_dict(model.state_dict())
    learner = steps.Learner(
        settings=settings,
        model=model,
        smooth=smooth,
        loss=losses.build_loss(settings, counts_K, device),
        ranks=world,
        device=device,
        bfloat16=uses_bfloat16(settings.precision, device),
    )
    learner.learn(schedules.is_frozen(settings, 1))
    return learner


def _epoch(job: Job, progress: Progress) -> None:
    """The steps of an epoch that are not done yet; returns early when somebody asks the run to stop."""
    run, settings, learner, world = job.run, job.run.settings, job.learner, job.learner.ranks
    epoch, first = progress.step // job.steps_per_epoch + 1, progress.step % job.steps_per_epoch
    labels_N = job.labels_all[job.rows_N]
    order_N = batches.epoch_order(labels_N, settings, epoch=epoch, num_classes=len(job.dataset.classes))
    source = steps.source(learner, job.photos, job.rows_N, labels_N, order_N, epoch)
    networks.set_training(learner.model, learner.frozen)
    watch = failures.Watch(run, job.frame, learner)
    share = 1 / world.size  # sums of earlier steps are saved once, and counted once when the ranks add up
    wide = torch.float32 if learner.device.type == "mps" else torch.float64  # Apple's GPU has no doubles
    loss_since_log = torch.tensor(progress.loss_sum * share, dtype=wide, device=learner.device)
    epoch_loss = torch.tensor(progress.epoch_loss_sum * share, dtype=wide, device=learner.device)
    clock, images_at_clock, seconds_at_clock = time.perf_counter(), progress.images, progress.seconds
    saved_at = time.monotonic()
    for batch in batches.batches(order_N, settings.batch_size, first):
        num = len(batch.positions_B)
        rate = schedules.rate_at(settings, progress.step, job.steps_per_epoch, progress.plateau.drops)
        with failures.naming_memory(job, batch, epoch):
            loss, norm = steps.step(learner, source, batch, learning_rate=rate, num_steps_before=progress.step)
        loss_since_log += loss
        epoch_loss += loss * num
        progress.step += 1
        progress.loss_steps += 1
        progress.images += num
        progress.epoch_images += num
        watch.see(progress.step, loss, norm, rate, job.rows_N[batch.positions_B])
        if progress.step % settings.log_every == 0:
            mean_loss = world.total(loss_since_log).item() / progress.loss_steps
            watch.catch_up()
            passed = time.perf_counter() - clock
            progress.seconds = seconds_at_clock + passed
            _log_step(job, progress, epoch, mean_loss, rate, norm, (progress.images - images_at_clock) / passed)
            loss_since_log.zero_()
            progress.loss_steps = 0
        stop, due = world.agree(job.should_stop(), time.monotonic() - saved_at >= 60 * settings.save_minutes)
        if stop or due or progress.step % job.steps_per_epoch == 0:
            watch.catch_up()
            progress.seconds = seconds_at_clock + time.perf_counter() - clock
            progress.loss_sum = world.total(loss_since_log).item()
            progress.epoch_loss_sum = world.total(epoch_loss).item()
            watch.check_weights(progress.step)
            if stop:
                return
            if due and world.is_first and progress.step % job.steps_per_epoch:
                state.save(run, learner, progress)
            saved_at = time.monotonic()


def _log_step(
    job: Job,
    progress: Progress,
    epoch: int,
    loss: float,
    learning_rate: float,
    norm: torch.Tensor | None,
    images_per_second: float,
) -> None:
    """The row of a step that is logged; ``loss`` is the mean since the row before."""
    job.log(
        kind="step",
        epoch=epoch,
        step=progress.step,
        loss=loss,
        learning_rate=learning_rate,
        **({} if norm is None else {"gradient_norm": norm.item()}),
        images_per_second=images_per_second,
        seconds=progress.seconds,
        **_memory(job.learner),
    )
    job.say(f"epoch {epoch}/{job.run.settings.epochs} step {progress.step} loss {loss:.4f}")


def _memory(learner: steps.Learner) -> dict[str, int]:
    """Bytes that the run's processes hold now: of main memory, and of the GPUs' own what torch has taken of it."""
    device, held = learner.device, {"memory_bytes": processes.memory_bytes()}
    if device.type == "cuda":
        held["gpu_memory_bytes"] = torch.cuda.memory_reserved(device)
    elif device.type == "mps":
        held["gpu_memory_bytes"] = torch.mps.driver_allocated_memory()
    # in KiB: a float32, all that Apple's GPU adds up, tells them apart up to 16 GiB
    wide = torch.float32 if device.type == "mps" else torch.float64
    total = learner.ranks.total(torch.tensor([num / 1024 for num in held.values()], dtype=wide, device=device))
    return {name: round(num * 1024) for name, num in zip(held, total.tolist(), strict=True)}


def _close_epoch(job: Job, progress: Progress) -> None:
    """Validate an epoch whose steps are done and saved, and log it. A run that ends in here does it again."""
    epoch = progress.step // job.steps_per_epoch
    progress.train_loss = progress.epoch_loss_sum / progress.epoch_images
    val = validation.validate(job)
    row = {"train_loss": progress.train_loss, "seconds": progress.seconds, **val}
    if val:
        failures.check_validation(val["val_loss"], progress.step)
        progress.validated(val)
    job.log(kind="epoch", epoch=epoch, step=progress.step, **row)
    row.pop("val_confusion", None)  # long, and metrics.jsonl has it
    job.tell("epoch", epoch=epoch, **row)
    told = f" val accuracy {val['val_accuracy']:.4f}" if val else ""
    job.say(f"epoch {epoch}/{job.run.settings.epochs} train loss {progress.train_loss:.4f}{told}")
    progress.epoch_loss_sum, progress.epoch_images = 0.0, 0


def _choose_weights(job: Job, progress: Progress) -> int:
    """Put the weights that are scored at the end into the judged model; the step they are from."""
    best = progress.best_step
    if job.run.settings.final_weights == "last" or best is None or best == progress.step:
        return progress.step
    inference.put_weights(job.learner.judged, job.run, inference.saved_at(job.run, best))
    return best


def _stopped_at(run: runs.Run, step: int) -> str:
    total = run.settings.epochs * run.steps_per_epoch
    return f"Stopped as asked at step {step:,} of {total:,}; everything up to there is saved."


def _summary(
    run: runs.Run,
    progress: Progress,
    status: str,
    device: torch.device | None = None,
    scores: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "status": status,
        "epochs": progress.step // run.steps_per_epoch,
        "steps": progress.step,
        "seconds": round(progress.seconds, 3),
        "images_per_second": round(progress.images / progress.seconds, 2) if progress.seconds else None,
        "device": str(device) if device else None,
        "train_loss": progress.train_loss,
        "val_accuracy": progress.val_accuracy,
        "scores": scores or {},
    }


def _ended(
    run: runs.Run,
    progress: Progress,
    status: str,
    reason: str,
    device: torch.device | None = None,
    scores: dict[str, Any] | None = None,
    scored_step: int | None = None,
) -> dict[str, Any]:
    summary = _summary(run, progress, status, device, scores)
    if status == "finished":
        summary |= {"scored_step": scored_step, "best_val_accuracy": progress.best_accuracy}
        storage.write_json(run.folder / "summary.json", summary)
    runs.tell(run, status, reason=reason)
    return summary


def _describe(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
