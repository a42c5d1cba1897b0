"""Is a classifier as good as somebody needs: right for so many of 100 photos, and for so many of each kind?

Takes counts, gives an answer. To show it, every part must be shown by itself, each at 95 % (an intersection-union test,
Berger 1982, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24, 295-300: it needs no
correction, and claims what is not so in at most 5 % of cases). To deny it, one part below is enough, so the parts are
corrected by Holm: a classifier that is as good as needed is denied in at most 5 % of cases. Between the two, the photos
cannot tell. Tests and bounds are the exact binomial ones (Clopper and Pearson 1934, Biometrika 26, 404-413). K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from fashion_core.labels import and_more, counted, display_name
from fashion_core.metrics.significance import holm
from fashion_core.metrics.wording import of_100, of_tried

LEVEL = 0.05
SHOWN, SHORT, OPEN = "shown", "short", "open"
MOST_PHOTOS = 1_000_000
MOST_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Part:
    """All photos (``label`` None) or those of one kind: ``right`` of ``n``, what is needed, the one-sided 95 % bounds
    ``low`` and ``high``, and whether it is SHOWN, SHORT or OPEN."""

    label: str | None
    right: int
    n: int
    need: float
    low: float
    high: float
    answer: str

    @property
    def share(self) -> float:
        return self.right / self.n if self.n else float("nan")

    @property
    def more_photos(self) -> int | None:
        """How many photos more would show it if as many of them were right; None when it is not open, or when that
        many right would never show it."""
        if self.answer != OPEN or not self.n:
            return None
        total = photos_to_show(self.share, self.need)
        return None if total is None else max(1, total - self.n)


@dataclass(frozen=True, kw_only=True)
class Required:
    """All photos first, then each kind in the order of the classes."""

    parts: list[Part]

    @property
    def answer(self) -> str:
        """SHOWN when every part is, SHORT when one is."""
        answers = {part.answer for part in self.parts}
        return SHORT if SHORT in answers else OPEN if OPEN in answers else SHOWN

    def of(self, answer: str) -> list[Part]:
        return [part for part in self.parts if part.answer == answer]


@dataclass(frozen=True)
class Need:
    """What somebody needs: right for ``overall`` of 100 photos, and for ``each`` of 100 of each kind."""

    overall: int
    each: int

    def judge(self, matrix_KK: np.ndarray, classes: Sequence[str]) -> Required:
        """Whether a confusion matrix shows it."""
        return judge(matrix_KK, classes, overall=self.overall / 100, each=self.each / 100)


def judge(matrix_KK: np.ndarray, classes: Sequence[str], *, overall: float, each: float) -> Required:
    """``overall`` and ``each`` are shares, 0 to 1; rows of the matrix are the true classes. A kind without photos is
    OPEN, and no part of the correction."""
    matrix_KK = np.asarray(matrix_KK)
    right_P = np.concatenate([[np.trace(matrix_KK)], np.diag(matrix_KK)])
    n_P = np.concatenate([[matrix_KK.sum()], matrix_KK.sum(axis=1)])
    need_P = np.array([overall] + [each] * len(classes))
    above_P = special.bdtrc(right_P - 1, n_P, need_P)  # as many right or more, were it exactly as good as needed
    below_P = np.ones(len(n_P))
    tried_P = n_P > 0
    below_P[tried_P] = holm(special.bdtr(right_P, n_P, need_P)[tried_P])
    answer_P = np.where(tried_P & (above_P <= LEVEL), SHOWN, np.where(below_P <= LEVEL, SHORT, OPEN))
    low_P, high_P = bounds(right_P, n_P)
    return Required(
        parts=[
            Part(
                label=label,
                right=int(right_P[place]),
                n=int(n_P[place]),
                need=float(need_P[place]),
                low=float(low_P[place]),
                high=float(high_P[place]),
                answer=str(answer_P[place]),
            )
            for place, label in enumerate([None, *classes])
        ]
    )


def bounds(right: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The one-sided 95 % bounds of shares, from below and from above; 0 and 1 where nothing was tried."""
    right, n = np.asarray(right), np.asarray(n)
    low = special.betaincinv(right, n - right + 1, LEVEL)
    high = special.betaincinv(right + 1, n - right, 1 - LEVEL)
    return np.where(right == 0, 0.0, low), np.where(right == n, 1.0, high)


def photos_to_show(share: float, need: float) -> int | None:
    """Of how many photos ``share`` would have to be right for ``need`` to be shown; None when more than MOST_PHOTOS, or
    none would do."""
    if share <= need:
        return None

    def shows(n: int) -> bool:
        right = int(np.floor(share * n + 1e-9))
        return bool(special.bdtrc(right - 1, n, need) <= LEVEL)

    n = 1
    while not shows(n):
        n *= 2
        if n > MOST_PHOTOS:
            return None
    low = n // 2
    while n - low > 1:
        middle = (low + n) // 2
        low, n = (low, middle) if shows(middle) else (middle, n)
    return n


def sentence(found: Required) -> str:
    """The answer to a reader who asked for so many of 100 photos and so many of 100 of each kind."""
    overall, each = of_tried(found.parts[0].need, 100), of_100(found.parts[-1].need)
    kinds = len(found.parts) - 1
    wanted = f"right for {overall}, and for {each} of each of the {counted(kinds, 'kind')}"
    if found.answer == SHOWN:
        return f"Yes: it is {wanted}, or better."
    if found.answer == SHORT:
        return f"No: it is not {wanted}. It falls short {_where(found.of(SHORT))}."
    return f"These photos cannot tell whether it is {wanted}. It is open {_where(found.of(OPEN))}."


def _where(parts: list[Part]) -> str:
    """``for all photos together and for Saree and 2 more``"""
    kinds = sorted((part for part in parts if part.label is not None), key=lambda part: part.share if part.n else -1.0)
    named = ["for all photos together"] if len(kinds) < len(parts) else []
    if kinds:
        first = [display_name(str(part.label)) for part in kinds[:MOST_NAMED]]
        named.append(f"for {and_more(', '.join(first), len(kinds) - len(first))}")
    return " and ".join(named)


def reasons(found: Required) -> list[str]:
    """What the open parts lack, if nothing is short."""
    if found.answer != OPEN:
        return []
    parts = found.of(OPEN)
    countable = [part for part in parts if part.more_photos is not None]
    told = []
    if countable:
        most = max(countable, key=lambda part: part.more_photos or 0)
        who = "of all kinds" if most.label is None else f"of {display_name(most.label)}"
        told.append(
            f"If it stays as often right, about {_rounded(most.more_photos or 0):,} more photos {who} would "
            f"show it{', and fewer of the other open ones' if len(countable) > 1 else ''}."
        )
    if hopeless := [part for part in parts if part.n and part.more_photos is None]:
        told.append(f"More photos alone would not show it {_where(hopeless)}: there it is right too seldom so far.")
    if missing := [part for part in parts if not part.n]:
        told.append(f"No photo was tried {_where(missing)}.")
    return told


def _rounded(number: int) -> int:
    """Two digits: the rest is not known."""
    return number if number < 100 else round(number, 1 - len(str(number)) + 1)
