"""`manage.py reseal`: after a change of SECRET_KEY, encrypt the secrets of webhooks and of Slack with the new one."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from notifications.slack.installing import reseal_all as reseal_slack
from notifications.webhooks.subscriptions import reseal_all as reseal_webhooks


class Command(BaseCommand):
    """Run it with the new key in SECRET_KEY and the old one in SECRET_KEY_FALLBACKS; then drop the old one."""

    help = "Encrypt the secrets of webhooks and of Slack with today's SECRET_KEY; the former one is a fallback."

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 1 if one could not be read: it stays as it is."""
        done, unreadable = reseal_webhooks()
        apps, unreadable_apps = reseal_slack()
        self.stdout.write(f"{done} secret{'' if done == 1 else 's'} encrypted with today's key.")
        if apps:
            self.stdout.write(f"The tokens of {apps} Slack app{'' if apps == 1 else 's'} encrypted with today's key.")
        for subscription_id in unreadable:
            self.stdout.write(f"cannot be read: subscription {subscription_id}. Name its key, or set its secret anew.")
        for workspace in unreadable_apps:
            self.stdout.write(f"cannot be read: the Slack app of {workspace}. Name its key, or set it up anew.")
        if unreadable or unreadable_apps:
            sys.exit(1)
