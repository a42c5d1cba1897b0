"""Results that are kept for all sessions until a file that they rest on changes. Knows no file and no page."""

import dataclasses
import functools
import inspect
import itertools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np
import streamlit as st

P = ParamSpec("P")
T = TypeVar("T")

_VALUES = (str, int, float, np.generic, type(None))
_numbers = itertools.count()


def kept(
    by: Callable[..., object], *, max_entries: int, show_spinner: bool | str = False
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep what the function gives under what ``by`` makes of its arguments, the stamps of the files that it reads.

    Texts, numbers and tuples of them tell two calls apart by themselves. A record (a run, a dataset, a plan) does not:
    ``by`` has to tell all of it that the result rests on. Anything else is refused. All sessions share what comes
    back: never change it in place. For functions of modules: those of a page are made anew each time it is drawn.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature, number = inspect.signature(function), next(_numbers)

        def look(told: str, _compute: Callable[[], T]) -> T:
            return _compute()

        # streamlit gives each name a cache of its own; two functions of one name are told apart by their number
        look.__module__, look.__qualname__ = function.__module__, function.__qualname__
        cached = st.cache_resource(max_entries=max_entries, show_spinner=show_spinner)(look)

        @functools.wraps(function)
        def ask(*args: P.args, **kwargs: P.kwargs) -> T:
            call = signature.bind(*args, **kwargs)
            call.apply_defaults()
            values = [_own(argument, name, function) for name, argument in call.arguments.items()]
            key, computed = by(*call.args, **call.kwargs), False
            # as one text: a thousand stamps take streamlit 17 ms to hash one by one
            told = repr((number, _value(key, "the key", function), values))

            def compute() -> T:
                nonlocal computed
                computed = True
                return function(*args, **kwargs)

            result = cached(told, compute)
            if computed and by(*call.args, **call.kwargs) != key:  # a file changed meanwhile: which one was read?
                cached.clear(told, compute)
            return result

        return ask

    return decorate


def _own(argument: object, name: str, function: Callable[..., object]) -> object:
    """What of an argument tells two calls apart by itself: all of a value, nothing of a record or of several."""
    several = argument if isinstance(argument, tuple) else (argument,)
    if several and all(map(dataclasses.is_dataclass, several)):
        return None
    return _value(argument, name, function)


def _value(value: object, name: str, function: Callable[..., object]) -> object:
    """The value, whose ``repr`` says all of it."""
    if isinstance(value, _VALUES):
        return value
    if isinstance(value, tuple):
        return tuple(_value(part, name, function) for part in value)
    raise TypeError(f"{name} of {function.__qualname__} is a {type(value).__name__}, which kept() cannot tell apart")
