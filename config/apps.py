"""The app that ties the others together."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """System checks and the commands that start things."""

    name = "config"

    def ready(self) -> None:
        """Refuse settings that would break a promise; let every nudge find its broker."""
        from prometheus_client import REGISTRY

        from config import celery, checks, metrics  # noqa: F401

        REGISTRY.register(metrics.Rows())
