"""Which provider may report, and whether what guards its reports is good."""

from __future__ import annotations

import warnings
from typing import Any

from anymail import urls
from anymail.exceptions import AnymailInsecureWebhookWarning
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SHORTEST_SECRET = 24
SUFFIXES = ("_tracking_webhook", "_webhook")


def view_of(provider: str) -> Any:
    """The class of anymail's view for this provider's reports about sent mail; None if there is none."""
    views = {pattern.name: pattern.callback for pattern in urls.urlpatterns}
    found = next((views[provider + end] for end in SUFFIXES if provider + end in views), None)
    return getattr(found, "view_class", None)


def fault_of_events() -> str:
    """Why reports cannot be taken as MAIL_EVENTS wants it; "" if they can, or if nobody wants them."""
    if not settings.MAIL_EVENTS:
        return ""
    view = view_of(settings.MAIL_EVENTS)
    if view is None:
        return f"MAIL_EVENTS names no provider: {settings.MAIL_EVENTS}. Write it as anymail does, e.g. postmark."
    try:
        with warnings.catch_warnings(action="error", category=AnymailInsecureWebhookWarning):
            view()
    except (AnymailInsecureWebhookWarning, ImproperlyConfigured) as error:
        return f"MAIL_EVENTS is on, and nothing guards it: set WEBHOOK_SECRET in ANYMAIL. {error}"
    return _fault_of_secret(settings.ANYMAIL.get("WEBHOOK_SECRET") or [])


def _fault_of_secret(given: str | list[str]) -> str:
    """Basic auth is optional where the provider signs."""
    for secret in [given] if isinstance(given, str) else given:
        if ":" not in secret or len(secret) < SHORTEST_SECRET:
            return f"WEBHOOK_SECRET in ANYMAIL must be user:password, {SHORTEST_SECRET} characters or more."
    return ""
