"""Calls of Slack's Web API. One try, one time limit; who calls decides what an error means (`faults`)."""

from __future__ import annotations

import ssl
from functools import cache

from django.conf import settings
from slack_sdk import WebClient

from notifications.models import SlackInstallation
from notifications.slack.sealing import SEALER

SECONDS = 5


def client_of(installation: SlackInstallation, seconds: int = SECONDS) -> WebClient:
    """A client that acts as the installation's bot. Unreadable if its token was sealed with another key."""
    return client_with(SEALER.unseal(installation.sealed_bot_token), seconds)


def client_with(token: str, seconds: int = SECONDS) -> WebClient:
    """A client with this token. It never tries again by itself: nobody sleeps in a worker."""
    url = settings.SLACK_API_URL
    return WebClient(token, url, seconds, ssl=_trust() if url.startswith("https:") else None, retry_handlers=[])


@cache
def _trust() -> ssl.SSLContext:
    """Whom this machine trusts: reading that costs more than a call, so it is read once."""
    return ssl.create_default_context()
