"""How presses reach us, in words for the set-up page and for `manage.py slack check`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications.models import SlackInstallation
from notifications.slack.socketmode.listener import NOTE_SECONDS
from notifications.wording import moment

FRESH = timedelta(seconds=3 * NOTE_SECONDS)
SETTLING = timedelta(seconds=20)
BY_HTTP = "Presses come over HTTP: "
CALLS = "Slack calls this server (seen at {at})."
SILENT = (
    "Slack has not called this server since the set-up. Open the app in Slack, then look again. If that stays so: does "
    "Slack reach this address, is the signing secret that of “Basic Information”, and is this server's clock right?"
)
NO_WAY = "No press reaches this server: its address is private, and there is no app-level token for Socket Mode."
CONNECTED = "Socket Mode: connected (seen at {at})."
CONNECTING = "Socket Mode: a worker connects within a few seconds of the set-up. Look again."
NOBODY = (
    "Socket Mode: no worker is connected{since}. Does one run (`make up`, or a Celery worker), and may it reach "
    "wss-primary.slack.com? What Slack sends this way fails until then."
)


@dataclass(frozen=True)
class Hearing:
    """A sentence, and whether presses reach us as far as we know."""

    words: str
    is_fine: bool


def hearing(row: SlackInstallation, now: datetime, *, public: bool) -> Hearing:
    """`public`: Slack can call us, so that Socket Mode is a second way, or not used at all."""
    if not row.sealed_app_token:
        return _by_http(row, now) if public else Hearing(NO_WAY, is_fine=False)
    if row.socket_fault:
        return Hearing(f"Socket Mode: {row.socket_fault}", is_fine=public)
    if row.listened_at and now - row.listened_at <= FRESH:
        return Hearing(CONNECTED.format(at=moment(row.listened_at, now)), is_fine=True)
    if now - row.secrets_at <= SETTLING:
        return Hearing(CONNECTING, is_fine=True)
    since = f" since {moment(row.listened_at, now)}" if row.listened_at else ""
    return Hearing(NOBODY.format(since=since), is_fine=public)


def _by_http(row: SlackInstallation, now: datetime) -> Hearing:
    return Hearing(BY_HTTP + (CALLS.format(at=moment(row.heard_at, now)) if row.heard_at else SILENT), is_fine=True)
