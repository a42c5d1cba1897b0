"""Names that would do harm where somebody trusts them."""

import re
from collections.abc import Iterator

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

PAYLOADS = (
    "![c](http://evil.example/c.png)",
    "[x](javascript:alert(1))",
    "<script>alert(1)</script>",
    "``x` ![d](http://evil.example/d.png)",
    ":material/home:",
    "$x$",
    ":red[x]",
)


#: Elements that show their text as it is, or escape it themselves (tests/ui/charts/test_charts.py holds the HTML of the
#: galleries).
NOT_MARKDOWN = ("arrow_data_frame", "bidi_component", "code", "html", "text", "imgs", "json")


MARKDOWN_FIELDS = ("body", "label", "help", "delta", "content")


def markdown_of(message, kind: str) -> Iterator[str]:
    """Every string inside a protobuf message that the browser renders as Markdown."""
    for field, value in message.ListFields():
        several = value if field.is_repeated else [value]
        if field.message_type and not field.message_type.GetOptions().map_entry:
            for one in several:
                yield from markdown_of(one, kind)
        elif field.cpp_type == field.CPPTYPE_STRING and (
            field.name in MARKDOWN_FIELDS or (kind, field.name) in (("metric", "value"), ("progress", "text"))
        ):
            yield from (one for one in several if isinstance(one, str))


def rendered(app: AppTest) -> list[str]:
    """The Markdown of a page, without its code spans: what is inside those is code and nothing else."""
    found = []
    for node in app._tree:
        kind = getattr(node, "type", "")
        if getattr(node, "proto", None) is None or kind in NOT_MARKDOWN:
            continue
        found += markdown_of(node.proto, kind) if not isinstance(node, Block) else markdown_of(node.proto, "block")
    return [re.sub(r"(?<![\\`])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text, flags=re.DOTALL) for text in found]


def hostile(app: AppTest) -> list[str]:
    """Each piece of Markdown that holds a payload unescaped."""
    return [text for text in rendered(app) if any(payload in text for payload in PAYLOADS)]
