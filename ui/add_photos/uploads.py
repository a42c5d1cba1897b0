"""A place to drop photos on: a folder, an archive, or a table with its photos, which go to the server's disk.

The browser's half is ``uploads.js``, which sends to ``ui.app.upload_route``. Gives what has come, whole, and is told
when it is not needed any more. Knows no layout.
"""

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from fashion_core import rights, storage
from fashion_core.data.sources.archive_entries import MAX_ENTRIES, MAX_TOTAL_BYTES
from ui.app import loaders, staging, upload_route
from ui.app.staging import Staged

_zone = st.components.v2.component(
    "vastra_uploads", js=(Path(__file__).parent / "uploads.js").read_text(encoding="utf-8"), isolate_styles=False
)
LIMIT = f"Up to {MAX_ENTRIES:,} files and {storage.size_text(MAX_TOTAL_BYTES)} together."


def drop_zone(key: str) -> Staged | None:
    """Show the place; what was dropped there, once, when all of it has come. Whoever gets it sees to its end: an import
    or a look that names it as ``upload``, or ``leave``. ReadOnlyError where nothing may be changed."""
    rights.refuse_read_only("nothing can be uploaded")
    name = f"_{key}_token"
    if name not in st.session_state or staging.of(st.session_state[name]) is None:
        st.session_state[name] = staging.open_for(_session(), loaders.data_dir())
    token = st.session_state[name]
    if staged := staging.take(token):
        del st.session_state[name]
        return staged
    _zone(
        key=key,
        data={"url": upload_route.address(token), "limit": LIMIT},
        height="content",
        on_arrived_change=lambda: None,
    )
    return None


def record(staged: Staged) -> dict[str, Any]:
    """What a job is given as ``upload``: by it the upload is kept while the job works, and called by its name."""
    return {"kept": str(staged.source), "name": staged.name}


def hold(upload: dict[str, Any] | None) -> None:
    """This session shows what was uploaded: it stays as long as the tab is open."""
    if upload:
        staging.hold(upload["kept"], _session())


def leave(upload: dict[str, Any] | None) -> None:
    """No page needs it any more: it goes at once, or with the job that works on it."""
    if upload and (folder := staging.uploads.folder_of(Path(upload["kept"]), loaders.data_dir())):
        staging.leave(folder)


def _session() -> str:
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""
