"""The app that tells people and programs."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """The only code that meets the network."""

    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say what is kept about closed intents, hear of mail that came back, and take presses in Slack."""
        from anymail.signals import tracking

        from intents import ports
        from notifications import keeping
        from notifications.bounces.views import receive
        from notifications.slack.actions import ACT, DECIDE
        from notifications.slack.inbound import acting, deciding, dispatch
        from notifications.webhooks.keeping import WebhooksKeeper

        tracking.connect(receive, dispatch_uid="bounces")
        dispatch.register(DECIDE, deciding.pressed)
        dispatch.register(ACT, acting.pressed)
        ports.register_keeper(keeping.NotificationsKeeper())
        ports.register_keeper(WebhooksKeeper())
