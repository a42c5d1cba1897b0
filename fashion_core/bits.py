"""Two runs bit by bit: their weights, what they logged and what they answered; equal, or how large the gap is and why.

Takes two runs; gives counts, the first difference, the largest one, and reasons computed from the records. Compares
files and trains nothing. Needs no torch. N photos, K classes.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from fashion_core import checkpoints, comparing, reproduction, sides, snapshots, storage
from fashion_core.errors import FashionError, RunError
from fashion_core.runs import Run

EQUAL, GAP, NOTHING = "bit-equal", "gap", "nothing to compare"
#: What a row of metrics.jsonl says of the clock and the memory, which no two trainings share.
NOT_REPEATED = ("seconds", "images_per_second", "memory_bytes", "gpu_memory_bytes")


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The weights that were judged. ``tensors`` of which ``equal`` have the same bits; ``largest`` difference and the
    tensor that has it. ``half``: one side kept half precision only, so both were compared in it. ``problem`` is why
    nothing could be compared; the numbers are 0 then."""

    tensors: int = 0
    equal: int = 0
    largest: float = 0.0
    where: str = ""
    half: bool = False
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Logged:
    """Rows of metrics.jsonl that both have, ``equal`` of them in everything but clock and memory; ``extra`` rows that
    one alone has. The first that differs: its step, the word, and both values."""

    rows: int = 0
    equal: int = 0
    extra: int = 0
    first_step: int | None = None
    word: str = ""
    first: float | None = None
    second: float | None = None


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """One split: ``photos`` that both were asked about, ``equal`` with the same bits in every probability, the
    ``largest`` difference, ``changed`` answers. Accuracies and their difference (second minus first, a share) with its
    95 % interval; None where the split cannot be scored. ``half``: one side's answers are of half-precision weights."""

    split: str
    photos: int
    equal: int
    largest: float
    changed: int
    accuracy_first: float | None = None
    accuracy_second: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    half: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """``word``: bit-equal, gap or nothing to compare. ``reasons``: what the records say may be behind a gap;
    ``notes``: what a reader should know besides (stops, half precision)."""

    first: str
    second: str
    word: str
    weights: Weights
    logged: Logged
    predicted: tuple[Predicted, ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """``bit-equal: weights (10 tensors), 190 logged rows, 1,200 predictions``, or the gap."""
        told = ", ".join(self._counted())
        if self.word == NOTHING:
            return "nothing to compare: neither weights nor logged rows nor predictions are in both runs"
        return f"{self.word}: {told}" if self.word == EQUAL else f"not bit-equal: {told}"

    def _counted(self) -> list[str]:
        parts, equal = [], self.word == EQUAL
        photos, same = sum(one.photos for one in self.predicted), sum(one.equal for one in self.predicted)
        for same_, all_, word in (
            (self.weights.equal, self.weights.tensors, "tensors"),
            (self.logged.equal, self.logged.rows, "logged rows"),
            (same, photos, "predictions"),
        ):
            if not all_ or (equal and word == "predictions" and same_ < all_):  # those of half-precision weights
                continue
            some = f"{all_:,} {word}" if equal else f"{same_:,} of {all_:,} {word} equal"
            half = " in half precision" if word == "tensors" and self.weights.half else ""
            parts.append(f"weights ({some}{half})" if word == "tensors" else some)
        return parts

    def lines(self) -> list[str]:
        """Everything in sentences: first the verdict, then the gap, then the reasons."""
        return [self.sentence, *self.gaps(), *(f"likely: {why}" for why in self.reasons), *self.notes]

    def gaps(self) -> list[str]:
        """How large each gap is, a line each."""
        found = []
        if self.weights.problem:
            found.append(f"weights: {self.weights.problem}")
        if self.weights.equal < self.weights.tensors:
            found.append(f"largest difference of a weight: {self.weights.largest:.3g}, in {self.weights.where}")
        if self.logged.first_step is not None:
            found.append(
                f"the first logged difference is at step {self.logged.first_step:,}: {self.logged.word} "
                f"{_number(self.logged.first)} and {_number(self.logged.second)}"
            )
        if self.logged.extra:
            found.append(f"{self.logged.extra:,} logged rows are in one of the two runs only")
        for one in self.predicted:
            if one.equal == one.photos:
                continue
            told = f"{one.split}: largest difference of a probability {one.largest:.3g}, {one.changed:,} of "
            told += f"{one.photos:,} answers changed"
            if one.difference is not None and one.low is not None and one.high is not None:
                low, value, high = (f"{100 * share:+.1f}" for share in (one.low, one.difference, one.high))
                told += f", accuracy {one.accuracy_first:.4f} and {one.accuracy_second:.4f}, {value} points "
                told += f"[{low}, {high}], n = {one.photos:,}"
            found.append(told)
        return found

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"sentence": self.sentence}


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
                f"run {run.id!r} is {run.status().state} and has no result yet, so nothing can be compared; wait for "
                "its end, or resume it"
            )
    weights, halves = _weights(first, second)
    logged = _logged(first, second)
    own = [split for split in first.prediction_splits() if "-on-" not in split and split in second.prediction_splits()]
    predicted = tuple(_predicted(first, second, split, any(halves)) for split in own)
    counted = [(weights.equal, weights.tensors), (logged.equal, logged.rows + logged.extra)]
    counted += [(one.equal, one.photos) for one in predicted if not one.half]
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
        reasons=_reasons(first, second, weights, logged, predicted) if word == GAP else (),
        notes=_notes(runs_, halves),
    )


