"""Vastra Lab: page config and navigation, nothing else."""

from ui import navigation

navigation.configure()
navigation.open_app()
