"""A new link is announced on its person's other channels, so that none is made behind their back."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings

from intents import clock
from intents.prepared import Prepared
from intents.services.durable import durable
from notifications import keptmail
from notifications.channels.base import Message, Retry, Sent
from notifications.channels.email import EmailChannel
from notifications.content import Content, Fact
from notifications.models import SlackLink
from notifications.slack.linking import REST
from notifications.wording import moment
from notifications.zones import zone_named

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=60)
_ANY = Prepared(lambda now: SlackLink.objects.filter(announced_at=None, announce_after__lte=now)[:1])


def announce_links_due(limit: int = 10) -> int:
    """Mail the people whose account was linked. Returns how many were tried; what fails is tried again."""
    now = clock.now()
    if not _ANY(now=now):
        return 0
    with durable():
        rows = SlackLink.objects.select_for_update(skip_locked=True, of=("self",)).select_related("person")
        claimed = list(rows.filter(announced_at=None, announce_after__lte=now)[:limit])
        SlackLink.objects.filter(pk__in=[link.pk for link in claimed]).update(announce_after=now + LEASE)
    for link in claimed:
        _announce(link)
    return len(claimed)


def _announce(link: SlackLink) -> None:
    if link.person.is_sample and not keptmail.is_used():
        SlackLink.objects.filter(pk=link.pk).update(announce_after=None)
        return
    fate = EmailChannel().send(Message(link.pk, link.pk, None, link.person.email, _content(link)))
    if isinstance(fate, Sent):
        SlackLink.objects.filter(pk=link.pk).update(announced_at=clock.now())
    else:
        log.warning("slack link not announced", extra={"link": str(link.pk), "why": fate.why})
        if not isinstance(fate, Retry):
            SlackLink.objects.filter(pk=link.pk).update(announce_after=None)


def _content(link: SlackLink) -> Content:
    now, zone = clock.now(), zone_named(link.zone)
    return Content(
        template="news",
        subject=f"A Slack account was linked to yours: {link.user_name} in {link.team_name}",
        headline="A Slack account was linked to yours",
        reason=f"From {moment(link.linked_at + REST, now, zone)} on, requests reach it, and what it answers counts as "
        "your answer. If that was not you: unlink it at once, change your password, and tell an admin.",
        facts=(
            Fact("Slack user", f"{link.user_name}, {link.user_id}"),
            Fact("Slack team", f"{link.team_name}, {link.team_id}"),
            Fact("Linked", moment(link.linked_at, now, zone)),
        ),
        url=f"{settings.BASE_URL}/account/slack",
        link="See what is linked",
    )
