"""Messages to somebody who may not read them any more: what stands in Slack loses its contents."""

from __future__ import annotations

from notifications.case import Case
from notifications.links import links_of
from notifications.models import SlackMessage
from notifications.recipients import is_member
from notifications.slack.blocks import Card
from notifications.slack.richtext import block, escaped, line, text

NOT_YOURS = "This was for somebody who is no member any more, or whose Slack account is another one now."


def is_departed(row: SlackMessage, case: Case) -> bool:
    """True if its person is no member any more, or this Slack account is not theirs. A post is for no one person."""
    if case.person is None:
        return False
    mine = [link for link in links_of(case.person.pk) if link.team_id == row.team_id]
    here = any(link.dm_channel == row.channel or link.address == case.delivery.address for link in mine)
    return not (here and is_member(case.intent, case.person))


def farewell() -> Card:
    """Nothing of what it was about, and nothing to press."""
    return Card(escaped(NOT_YOURS), (block(line(text(NOT_YOURS))),), is_full=False)
