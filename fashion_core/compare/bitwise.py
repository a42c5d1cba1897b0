"""Two runs bit by bit: their weights, what they logged and what they answered; equal, or how large the gap is and why.

Takes two runs; gives counts, the first difference, the largest one, and reasons computed from the records. Compares
files and trains nothing. Needs no torch. N photos, K classes.
"""

from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from fashion_core import storage
from fashion_core.compare import comparison, reproduce, sides
from fashion_core.compare.bitwise_result import EQUAL as EQUAL
from fashion_core.compare.bitwise_result import GAP as GAP
from fashion_core.compare.bitwise_result import NOTHING, Logged, Outcome, Predicted, Weights
from fashion_core.errors import FashionError, RunError
from fashion_core.labels import listed
from fashion_core.launch.status import status_of
from fashion_core.runs import checkpoints, snapshots
from fashion_core.runs.runs import Run
from fashion_core.settings.config import FIELDS

#: What a row of metrics.jsonl says of the clock and the memory, which no two trainings share.
NOT_REPEATED = ("seconds", "images_per_second", "memory_bytes", "gpu_memory_bytes")


def compare(first: Run, second: Run) -> Outcome:
    """Compare a run with one that was trained again, or with any other of the same classes in the same order.

    RunError for other classes, for one run twice and for one that has not finished.
    """
    if first.folder.resolve() == second.folder.resolve():
        raise RunError(f"run {first.id!r} stands on both sides; give another one with --against")
    runs_ = (first, second)
    if first.classes != second.classes:
        raise RunError(sides.other_classes(first.classes, second.classes, first.id))
    for run in runs_:
        if run.summary() is None:
            raise RunError(
                f"run {run.id!r} is {status_of(run).state} and has no result yet, so nothing can be compared; wait for "
                "its end, or resume it"
            )
    weights, halves = _weights(first, second)
    logged = _logged(first, second)
    own = [split for split in first.prediction_splits() if "-on-" not in split and split in second.prediction_splits()]
    predicted = tuple(_predicted(first, second, split, any(halves)) for split in own)
    counted = [(weights.equal, weights.tensors), (logged.equal, logged.rows + logged.extra)]
    counted += [(one.equal, one.photos + one.extra) for one in predicted if not one.half]
    same = all(equal == every for equal, every in counted) and not weights.problem
    found = any(every for _, every in counted)
    word = NOTHING if not found else EQUAL if same else GAP
    return Outcome(
        first=first.id,
        second=second.id,
        word=word,
        weights=weights,
        logged=logged,
        predicted=predicted,
        reasons=_reasons(first, second, logged) if word == GAP else (),
        notes=_notes(runs_, halves),
    )


def _read_weights(run: Run) -> tuple[dict[str, np.ndarray], str]:
    """The judged weights by name, or why they cannot be read."""
    step = snapshots.judged_step(run)
    if step not in checkpoints.saved_steps(run.folder):  # which is a note, not a gap
        return {}, ""
    assert step is not None
    target = checkpoints.find(run.folder, step)
    if target is None:
        why = checkpoints.fault(run.folder / "steps" / str(step))
        return {}, f"step {step:,} of {run.id} cannot be used: {why}"
    return safetensors.numpy.load_file(target / "model.safetensors"), ""


def _is_half(tensors: dict[str, np.ndarray]) -> bool:
    return any(array.dtype == np.float16 for array in tensors.values())


def _weights(first: Run, second: Run) -> tuple[Weights, tuple[bool, bool]]:
    (mine, wrong), (other, other_wrong) = _read_weights(first), _read_weights(second)
    halves = (_is_half(mine), _is_half(other))
    if wrong or other_wrong:
        return Weights(problem=wrong or other_wrong), halves
    if not mine or not other:
        return Weights(), halves
    if [(name, array.shape) for name, array in sorted(mine.items())] != [
        (name, array.shape) for name, array in sorted(other.items())
    ]:
        return Weights(problem="the two networks have tensors of other names or shapes"), halves
    equal, largest, where = 0, 0.0, ""
    for name in sorted(mine):
        one, two = mine[name], other[name]
        if any(halves) and one.dtype.kind == two.dtype.kind == "f":
            one, two = one.astype(np.float16), two.astype(np.float16)
        if one.dtype == two.dtype and one.tobytes() == two.tobytes():
            equal += 1
            continue
        apart = float(np.abs(one.astype(np.float64) - two.astype(np.float64)).max(initial=0))
        if apart >= largest:
            largest, where = apart, name
    return Weights(tensors=len(mine), equal=equal, largest=largest, where=where, half=any(halves)), halves


