"""What a network that starts from ImageNet weights wants, where they come from, and what kept features leave out."""

import streamlit as st

from fashion_core.settings import pretrained, schedules
from fashion_core.settings.config import Settings
from ui.app import loaders, notices, words
from ui.shared import settings_form


def show(settings: Settings) -> None:
    """Below the form of a new run; nothing where the network starts from random weights."""
    if settings.pretrained == "none":
        return
    about, data_dir = pretrained.BACKBONES[settings.model], loaders.data_dir()
    found = pretrained.look(settings.model, data_dir)
    if found is None:
        told = words.plain(pretrained.how_to_bring(settings.model, data_dir))
        st.warning(f"The ImageNet weights of {about.name} are not on this machine; {told}", icon=":material/download:")
    notices.aside(f"{words.plain(about.words)}." + (f" From {words.plain(found.source)}." if found else ""))
    if schedules.takes_features(settings, 1) and (unused := schedules.unused(settings)):
        always = schedules.takes_features(settings, settings.epochs)
        which = "Every epoch trains" if always else "The first epochs train"
        names = ", ".join(settings_form.title(name) for name in unused)
        notices.aside(
            f"{which} the last layer on features that are computed once from each photo, as it is and mirrored. Not "
            f"used there: {names}."
        )
