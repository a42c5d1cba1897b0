"""Vastra Lab: what `streamlit run` serves, and for each visit page config and navigation, nothing else."""

import streamlit as st

from ui.app import door, navigation, upload_route

if __name__ == "__main__":  # run for a visit
    navigation.configure()
    navigation.open_app()
else:  # imported by the server, once, before the first visit
    app = st.App(__file__, routes=upload_route.routes(), middleware=door.MIDDLEWARE, lifespan=door.opened)
