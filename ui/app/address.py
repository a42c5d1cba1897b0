"""Pickers whose choice lives in the address under ``key``, as the option itself (an id, a class name).

``bind="query-params"`` writes the label that the reader sees ("report on clothing · 23 Nov"), which no other page can
link to and which changes with the wording. Here the address wins, then what the widget holds, then what was chosen
before in this session (on this page; a run, a dataset and a split on any page), then the default; a value that is not
on offer is named below the page's title. ``subject.NAMED`` stand in the address even while nobody has chosen.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.app import navigation, subject
from ui.app.words import command, plain

#: "Any of them" among class names: a folder cannot be called this, so neither can a class.
ANY = "any/"
Default = str | Callable[[], str | None] | None


Options = Sequence[str] | Mapping[str, str]


def select(label: str, options: Options, *, key: str, **more: Any) -> str:
    """A drop-down over ``options``, written by ``words``, or as a mapping has it. ``more`` is what ``_pick`` takes and
    what streamlit's widget does."""
    return _pick(st.selectbox, label, options, key=key, **more)


def segments(label: str, options: Options, *, key: str, label_visibility: str = "collapsed", **more: Any) -> str:
    """The same as a row of buttons, for two to five options; its label is for screen readers unless it is "visible"."""

    def buttons(label: str, options: list[str], *, format_func: Callable[[str], str], **more: Any) -> None:
        st.segmented_control(label, options, format_func=lambda name: plain(format_func(name)), required=True, **more)

    return _pick(buttons, label, options, key=key, label_visibility=label_visibility, **more)


def _pick(
    widget: Callable[..., object],
    label: str,
    options: Options,
    *,
    key: str,
    default: Default = None,
    words: Callable[[str], str] | None = None,
    quiet: bool = False,
    **more: Any,
) -> str:
    """Opens on ``default`` (else the first), which may be a function that is asked only where nothing is chosen.
    ``quiet`` where the caller itself names a value of the address that is not on offer."""
    words = words or (options.__getitem__ if isinstance(options, Mapping) else str)
    names = list(options)
    unknown = _before(key, names, default)
    widget(label, names, format_func=_apart(names, words), key=key, **more)
    value = _after(key, names, default)
    if unknown is not None and not quiet:
        navigation.say(f"{label}: {_asked_words(unknown)} is not here; showing {plain(words(value))}.")
    return value


def tabs(names: list[str], *, moved: str) -> list[str]:
    """``names``, after a sentence where the address asks for another tab: streamlit opens the first without a word.
    ``moved`` was a tab of this page once, and the browser's back button may name it."""
    asked = st.query_params.get("tab")
    if asked not in (None, moved, *names):
        navigation.say(f"Tab: {_asked_words(asked)} is not here; showing {names[0]}.")
    return names


def choose(**values: str) -> None:
    """Choose for the reader, in one step of the browser's history. For callbacks, before the pickers are drawn."""
    state = st.session_state
    for key, value in values.items():
        state[key] = value
        state.setdefault("_address", {})[subject.scope(key)] = value
    st.query_params.update(values)


def forget(key: str) -> None:
    """Let a picker open on its default again: what was chosen was chosen of something else."""
    st.session_state.pop(key, None)
    for kept in ("_chosen", "_address"):
        st.session_state.get(kept, {}).pop(subject.scope(key), None)
    if key in st.query_params:
        del st.query_params[key]


def seen(key: str) -> str | None:
    """What this session last read from or wrote to the address for a picker."""
    return st.session_state.get("_address", {}).get(subject.scope(key))


def is_history() -> bool:
    """Whether the browser's back or forward button asked for this run: the address is what is wanted."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and context.is_history_navigation


def rewrite(values: Mapping[str, str | None]) -> None:
    """Have the address say what widgets bound to it are about to hold, None for their default, in one step of the
    browser's history; streamlit by itself makes one of every widget that the page, not the reader, changes."""
    if prepare(values):
        st.query_params.update({})  # says it


def prepare(values: Mapping[str, str | None]) -> bool:
    """The same, said together with the next thing that is; whether it changes anything."""
    wanted = {key: value for key, value in values.items() if st.query_params.get(key) != value}
    context = get_script_run_ctx(suppress_warning=True)
    if not wanted or context is None:
        return False
    with context.session_state.query_params() as parameters:  # st.query_params refuses what a widget is bound to
        for key, value in wanted.items():
            if value is None:
                parameters.discard_param_no_forward_msg(key)
            else:
                parameters.set_with_no_forward_msg(key, value)
    return True