def _logged(first: Run, second: Run) -> Logged:
    """Rows joined by kind, epoch and step; only words that both rows have count: older runs logged fewer."""
    mine, other = (_rows(run.folder / "metrics.jsonl") for run in (first, second))
    common = sorted(mine.keys() & other.keys(), key=lambda key: (key[2], key[0] == "epoch"))
    equal, told = 0, None
    for key in common:
        words = [word for word in mine[key] if word in other[key] and word not in NOT_REPEATED]
        apart = [word for word in words if mine[key][word] != other[key][word]]
        if not apart:
            equal += 1
        elif told is None:
            told = (key[2], apart[0], mine[key][apart[0]], other[key][apart[0]])
    step, word, one, two = told or (None, "", None, None)
    return Logged(
        rows=len(common),
        equal=equal,
        extra=len(mine.keys() ^ other.keys()),
        first_step=step,
        word=word,
        first=_plain(one),
        second=_plain(two),
    )


def _rows(path: Path) -> dict[tuple[str, int, int], dict[str, Any]]:
    found = storage.read_lines(path) if path.exists() else []
    return {(str(row["kind"]), int(row["epoch"]), int(row["step"])): row for row in found if "kind" in row}


def _plain(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _predicted(first: Run, second: Run, split: str, half: bool) -> Predicted:
    mine, other = (run.predictions(split).set_index("image_id") for run in (first, second))
    common = mine.index.intersection(other.index, sort=False)
    extra = len(mine.index.union(other.index, sort=False)) - len(common)
    mine, other = mine.loc[common], other.loc[common]
    columns = [f"p_{name}" for name in first.classes]
    one_NK, two_NK = (np.ascontiguousarray(frame[columns].to_numpy(np.float32)) for frame in (mine, other))
    same_N = (one_NK.view(np.uint32) == two_NK.view(np.uint32)).all(axis=1)
    changed_N = mine["predicted"].to_numpy() != other["predicted"].to_numpy()
    numbers: dict[str, Any] = {}
    if not same_N.all():
        try:
            judged = comparison.compare(sides.side_of_run(first), sides.side_of_run(second), split)
        except FashionError:  # a class without photos of this split: nothing is said about its accuracy
            judged = None
        if judged is not None:
            numbers = {
                "accuracy_first": judged.score_first.accuracy.value,
                "accuracy_second": judged.score_second.accuracy.value,
                "difference": judged.difference,
            }
    return Predicted(
        split=split,
        photos=len(common),
        equal=int(same_N.sum()),
        largest=float(np.abs(one_NK.astype(np.float64) - two_NK).max(initial=0)),
        changed=int(changed_N.sum()),
        half=half,
        extra=extra,
        **numbers,
    )


def _reasons(first: Run, second: Run, logged: Logged) -> tuple[str, ...]:
    """What differs between the two trainings by their own records, what cannot change bits left out."""
    mine, other = first.settings.to_json(), second.settings.to_json()
    matters = [field.name for field in FIELDS if field.changes != "record"]
    found = [f"{name} {mine[name]} and {other[name]}" for name in matters if mine[name] != other[name]]
    if first.dataset.fingerprint != second.dataset.fingerprint:
        found.append(f"other photos: fingerprint {first.dataset.fingerprint} and {second.dataset.fingerprint}")
    then, now = reproduce.computed_of(first), reproduce.computed_of(second)
    found += [f"{what} {one} and {two}" for what, one, two in sides.differing(then, now) if what != "vastra-lab"]
    for run in (first, second):
        found += [f"a resume of {run.id} had {change}" for change in reproduce.resumed_with(run)]
    if not found and logged.rows and logged.equal == logged.rows and not logged.extra:
        found.append("both learnt in equal steps, so the weights or answers of one were changed or made again later")
    unsaid = [what for what in ("processor", "threads", "training code") if what not in then or what not in now]
    if reproduce.EARLIER in then and reproduce.EARLIER in now:
        unsaid.remove("training code")
    if not found and unsaid:
        found.append(f"unknown, for {listed(unsaid)} of one of them were not recorded")
    return tuple(found or ["nothing in the records of the two runs explains it"])


def _notes(both: tuple[Run, Run], halves: tuple[bool, bool]) -> tuple[str, ...]:
    notes = []
    for run, half in zip(both, halves, strict=True):
        if half:
            notes.append(
                f"{run.id} keeps its weights in half precision, and its predictions were made with those: weights were "
                "compared in half precision, and predictions do not count"
            )
        if snapshots.judged_step(run) not in checkpoints.saved_steps(run.folder):
            notes.append(f"{run.id} has no saved weights, so weights were not compared")
        if resumes := reproduce.num_resumes(run):
            notes.append(f"{run.id} was resumed {resumes} time{'s' if resumes > 1 else ''} on its way")
    answered = [{split for split in run.prediction_splits() if "-on-" not in split} for run in both]
    for run, alone in zip(both, (answered[0] - answered[1], answered[1] - answered[0]), strict=True):
        if alone:
            notes.append(f"{run.id} alone has predictions of {listed(sorted(alone))}, which were not compared")
    return tuple(notes)
