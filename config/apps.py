"""The app that ties the others together."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """System checks and the commands that start things."""

    name = "config"

    def ready(self) -> None:
        """Refuse to start with settings that would break a promise."""
        from config import checks  # noqa: F401
