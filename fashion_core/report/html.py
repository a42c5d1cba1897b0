"""HTML and SVG as text in which whatever is not markup is escaped. Takes text and tags; knows no page.

``tag("p", "<b>")`` is ``<p>&lt;b&gt;</p>``: a string is text until somebody says ``Markup``, so that a name from a file
cannot become a tag by being forgotten.
"""

import html
import json
import re
from collections.abc import Iterable
from typing import Any

VOID = ("br", "hr", "img", "input", "link", "meta")


class Markup(str):
    """Text that is markup already."""


def tag(element: str, /, *children: Any, **attributes: Any) -> Markup:
    """An element. Children: text, markup, lists of them, or None for nothing. Attributes: ``class_`` is ``class``,
    ``data_run`` is ``data-run``; None and False are left out, True stands alone."""
    given = [(key, value) for key, value in attributes.items() if value is not None and value is not False]
    told = "".join(_attribute(key, value) for key, value in given)
    opened = f"<{element}{told}>"
    return Markup(opened if element in VOID else f"{opened}{join(*children)}</{element}>")


def join(*children: Any) -> Markup:
    """Children one after the other, as markup."""
    return Markup("".join(map(_child, children)))


def _child(child: Any) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return html.escape(child)
    return join(*child) if isinstance(child, Iterable) else html.escape(str(child))


def _attribute(key: str, value: Any) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'


def with_code(text: str) -> Markup:
    """Text whose parts in backticks are shown as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text)))


def json_text(value: Any) -> Markup:
    """JSON that can stand inside a <script>: no text in it can end the element or open another."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)
