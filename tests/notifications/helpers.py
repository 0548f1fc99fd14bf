"""The short way from a world to a gate that people were asked about."""

from __future__ import annotations

from approvals.models import Gate
from notifications.announce import announce_due
from notifications.models import Delivery
from tests.factories import gate_rule, make_person, make_policy, make_team, open_gate


def ask(world, *emails: str, **rule) -> Gate:
    """An announced gate for these people alone."""
    people = [make_person(world.workspace, email) for email in emails]
    make_team(world.workspace, "asked", *people)
    make_policy(world.workspace, gates=[gate_rule("team:asked", **rule)])
    gate = open_gate(world)
    announce_due()
    return gate


def fates() -> dict[str, str]:
    return dict(Delivery.objects.values_list("address", "status"))
