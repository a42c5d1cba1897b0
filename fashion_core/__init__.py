"""Everything of Vastra Lab that is not a page. Never imports streamlit.

Inside this package one ordered list; a module imports only from its left, and what stands left of the bar starts
without torch (``tests/test_architecture.py`` holds the list and checks it).
"""

VERSION = "0.1.0"
