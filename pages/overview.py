"""Overview page, not written yet."""

from ui import navigation

navigation.enter("overview")
