"""What whoever asks may do: everything, or only read. Takes the environment and what an app says of its sessions.

A review copy (FASHION_READ_ONLY=1, or an environment without PyTorch) changes nothing, whoever asks. An app with
logins names its judge once, for the whole process: a function that tells why the session which is asking just now, in
this thread, may only read. It is asked at each change, so that no path around a page, no callback and no thread carries
a right that nobody has checked.
Pages hide what they cannot do, and the layer below refuses it all the same.
"""

import functools
import os
from collections.abc import Callable
from importlib.util import find_spec

from fashion_core.errors import ReadOnlyError

VARIABLE = "FASHION_READ_ONLY"

_judge: Callable[[], str | None] | None = None


def judged_by(judge: Callable[[], str | None] | None) -> None:
    """Let ``judge`` decide in this process: None, or in one clause why the session that asks may only read."""
    global _judge
    _judge = judge


def read_only() -> bool:
    """Whether whoever asks may only read."""
    return why_not() is not None


@functools.cache
def has_torch() -> bool:
    """Whether PyTorch is installed, which training takes and looking at results does not."""
    return find_spec("torch") is not None


def is_review_copy() -> bool:
    """Whether the variable is set to anything but 0, or nothing could be trained."""
    return os.environ.get(VARIABLE, "").strip() not in ("", "0") or not has_torch()


def review_copy() -> str:
    """That this is one and by what, as a clause."""
    return f"this is a review copy ({f'{VARIABLE} is set' if has_torch() else 'PyTorch is not installed'})"


def why_not() -> str | None:
    """Why whoever asks may change nothing, as a clause; None when they may."""
    if is_review_copy():
        return review_copy()
    return _judge() if _judge is not None else None


def refuse_read_only(what: str) -> None:
    """ReadOnlyError when whoever asks may only read; ``what`` completes "so ... here"."""
    if is_review_copy():
        raise ReadOnlyError(f"{review_copy()}, so {what} here; use the lab that it was copied from")
    if reason := why_not():
        raise ReadOnlyError(f"{reason}, so {what} here; log in, or ask whoever runs this lab to be listed")
