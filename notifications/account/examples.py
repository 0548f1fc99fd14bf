"""The example that a person sends to themselves: the templates of a request, and nothing to decide."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from approvals.models import Person
from approvals.text import Row
from intents.ids import new_id
from notifications.bounces.stopping import stop_of
from notifications.channels.base import Dead, Fate, Message, Retry
from notifications.channels.email import EmailChannel
from notifications.channels.registry import CHANNELS
from notifications.content import Content, Fact, Quote, Table
from notifications.models import EMAIL, SLACK
from notifications.slack.channel import NOT_LINKED
from notifications.slack.examples import slack_example
from notifications.wording import moment
from notifications.zones import zone_of

log = logging.getLogger(__name__)
TITLE = "Add an index to users.email"


def example(person: Person, now: datetime) -> Content:
    """What a request would look like, marked as an example in its subject and first words."""
    until = moment(now + timedelta(hours=1), now, zone_of(person.pk))
    return Content(
        template="ask",
        subject=f"Example, nothing to decide: Approve? {TITLE}, by {until}, else not approved",
        headline=f"Example: Approve? “{TITLE}”",
        reason=f"{person.name}, your account page sent this. Requests look like it; nothing waits for you here.",
        facts=(
            Fact("Workspace", "acme/production"),
            Fact("Asked by", "deploy-bot (a program)"),
            Fact("Wants", "intent.infra.change.v1"),
            Fact("Decide by", until),
        ),
        url=f"{settings.BASE_URL}/account",
        link="Back to your account",
        author="deploy-bot",
        quotes=(Quote("Description", "The login query takes four seconds."),),
        tables=(Table("What it wants to do", (Row("target", "text", "prod-postgres-main"),)),),
        progress=("sre: 0 of 1 agreed.",),
        silence=f"If nobody answers by {until}, this is not approved.",
    )


def mail_example(person: Person, now: datetime) -> Fate:
    """By mail, now. What goes wrong is said and not tried again."""
    stopped = stop_of(EMAIL, person.email)
    if stopped is not None:
        return Dead(f"nothing is sent to it until an admin lifts that. {stopped.why}")
    message = Message(new_id(), new_id(), None, person.email, example(person, now))
    try:
        return EmailChannel().send(message)
    except Exception as error:
        log.exception("example failed", extra={"person": person.ref})
        return Retry(0, f"an error of our own: {type(error).__name__}")


def example_in_slack(person: Person, now: datetime) -> Fate:
    """In Slack, now, through the first app that reaches this person."""
    reached = reached_by(person).get(SLACK)
    return slack_example(person, reached, example(person, now), now) if reached else Dead(NOT_LINKED)


def reached_by(person: Person) -> dict[str, UUID]:
    """The channels that reach this person in a workspace of theirs, each with the first such workspace."""
    memberships = person.memberships.filter(is_active=True).order_by("pk").values_list("workspace_id", flat=True)
    mine = list(memberships)
    return {
        name: workspace_id
        for name, channel in CHANNELS.items()
        for workspace_id in reversed(mine)
        if person.pk in channel.addresses(workspace_id, [person])
    }


EXAMPLES: Mapping[str, Callable[[Person, datetime], Fate]] = {SLACK: example_in_slack, EMAIL: mail_example}
