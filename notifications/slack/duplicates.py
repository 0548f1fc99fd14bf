"""After a try whose end nobody knows Slack is searched once more: a copy that turns up becomes known, and true."""

from __future__ import annotations

import logging

from intents import clock
from intents.prepared import Prepared
from intents.services.durable import durable
from notifications.case import read_case
from notifications.models import SlackInstallation, SlackMessage
from notifications.sealing import Unreadable
from notifications.slack import kept
from notifications.slack.client import client_of
from notifications.slack.faults import FAULTS
from notifications.slack.search import posted_before

log = logging.getLogger(__name__)
_ANY = Prepared(lambda now: SlackMessage.objects.filter(look_again_at__lte=now)[:1])


def look_again_due(limit: int = 10) -> int:
    """Search for copies of up to `limit` messages. Returns how many were tried; what fails is tried again."""
    now = clock.now()
    if not _ANY(now=now):
        return 0
    with durable():
        rows = SlackMessage.objects.select_for_update(skip_locked=True, of=("self",)).select_related("delivery__event")
        claimed = list(rows.filter(look_again_at__lte=now).order_by("look_again_at")[:limit])
        ids = [row.pk for row in claimed]
        SlackMessage.objects.filter(pk__in=ids).update(look_again_at=now + kept.LOOK_AGAIN)
    for row in claimed:
        _look(row)
    return len(claimed)


def _look(row: SlackMessage) -> None:
    installation = SlackInstallation.objects.filter(workspace=row.workspace_id, fault="").first()
    if installation is None:
        return
    try:
        found = posted_before(client_of(installation), row.channel, row.delivery, row.thread_ts)
    except (*FAULTS, Unreadable) as error:
        log.info("slack not searched", extra={"slack_message": str(row.pk), "why": str(error)})
        return
    case = read_case(row.delivery, clock.now())
    for ts in found:
        if ts != row.ts:
            kept.adopt(case, kept.Place(row.team_id, row.channel, row.thread_ts), ts)
    SlackMessage.objects.filter(pk=row.pk).update(look_again_at=None)
