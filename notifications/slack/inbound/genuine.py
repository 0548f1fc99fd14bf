"""Is it Slack, and whose? Everything from Slack passes here before anything of it is believed.

A good signature, or a connection made with the app's token, proves Slack and the app, not the tenant: which gate,
message, channel and user it may concern is checked against the installation's workspace by whoever handles it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict

from intents import clock
from notifications.models import SlackInstallation
from notifications.sealing import Unreadable
from notifications.slack.sealing import SEALER

MOST_SECONDS_OFF = 300
VERSION = "v0"
STAMP = re.compile(r"[0-9]{1,12}")


class NotGenuine(Exception):
    """Not signed by an app of ours, or too old, or about another app or team than the signature or connection is of."""


@dataclass(frozen=True)
class Incoming:
    """What Slack sent, and the installations (of one app and team) that it may be meant for."""

    installations: tuple[SlackInstallation, ...]
    data: dict[str, Any]


def genuine(request: HttpRequest) -> Incoming:
    """The request's data, or NotGenuine: signature over the raw body first, then app and team."""
    raw = request.body
    signing = _signers(
        raw, request.headers.get("X-Slack-Request-Timestamp", ""), request.headers.get("X-Slack-Signature", "")
    )
    return _meant(signing, _data(raw, request.content_type or ""))


def vouched(listening: SlackInstallation, data: dict[str, Any]) -> Incoming:
    """What came through a connection made with this installation's app token, which is as good as a signature.

    Slack gives it to any connection of the app, so it may be meant for another workspace that listens with this app.
    """
    rows = SlackInstallation.objects.select_related("workspace").filter(app_id=listening.app_id)
    return _meant(rows.exclude(sealed_app_token="").order_by("pk"), data)


def team_of(data: dict[str, Any]) -> str:
    """The Slack team that it is about, as it says."""
    team = data.get("team")
    return str(data.get("team_id") or (team.get("id") if isinstance(team, dict) else ""))


def _meant(vouching: Iterable[SlackInstallation], data: dict[str, Any]) -> Incoming:
    """NotGenuine if it is about another app or team than those."""
    team, app = team_of(data), data.get("api_app_id")
    meant = tuple(row for row in vouching if row.team_id == team and row.app_id == app)
    if not meant:
        raise NotGenuine("another app or team")
    return Incoming(meant, data)


def _signers(raw: bytes, stamp: str, signature: str) -> list[SlackInstallation]:
    """The installations with whose secret this was signed, within five minutes both ways."""
    if not STAMP.fullmatch(stamp) or abs(clock.now().timestamp() - int(stamp)) > MOST_SECONDS_OFF:
        raise NotGenuine("too old, or no time")
    base = f"{VERSION}:{stamp}:".encode() + raw
    rows = SlackInstallation.objects.select_related("workspace").order_by("pk")
    found = [row for row in rows if _is_signed(row, base, signature)]
    if not found:
        raise NotGenuine("no good signature")
    return found


def _is_signed(row: SlackInstallation, base: bytes, signature: str) -> bool:
    try:
        secret = SEALER.unseal(row.sealed_signing_secret)
    except Unreadable:
        return False
    good = f"{VERSION}={hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()}"
    return hmac.compare_digest(good.encode(), signature.encode())


def _data(raw: bytes, content_type: str) -> dict[str, Any]:
    """JSON as events have it; a form with `payload` as interactions have it; a plain form as commands have it."""
    try:
        if content_type == "application/json":
            data = json.loads(raw)
        else:
            form = QueryDict(raw, encoding="utf-8")
            data = json.loads(form["payload"]) if "payload" in form else form.dict()
    except (ValueError, RecursionError) as error:
        raise NotGenuine("not readable") from error
    if not isinstance(data, dict):
        raise NotGenuine("not readable")
    return data
