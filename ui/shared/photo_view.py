"""One photo at full size over the page: what is known of it, what every run said of it, the one before and the next.

Takes a dataset and the image_ids of a gallery; which photo is open lives in the address under ``image``. The photo is
decoded from the original; one that has changed, gone or broken since the import is one sentence. Every word that came
from a file is escaped, and nothing in it is a link: no outside request.
"""

import base64
import html
import io
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from fashion_core import storage
from fashion_core.data import datasets
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import readers
from fashion_core.errors import FashionError
from fashion_core.labels import display_name
from ui.app import loaders, words
from ui.charts.layout import SPLIT_NAMES
from ui.shared import run_names

IMAGE = "image"
MOST_RUNS = 20
SCREEN = (1920, 1440)  # a larger photo is brought down to this; no screen shows more of it
_ENLARGED = 400  # pixels of the longer side to which a smaller photo is brought
#: Columns of the manifest in the order to tell them; what a source adds comes after.
_NAMES = {
    "image_id": "Image", "split": "Split", "label": "Class", "size": "Size", "bytes": "File size", "path": "File",
    "status": "State", "reason": "Why", "sha256": "SHA-256", "phash": "Perceptual hash",
}  # fmt: skip
_SIGNS = {True: ("✓", "right", "#3F9A73"), False: ("✕", "wrong", "#CF5848")}
_STYLE = """<style>
.vastra-photo{display:flex;justify-content:center;background:rgba(128,128,140,.10);border-radius:6px}
/* as wide as is left and no higher than the screen: a width, so that the photo keeps its shape */
.vastra-photo img{display:block;height:auto;width:min(var(--width),100%,calc(min(74vh,62rem)*var(--shape)));
border-radius:6px}
.vastra-photo .crisp{image-rendering:pixelated}
@media (max-width:640px){.vastra-photo img{width:100%}}
.vastra-facts{width:100%;border-collapse:collapse;font-size:.9375rem;line-height:1.4}
.vastra-facts th,.vastra-facts td{padding:.2rem .5rem .2rem 0;text-align:left;vertical-align:top;border:0}
.vastra-facts th{font-weight:400;opacity:.72;white-space:nowrap}
.vastra-facts thead th{font-size:.8125rem}
.vastra-facts td{overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.vastra-facts .number{white-space:nowrap}
.vastra-facts .code{font-family:var(--st-code-font);font-size:.8125rem}
</style>"""


def choose(gallery: str, image_id: str) -> None:
    """Open a photo of the gallery that is called ``gallery``; for callbacks."""
    st.session_state["_photo_of"] = gallery
    st.query_params[IMAGE] = image_id


def show(dataset: Dataset, image_ids: pd.Series, *, key: str) -> None:
    """Open the photo that the address names, if it is one of ``image_ids``; of two galleries on a page, the one that
    was clicked or that comes first opens it."""
    state = st.session_state
    wanted = st.query_params.get(IMAGE)
    if wanted is None:
        state.pop("_photo_of", None)
        return
    if state.get("_photo_of", key) != key or _place(image_ids, wanted) is None:
        return
    state["_photo_of"] = key
    st.dialog("Photo", width="large", on_dismiss=close)(_view)(dataset, image_ids)


def close() -> None:
    """Close the photo; for callbacks."""
    st.session_state.pop("_photo_of", None)
    st.query_params.pop(IMAGE, None)


def _place(image_ids: pd.Series, wanted: str) -> int | None:
    found = np.flatnonzero((image_ids == wanted).to_numpy())
    return int(found[0]) if len(found) else None


def _view(dataset: Dataset, image_ids: pd.Series) -> None:
    """The dialog: a fragment of its own, so a step to the next photo does not run the page behind."""
    place = _place(image_ids, st.query_params.get(IMAGE, ""))
    if place is None:
        st.rerun()
    photo = loaders.manifest_of(dataset).iloc[loaders.photos_of(dataset, image_ids.iloc[[place]])["row"].iloc[0]]
    left, right = st.columns([5, 4], gap="medium")
    with right:
        with st.container(horizontal=True, vertical_alignment="center"):
            _step("Previous", "Left", image_ids, place - 1)
            _step("Next", "Right", image_ids, place + 1)
            st.markdown(
                f":small[:gray[{words.count(place + 1)} of {words.counted(len(image_ids), 'photo')}]]", width="content"
            )
        st.html(f"{_STYLE}{predictions_html(predictions_of(dataset, photo))}")
        st.html(facts_html(photo))
    with left:
        try:
            st.html(f"{_STYLE}{photo_html(dataset, photo)}")
        except FashionError as error:
            st.error(words.fault(error), icon=":material/error:")


def _step(label: str, arrow: str, image_ids: pd.Series, place: int) -> None:
    there = 0 <= place < len(image_ids)

    def go() -> None:
        st.query_params[IMAGE] = image_ids.iloc[place]

    st.button(label, key=f"photo_{label}", on_click=go if there else None, disabled=not there, shortcut=arrow)


