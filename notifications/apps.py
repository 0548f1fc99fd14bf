"""The app that tells people and programs."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """The only code that meets the network."""

    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