def _read_weights(run: Run) -> tuple[dict[str, np.ndarray], str]:
    """The judged weights by name, or why they cannot be read."""
    step = snapshots.judged_step(run)
    if step is None:
        return {}, f"{run.id} has no saved weights"
    target = checkpoints.find(run.folder, step)
    if target is None:
        place = run.folder / "steps" / str(step)
        return {}, f"step {step:,} of {run.id} cannot be used: {_fault(place)}"
    return safetensors.numpy.load_file(target / "model.safetensors"), ""


def _fault(place: Path) -> str:
    return checkpoints.fault(place) or "it is not there" if place.exists() else "it is not there"


def _is_half(tensors: dict[str, np.ndarray]) -> bool:
    return any(array.dtype == np.float16 for array in tensors.values())


def _weights(first: Run, second: Run) -> tuple[Weights, tuple[bool, bool]]:
    (mine, wrong), (other, other_wrong) = _read_weights(first), _read_weights(second)
    halves = (_is_half(mine), _is_half(other))
    if wrong or other_wrong:
        return Weights(problem=wrong or other_wrong), halves
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


def _number(value: float | None) -> str:
    return "a value" if value is None else repr(value)


def _predicted(first: Run, second: Run, split: str, half: bool) -> Predicted:
    mine, other = (run.predictions(split).set_index("image_id") for run in (first, second))
    common = mine.index.intersection(other.index, sort=False)
    mine, other = mine.loc[common], other.loc[common]
    columns = [f"p_{name}" for name in first.classes]
    one_NK, two_NK = (np.ascontiguousarray(frame[columns].to_numpy(np.float32)) for frame in (mine, other))
    same_N = (one_NK.view(np.uint32) == two_NK.view(np.uint32)).all(axis=1)
    changed_N = mine["predicted"].to_numpy() != other["predicted"].to_numpy()
    numbers: dict[str, float] = {}
    if not same_N.all():
        try:
            judged = comparing.compare(sides.side_of_run(first), sides.side_of_run(second), split)
        except FashionError:  # a class without photos of this split: nothing is said about its accuracy
            judged = None
        if judged is not None:
            numbers = {
                "accuracy_first": judged.score_first.accuracy,
                "accuracy_second": judged.score_second.accuracy,
                **{name: float(getattr(judged.difference, key)) for name, key in _ENDS},
            }
    return Predicted(
        split=split,
        photos=len(common),
        equal=int(same_N.sum()),
        largest=float(np.abs(one_NK.astype(np.float64) - two_NK).max(initial=0)),
        changed=int(changed_N.sum()),
        half=half,
        **numbers,
    )


_ENDS = (("difference", "value"), ("low", "low"), ("high", "high"))


def _reasons(
    first: Run, second: Run, weights: Weights, logged: Logged, predicted: Iterable[Predicted]
) -> tuple[str, ...]:
    """What differs between the two trainings by their own records, what cannot change bits left out."""
    mine, other = first.settings.to_json(), second.settings.to_json()
    luckless = {"recipe", "log_every", "save_minutes", "keep_steps", "num_workers"}
    found = [f"{name} {mine[name]} and {other[name]}" for name in mine if mine[name] != other[name]
             and name not in luckless]  # fmt: skip
    if first.dataset["fingerprint"] != second.dataset["fingerprint"]:
        found.append(f"other photos: fingerprint {first.dataset['fingerprint']} and {second.dataset['fingerprint']}")
    then, now = reproduction.computed_of(first), reproduction.computed_of(second)
    found += [f"{what} {one} and {two}" for what, one, two in reproduction.differing(then, now) if what != "vastra-lab"]
    for run in (first, second):
        found += [f"a resume of {run.id} had {change}" for change in reproduction.resumed_with(run)]
    if not found and logged.rows and logged.equal == logged.rows and not logged.extra:
        found.append("both learnt in equal steps, so the weights or answers of one were changed or made again later")
    unsaid = [what for what in ("processor", "threads", "training code") if what not in then or what not in now]
    if not found and unsaid:
        found.append(f"unknown, for {reproduction.listed(unsaid)} of one of them were not recorded")
    return tuple(found or ["nothing in the records of the two runs explains it"])


def _notes(both: tuple[Run, Run], halves: tuple[bool, bool]) -> tuple[str, ...]:
    notes = []
    for run, half in zip(both, halves, strict=True):
        if half:
            notes.append(
                f"{run.id} keeps its weights in half precision, and its predictions were made with those: weights were "
                "compared in half precision, and predictions do not count"
            )
        if resumes := reproduction.num_resumes(run):
            notes.append(f"{run.id} was resumed {resumes} time{'s' if resumes > 1 else ''} on its way")
    return tuple(notes)
