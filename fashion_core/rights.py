"""What whoever asks may do: everything, or only read. Takes the environment and what an app says of its sessions.

A review copy (FASHION_READ_ONLY=1) changes nothing, whoever asks. An app with logins names its judge once, for the
whole process: a function that tells why the session which is asking just now, in this thread, may only read. It is
asked at each change, so that no path around a page, no callback and no thread carries a right that nobody has checked.
Pages hide what they cannot do, and the layer below refuses it all the same.
"""

import os
from collections.abc import Callable

from fashion_core.errors import ReadOnlyError

VARIABLE = "FASHION_READ_ONLY"
REVIEW_COPY = f"this is a review copy ({VARIABLE} is set)"

_judge: Callable[[], str | None] | None = None


def judged_by(judge: Callable[[], str | None] | None) -> None:
    """Let ``judge`` decide in this process: None, or in one clause why the session that asks may only read."""
    global _judge
    _judge = judge


def read_only() -> bool:
    """Whether whoever asks may only read."""
    return why_not() is not None


def is_review_copy() -> bool:
    """Whether the variable is set to anything but 0."""
    return os.environ.get(VARIABLE, "").strip() not in ("", "0")


def why_not() -> str | None:
    """Why whoever asks may change nothing, as a clause; None when they may."""
    if is_review_copy():
        return REVIEW_COPY
    return _judge() if _judge is not None else None


def refuse_read_only(what: str) -> None:
    """ReadOnlyError when whoever asks may only read; ``what`` completes "so ... here"."""
    if is_review_copy():
        raise ReadOnlyError(f"{REVIEW_COPY}, so {what} here; use the lab that it was copied from")
    if reason := why_not():
        raise ReadOnlyError(f"{reason}, so {what} here; log in, or ask whoever runs this lab to be listed")
