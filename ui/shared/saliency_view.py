"""Where the model looks: element-wise Grad-CAM over the photo as it receives it, beside the same before training.

Takes a run and one photo; torch is used behind ``models`` only.
"""

import hashlib
import io

import numpy as np
import streamlit as st
from PIL import Image

from fashion_core import rights
from fashion_core.labels import display_name
from fashion_core.runs.runs import Run
from ui.app import address, faults, words
from ui.shared import asked_photos, class_words, model_cache

_TURMERIC = np.array([242, 160, 20])
LIKE = 0.8  # from here on the two pictures tell the same


def show(run: Run, one: asked_photos.Asked, ranked: list[tuple[str, float]]) -> None:
    """The map for a class that the reader chooses, the likeliest unless the address says otherwise."""
    assert one.input_HW3 is not None
    if rights.is_review_copy():
        st.markdown(model_cache.NO_MAPS)
        return
    _forget_another(run, one.input_HW3)
    label = address.select(
        "Why would it be",
        list(run.classes),
        key="why",
        default=ranked[0][0],
        words=class_words.of(run.classes),
        width=280,
    )
    st.session_state["_why_asked"] = st.query_params.get("why")
    waiting = st.empty()
    with waiting.container():
        st.skeleton(height=280)
    with faults.shown():
        found = model_cache.explain(run, one.input_HW3, run.classes.index(label))
    waiting.empty()
    if not found.map_HW.any():
        st.markdown(f"Nothing in this photo speaks for {words.plain(display_name(label))}: the map is empty.")
        return
    rows, columns = found.grid
    pictures = [
        ("What the model receives", f"{one.input_HW3.shape[1]} × {one.input_HW3.shape[0]} pixels", one.input_HW3),
        (f"What speaks for {display_name(label)}", "the trained model", warmed(one.input_HW3, found.map_HW)),
        ("The same before training", "random weights", warmed(one.input_HW3, found.untrained[0])),
    ]
    st.html(asked_photos.figures_html([(heading, detail, png(picture)) for heading, detail, picture in pictures]))
    st.markdown(verdict(found.likeness))
    st.markdown(
        ":gray[Grad-CAM, place by place (Draelos and Carin 2020): bright is where the last convolution, a grid of "
        f"{rows} × {columns}, raises the score of {words.plain(display_name(label))}. "
        "It tells where, not what, and not that the reason is a good one.]"
    )


def _forget_another(run: Run, input_HW3: np.ndarray) -> None:
    """Another photo or another model has another answer, and is not asked about the class that was chosen of the one
    before; unless the address has changed with it, by a link or the browser's back button."""
    state, subject = st.session_state, (run.id, hashlib.sha256(input_HW3.tobytes()).hexdigest())
    if state.get("_why_of", subject) != subject and st.query_params.get("why") == state.get("_why_asked"):
        address.forget("why")
    state["_why_of"] = subject


def verdict(likeness: list[float]) -> str:
    """Whether the picture depends on what was learnt (Adebayo et al. 2018)."""
    told = f"{np.mean(likeness):.2f} (from {min(likeness):.2f} to {max(likeness):.2f}, {len(likeness)} random networks)"
    told = told.replace("-", "−")
    if np.mean(likeness) >= LIKE:
        return (
            f"Do not read this picture as a reason: untrained networks give nearly the same, rank correlation {told}."
        )
    return f"The picture depends on what was learnt: its rank correlation with that of untrained networks is {told}."


def warmed(photo_HW3: np.ndarray, map_HW: np.ndarray) -> np.ndarray:
    """The photo in dark grey, and in its own light under a warm veil where the map is high: uint8 H x W x 3."""
    grey_HW1 = photo_HW3.mean(axis=2, keepdims=True) * 0.45
    strength_HW1 = map_HW[:, :, None]
    lit_HW3 = photo_HW3 * (1 - 0.45 * strength_HW1) + _TURMERIC * 0.45 * strength_HW1
    return np.clip(grey_HW1 * (1 - strength_HW1) + lit_HW3 * strength_HW1, 0, 255).astype(np.uint8)


def png(picture_HW3: np.ndarray) -> bytes:
    """A uint8 picture as PNG bytes."""
    buffer = io.BytesIO()
    Image.fromarray(picture_HW3).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
