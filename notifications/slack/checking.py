"""Trying tokens against Slack, with words for each fault. Changes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.web import SlackResponse

from notifications.models import SlackInstallation
from notifications.sealing import Unreadable
from notifications.slack.client import client_with
from notifications.slack.faults import FAULTS, app_token_fate, fate_of
from notifications.slack.manifest import SCOPES
from notifications.slack.sealing import SEALER

BOT, SECRET, APP = "bot_token", "signing_secret", "app_token"
SECRET_FORM = re.compile(r"[0-9a-f]{32}")
LONGEST = 500


@dataclass(frozen=True)
class Secrets:
    """What an admin pastes. The app-level token is only needed for Socket Mode."""

    bot_token: str
    signing_secret: str
    app_token: str = ""


@dataclass(frozen=True)
class Found:
    """Whose these secrets are, as Slack says; `faults` has a sentence for each that does not work."""

    team_id: str = ""
    team_name: str = ""
    app_id: str = ""
    bot_user_id: str = ""
    faults: dict[str, str] = field(default_factory=dict)


def tested(secrets: Secrets, *, socket_mode: bool) -> Found:
    """Ask Slack about each. The signing secret shows only by the first request that Slack signs with it."""
    faults = {}
    if not SECRET_FORM.fullmatch(secrets.signing_secret):
        faults[SECRET] = "A signing secret has 32 characters, 0-9 and a-f: copy it from “Basic Information”."
    found = _bot(secrets.bot_token)
    if app := _fault_of_app_token(secrets.app_token, found.app_id, needed=socket_mode):
        faults[APP] = app
    return Found(found.team_id, found.team_name, found.app_id, found.bot_user_id, faults | found.faults)


def secrets_of(installation: SlackInstallation) -> Secrets:
    """What is set. Unreadable if it was sealed with another key."""
    app = installation.sealed_app_token
    return Secrets(
        SEALER.unseal(installation.sealed_bot_token),
        SEALER.unseal(installation.sealed_signing_secret),
        SEALER.unseal(app) if app else "",
    )


def faults_of(installation: SlackInstallation, *, socket_mode: bool) -> list[str]:
    """What does not work of this installation now, a sentence each."""
    try:
        found = tested(secrets_of(installation), socket_mode=socket_mode)
    except Unreadable as error:
        return [str(error)]
    faults = list(found.faults.values())
    if not faults and found.team_id != installation.team_id:
        faults.append(f"The bot token belongs to {found.team_name} now: set it up anew.")
    return faults


def _bot(token: str) -> Found:
    if not token.startswith("xoxb-") or len(token) > LONGEST or not token.isascii():
        return Found(faults={BOT: "A bot token begins with xoxb-: copy it from “OAuth & Permissions”."})
    client = client_with(token)
    try:
        said = client.auth_test()
        app = client.bots_info(bot=str(said["bot_id"]))
    except FAULTS as error:
        return Found(faults={BOT: _words(error)})
    missing = [scope for scope in SCOPES if scope not in _scopes(said)]
    faults = {BOT: f"The app lacks {', '.join(missing)}: update its manifest, install it again."} if missing else {}
    bot: dict[str, Any] = app["bot"]
    return Found(said["team_id"], said["team"], str(bot.get("app_id", "")), said["user_id"], faults)


def _fault_of_app_token(token: str, app_id: str, *, needed: bool) -> str:
    if not token:
        where = "“Basic Information”, “App-Level Tokens”, with connections:write"
        return f"Socket Mode needs an app-level token: make one under {where}." if needed else ""
    if not token.startswith("xapp-") or len(token) > LONGEST or not token.isascii():
        return "An app-level token begins with xapp-."
    if app_id and f"-{app_id}-" not in token:
        return "This app-level token is of another app than the bot token."
    try:
        client_with(token).apps_connections_open(app_token=token)
    except FAULTS as error:
        return app_token_fate(error).why
    return ""


def _scopes(said: SlackResponse) -> set[str]:
    """What the token may, by the header in which Slack says so."""
    headers = {name.lower(): str(value) for name, value in said.headers.items()}
    return {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")}


def _words(error: Exception) -> str:
    return fate_of(error).why
