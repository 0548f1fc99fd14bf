"""People choose by which channels they are told, for themselves alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from approvals.models import Membership
from approvals.selectors import may_decide
from tests.acts import neighbours
from tests.changes import changes
from tests.factories import gate_rule, make_policy, open_gate


@pytest.fixture
def bo(world: SimpleNamespace) -> Client:
    client = Client()
    client.force_login(world.bo)
    return client


def choose(client: Client, row: Membership, channels: str) -> str:
    return client.post("/account/channels", {"membership": row.pk, "channels": channels}, follow=True).content.decode()


def of(person: Any) -> Membership:
    return Membership.objects.get(person=person)


def test_channels_are_kept_as_they_are_chosen_and_shown_again(world: SimpleNamespace, bo: Client):
    page = choose(bo, of(world.bo), "slack, email after 10m")

    assert of(world.bo).channels == ["slack", {"email": 600}]
    assert 'value="slack, email after 10m"' in page
    choose(bo, of(world.bo), "")
    assert of(world.bo).channels == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pigeon", "no channel"),
        ("email, email", "twice"),
        ("email after soon", "is no span"),
        ("email after 99d", "email"),
    ],
)
def test_what_is_no_channel_is_refused_in_words(world: SimpleNamespace, bo: Client, text: str, words: str):
    page = choose(bo, of(world.bo), text)

    assert words in page
    assert of(world.bo).channels == []


def test_nobody_chooses_for_somebody_else(world: SimpleNamespace, bo: Client):
    other = neighbours()

    for row in (of(world.ana), of(other.zoe)):
        assert bo.post("/account/channels", {"membership": row.pk, "channels": "email"}).status_code == 404
        assert Membership.objects.get(pk=row.pk).channels == []
    assert bo.post("/account/channels", {"membership": "x", "channels": "email"}).status_code == 404


def test_choosing_is_no_change_of_the_rules(world: SimpleNamespace, bo: Client):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    before = changes(world.workspace)

    choose(bo, of(world.bo), "email")

    assert changes(world.workspace) == before
    assert may_decide(open_gate(world), world.bo) is None
