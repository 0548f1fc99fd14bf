"""The app that tells people and programs."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """The only code that meets the network."""

    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say what is kept about closed intents, hear of mail that came back, and take what Slack sends."""
        from anymail.signals import tracking

        from approvals import places
        from intents import ports
        from notifications import keeping
        from notifications.bounces.views import receive
        from notifications.slack import rooms
        from notifications.slack.inbound.registering import register_all
        from notifications.webhooks.keeping import WebhooksKeeper

        tracking.connect(receive, dispatch_uid="bounces")
        register_all()
        places.register_places(rooms.trouble_with)
        ports.register_keeper(keeping.NotificationsKeeper())
        ports.register_keeper(WebhooksKeeper())
