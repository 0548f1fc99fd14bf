"""The app that ties the others together."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """System checks and the commands that start things."""

    name = "config"

    def ready(self) -> None:
        """Refuse settings that would break a promise; let every nudge find its broker."""
        from config import celery, checks  # noqa: F401
