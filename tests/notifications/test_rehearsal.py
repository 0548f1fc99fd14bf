"""Dry runs: what they tell, and that nothing of them stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from approvals.models import Membership
from approvals.rules import RuleRefused
from intents import clock, nudges
from intents.errors import Invalid
from intents.submission import Submission
from notifications.rehearsal.acting import perform
from notifications.rehearsal.script import Act, AgentPart, Draft, Script
from notifications.rehearsal.stage import rehearse
from notifications.rehearsal.timeline import Played
from tests.conftest import Api
from tests.factories import gate_rule, make_policy
from tests.wire.everything import rows

SUNDAY = datetime(2026, 12, 6, 3, 0, tzinfo=UTC)
BODY = {"intent": {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {}}, "at": "Sunday 03:00"}


def script(**fields: Any) -> Script:
    submission = Submission(
        intent_type=fields.pop("intent_type", "intent.infra.change.v1"),
        to_agent=fields.pop("to_agent", "human"),
        payload=fields.pop("payload", {"target": "prod-postgres-main"}),
        requested_by=fields.pop("requested_by", ""),
    )
    return Script(submission, fields.pop("at", SUNDAY), **fields)


def act(minutes: int, who: str, does: str = "approve") -> Act:
    return Act(timedelta(minutes=minutes), f"{who}@acme.example", does)


def story(play: Played, *names: str) -> list[str]:
    lines = [(line.at - play.began, line.name, line.who) for line in play.lines if not names or line.name in names]
    return [f"{int(span.total_seconds() // 60)} {name} {who}".rstrip() for span, name, who in lines]


def test_reminders_are_told_with_whom_they_reach_when_nobody_acts(world: SimpleNamespace):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 600, "interval": 600, "max": 2})])

    play = rehearse(world.workspace, script())

    assert (play.status, play.outcome) == ("TIMED_OUT", "expired")
    everybody = ("Ana Ruiz", "Bo Lind", "Cy Okafor")
    assert story(play, "reminder") == [f"{minute} reminder {name}" for minute in (10, 20) for name in everybody]
    assert "60 intent.gate_closed" in story(play)


def test_who_has_answered_is_not_reminded_when_one_of_two_acts(world: SimpleNamespace):
    rule = gate_rule("team:sre", need=2, remind={"after": 600, "interval": 600, "max": 1})
    make_policy(world.workspace, gates=[rule])

    play = rehearse(world.workspace, script(acts=(act(5, "bo"), act(15, "cy"))))

    assert (play.status, play.outcome) == ("COMPLETED", "approved")
    assert story(play, "reminder") == ["10 reminder Ana Ruiz", "10 reminder Cy Okafor"]


def test_an_act_that_is_refused_stands_in_the_timeline_with_the_reason(world: SimpleNamespace):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])

    play = rehearse(world.workspace, script(requested_by="ana@acme.example", acts=(act(5, "ana"), act(6, "zoe"))))

    refused = [line.text for line in play.lines if line.kind == "refused"]
    assert "bound up with this request" in refused[0]
    assert "is no member of acme/production" in refused[1]
    assert play.status == "TIMED_OUT"


def test_agent_works_before_the_gate_when_the_policy_asks_after_it(world: SimpleNamespace):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="after")])
    slow = AgentPart(timedelta(minutes=3))

    play = rehearse(world.workspace, script(to_agent="infra-validator", agents=slow, acts=(act(10, "ana"),)))
    failed = rehearse(world.workspace, script(to_agent="infra-validator", agents=AgentPart(fails=True)))
    silent = rehearse(world.workspace, script(to_agent="infra-validator", agents=AgentPart(after=None)))

    assert "3 intent.human_task_assigned" in story(play)
    assert play.status == "COMPLETED"
    assert failed.status == "FAILED"
    assert (silent.status, silent.outcome) == ("FAILED", "failed")


def test_draft_is_tried_when_it_is_not_saved(world: SimpleNamespace):
    body = {"match": {"types": ["intent.infra.*"]}, "action": "deny", "gates": []}

    play = rehearse(world.workspace, script(drafts=(Draft("never", body, 0),)))

    assert (play.status, play.outcome) == ("CANCELED", "denied")
    with pytest.raises(RuleRefused, match="cannot agree"):
        rehearse(world.workspace, script(drafts=(Draft("nobody", _wants("team:ghosts"), 0),)))


def test_nothing_stays_when_it_is_over_or_breaks(world: SimpleNamespace):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 60, "interval": 60, "max": 3})])
    nudges.drain()
    before = rows()

    rehearse(world.workspace, script(acts=(act(5, "ana"),), drafts=(Draft("more", _wants("team:sre"), 5),)))
    rehearse(world.workspace, script(to_agent="infra-validator", sender="nobody-yet"))
    with pytest.raises(Invalid):
        rehearse(world.workspace, script(requested_by="zoe@acme.example"))

    assert rows() == before
    assert not nudges.drain()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_acting_is_refused_outside_of_a_transaction(transactional_db: None):
    with pytest.raises(RuntimeError, match="undone"):
        perform(None, act(1, "ana"))


def test_only_admins_may_ask(world: SimpleNamespace):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    assert Api(token=world.tokens["ana"]).post("/v1/dry-run", BODY).status_code == 403
    Membership.objects.filter(person=world.ana).update(is_admin=True)

    answer = Api(token=world.tokens["ana"]).post("/v1/dry-run", BODY | {"zone": "Europe/Berlin"})

    assert answer.status_code == 200
    assert answer.json()["status"] == "TIMED_OUT"
    assert answer.json()["began"].endswith("T02:00:00.000Z")
    assert "03:00:00      +0:00    -> request to Ana Ruiz by email" in answer.json()["text"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"at": "someday"}, "invalid_moment"),
        ({"at": "9999-12-31T23:00:00-14:00"}, "invalid_moment"),
        ({"zone": "Middle/Earth"}, "unknown_zone"),
        ({"acts": [{"after": "soon", "who": "ana@acme.example", "does": "approve"}]}, "invalid_moment"),
        ({"policies": [{"name": "odd", "body": {"match": {}}}]}, "policy_refused"),
    ],
)
def test_what_cannot_be_played_is_refused_in_words(world: SimpleNamespace, wrong: dict[str, Any], code: str):
    Membership.objects.filter(person=world.ana).update(is_admin=True)

    answer = Api(token=world.tokens["ana"]).post("/v1/dry-run", BODY | wrong)

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == code


def test_command_prints_the_timeline(world: SimpleNamespace, tmp_path: Any):
    (tmp_path / "draft.json").write_text(json.dumps(_wants("team:sre")))
    out = StringIO()

    call_command(
        "dry_run", "acme/production", "--type", "intent.odd.v1", "--at", "Sunday 03:00", "--zone", "Europe/Berlin",
        "--act", "+30m ana@acme.example approve", "--draft", f"odd={tmp_path / 'draft.json'}", stdout=out,
    )  # fmt: skip

    assert "Sunday" in out.getvalue()
    assert "03:30:00      +0:30  Ana Ruiz answered approved" in out.getvalue()
    assert "Ends COMPLETED (approved)." in out.getvalue()
    with pytest.raises(CommandError, match="is no act"):
        call_command("dry_run", "acme/production", "--type", "intent.odd.v1", "--act", "ana approves")


def _wants(who: str) -> dict[str, Any]:
    return {"match": {"types": ["*"]}, "action": "require", "gates": [gate_rule(who, place="before")]}


def test_yes_at_high_risk_is_taken_as_from_somebody_who_signs_in_for_it(world: SimpleNamespace):
    make_policy(world.workspace, gates=[gate_rule("team:sre", risk="high")])

    play = rehearse(world.workspace, script(acts=(act(5, "bo"),)))

    assert (play.status, play.outcome) == ("COMPLETED", "approved")
