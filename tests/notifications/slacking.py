"""The short way to a workspace that speaks to the fake Slack, and to people whose accounts are linked."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.test import Client

from approvals.models import Person
from intents import clock
from intents.models import Workspace
from notifications.announce import announce_due
from notifications.channels.registry import CHANNELS
from notifications.deliver import begin
from notifications.models import SLACK, Delivery, SlackInstallation, SlackLink
from notifications.slack.checking import Secrets, tested
from notifications.slack.installing import install
from notifications.slack.roomlist import add_room
from notifications.slack.senders import slack_due
from tests.factories import gate_rule, make_policy, open_gate
from tests.fakes.slack import Posted, Slack
from tests.fakes.slackblocks import all_text, check_blocks

PUBLIC = "https://countersign.acme.example"


def installed(workspace: Workspace, slack: Slack) -> SlackInstallation:
    """Set up as the page does it; by Socket Mode if the app has an app-level token."""
    secrets = Secrets(slack.app.token, slack.app.secret, slack.app.app_token)
    found = tested(secrets, socket_mode=bool(secrets.app_token))
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


def ana_linked(world: SimpleNamespace, slack: Slack, settings: Any) -> SlackInstallation:
    """acme/production speaks to Slack, and Ana (in Madrid) is linked."""
    settings.BASE_URL = PUBLIC
    linked(world.ana, slack)
    return installed(world.workspace, slack)


def tell_us(slack: Slack, body: bytes, path: str = "/slack/events", **headers: str) -> Any:
    """Slack posts this body to us, signed."""
    given = headers or slack.signed(body)
    meta = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in given.items()}
    kind = "application/json" if body.startswith(b"{") else "application/x-www-form-urlencoded"
    return Client().post(path, body, content_type=kind, **meta)


def slack_ready(
    world: Any,
    slack: Slack,
    settings: Any,
    *,
    need: int = 1,
    rule: dict[str, Any] | None = None,
    requester: Person | None = None,
    base_url: str = PUBLIC,
    told: bool = True,
    **fields: Any,
) -> Any:
    """acme/production speaks to Slack, Ana and Bo are linked and, if `told`, have the card of a gate."""
    settings.BASE_URL = base_url
    installed(world.workspace, slack)
    linked(world.ana, slack)
    linked(world.bo, slack, tz="")
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=need, **(rule or {}))])
    gate = open_gate(world, **fields)
    if requester is not None:
        gate.intent.requester = requester.ref
        gate.intent.save()
    if told:
        tell()
    return gate


def tell() -> None:
    """Everybody is told who is to be told, and every copy is true."""
    announce_due()
    slack_due()


def posted_only(delivery: Delivery) -> None:
    """Whoever has claimed it posts it, and dies before that is noted."""
    begun = begin(delivery, CHANNELS[SLACK], clock.now())
    assert callable(begun)
    begun()


def press(
    slack: Slack,
    post: Posted | None = None,
    label: str = "",
    by: str = "",
    *,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    **fields: Any,
) -> Any:
    """Slack posts this press, signed."""
    if post is not None:
        body = slack.click(post, label, by, **fields)
    return tell_us(slack, body, "/slack/interactions", **(headers or {}))


def send_form(slack: Slack, view: dict[str, Any], user: str, **values: Any) -> Any:
    """Slack posts this form, signed; what we answer."""
    return tell_us(slack, slack.sent(view, user, values), "/slack/interactions").json()


def said_to(slack: Slack, user: str) -> str:
    """What the last note says that this user alone sees."""
    return str([note["text"] for note in slack.whispers if note["user"] == user][-1])


def add_channel(workspace: Workspace, slack: Slack, name: str = "deploys", **fields: Any) -> str:
    """A channel of Slack that the workspace may post to; its id there."""
    channel_id = slack.add_room(f"C0{name.upper()}", name=name, **fields)
    add_room(workspace, channel_id, "server")
    return channel_id


def answered(slack: Slack, text: str, user: str = "UANA", **fields: str) -> str:
    """What the note says that answers this command."""
    note = note_of(slack, text, user, **fields)
    return all_text(note["blocks"])


def note_of(slack: Slack, text: str, user: str = "UANA", **fields: str) -> dict[str, Any]:
    """The note that answers this command."""
    answer = tell_us(slack, slack.typed(user, text, **fields), "/slack/commands")
    assert answer.status_code == 200, answer.content
    note = answer.json()
    assert note["response_type"] == "ephemeral"
    check_blocks(note["blocks"])
    return dict(note)
