"""What the pages share. Imports streamlit and fashion_core; never imports a page."""
