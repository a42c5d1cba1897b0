"""What the first look at some photos found: what they were taken for, some of them, their classes, what is left out and
why; from here they are imported, looked at in another way, or left alone.

Everything is read from the look's folder, so that a reload and another tab show the same.
"""

import re
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from fashion_core import jobs, processes, storage
from fashion_core.data import datasets, first_look
from fashion_core.data.sources import class_map, readers
from fashion_core.data.sources.reader import MAP, Choices, Option, flag_of
from fashion_core.errors import SourceError
from fashion_core.jobs import Job
from ui.add_photos import arrival, classes_editor, import_form, uploads
from ui.app import faults, loaders, navigation, notices, words
from ui.shared import following, gallery, table
from ui.shared.gallery import Caption

STOP_SECONDS = 5.0
_PLACE = "COLUMN|FOLDER|NAME|FILE|N"  # what stands for a value in a sentence
_LAST = "_look"  # the token of this session's look, for whoever comes back by the sidebar


def show() -> bool:
    """Show the look that the address names, or this session's last one; False where there is none."""
    token = st.query_params.get(arrival.LOOK) or st.session_state.get(_LAST, "")
    folder = first_look.folder_of(loaders.data_dir(), token)
    job = jobs.look(folder) if folder else None
    if folder is None or job is None:
        if arrival.LOOK in st.query_params:
            navigation.say(
                "The photos of this address are shown no longer: they were imported or left. Give them again."
            )
        _leave()
        return False
    st.session_state[_LAST] = st.query_params[arrival.LOOK] = token
    uploads.hold(job.given.get("upload"))
    if job.active:
        following.follow_job(folder, partial(following.counted, starting="Opening the source"))
        _offer_other("Stop looking", job)
        return True
    found = first_look.read(folder) if job.state == jobs.DONE else None
    if found is None:
        said = arrival.as_uploaded(job.error, job.given.get("upload")) or "The look stopped before it was done."
        _refused(said, job, [])
    elif error := found.get("error"):
        _refused(arrival.as_uploaded(error, job.given.get("upload")), job, found["columns"])
    else:
        _found(folder, token, found, job)
    return True


def _refused(said: str, job: Job, columns: list[str]) -> None:
    st.error(words.fault(in_words_of_the_form(said)), icon=":material/error:")
    _choices_form(job, columns, expanded=bool(columns))
    _offer_other("Give other photos", job)


def _found(folder: Path, token: str, found: dict[str, Any], job: Job) -> None:
    """The answer, some photos, the button; below it what can be changed and what is left out."""
    st.markdown(headline(found, arrival.as_uploaded(job.given["source"], job.given.get("upload"))))
    notices.few(in_words_of_the_form(said) for said in found["warnings"])
    _show_pictures(found["pictures"])
    button = st.container(border=True)
    classes, rows, unused = (
        f"Classes ({len(found['classes']):,})",
        "First rows",
        f"Not used ({sum(found['unused'].values()):,})",
    )
    there = [classes, *([rows] if found["first_rows"] else []), *([unused] if found["unused_rows"] else [])]
    tabs = dict(zip(there, st.tabs(there), strict=True))
    with tabs[classes]:
        becomes = classes_editor.show(folder, token, found["counts"])
    if rows in tabs:
        with tabs[rows]:
            table.show_table(_readable(found["first_rows"]), alt="The first rows of the table, as they are understood")
    if unused in tabs:
        with tabs[unused]:
            _show_unused(found)
    _choices_form(job, found["columns"], expanded=False)
    with button:
        _import(folder, found, job, becomes)


def headline(found: dict[str, Any], source: str) -> str:
    """What lies there, in one paragraph."""
    num = sum(found["splits"].values())
    splits = ", ".join(f"{split} {count:,}" for split, count in found["splits"].items())
    is_said = found["split_rule"] == "as given" or found["split_rule"] in found["recognised"]
    rule = "" if is_said else f" ({found['split_rule']})"
    said = f"**{words.counted(num, 'photo')} of {words.counted(len(found['classes']), 'class', 'classes')}** in "
    said += f"{words.plain(source)}: {words.plain(splits + rule)}."
    if found["label"] is None and (left := sum(found["unused"].values())):  # of a table the notes say it
        why = ", ".join(f"{reason} {count:,}" for reason, count in found["unused"].items())
        said += f" {words.share_of(left, found['rows'])} of the rows not used: {words.plain(why)}."
    return f"{said} {words.capital(words.plain(found['recognised']))}."


def in_words_of_the_form(said: str) -> str:
    """A sentence that names an option of the command line, with the field of the form in its place."""
    for option in readers.options():
        flag, field = re.escape(flag_of(option.name)), f"“{option.title}” below"
        said = re.sub(rf", such as {flag} .+?(?=\.$)", "", said)
        said = re.sub(rf"{flag} (?:{_PLACE}|\d+)\b", field, said)
        if option.is_column:
            said = re.sub(rf"{flag} (\S+)", rf"{field}, set to \1,", said)
        said = re.sub(rf"{flag}(?![a-z-])", field, said)
    return said


def _show_pictures(pictures: list[dict[str, Any]]) -> None:
    if any("jpeg" in picture for picture in pictures):
        st.html(gallery.loose_html([_picture(picture) for picture in pictures], 96))
    elif pictures:
        said = f"Of {words.counted(len(pictures), 'photo')} that were opened none can be read"
        st.error(f"{said}: {words.plain(pictures[0]['reason'])}.", icon=":material/error:")


