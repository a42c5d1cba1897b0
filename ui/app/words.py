"""How numbers are written for people. Takes numbers, returns text; knows nothing else."""

import math
import re

from fashion_core.labels import counted as counted
from fashion_core.launch import interpreter
from fashion_core.launch.estimate import roughly as roughly
from fashion_core.metrics.wording import interval as interval
from fashion_core.metrics.wording import percent as percent
from fashion_core.metrics.wording import signed as signed
from fashion_core.metrics.wording import with_interval as with_interval


def count(number: int | float) -> str:
    """7500 -> ``7,500``"""
    return f"{int(number):,}"


def duration(seconds: float) -> str:
    """41.3 -> ``41 s``; 320 -> ``5 min 20 s``; 7300 -> ``2 h 2 min``; under ten seconds with one decimal."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(round(whole / 60), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def time_left(done: int, total: int, seconds: float) -> str:
    """``about 40 s left``, from what is done so far; empty before anything is done."""
    if done <= 0 or total <= 0 or seconds <= 0:
        return ""
    if done >= total:
        return "finishing"
    return f"about {duration(max(1, round((total - done) * seconds / done)))} left"


def share_of(part: int, whole: int) -> str:
    """``12 of 4,200 (0.3 %)``"""
    return f"{count(part)} of {count(whole)} ({percent(part / whole if whole else math.nan)})"


def command(text: str) -> str:
    """A command line as it works here, as code inside streamlit's Markdown, whatever backticks it holds."""
    text = interpreter.here(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def fault(error: object) -> str:
    """An error's sentence, with its commands as they work here, safe inside streamlit's Markdown."""
    return plain(interpreter.here(str(error)))


def plain(text: object) -> str:
    """Text that came from a file or a person, safe inside streamlit's Markdown: shown as it is, never as a picture, a
    link, a formula or an icon."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", str(text))


def capital(text: str) -> str:
    """The text as a sentence begins."""
    return f"{text[:1].upper()}{text[1:]}"