def photo_html(dataset: Dataset, photo: pd.Series) -> str:
    """The photo, decoded from its original, no larger than a screen. DatasetError when it is not what it was."""
    data = datasets.read_photo(dataset, photo["path"], photo["sha256"])
    image = readers.of_kind(dataset.kind).image(dataset.root, photo["path"], data)
    image.thumbnail(SCREEN, Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    times = max(1.0, _ENLARGED / max(image.size))
    crisp = times >= 2  # so few pixels are shown as they are, each as a square of whole pixels
    times = int(times) if crisp else times
    image.save(buffer, "PNG" if crisp else "JPEG", **({} if crisp else {"quality": 92}))
    kind = "png" if crisp else "jpeg"
    style = f"--width:{round(times * image.width)}px;--shape:{image.width / image.height:.4f}"
    told = f"Photo of {display_name(photo['label'])}, {SPLIT_NAMES[photo['split']].lower()}"
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        f'<div class="vastra-photo"><img alt="{html.escape(told)}" {"class=crisp " if crisp else ""}style="{style}" '
        f'src="data:image/{kind};base64,{encoded}"></div>'
    )


def facts(photo: pd.Series) -> dict[str, str]:
    """Name and value of everything that the manifest knows of a photo, in words; what has no value is left out."""
    own = photo.drop(["row", "width", "height"]).to_dict() | {
        "size": f"{photo['width']:,} × {photo['height']:,} pixels"
    }
    if photo["status"] == "ok":
        del own["status"]
    if own["path"] == own["image_id"]:
        del own["path"]
    found = {}
    for column in [*(name for name in _NAMES if name in own), *(name for name in own if name not in _NAMES)]:
        value = own[column]
        if pd.isna(value) or value == "":
            continue
        told = {
            "split": lambda value: SPLIT_NAMES.get(value, value),
            "label": display_name,
            "bytes": lambda value: f"{value / 1000:,.1f} kB",
        }.get(column, str)(value)
        found[_NAMES.get(column, column.replace("_", " ").capitalize().replace(" url", " address"))] = told
    return found


def facts_html(photo: pd.Series) -> str:
    """``facts`` as a table."""
    code = (_NAMES["sha256"], _NAMES["phash"])
    rows = "".join(
        f"<tr><th scope=row>{html.escape(name)}</th>"
        f"<td{' class=code' if name in code else ''}>{html.escape(value)}</td></tr>"
        for name, value in facts(photo).items()
    )
    return f'<table class="vastra-facts"><tbody>{rows}</tbody></table>'


def predictions_of(dataset: Dataset, photo: pd.Series) -> tuple[list[dict[str, Any]], int]:
    """What each run said of a photo, newest run first, and how many further runs were not asked.

    Each: name (of the run), label, predicted, sure (probability of predicted), of_label (of the label), right.
    """
    found: list[dict[str, Any]] = []
    left_out = 0
    for run in loaders.all_runs():
        own = run.dataset.fingerprint == dataset.fingerprint
        name = photo["split"] if own else f"{photo['split']}-on-{dataset.id}"
        path = run.folder / f"predictions-{name}.parquet"
        if not path.exists():
            continue
        if len(found) == MOST_RUNS:
            left_out += 1
            continue
        told = _told(loaders.stamp(path), photo["image_id"])
        if told:
            found.append({"name": run_names.short_words(run) if own else run_names.run_words(run), **told})
    return found, left_out


@st.cache_data(max_entries=2000, show_spinner=False)
def _told(key: loaders.Stamp, image_id: str) -> dict[str, Any] | None:
    """One row of a file of predictions, read column by column: the whole of 91,166 rows takes ten times as long."""
    try:
        ids = storage.read_parquet(key[0], ["image_id"])["image_id"]
        place = _place(ids, image_id)
        if place is None:
            return None
        label, predicted = storage.read_parquet(key[0], ["label", "predicted"]).iloc[place]
        columns = list(dict.fromkeys([f"p_{predicted}", f"p_{label}"]))
        shares = storage.read_parquet(key[0], columns).iloc[place]
    except (OSError, ValueError, KeyError):  # a damaged file is the Evaluation page's to tell
        return None
    return {
        "label": label,
        "predicted": predicted,
        "sure": float(shares[f"p_{predicted}"]),
        "of_label": float(shares[f"p_{label}"]),
        "right": bool(label == predicted),
    }


def predictions_html(asked: tuple[list[dict[str, Any]], int]) -> str:
    """``predictions_of`` as a table."""
    found, left_out = asked
    if not found:
        return '<p style="margin:0;opacity:.72">No run has predicted this photo.</p>'
    rows = []
    for one in found:
        sign, word, colour = _SIGNS[one["right"]]
        rows.append(
            f"<tr><td>{html.escape(one['name'])}</td>"
            f'<td><span style="color:{colour};font-weight:700" aria-hidden="true">{sign}</span> '
            f"{html.escape(display_name(one['predicted']))} ({word})</td>"
            f"<td class=number>{words.percent(one['sure'])}</td>"
            f"<td class=number>{words.percent(one['of_label'])}</td></tr>"
        )
    more = f'<p style="margin:.3rem 0 0;opacity:.72">{words.counted(left_out, "older run")} not asked.</p>'
    return (
        '<table class="vastra-facts"><thead><tr><th scope=col>Run</th><th scope=col>Predicted</th>'
        "<th scope=col>Sure</th><th scope=col>Its own class</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>{more if left_out else ''}"
    )
