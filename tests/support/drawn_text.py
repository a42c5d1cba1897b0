"""Every word that a page draws, as (where, text): what is written, labels and help of widgets, their options, tables
with their headings and cells, and of a chart its titles, axes, legend, notes, hover texts and alternative text.

A page's parts come as protocol buffers, whose texts are taken whole but for what is no text for people. Whatever a
later page draws with is read too, unless it comes as a picture.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

#: Fields of elements that nobody reads: names of files, identities, sizes, styles, addresses, the code of a component.
_UNREAD = re.compile(
    r"(^|_)(id|ids|key|url|href|src|hash|css|js|css_path|html_path|js_path|icon|type|color|format|element_id|form_id|"
    r"language|mime|path|component_name|spec|config|query_params|query_param_key|query_string|anchor|name|page|page_script_hash|"
    r"keyboard|shortcut|accept|align)$"
)
#: Keys of a figure's JSON whose values stand on the chart; of a template and of colours none does.
_OF_CHART = ("text", "name", "hovertemplate", "hovertext", "ticktext", "title", "label", "ticksuffix", "tickprefix")


def drawn_text(app: AppTest) -> Iterator[tuple[str, str]]:
    """(where, text) for everything on the page and in the sidebar but the list of pages."""
    yield from _walk(app._tree)


def _walk(node: Any) -> Iterator[tuple[str, str]]:
    kind = getattr(node, "type", "")
    if not isinstance(node, Block) or kind != "root":
        yield from _of_element(kind, node)
    if isinstance(node, Block):
        for child in node.children.values():
            yield from _walk(child)


def _of_element(kind: str, node: Any) -> Iterator[tuple[str, str]]:
    proto = getattr(node, "proto", None)
    if proto is None or not hasattr(proto, "ListFields"):
        return
    if kind == "bidi_component":
        yield from _of_component(proto)
    elif kind in ("html", "iframe"):
        yield from _of_html(kind, proto.body)
    elif kind == "dataframe":
        yield from _of_table(node, proto)
    else:
        yield from ((kind, text) for text in _texts(proto))


def _texts(proto: Any) -> Iterator[str]:
    for field, value in proto.ListFields():
        if _UNREAD.search(field.name):
            continue
        for item in value if field.is_repeated else (value,):
            if isinstance(item, str):
                yield _without_codes(item)
            elif hasattr(item, "ListFields"):
                yield from _texts(item)


def _without_codes(text: str) -> str:
    return re.sub(r":material/\w+:", "", text).replace("\\", "")


def _of_html(kind: str, body: str) -> Iterator[tuple[str, str]]:
    yield from (("alt", said) for said in re.findall(r'(?:alt|title|aria-label)="([^"]*)"', body))
    yield kind, re.sub(r"<[^>]+>", " ", re.sub(r"<(style|script)[^>]*>.*?</\1>", " ", body, flags=re.DOTALL))


def _of_table(node: Any, proto: Any) -> Iterator[tuple[str, str]]:
    columns = json.loads(proto.columns) if proto.columns else {}
    yield "table's description", getattr(proto, "alt", "")
    for name in list(proto.column_order) or node.value.columns:
        asked = columns.get(str(name), {})
        if asked.get("hidden"):
            continue
        yield "heading", asked.get("label") or str(name)
        yield "heading's help", asked.get("help") or ""
        if node.value[name].dtype == object or str(node.value[name].dtype).startswith(("str", "cat")):
            yield from (("cell", str(text)) for text in node.value[name].dropna().unique())


def _of_component(proto: Any) -> Iterator[tuple[str, str]]:
    data = json.loads(proto.json or "{}") if proto.WhichOneof("data") == "json" else {}
    for key, value in data.items():
        if key == "figure":
            yield from _of_figure(json.loads(value))
        elif key == "alt":
            yield "chart's description", value
        elif key == "html":
            yield from _of_html("html", value)
        elif key not in ("library", "colours", "name", "named", "carried", "hovering"):
            yield from (("component", text) for text in _strings(value))


def _of_figure(figure: dict[str, Any]) -> Iterator[tuple[str, str]]:
    figure.get("layout", {}).pop("template", None)
    for trace in figure.get("data", []):
        if trace.get("hoverinfo") == "skip":
            trace.pop("hovertemplate", None)
        # what stands in a hover text through customdata
        if "customdata" in str(trace.get("hovertemplate")):
            yield from (("hover", text) for text in _strings(trace.get("customdata")))
        if trace.get("showlegend") is False and "fullData" not in str(trace.get("hovertemplate")):
            trace.pop("name", None)
    yield from _of_chart(figure)


def _of_chart(value: Any, where: str = "chart") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _OF_CHART:
                yield from ((f"chart's {key}", re.sub(r"<[^>]*>", " ", text)) for text in _strings(item))
            elif key in ("x", "y") and where == "trace":
                yield from (("chart's axis", text) for text in _strings(item))
            elif key != "customdata":
                yield from _of_chart(item, "trace" if key == "data" else where)
    elif isinstance(value, list):
        for item in value:
            yield from _of_chart(item, where)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in ("bdata", "dtype", "font", "side", "xref", "yref", "xanchor", "yanchor"):
                yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