def _picture(picture: dict[str, Any]) -> tuple[str, float, Caption]:
    caption = Caption(str(picture["label"]), picture["split"] if "jpeg" in picture else "cannot be read")
    return picture.get("jpeg", ""), picture.get("width", 1) / picture.get("height", 1), caption


def _readable(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    frame.columns = [
        words.capital(name) if name in ("file", "row", "photo", "class", "split") else name for name in frame
    ]
    return frame


def _show_unused(found: dict[str, Any]) -> None:
    num, shown = sum(found["unused"].values()), len(found["unused_rows"])
    if num > shown:
        notices.aside(f"The first {shown:,} of {num:,}; unused.csv in the dataset's folder will list each.")
    rows = pd.DataFrame(found["unused_rows"]).rename(columns=words.capital)
    table.show_table(rows.loc[:, (rows != "").any()], alt="What is not used, and why")


def _import(folder: Path, found: dict[str, Any], job: Job, becomes: dict[str, str]) -> None:
    """The name and the button."""
    st.markdown(classes_editor.sentence(found["counts"], becomes))
    kept = len(class_map.classes_of(found["classes"], becomes))
    if kept < 2:
        st.warning("One class alone cannot be told from another: keep two at least.", icon=":material/warning:")
    name = st.text_input(
        "Name of the dataset",
        value=found["suggested_name"],
        key=f"import_name_{folder.name}",
        max_chars=80,
    )
    with st.container(horizontal=True):
        asked = st.button("Import these photos", type="primary", disabled=kept < 2)
        _offer_other("Give other photos", job)
    if asked:
        with faults.shown(stop=False):
            begin(folder, job, name.strip(), becomes)
            st.rerun()


def begin(folder: Path, job: Job, name: str, becomes: dict[str, str]) -> None:
    """Start the import of what was looked at, under these names of classes. The look is kept until it is done, unless
    what was uploaded goes with the import."""
    if not name:
        raise SourceError("the dataset needs a name; write one.")
    data_dir, dataset_id = loaders.data_dir(), datasets.id_for(name)
    if job.given.get("upload") and (data_dir / dataset_id).exists():  # else it would be lost
        raise SourceError(f"there is a dataset called '{name}' already; choose another name for what you have sent.")
    if following.active(datasets.incoming_folder(data_dir, dataset_id)):
        raise SourceError(f"a dataset called '{name}' is being imported already; wait for it, or choose another name.")
    decided = dict(job.given["choices"])
    if becomes:
        decided[MAP.name] = str(_keep_map(folder, dataset_id, becomes))
    upload = job.given.get("upload")
    look = None if upload else folder.name
    import_form.start_import(job.given["source"], name, choices=Choices(decided), upload=upload, look=look)
    if upload:
        storage.discard(folder)
    _leave()


def _keep_map(folder: Path, dataset_id: str, becomes: dict[str, str]) -> Path:
    """The table of what the classes become, in a file that no dataset has for another table: the import may yet be
    refused, and a dataset of this name needs its own."""
    maps = loaders.data_dir().absolute() / datasets.MAPS
    maps.mkdir(exist_ok=True)
    written = folder / "map.csv"
    class_map.write(written, becomes)
    kept = maps / f"{dataset_id}.csv"
    if kept.exists() and kept.read_bytes() != written.read_bytes():
        kept = maps / f"{dataset_id}-{folder.name}.csv"
    class_map.write(kept, becomes)
    return kept


def _offer_other(label: str, job: Job) -> None:
    if st.button(label):
        if job.active and (process := processes.find(dict(job.process))):
            processes.end(process, STOP_SECONDS)
        uploads.leave(job.given.get("upload"))
        _leave()
        st.rerun()


def _leave() -> None:
    """Show no look any more."""
    st.session_state.pop(_LAST, None)
    if arrival.LOOK in st.query_params:
        del st.query_params[arrival.LOOK]


def _choices_form(job: Job, columns: list[str], *, expanded: bool) -> None:
    """What a person may decide where the photos leave it open, and the button to look again."""
    with (
        st.expander("Read them in another way", expanded=expanded),
        st.form(f"look_choices_{job.began}", border=False),
    ):
        made = job.given["choices"]
        asked = [option for option in readers.options() if option is not MAP and (columns or not option.is_column)]
        decided, sides = {}, st.columns(2)
        for number, option in enumerate(sorted(asked, key=lambda option: option.check is None)):
            with sides[number % 2]:
                decided[option.name] = _decide(option, made.get(option.name, ""), columns)
        again = st.form_submit_button("Look again")
    if again:
        with faults.shown(stop=False):
            import_form.look(job.given["source"], choices=readers.choose(**decided), upload=job.given.get("upload"))
            st.rerun()


def _decide(option: Option, made: Any, columns: list[str]) -> str | bool:
    if option.check is None:
        return st.checkbox(option.title, value=bool(made), help=option.about)
    if not option.is_column:
        return st.text_input(option.title, value=made, placeholder=option.example, help=option.about)
    names = ["", *columns, *([made] if made and made not in columns else [])]
    return st.selectbox(
        option.title,
        names,
        index=names.index(made),
        format_func=lambda name: name or "As it is recognised",
        help=option.about,
    )
