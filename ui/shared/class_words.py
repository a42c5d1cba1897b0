"""Class names as pickers write them: a name of seventy letters would be cut by the browser where all look alike."""

from collections.abc import Callable, Sequence

from fashion_core.labels import display_name, shortened

LONGEST = 32  # letters that a picker of a third of the page shows
BESIDE = 11  # letters that one of half of that shows: a third of 1280 pixels leaves no more


def of(classes: Sequence[str], **more: str) -> Callable[[str], str]:
    """What a picker over ``classes`` writes for each, and for the options that ``more`` names (any="Any class")."""
    names = dict(zip(classes, shortened([display_name(label) for label in classes], LONGEST), strict=True)) | more
    return lambda option: names.get(option, display_name(option))


def fit_beside(classes: Sequence[str]) -> bool:
    """Whether two pickers over these classes can stand beside each other in a third of the page."""
    return max(map(len, classes), default=0) <= BESIDE
