"""An example that a person sends to their own linked Slack account."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from approvals.models import Person
from notifications.channels.base import Dead, Fate, Sent
from notifications.content import Content
from notifications.models import SlackInstallation, SlackLink
from notifications.places import is_public
from notifications.sealing import Unreadable
from notifications.slack.blocks import Frame, card
from notifications.slack.channel import NOT_LINKED, OFF
from notifications.slack.client import client_of
from notifications.slack.faults import FAULTS, fate_of
from notifications.slack.linking import REST


def slack_example(person: Person, workspace_id: UUID, content: Content, now: datetime) -> Fate:
    """Post it, now. What goes wrong is said and not tried again."""
    installation = SlackInstallation.objects.filter(workspace_id=workspace_id, fault="").first()
    if installation is None:
        return Dead(OFF)
    links = SlackLink.objects.filter(person=person, team_id=installation.team_id, ended_at=None)
    link = links.filter(linked_at__lte=now - REST).first()
    if link is None:
        return Dead(NOT_LINKED)
    made = card(content, Frame(links=is_public(content.url), base_url=content.url))
    try:
        client = client_of(installation)
        channel = client.conversations_open(users=link.user_id)["channel"]["id"]
        said = client.chat_postMessage(
            channel=channel, text=made.text, blocks=list(made.blocks), unfurl_links=False, unfurl_media=False
        )
    except Unreadable as error:
        return Dead(str(error))
    except FAULTS as error:
        return fate_of(error)
    return Sent(f"{channel}/{said['ts']}")
