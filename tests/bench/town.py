"""Five hundred people in teams of one to four, half of them on Slack, half on mail; a policy for each team, which also
posts to one of forty Slack channels; ten senders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

from django.db import connection
from django.test import override_settings

from approvals.models import Membership, Person
from intents import clock
from intents.models import Workspace
from notifications.models import SlackLink
from notifications.slack.roomlist import add_room
from tests.factories import gate_rule, make_key, make_policy, make_team
from tests.fakes.slackprocess import SlackProcess
from tests.notifications.slacking import installed

PEOPLE, ROOMS, SENDERS = 500, 40, 10
IN_ROOMS, IN_SLACK, BY_MAIL = f"in {ROOMS} Slack channels", "in Slack, each to one person", "by mail"
SIZES = (1, 2, 3, 4)


@dataclass(frozen=True)
class Team:
    """`type`: of the intents that it is asked about. `told`: how many messages each of them makes, by kind."""

    type: str
    told: Mapping[str, int]


@dataclass(frozen=True)
class Town:
    """The teams, and the secrets of the senders."""

    teams: list[Team]
    senders: list[str]


def user_id(number: int) -> str:
    return f"U{number:05}"


def email(number: int) -> str:
    return f"person{number:03}@acme.example"


def users() -> dict[str, str]:
    """Who of them is in Slack: every other one."""
    return {user_id(number): email(number) for number in range(0, PEOPLE, 2)}


def rooms() -> dict[str, str]:
    """The Slack channels."""
    return {f"C{number:05}": f"room{number:02}" for number in range(ROOMS)}


def settle(world: SimpleNamespace, slack: SlackProcess) -> Town:
    """Everybody is a member, linked an hour ago or reached by mail alone."""
    with override_settings(SLACK_API_URL=slack.url):
        installed(world.workspace, slack)
        for room in rooms():
            add_room(world.workspace, room, "server")
    people = _people(world.workspace)
    _link(people[::2], slack)
    senders = [make_key(world.workspace, f"sender-{number}")[1] for number in range(SENDERS)]
    linked = {person.pk for person in people[::2]}
    teams = [_team(world.workspace, number, who, linked) for number, who in enumerate(_teams(people))]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum would within a minute
    return Town(teams, senders)


def _people(workspace: Workspace) -> list[Person]:
    people = [Person(email=email(number), name=f"Person {number:03}", password="!") for number in range(PEOPLE)]
    Person.objects.bulk_create(people)
    own = (["slack"], ["email"])
    Membership.objects.bulk_create(
        Membership(person=person, workspace=workspace, channels=own[number % 2]) for number, person in enumerate(people)
    )
    return people


def _link(people: list[Person], slack: SlackProcess) -> None:
    """Their conversations with the bot are known, as after the first message to each."""
    now = clock.now()
    SlackLink.objects.bulk_create(
        SlackLink(
            person=person,
            team_id=slack.app.team_id,
            team_name=slack.app.team,
            user_id=user_id(2 * number),
            user_name=person.name,
            zone="Europe/Madrid",
            dm_channel=f"D{user_id(2 * number)[1:]}",
            linked_at=now - timedelta(hours=1),
            announced_at=now,
        )
        for number, person in enumerate(people)
    )


def _teams(people: list[Person]) -> Iterator[list[Person]]:
    """Of one, two, three and four people in turn."""
    begin = 0
    while begin < len(people):
        for size in SIZES:
            yield people[begin : begin + size]
            begin += size


def _team(workspace: Workspace, number: int, members: list[Person], linked: set[UUID]) -> Team:
    name = f"team{number:03}"
    make_team(workspace, name, *members)
    types = (f"intent.{name}.change.v1",)
    rule = gate_rule(f"team:{name}", post=[f"slack:#room{number % ROOMS:02}"])
    make_policy(workspace, name, types=types, gates=[rule], position=number)
    in_slack = sum(member.pk in linked for member in members)
    return Team(types[0], {IN_ROOMS: 1, IN_SLACK: in_slack, BY_MAIL: len(members) - in_slack})
