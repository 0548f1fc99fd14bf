"""Writing chains: refused as a whole, in words, and recorded with their author."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from approvals.chains.checking import check_chain
from approvals.models import Chain
from approvals.rules import RuleRefused
from approvals.services.chains import save_chain
from intents.models import WorkspaceEntry
from intents.services.changes import details_of_entry
from tests.acts import say
from tests.factories import gate_rule, make_person, make_policy, open_gate

FULL: dict[str, Any] = {
    "steps": [
        {"after": 0, "channels": ["slack", {"email": 600}], "remind": {"after": 1800, "every": 1800, "most": 3}},
        {"after": 7200, "who": ["team:sre"]},
    ],
    "repeat": 2,
    "repeat_after": 3600,
    "last_resort": ["team:sre"],
    "hours": {"zone": "Europe/Berlin", "days": ["mon"], "from": "09:00", "to": "24:00", "holidays": "DE-BE"},
}
HOURS = FULL["hours"]


def with_step(**fields: Any) -> dict[str, Any]:
    return {"steps": [{}, {"after": 60} | fields]}


WRONG: dict[str, Any] = {
    "no_object": [],
    "no_steps": {"steps": []},
    "too_many_steps": {"steps": [{"after": 60}] * 21},
    "unknown_key": FULL | {"retries": 1},
    "unknown_key_of_a_step": with_step(delay=5),
    "no_pause": {"steps": [{}, {}]},
    "too_short_a_pause": with_step(after=59),
    "a_true_pause": with_step(after=True),
    "who_a_text": with_step(who="team:sre"),
    "reminders_too_close": with_step(remind={"after": 59}),
    "too_many_reminders": with_step(remind={"after": 60, "most": 21}),
    "reminders_without_after": with_step(remind={"every": 60}),
    "a_channel_twice": with_step(channels=["email", {"email": 600}]),
    "posted_to_a_person": with_step(post=["ana@acme.example"]),
    "posted_nowhere": with_step(post=[]),
    "a_strange_channel": with_step(channels=["E-Mail"]),
    "two_channels_in_one": with_step(channels=[{"email": 1, "slack": 2}]),
    "repeat": FULL | {"repeat": 11},
    "repeat_after": FULL | {"repeat_after": 10},
    "zone": FULL | {"hours": HOURS | {"zone": "Mars/Olympus"}},
    "zone_a_path": FULL | {"hours": HOURS | {"zone": "../../etc/passwd"}},
    "no_days": FULL | {"hours": HOURS | {"days": []}},
    "day": FULL | {"hours": HOURS | {"days": ["monday"]}},
    "closes_before_it_opens": FULL | {"hours": HOURS | {"to": "08:00"}},
    "time": FULL | {"hours": HOURS | {"from": "9"}},
    "holidays": FULL | {"hours": HOURS | {"holidays": "XX-YY"}},
    "pass": FULL | {"hours": HOURS | {"pass": ["huge"]}},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=list(WRONG))
def test_check_chain_refuses_when_a_part_is_wrong(body):
    with pytest.raises(RuleRefused, match=r"^chain"):
        check_chain(body)


def test_check_chain_passes_what_is_right():
    check_chain(FULL)
    check_chain({"steps": [{}]})


def test_each_save_is_a_version_and_stands_in_the_workspaces_chain_with_its_author(world):
    save_chain(world.workspace, "night", {"steps": [{}]}, author=world.ana)
    save_chain(world.workspace, "night", FULL | {"last_resort": ["cy@acme.example"]}, author=world.bo)

    chain = Chain.objects.get(name="night")
    assert [row.number for row in chain.versions.order_by("number")] == [1, 2]
    assert chain.versions.get(number=2).body["last_resort"] == ["person:cy@acme.example"]
    entries = WorkspaceEntry.objects.filter(change__startswith="chain.").order_by("seq")
    assert [(entry.change, entry.actor) for entry in entries] == [
        ("chain.created", world.ana.actor),
        ("chain.changed", world.bo.actor),
    ]
    assert details_of_entry(entries[1])["after"]["body"]["repeat"] == 2


@pytest.mark.parametrize("name", ["team:ledas", "nobody@acme.example", "schedule:none"])
def test_a_name_that_stands_for_nothing_is_refused(world, name):
    with pytest.raises(RuleRefused, match=name):
        save_chain(world.workspace, "night", with_step(who=[name]), author=None)

    assert not Chain.objects.exists()


def test_a_policy_is_refused_whose_chain_is_not_there_or_tells_whoever_may_not_decide(world):
    make_person(world.workspace, "dee@acme.example")

    with pytest.raises(RuleRefused, match="There is no chain 'night'"):
        make_policy(world.workspace, gates=[gate_rule("team:sre", chain="night")])
    with pytest.raises(RuleRefused, match="who may not decide"):
        make_policy(world.workspace, gates=[gate_rule("team:sre", chain=with_step(who=["person:dee@acme.example"]))])


def test_a_chain_is_refused_that_a_policy_could_not_name_any_more(world):
    make_person(world.workspace, "dee@acme.example")
    save_chain(world.workspace, "night", {"steps": [{}]}, author=None)
    make_policy(world.workspace, gates=[gate_rule("team:sre", chain="night")])

    with pytest.raises(RuleRefused, match="infra-changes names this chain"):
        save_chain(world.workspace, "night", {"steps": [{"who": ["person:dee@acme.example"]}]}, author=None)

    assert Chain.objects.get().version == 1


def test_whoever_changed_the_chain_lately_does_not_decide_by_it(world):
    save_chain(world.workspace, "night", {"steps": [{}]}, author=None)
    make_policy(world.workspace, gates=[gate_rule("team:sre", chain="night")])
    save_chain(world.workspace, "night", {"steps": [{"after": 600}]}, author=world.ana)
    save_chain(world.workspace, "other", {"steps": [{}]}, author=world.bo)
    gate = open_gate(world)

    refused = say(gate, world.ana)

    assert refused.code == "rules_changed"
    assert "changed the chain night" in refused.message
    assert say(gate, world.bo).recorded


def test_a_membership_is_refused_whose_channels_cannot_be_read(world):
    membership = world.ana.memberships.get()
    membership.channels = ["slack", {"email": "later"}]

    with pytest.raises(ValidationError, match="neither a channel"):
        membership.full_clean()
