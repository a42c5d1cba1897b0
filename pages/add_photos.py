"""Photos of one's own: a folder or an archive becomes a dataset, here followed to its end and led on from."""

import streamlit as st

from ui.app import navigation, subject

navigation.enter("add_photos")
subject.settle()

# after the title, for it takes a second on a cold server
from ui.add_photos import arrival, import_form, looked  # noqa: E402

if import_form.offered():
    arrival.follow()
    if not looked.show():
        import_form.form()
st.space("small")
navigation.next_step("dataset", "See the photos that are here")
