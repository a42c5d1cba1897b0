"""A run's star, name, tags and note; deleting it, and bringing deleted runs back."""

from collections.abc import Sequence

import streamlit as st

from fashion_core import rights
from fashion_core.launch import trash
from fashion_core.launch.status import Status
from fashion_core.runs import tags as run_tags
from fashion_core.runs.runs import Run
from fashion_core.runs.tags import Labels
from ui.app import address, faults, loaders, notices, people, words
from ui.shared.run_names import labels_of, run_words
from ui.training import after_run


def refresh_picker(key: str = "run") -> None:
    """Send the picker's value again after a run got another name: the browser keeps the old words otherwise. Before
    the picker is drawn."""
    if st.session_state.pop("_relabelled", False) and key in st.session_state:
        st.session_state[key] = st.session_state[key]


def filtered(runs: Sequence[Run]) -> list[Run]:
    """The runs that carry the chosen tags (all of them) and a star if asked; the pickers are drawn when there is
    something to choose."""
    every = sorted({tag for run in runs for tag in labels_of(run).tags}, key=str.lower)
    starred = any(labels_of(run).starred for run in runs)
    if not every and not starred:
        return list(runs)
    with st.container(horizontal=True, vertical_alignment="center"):
        tags = (
            address.several("Tags", every, key="tag", placeholder="Any tag", label_visibility="collapsed", width=320)
            if every
            else []
        )
        only = starred and st.checkbox("Starred only", key="starred", bind="query-params")
    wanted = set(tags)
    return [run for run in runs if wanted <= set(labels_of(run).tags) and (labels_of(run).starred or not only)]


def show_buttons(run: Run, status: Status) -> None:
    """Star, and a small form for the rest. For a horizontal container."""
    if rights.read_only():
        return
    labels, others = labels_of(run), people.another_of_run(run)
    if people.button(
        "",
        others,
        again="Take the star off all the same" if labels.starred else "Star it all the same",
        icon=":material/star:" if labels.starred else ":material/star_outline:",
        key="star",
        help="Take the star off this run." if labels.starred else "Star this run, to find it again.",
    ):
        with faults.shown(stop=False):
            run_tags.label(run, starred=not labels.starred)
            st.session_state["_relabelled"] = True
            st.rerun()
    # Keys that name the run: after a deletion neither stays open for the next one, under the same pointer.
    with st.popover("Edit", width="content", key=f"edit {run.id}"):
        after_run.fill_button(run, "Settings into the form", {})
        if others:
            st.markdown(others)
        _form(run, labels, bool(others))
        _delete(run, status, bool(others))


def _form(run: Run, labels: Labels, is_others: bool) -> None:
    # The key names the run and what is saved: another run, or another session's change, opens the form anew.
    with st.form(f"labels {run.id} {hash(labels)}", border=False):
        name = st.text_input("Name", labels.name, max_chars=run_tags.MAX_NAME, placeholder=run.id)
        tags = st.text_input("Tags, separated by commas", ", ".join(labels.tags))
        note = st.text_area("Note", labels.note, max_chars=run_tags.MAX_NOTE, height=90)
        if st.form_submit_button("Save it all the same" if is_others else "Save"):
            with faults.shown(stop=False):
                run_tags.label(run, name=name, tags=run_tags.tags_in(tags), note=note)
                st.session_state["_relabelled"] = True
                st.rerun()


def _delete(run: Run, status: Status, is_others: bool) -> None:
    told = "It goes to the trash below the table and can be restored from there."
    if run_tags.is_shipped(run):
        told += f" Git brings this one back too: {words.command(f'git checkout -- checkpoints/{run.id}')}"
    if st.button(
        "Delete it all the same" if is_others else "Delete this run",
        icon=":material/delete:",
        key=f"delete {run.id}",
        disabled=status.active,
        help="It is active: stop it first." if status.active else None,
    ):
        with faults.shown(stop=False):
            trash.delete(run)
            st.session_state["_deleted"] = run_words(run)
            del st.session_state["run"]
            if "run" in st.query_params:
                del st.query_params["run"]
            st.rerun()
    notices.aside(told)


def show_note(run: Run) -> None:
    """Tags and note of the run at hand, where there are any."""
    labels = labels_of(run)
    if labels.tags or labels.note:
        tags = " ".join(f":gray-badge[{words.plain(tag)}]" for tag in labels.tags)
        note = words.plain(" ".join(labels.note.split()))
        st.markdown(f"{tags} {note}".strip())


def show_trash() -> None:
    """The deleted runs, each with a button that brings it back."""
    if deleted := st.session_state.pop("_deleted", None):
        st.toast(f"Moved to the trash: {words.plain(deleted)}", icon=":material/delete:")
    found = [] if rights.read_only() else trash.trash(loaders.runs_dir())
    if not found:
        return
    with st.expander(f"Trash · {words.counted(len(found), 'run')}", icon=":material/delete:"):
        for one in found[:50]:
            with st.container(horizontal=True, vertical_alignment="center"):
                said = words.plain(run_words(one.run)) if one.run else f"{words.plain(one.place)} (damaged)"
                st.markdown(said, width="stretch")
                if people.button(
                    "Restore",
                    people.another_of_run(one.run) if one.run else "",
                    again="Restore it all the same",
                    icon=":material/restore_from_trash:",
                    key=f"restore {one.place}",
                ):
                    with faults.shown(stop=False):
                        st.query_params["run"] = trash.restore(loaders.runs_dir(), one.place)
                        st.rerun()
        if len(found) > 50:
            notices.aside(f"and {len(found) - 50:,} more, older")
        place = words.command(str(loaders.runs_dir() / trash.TRASH))
        notices.aside(f"They keep their room on the disk until you remove them yourself from {place}.")
