"""What a browser gets that asks for what is not here, by a host or by a path: one page that says so.

Streamlit hands out its shell to everybody and refuses the connection behind it where the host is not in
server.allowedHosts, so that a grey skeleton stays for ever. Here whoever is refused there is refused at once, by the
same rule: nothing is served under a strange name. Below a page's own path (``/training/x``) the shell finds none of its
files and stays white.
"""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import cli_util
from streamlit.web.server import server_util
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from ui.app import navigation, staging

OWN = ("localhost", "127.0.0.1", "::1")  # the machine itself, whichever machine that is
HEALTH = "/_stcore/health"  # a load balancer asks by address, and learns nothing but "ok"
SERVED = ("_stcore", "app", "auth", "component", "media", "static")  # below these streamlit has files and answers

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Vastra Lab</title>
<style>
:root{{color-scheme:light dark}}
body{{margin:0;background:light-dark(#FCFBF8,#13151F);color:light-dark(#23252F,#E9EAF1);
font:1rem/1.6 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}}
main{{max-width:40rem;margin:0 auto;padding:12vh 1.25rem}}
h1{{font-size:1.75rem;font-weight:650;line-height:1.25;margin:0 0 1rem}}
a{{color:light-dark(#3A4A9F,#A9B6F5)}}
code{{background:light-dark(#F2F0EA,#1D2030);padding:.1em .35em;border-radius:4px;overflow-wrap:anywhere}}
strong{{overflow-wrap:anywhere}}
.owner{{color:light-dark(#5C5B64,#B4B7C5);border-top:1px solid light-dark(#DCD8CE,#343950);
margin-top:2rem;padding-top:1rem}}
</style></head><body><main>
{said}
</main></body></html>"""


class Door:
    """ASGI: passes on what came for an allowed host, and answers everything else itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # a websocket is refused by streamlit itself
        if scope["type"] != "http" or scope["path"] == HEALTH:
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        host = headers.get("host")
        reads = "text/html" in headers.get("accept", "")
        if is_host_allowed(host):
            if reads and (text := no_such_page(scope["path"], st.get_option("server.baseUrlPath"))):
                return await HTMLResponse(text, 404, {"Cache-Control": "no-store"})(scope, receive, send)
            return await self.app(scope, receive, send)
        allowed = list(st.get_option("server.allowedHosts"))
        port = (scope.get("server") or ("", None))[1]
        text = refusal(host or "", allowed, port)
        if not reads:
            response: Any = PlainTextResponse("This host is not in server.allowedHosts.", 403)
        else:
            response = HTMLResponse(text, 403, {"Cache-Control": "no-store"})
        return await response(scope, receive, send)


def refusal(host: str, allowed: list[str], port: int | None) -> str:
    """The page for somebody who asked for ``host``; ``allowed`` is what they could have asked for."""
    names = [name for name in allowed if "*" not in name]
    others = [name for name in names if name not in OWN]
    address = f"http://{(others or names or ['localhost'])[0]}" + (f":{port}" if port else "")
    link = f'<a href="{html.escape(address)}">{html.escape(address)}</a>'
    if others:
        where = f"Open it at {link} instead."
    else:
        where = f"It answers only on the machine that it runs on, there at {link}."
    name = host.rpartition(":")[0] or host
    name = name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", name) else "NAME"
    opens = "<code>python -m fashion_core open-room</code> opens it to the room"
    if not _is_address(name):
        opens += f", <code>--host {name}</code> after it under this name too"
    owner = f"{opens}; with <code>streamlit run</code> it is <code>--server.allowedHosts {name}</code>."
    said = (
        "<h1>Vastra Lab is not open under this name</h1>\n"
        f"<p>You asked for <strong>{html.escape(host or 'no host at all')}</strong>. {where}</p>\n"
        f'<p class="owner">If you run this lab: {owner}</p>'
    )
    return PAGE.format(title="Not open under this name", said=said)


def no_such_page(path: str, base: str) -> str | None:
    """The page for somebody who asked for a path below a page, of which there is none; None for any other path."""
    base = f"/{base.strip('/')}".rstrip("/")
    parts = [part for part in path.removeprefix(base).split("/") if part]
    if len(parts) < 2 or parts[0] in SERVED:
        return None
    item = next((item for item in navigation.ENTRIES if item.name == parts[0]), navigation.ENTRIES[0])
    address = f"{base}/{'' if item is navigation.ENTRIES[0] else quote(item.name)}"
    asked = html.escape("/".join(parts)[:120])
    said = (
        "<h1>There is no such page</h1>\n"
        f'<p>Vastra Lab has nothing at <strong>{asked}</strong>. Open <a href="{address}">{item.title}</a> instead.</p>'
    )
    return PAGE.format(title="No such page", said=said)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


@asynccontextmanager
async def opened(_: st.App) -> AsyncIterator[None]:
    """Open the reader's browser when the server has started, as `streamlit run` does by itself for a bare script.

    While the server runs, uploads that nobody needs any more go.
    """
    if not st.get_option("server.headless"):
        address = server_util.get_display_address(st.get_option("server.address") or "localhost")
        asyncio.get_running_loop().call_soon(cli_util.open_browser, server_util.get_url(address))
    async with staging.tidied():
        yield


MIDDLEWARE = [Middleware(Door)]
