"""What must hold before anything starts. Each finding says what to set."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from intents.receiptkeys import BadKey, key_set
from notifications.bounces.providers import fault_of_events
from notifications.outbound.client import trusted_authorities
from notifications.outbound.target import Allowed

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHORTEST_SECRET = 32
MINUTE, WEEK = 60, 7 * 24 * 3600


@register()
def countersign_checks(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """All faults of the settings that would make a promise untrue."""
    found: list[tuple[bool, str, str]] = [
        (_sqlite_is_unsafe(), "SQLite needs IMMEDIATE transactions and WAL.", "C001"),
        (len(settings.SECRET_KEY) < SHORTEST_SECRET, f"SECRET_KEY is shorter than {SHORTEST_SECRET}.", "C002"),
        (len(settings.RECORD_KEY) < SHORTEST_SECRET, f"RECORD_KEY is shorter than {SHORTEST_SECRET}.", "C003"),
        (not settings.BASE_URL, "Set BASE_URL to the address that people open, e.g. https://sign.example.com.", "C004"),
        (settings.DEBUG and not _loopback(settings.BASE_URL), "DEBUG is on beyond loopback: unset it.", "C005"),
        (_plain_http(), "BASE_URL is plain http beyond loopback: cookies would travel unprotected. Use https.", "C006"),
        (_mail_is_only_kept(), "In production mail must go somewhere: set EMAIL_URL, or EMAIL_BACKEND.", "C008"),
        (_open_redis(), "REDIS_URL has no password and is not on loopback: add one.", "C007"),
    ]
    found += [(bool(why), why, "C040") for why in [_fault_of_links()]]
    found += [(bool(why), why, "C041") for why in [fault_of_events()]]
    receipts = _fault_of_receipts()
    found += [
        (bool(receipts), receipts, "C009"),
        (_receipt_life_is_odd(), "RECEIPT_SECONDS must be from 60 (a minute) to 604800 (a week).", "C010"),
    ]
    found += [(_anchors_go_nowhere(), "The folder of ANCHOR_FILE is not there: make it, or name another.", "C030")]
    found += [(True, why, "C020") for why in outbound_faults(settings.BASE_URL)]
    return [Error(message, id=f"countersign.{code}") for is_wrong, message, code in found if is_wrong]


def outbound_faults(base_url: str) -> list[str]:
    """What is wrong with where requests may go, and whom they trust there."""
    try:
        allowed = Allowed(settings.OUTBOUND_ALLOWED_PRIVATE)
        trusted_authorities(settings.OUTBOUND_CA_FILE)
    except ValueError as error:
        return [f"OUTBOUND_ALLOWED_PRIVATE: {error}"]
    except OSError as error:  # ssl.SSLError is one
        return [f"OUTBOUND_CA_FILE cannot be read as certificates in PEM form: {error}"]
    if allowed.in_clear and not _loopback(base_url):
        return ["OUTBOUND_ALLOWED_PRIVATE names http:// beyond loopback: what is sent could be read. Use https."]
    return []


def _anchors_go_nowhere() -> bool:
    return bool(settings.ANCHOR_FILE) and not Path(settings.ANCHOR_FILE).parent.is_dir()


def _sqlite_is_unsafe() -> bool:
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3"):
        return False
    options = database.get("OPTIONS", {})
    return options.get("transaction_mode") != "IMMEDIATE" or "journal_mode=WAL" not in options.get("init_command", "")


def _fault_of_receipts() -> str:
    try:
        key_set(settings.RECEIPT_KEY, settings.RECEIPT_KEYS_OLD)
    except BadKey as error:
        return str(error)
    return ""


def _fault_of_links() -> str:
    if len(settings.LINK_KEY) < SHORTEST_SECRET:
        return f"LINK_KEY, which signs the links in mails, is shorter than {SHORTEST_SECRET}."
    if settings.LINK_KEY in (settings.SECRET_KEY, settings.RECEIPT_KEY, settings.RECORD_KEY.decode()):
        return "LINK_KEY is also another key: give the links in mails one of their own."
    return ""


def _receipt_life_is_odd() -> bool:
    return not MINUTE <= settings.RECEIPT_SECONDS <= WEEK


def _loopback(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def _plain_http() -> bool:
    return settings.BASE_URL.startswith("http://") and not _loopback(settings.BASE_URL)


def _mail_is_only_kept() -> bool:
    return bool(settings.PRODUCTION and settings.EMAIL_BACKEND.startswith("notifications.keptmail"))


def _open_redis() -> bool:
    url = urlsplit(settings.REDIS_URL)
    return bool(settings.REDIS_URL) and url.scheme != "unix" and not url.password and url.hostname not in LOOPBACK
