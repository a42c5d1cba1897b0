"""The recipe that the form of a new run opens with, the time that each takes here, and the line that says why."""

from collections.abc import Sequence

import streamlit as st

from fashion_core.data.datasets import Dataset
from fashion_core.errors import DatasetError
from fashion_core.launch import estimate, suggestion
from fashion_core.launch.suggestion import Photos, Suggestion
from fashion_core.runs.runs import ENDED, Run
from fashion_core.settings import pretrained, recipes
from fashion_core.settings.config import Settings
from ui.app import loaders, navigation, notices
from ui.shared import run_status
from ui.shared.recipe_picker import Offered

_KEPT = "_offered_recipe"


def of(dataset: Dataset, runs: Sequence[Run]) -> tuple[Offered, str]:
    """What to open with on these photos, and why. Looked at again on another visit, on other photos and when a run has
    ended: a picker whose words change under the reader's hand would lose a click."""
    num_ended = sum(run_status.status_of(run).state in ENDED for run in runs)
    key = (navigation.visit(), dataset.id, dataset.fingerprint, num_ended)
    if st.session_state.get(_KEPT, (None,))[0] != key:
        seconds = {name: seconds_of(name, dataset, runs) for name in recipes.RECIPES}
        found = _suggested(dataset, seconds)
        st.session_state[_KEPT] = (key, Offered(dataset.id, found.recipe, seconds), found.why)
    _, offered, why = st.session_state[_KEPT]
    return offered, why


def speed_of(settings: Settings, runs: Sequence[Run]) -> tuple[float | None, Run | None]:
    """Images a second on this machine: as a run of this kind was measured here, with that run, else as is usual on such
    machines; None where nobody knows."""
    device = estimate.default_device()
    measured = run_status.measured_images_per_second(settings, runs, device)
    return measured or (estimate.usual_images_per_second(settings, device), None)


def seconds_of(recipe: str, dataset: Dataset, runs: Sequence[Run]) -> float:
    """What a recipe takes on this machine."""
    settings = recipes.RECIPES[recipe]
    speed, _ = speed_of(settings, runs)
    return estimate.seconds(settings, dataset.splits.get("train", 0), speed or 1.0)


def _suggested(dataset: Dataset, seconds: dict[str, float]) -> Suggestion:
    has_weights = pretrained.is_here(recipes.TRANSFER.model, loaders.data_dir())
    return suggestion.suggest(_photos(loaders.stamp(dataset.folder / "manifest.parquet"), dataset), seconds,
                              has_weights=has_weights)  # fmt: skip


@st.cache_resource(max_entries=20, show_spinner=False)
def _photos(key: loaders.Stamp, _dataset: Dataset) -> Photos:
    try:
        thumbnails = loaders.thumbnails(_dataset)
    except DatasetError:  # of another import, which is for whoever trains on them to hear of
        thumbnails = None
    return suggestion.look_at(loaders.manifest_of(_dataset), thumbnails, is_drawn=_dataset.synthetic)


def say_why(offered: Offered, why: str, chosen: str) -> None:
    """One line below the picker: what suits these photos, whatever is chosen."""
    named = "Suggested here" if chosen == offered.recipe else f"`{offered.recipe}` is suggested here"
    notices.aside(f"{named}: {why}.")
