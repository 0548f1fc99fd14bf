"""What a draft would have done to the intents of the last days, in words."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from approvals.models import Policy
from approvals.services.replay import Effect, difference
from intents import clock
from intents.models import Event
from tests.factories import gate_rule, make_policy, make_team, send

SRE, LEADS = ("team:sre", 1), ("team:leads", 1)


def effect(*asks: tuple[str, int], denies: bool = False) -> Effect:
    return Effect(denies, frozenset(asks))


DIFFERENCES = [
    (effect(SRE), effect(SRE), ""),
    (effect(SRE), effect(denies=True), "would be denied"),
    (effect(denies=True), effect(SRE), "would no longer be denied, and ask sre"),
    (effect(denies=True), effect(), "would no longer be denied, and pass"),
    (effect(), effect(SRE), "would newly ask sre"),
    (effect(LEADS), effect(SRE), "would ask sre instead of leads"),
    (effect(SRE, LEADS), effect(SRE), "would no longer ask leads"),
    (effect(SRE), effect(), "would pass without being asked about"),
    (effect(SRE), effect(("team:sre", 2)), "would need other counts of sre"),
]


@pytest.mark.parametrize(("before", "after", "words"), DIFFERENCES)
def test_difference_is_said_in_words_that_follow_a_number(before, after, words):
    assert difference(before, after) == words


def replayed(world: SimpleNamespace, tmp_path: Path, draft: Any, **options: Any) -> str:
    (tmp_path / "draft.json").write_text(json.dumps(draft))
    out = StringIO()
    call_command("replay", str(world.workspace), str(tmp_path / "draft.json"), stdout=out, **options)
    return out.getvalue().strip()


@pytest.mark.django_db
def test_replay_counts_what_would_be_different_and_changes_nothing(world: SimpleNamespace, tmp_path: Path) -> None:
    make_team(world.workspace, "leads", world.bo)
    make_policy(world.workspace, "rest", "approve", types=("*",), position=90)
    with time_machine.travel(clock.now() - timedelta(days=40)):
        send(world)
    for env in ("prod", "prod", "test", "doom"):
        send(world, payload={"env": env})
    events = Event.objects.count()
    body = {
        "match": {"types": ["*"], "when": "payload.env == 'prod'"},
        "action": "require",
        "gates": [gate_rule("team:leads")],
    }
    deny = {"match": {"types": ["*"], "when": "payload.env == 'doom'"}, "action": "deny"}

    one = replayed(world, tmp_path, {"name": "prod", "position": 1, "body": body})
    whole = replayed(world, tmp_path, [{"name": "prod", "body": body}, {"name": "doom", "body": deny}], days=60)

    assert one == "2 same, 2 would newly ask leads."
    assert whole == "0 same, 2 would be denied, 2 would newly ask leads, 1 would newly ask sre."
    assert (Event.objects.count(), Policy.objects.count()) == (events, 1)


FAULTS = ["[", "7", '{"name": "x"}', '{"name": "x", "body": {"action": "deny"}}']


@pytest.mark.django_db
@pytest.mark.parametrize("text", FAULTS)
def test_replay_says_what_is_wrong_with_a_draft(world: SimpleNamespace, tmp_path: Path, text: str) -> None:
    (tmp_path / "draft.json").write_text(text)

    with pytest.raises(CommandError):
        call_command("replay", str(world.workspace), str(tmp_path / "draft.json"))
