"""`manage.py reseal`: after a change of SECRET_KEY, encrypt the webhooks' secrets with the new one."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from notifications.webhooks.subscriptions import reseal_all


class Command(BaseCommand):
    """Run it with the new key in SECRET_KEY and the old one in SECRET_KEY_FALLBACKS; then drop the old one."""

    help = "Encrypt the secrets of webhooks with today's SECRET_KEY; the former one stands in SECRET_KEY_FALLBACKS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 1 if one could not be read: it stays as it is."""
        done, unreadable = reseal_all()
        self.stdout.write(f"{done} secret{'' if done == 1 else 's'} encrypted with today's key.")
        for subscription_id in unreadable:
            self.stdout.write(f"cannot be read: subscription {subscription_id}. Name its key, or set its secret anew.")
        if unreadable:
            sys.exit(1)
