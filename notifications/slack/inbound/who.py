"""Who pressed: a person with a linked, rested account that Slack calls a full member. Nobody else answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from approvals.models import Person
from intents import clock
from intents.errors import Busy
from intents.services.durable import durable
from notifications.channels.base import Dead
from notifications.models import SlackInstallation, SlackLink
from notifications.sealing import Unreadable
from notifications.slack.client import client_of
from notifications.slack.faults import FAULTS, fate_of
from notifications.slack.inbound.clicks import Click
from notifications.slack.linking import REST, is_rested, link_of
from notifications.slack.lookup import unfit
from notifications.wording import moment
from notifications.zones import zone_of

ASK_AGAIN_AFTER = timedelta(minutes=10)
SECONDS = 1
FOREIGN = "it belongs to another Slack team."
UNKNOWN = "Slack did not say who you are."
OTHERS = "This message was sent to somebody else, and its buttons are theirs."
UNFIT = "slack_account_unfit"


@dataclass(frozen=True)
class Stranger:
    """Somebody who does not answer here: a code for the history, and words for them."""

    code: str
    words: str


def person_behind(click: Click) -> Person | Stranger:
    """Whoever pressed, if what they pressed on was meant for them."""
    found = person_of(click.installation, click.team_id, click.user_id)
    if isinstance(found, Person) and click.meant_for not in (None, found.pk):
        return Stranger("slack_not_theirs", OTHERS)
    return found


def person_of(installation: SlackInstallation, team_id: str, user_id: str) -> Person | Stranger:
    """Outside of any transaction: Slack may be asked. Busy if it does not say."""
    link = link_of(team_id, user_id)
    why = FOREIGN if team_id != installation.team_id else _unfit(installation, user_id, link)
    if why:
        return Stranger(UNFIT, f"This Slack account does not decide: {why} Nothing was recorded.")
    return _linked(link)


def reader_of(team_id: str, user_id: str) -> Person | Stranger:
    """Whose account that is, without asking Slack: enough to show them something, not for them to decide."""
    return _linked(link_of(team_id, user_id))


def _linked(link: SlackLink | None) -> Person | Stranger:
    if link is None:
        return Stranger("slack_not_linked", f"Link your account first: {settings.BASE_URL}/account/slack")
    if not is_rested(link, clock.now()):
        at = moment(link.linked_at + REST, clock.now(), zone_of(link.person_id))
        return Stranger("slack_link_rests", f"Your account was linked just now, and decides from {at} on.")
    return link.person


def _unfit(installation: SlackInstallation, user_id: str, link: SlackLink | None) -> str:
    """Why Slack's own words about this user keep them from deciding; "" if nothing does."""
    now = clock.now()
    if link is not None and _is_fresh(link, now):
        return ""
    try:
        user = dict(client_of(installation, SECONDS).users_info(user=user_id)["user"])
    except (*FAULTS, Unreadable) as error:
        return _silence(error, link)
    why = unfit(user, installation.team_id)
    if link is not None:
        with durable():
            SlackLink.objects.filter(pk=link.pk).update(fit_at=None if why else now)
    return why


def _is_fresh(link: SlackLink, now: datetime) -> bool:
    return link.fit_at is not None and now - link.fit_at < ASK_AGAIN_AFTER


def _silence(error: Exception, link: SlackLink | None) -> str:
    """Whoever has no link is refused anyway."""
    fate = None if isinstance(error, Unreadable) else fate_of(error)
    if isinstance(fate, Dead):
        return fate.why
    if link is None:
        return ""
    raise Busy(UNKNOWN) from error
