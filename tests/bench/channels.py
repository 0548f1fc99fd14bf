"""Two thousand gates in a minute, told in Slack and by mail: whether each message came once, and when."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from intents.models import Outbox
from notifications.claims import OPEN
from notifications.models import EMAIL, SLACK, Delivery
from tests.bench.accounting import GRACE, PACE, Account, Due, account_of
from tests.bench.house import BODY, House, Meter
from tests.bench.report import Row, spread
from tests.bench.town import BY_MAIL, IN_ROOMS, IN_SLACK, PEOPLE, SENDERS, Team, Town, rooms, settle, users
from tests.fakes.slackprocess import SlackProcess
from tests.fakes.smtp import SmtpServer
from tests.live import Live, eventually

PER_SECOND = 2000 / 60
CONNECTIONS = 32
LONGEST = 300.0  # seconds after the last gate was opened
WORKERS = {"announce": 1, "deliver": 2}
"""Processes of each kind: one that delivers would have its one interpreter busy for most of the time."""
RAISED = {"MESSAGES_PER_HOUR": "100000"}
KINDS = {
    IN_ROOMS: Q(channel=SLACK, person_id=None),
    IN_SLACK: Q(channel=SLACK, person_id__isnull=False),
    BY_MAIL: Q(channel=EMAIL),
}
PUBLIC = "https://countersign.acme.example"  # buttons need an address that Slack can open


@dataclass(frozen=True)
class Story:
    """What was asked of whom since when, what it came to, and what the other sides have."""

    asked: Sequence[Team]
    since: float
    sent: dict[str, Any]
    taken: list[tuple[str, float]]
    refused: int
    cost: Meter


def channels(house: House) -> Iterator[Row]:
    """Gates by many senders at a steady rate; web, announcing and delivering each in processes of their own."""
    folder = house.folder / "mails"
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(house.fresh("channels"))
        slack = stack.enter_context(SlackProcess(users(), rooms()))
        sink = stack.enter_context(SmtpServer(folder))
        town = settle(house.world, slack)
        live = stack.enter_context(house.web())
        told = RAISED | {"BASE_URL": PUBLIC, "SLACK_API_URL": slack.url, "EMAIL_URL": f"smtp://{sink.host}:{sink.port}"}
        pids = {
            queue: stack.enter_context(house.workers(queue, count=count, **told)) for queue, count in WORKERS.items()
        }
        warm_up(house, town, live)
        cost = Meter(
            web=[live.process.pid],
            announcing=pids["announce"],
            delivering=pids["deliver"],
            Slack=[slack.process.pid],
            SMTP=[sink.process.pid],
        )
        story = lived(house, town, live, cost, slack, sink)
        yield gates(story)
        yield from (messages(story, kind) for kind in KINDS)


def warm_up(house: House, town: Town, live: Live) -> None:
    """A gate for each team beforehand: everybody has read their code by then, and no table is empty."""
    opened(house, live, town.teams, town, "beforehand")
    eventually(lambda: not untold(), 60)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does within a minute


def lived(house: House, town: Town, live: Live, cost: Meter, slack: SlackProcess, sink: SmtpServer) -> Story:
    """Open the gates, and wait until everybody is told."""
    asked = [town.teams[number % len(town.teams)] for number in range(300 if house.quick else 2000)]
    since = time.time()
    with cost:
        sent = opened(house, live, asked, town, "measured")
        until = time.time() + LONGEST
        while untold() and time.time() < until:
            time.sleep(0.5)
    books = slack.books()
    taken = [*books["taken"], *((name_in(words), at) for words, at in sink.taken())]
    return Story(asked, since, sent, taken, books["limited"].get("chat.postMessage", 0), cost)


def opened(house: House, live: Live, asked: Sequence[Team], town: Town, run: str) -> dict[str, Any]:
    """A gate for each of these teams, at a steady rate: what the load generator measured."""
    pace = {"per_second": PER_SECOND, "connections": CONNECTIONS}
    return house.load("opens", live, run=run, sends=sends(asked, town), **pace)


def sends(asked: Sequence[Team], town: Town) -> list[tuple[str, dict[str, Any]]]:
    """Authorisation and body of each request: sender after sender."""
    return [
        (f"x-api-key: {town.senders[number % SENDERS]}", BODY | {"intent_type": team.type})
        for number, team in enumerate(asked)
    ]


def untold() -> bool:
    """Whether somebody is still to be told of something."""
    return Outbox.objects.exists() or Delivery.objects.filter(status__in=OPEN).exists()


def name_in(message_id: str) -> str:
    """`<delivery.ID@host>`: the delivery."""
    return message_id.partition(".")[2].partition("@")[0]


def queued(kind: Q, since: float) -> list[Due]:
    """Every message of this kind of whatever happened since then; it is due from that moment on."""
    rows = Delivery.objects.filter(kind, event__at__gte=datetime.fromtimestamp(since, UTC)).order_by("event_id")
    return [Due(str(pk), address, at.timestamp()) for pk, address, at in rows.values_list("pk", "address", "event__at")]


def gates(story: Story) -> Row:
    """How fast they were opened, and what each cost."""
    took, count = story.sent["took"], len(story.asked)
    most = max(sum(team.told.values()) for team in story.asked)
    note = (
        f"{SENDERS} senders, {PEOPLE} people, a policy for each team; at most {most} told of one gate, in an hour as "
        f"many as come; CPU for each: {story.cost.per(count)}; Slack asked to slow down {story.refused} times; load of "
        f"the machine before: {story.sent['load']:.1f}"
    )
    return Row(
        f"{count:,} gates opened at a steady rate", f"{count / story.sent['lasted']:.1f}/s, {spread(took)}", note=note
    )


def messages(story: Story, kind: str) -> Row:
    """One row: from being due to being taken, and what went wrong."""
    due = queued(KINDS[kind], story.since)
    names = {each.name for each in due}
    account = account_of(due, [(name, at) for name, at in story.taken if name in names])
    wanted = sum(team.told[kind] for team in story.asked)
    return Row(f"told {kind}: {wanted:,} messages", spread(list(account.waited)), note=fates(account, wanted))


def fates(account: Account, wanted: int) -> str:
    """What an account says, in words. Whatever was never queued is lost, too."""
    lost = wanted - len(account.waited)
    return (
        f"longest {max(account.waited, default=0):.1f} s; lost {lost}, doubled {len(account.doubled)}; later than "
        f"{PACE:g} s for each place in its line and {GRACE:g} s: {account.late} (the last of them by "
        f"{max(account.beyond, default=0):.1f} s)"
    )