def several(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    words: Callable[[str], str] = str,
    **more: Any,
) -> list[str]:
    """A picker of any number of ``options``, each once in the address under ``key``, in the order of ``options``; none
    means all of them."""
    state = st.session_state
    asked = st.query_params.get_all(key)
    unknown = [value for value in asked if value not in options] if tuple(asked) != _seen_several(key) else []
    state[key] = several_chosen(key, options)
    st.multiselect(label, list(options), format_func=_apart(options, words), key=key, **more)
    value = _known(state[key], options)  # the browser's word is not enough
    _write_several(key, value)
    state.setdefault("_chosen", {})[subject.scope(key)] = value
    state.setdefault("_address", {})[subject.scope(key)] = tuple(value)
    if unknown:
        listed = ", ".join(map(_asked_words, unknown[:3]))
        navigation.say(f"{label}: {listed} {'is' if len(unknown) == 1 else 'are'} not here and left out.")
    return value


def several_chosen(key: str, options: Sequence[str]) -> list[str]:
    """What ``several`` will hold: the address wins, then the widget, then what was chosen before in this session."""
    state = st.session_state
    wanted = tuple(st.query_params.get_all(key))
    if wanted != _seen_several(key):  # a link, a typed address or the browser's back button
        return _known(wanted, options)
    return _known(state.get(key, subject.remembered(key) or []), options)


def _seen_several(key: str) -> tuple[str, ...]:
    """What this session last read from or wrote to the address."""
    return st.session_state.get("_address", {}).get(subject.scope(key), ())


def choose_several(**values: Sequence[str]) -> None:
    """Choose in ``several`` for the reader, nothing meaning all. For callbacks, before the pickers are drawn."""
    for key, value in values.items():
        st.session_state[key] = list(value)
        st.session_state.setdefault("_address", {})[subject.scope(key)] = tuple(value)
        _write_several(key, value)


def _write_several(key: str, values: Sequence[str]) -> None:
    if list(values) == st.query_params.get_all(key):
        return
    if values:
        st.query_params[key] = list(values)
    elif key in st.query_params:
        del st.query_params[key]


def _known(values: Sequence[str], options: Sequence[str]) -> list[str]:
    return [option for option in options if option in values]


def _asked_words(value: str) -> str:
    """What somebody typed into the address, as code."""
    return command(value[:120]) if value.strip() else "an empty value"


def _apart(options: Sequence[str], words: Callable[[str], str]) -> Callable[[str], str]:
    """``words``, and the option itself beside it where two options are written alike: streamlit knows the chosen one
    by what the reader sees."""
    written = Counter(words(option) for option in options)
    return lambda option: words(option) if written[words(option)] < 2 else f"{words(option)} ({option})"


def _before(key: str, options: Sequence[str], default: Default) -> str | None:
    """Give the widget its value before it is drawn. Returns what a link or a typed address asks for in vain."""
    state = st.session_state
    # what this session last read from or wrote to the address
    seen = state.setdefault("_address", {}).get(subject.scope(key))
    kept = subject.remembered(key)
    wanted = st.query_params.get(key)
    if not subject.is_own(key):  # a widget of another page had this name
        state.pop(key, None)
    if wanted != seen and wanted in options:  # a link, a typed address or the browser's back button
        state[key] = wanted
    elif wanted is None and seen is not None and key in state and key not in subject.NAMED:  # back to before a choice
        state[key] = _fallback(options, default)
    elif state.get(key) not in options:  # first time on this page, or the options have changed
        state[key] = kept if kept in options else _fallback(options, default)
    else:  # said again: a browser that has dropped the widget, on a page that ended early, shows none of its options
        state[key] = state[key]
    return wanted if wanted != seen and wanted not in options else None


def _after(key: str, options: Sequence[str], default: Default) -> str:
    """Write a choice into the address, and nothing while it is the default (but for what is always named): every write
    is a step of the browser's history, and a page that writes by itself could not be left with the back button."""
    state = st.session_state
    value = state[key] if state[key] in options else _fallback(options, default)  # the browser's word is not enough
    if key in subject.NAMED:
        subject.show(**{key: value})
        return value
    wanted = st.query_params.get(key)
    if wanted != value and value != _fallback(options, default):
        st.query_params[key] = value
    elif wanted is not None and wanted != value:
        del st.query_params[key]
    state.setdefault("_chosen", {})[subject.scope(key)] = value
    state["_address"][subject.scope(key)] = st.query_params.get(key)
    return value


def _fallback(options: Sequence[str], default: Default) -> str:
    usual = default() if callable(default) else default
    return usual if usual in options else options[0]
