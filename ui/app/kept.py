"""Results that are kept for all sessions until a file that they rest on changes. Knows no file and no page."""

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import streamlit as st

P = ParamSpec("P")
T = TypeVar("T")

#: Arguments that tell two calls apart by themselves; a run, a dataset and whatever else is told by its files.
_TOLD_BY_VALUE = (str, int, float, tuple, type(None))


def kept(
    by: Callable[..., object], *, max_entries: int, show_spinner: bool | str = False
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep what the function gives under what ``by`` makes of its arguments (the stamps of the files that it reads) and
    under those arguments that are texts, numbers or tuples. All sessions share it: never change it in place."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        code = hash(inspect.getsource(function))  # edited while the server runs, it is another function

        def look(code: int, key: object, told: tuple[object, ...], _ask: Callable[[], T]) -> T:
            return _ask()

        # streamlit tells caches apart by these
        look.__module__, look.__qualname__ = function.__module__, function.__qualname__
        cached = st.cache_resource(look, max_entries=max_entries, show_spinner=show_spinner)

        @functools.wraps(function)
        def ask(*given: P.args, **named: P.kwargs) -> T:
            told = tuple(one for one in (*given, *named.values()) if isinstance(one, _TOLD_BY_VALUE))
            return cached(code, by(*given, **named), told, lambda: function(*given, **named))

        return ask

    return decorate
