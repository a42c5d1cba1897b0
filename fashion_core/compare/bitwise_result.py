"""What came of comparing two runs bit by bit, and how it is said: equal, or the size of the gap and what is behind it.

Counts in, sentences out. Knows no files.
"""

from dataclasses import asdict, dataclass
from typing import Any

from fashion_core.labels import agree, counted
from fashion_core.metrics.intervals import Estimate
from fashion_core.metrics.wording import in_points

EQUAL, GAP, NOTHING = "bit-equal", "gap", "nothing to compare"
_SPLITS = {"val": "validation"}


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
    ``largest`` difference, ``changed`` answers; ``extra`` photos that one side alone was asked about. Accuracies and
    their difference (second minus first, a share); None where the split cannot be scored.
    ``half``: one side's answers are of half-precision weights."""

    split: str
    photos: int
    equal: int
    largest: float
    changed: int
    accuracy_first: float | None = None
    accuracy_second: float | None = None
    difference: Estimate | None = None
    half: bool = False
    extra: int = 0

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name, value in vars(self).items():
            none = dict.fromkeys(("difference", "low", "high"))
            told |= {name: value} if name != "difference" else value.flat(name) if value else none
        return told


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
            if one.extra:
                found.append(
                    f"{_SPLITS.get(one.split, one.split)}: {counted(one.extra, 'photo')} {agree(one.extra)} answered "
                    "by one of the two runs only"
                )
            if one.equal == one.photos:
                continue
            told = f"{_SPLITS.get(one.split, one.split)}: largest difference of a probability {one.largest:.3g}, "
            told += f"{one.changed:,} of {one.photos:,} answers changed"
            if one.difference is not None:
                told += f", accuracy {one.accuracy_first:.4f} and {one.accuracy_second:.4f}, "
                told += f"{in_points(one.difference)}, n = {one.photos:,}"
            found.append(told)
        return found

    def to_json(self) -> dict[str, Any]:
        predicted = [one.to_json() for one in self.predicted]
        return asdict(self) | {"predicted": predicted, "sentence": self.sentence}


def _number(value: float | None) -> str:
    return "a value" if value is None else repr(value)
