"""What this lab may do: everything, or, as a review copy (FASHION_READ_ONLY=1), nothing that changes something.

Takes the environment; raises. Pages hide what they cannot do, and the layer below refuses it all the same.
"""

import os

from fashion_core.errors import ReadOnlyError

VARIABLE = "FASHION_READ_ONLY"


def read_only() -> bool:
    """Whether this is a review copy: the variable is set to anything but 0."""
    return os.environ.get(VARIABLE, "").strip() not in ("", "0")


def refuse_read_only(what: str) -> None:
    """ReadOnlyError when this is a review copy; ``what`` completes "so ... here"."""
    if read_only():
        raise ReadOnlyError(
            f"this is a review copy ({VARIABLE} is set), so {what} here; use the lab that it was copied from"
        )
