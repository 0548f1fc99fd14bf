"""The short way to a workspace that speaks to the fake Slack, and to people whose accounts are linked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client

from approvals.models import Person
from intents import clock
from intents.models import Workspace
from notifications.models import SlackInstallation, SlackLink
from notifications.slack.checking import Secrets, tested
from notifications.slack.installing import install
from tests.fakes.slack import Slack


def installed(workspace: Workspace, slack: Slack) -> SlackInstallation:
    """Set up as the page does it."""
    secrets = Secrets(slack.app.token, slack.app.secret, slack.app.app_token)
    found = tested(secrets, socket_mode=True)
    assert not found.faults, found.faults
    return install(workspace, secrets, found, "server")


def linked(person: Person, slack: Slack, user_id: str = "", *, rested: bool = True, **user: Any) -> SlackLink:
    """A Slack user of theirs, linked an hour ago (or just now)."""
    user_id = slack.add_user(user_id or f"U{person.name.split()[0].upper()}", person.email, person.name, **user)
    return SlackLink.objects.create(
        person=person,
        team_id=slack.app.team_id,
        team_name=slack.app.team,
        user_id=user_id,
        user_name=person.name,
        zone=slack.users[user_id]["tz"],
        linked_at=clock.now() - timedelta(hours=1 if rested else 0),
        announced_at=clock.now(),
    )


def tell_us(slack: Slack, body: bytes, path: str = "/slack/events", **headers: str) -> Any:
    """Slack posts this body to us, signed."""
    given = headers or slack.signed(body)
    meta = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in given.items()}
    kind = "application/json" if body.startswith(b"{") else "application/x-www-form-urlencoded"
    return Client().post(path, body, content_type=kind, **meta)
