"""An admin who bends the rules and then decides by them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from approvals.models import ApprovalSettings, Gate, Membership, Override, Person, Policy, Schedule, Team
from approvals.services.absences import end_absence, start_absence
from approvals.services.break_glass import break_glass
from approvals.services.decide import Manner
from approvals.services.policies import save_policy
from approvals.services.schedules import add_overrides
from approvals.sweeps import settle_absences, settle_schedules
from intents import clock
from intents.services.configuration import recorded
from intents.services.verify import chain_fits
from tests.acts import details, finish_work, fresh, gate_of, say, take_work
from tests.approvals.rotas import layer, make_schedule
from tests.conftest import Api
from tests.factories import gate_rule, make_person, make_policy, make_team, open_gate, send

RULE: dict[str, Any] = {"match": {"types": ["intent.infra.*"]}, "action": "require", "gates": [gate_rule("team:sre")]}
HOUR = timedelta(hours=1)
LATER = datetime(2099, 3, 2, 14, 2, tzinfo=UTC)  # after the world was made: its chain never goes back
Change = Callable[[SimpleNamespace], None]


def by_ana(world: SimpleNamespace, *models: Any) -> Any:
    return recorded(world.ana.actor, *(model.objects.all for model in models))


def writes_a_policy(world: SimpleNamespace) -> None:
    save_policy(world.workspace, "loose", RULE, position=1, author=world.ana)


def switches_a_policy_off(world: SimpleNamespace) -> None:
    save_policy(world.workspace, "strict", RULE, position=1, author=None)
    with by_ana(world, Policy):
        Policy.objects.update(is_active=False)


def deletes_a_policy(world: SimpleNamespace) -> None:
    save_policy(world.workspace, "strict", RULE, position=1, author=None)
    with by_ana(world, Policy):
        Policy.objects.all().delete()


def adds_to_the_team(world: SimpleNamespace) -> None:
    friend = make_person(world.workspace, "friend@acme.example")
    with by_ana(world, Team):
        Team.objects.get(name="sre").people.add(friend)


def gives_the_right_to_decide(world: SimpleNamespace) -> None:
    world.bo.memberships.update(can_decide=False)
    with by_ana(world, Membership):
        world.bo.memberships.update(can_decide=True)


def redirects_somebodys_mail(world: SimpleNamespace) -> None:
    with by_ana(world, Person):
        Person.objects.filter(pk=world.bo.pk).update(email="bo@elsewhere.example")


def changes_the_settings(world: SimpleNamespace) -> None:
    with by_ana(world, ApprovalSettings):
        ApprovalSettings.objects.update(default_approvers=["team:sre", "person:ana@acme.example"])


def switches_this_rule_off(world: SimpleNamespace) -> None:
    with by_ana(world, ApprovalSettings):
        ApprovalSettings.objects.update(changers_wait=False)


def enters_somebodys_absence(world: SimpleNamespace) -> None:
    start_absence(world.workspace, world.bo, clock.now(), clock.now() + HOUR, world.cy, actor=world.ana.actor)


def ends_somebodys_absence(world: SimpleNamespace) -> None:
    row = start_absence(world.workspace, world.bo, clock.now(), clock.now() + HOUR, None, actor=world.bo.actor)
    end_absence(row, actor=world.ana.actor)


LOOSENED: list[Change] = [
    enters_somebodys_absence,
    ends_somebodys_absence,
    writes_a_policy,
    switches_a_policy_off,
    deletes_a_policy,
    adds_to_the_team,
    gives_the_right_to_decide,
    redirects_somebodys_mail,
    changes_the_settings,
    switches_this_rule_off,
]


@pytest.mark.parametrize("change", LOOSENED, ids=lambda change: change.__name__)
def test_who_changed_the_rules_does_not_decide_by_them(world: SimpleNamespace, change: Change) -> None:
    change(world)
    gate = open_gate(world)

    refused = say(gate, world.ana)

    assert (refused.code, refused.status) == ("rules_changed", 403)
    assert refused.message.startswith("Ana Ruiz changed the ")
    assert details(gate.intent, "decision_refused")["code"] == "rules_changed"
    assert say(gate, world.cy).recorded


def test_who_changed_the_rules_decides_again_on_what_is_sent_a_day_later(world: SimpleNamespace) -> None:
    with time_machine.travel(LATER, tick=False) as traveller:
        writes_a_policy(world)
        traveller.shift(timedelta(hours=24, seconds=1))
        gate = open_gate(world)

        assert say(gate, world.ana).recorded


def test_waiting_a_day_does_not_help_on_what_was_sent_before(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre", deadline=3 * 86_400)])
    with time_machine.travel(LATER, tick=False) as traveller:
        adds_to_the_team(world)
        gate = open_gate(world)
        traveller.shift(timedelta(hours=25))

        assert say(gate, world.ana).code == "rules_changed"


def writes_a_policy_for_other_types(world: SimpleNamespace) -> None:
    save_policy(world.workspace, "other", RULE | {"match": {"types": ["mail.*"]}}, position=1, author=world.ana)


def leaves_it_to_the_server(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre")])


def makes_another_team(world: SimpleNamespace) -> None:
    with by_ana(world, Team):
        make_team(world.workspace, "leads", world.cy)


def is_away_herself(world: SimpleNamespace) -> None:
    row = start_absence(world.workspace, world.ana, clock.now(), clock.now() + HOUR, None, actor=world.ana.actor)
    end_absence(row, actor=world.ana.actor)


UNTOUCHED: list[Change] = [
    writes_a_policy_for_other_types,
    leaves_it_to_the_server,
    makes_another_team,
    is_away_herself,
]


@pytest.mark.parametrize("change", UNTOUCHED, ids=lambda change: change.__name__)
def test_changes_that_do_not_matter_keep_nobody_out(world: SimpleNamespace, change: Change) -> None:
    change(world)

    assert say(open_gate(world), world.ana).recorded


def test_nobody_is_kept_out_where_the_workspace_has_switched_it_off(world: SimpleNamespace) -> None:
    ApprovalSettings.objects.update(changers_wait=False)
    writes_a_policy(world)

    assert say(open_gate(world), world.ana).recorded


def test_a_new_address_does_not_make_a_changer_somebody_else(world: SimpleNamespace) -> None:
    writes_a_policy(world)
    with by_ana(world, Person):
        Person.objects.filter(pk=world.ana.pk).update(email="anna@acme.example")
    gate = open_gate(world)

    assert say(gate, Person.objects.get(pk=world.ana.pk)).code == "rules_changed"


def test_a_team_that_is_changed_between_the_plan_and_the_gate_keeps_its_changer_out(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    intent = send(world)
    take_work(world)
    adds_to_the_team(world)
    finish_work(world, intent)
    gate = gate_of(intent)

    assert say(gate, world.ana).code == "rules_changed"
    assert "Ana Ruiz changed the team sre" in details(intent, "person_kept_out")["why"]
    assert say(gate, world.bo).recorded
    assert chain_fits(fresh(intent))


def test_the_gate_says_who_is_kept_out_and_until_when(world: SimpleNamespace) -> None:
    with time_machine.travel(LATER, tick=False):
        writes_a_policy(world)
        gate = open_gate(world)
        client = Client()
        client.force_login(world.bo)

        page = client.get(f"/gates/{gate.pk}").content.decode()

    assert "Ana Ruiz changed the policy loose at 14:02 UTC on 02 March" in page
    assert "may not decide on what was sent by 14:02 UTC on 03 March." in page


def test_a_gate_that_only_its_changer_could_pass_is_refused_with_the_reason(world: SimpleNamespace, api: Api) -> None:
    rule = RULE | {"gates": [gate_rule("person:ana@acme.example")]}
    save_policy(world.workspace, "mine", rule, position=1, author=world.ana)

    answer = api.post("/v1/intents", {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {}})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "nobody_to_ask")
    assert "Ana Ruiz changed the policy mine" in answer.json()["error"]["message"]
    assert not Gate.objects.exists()


def test_a_team_that_is_changed_in_the_admin_keeps_the_signed_in_admin_out(world: SimpleNamespace) -> None:
    Person.objects.filter(pk=world.ana.pk).update(is_staff=True, is_superuser=True)
    team = Team.objects.get(name="sre")
    client = Client()
    client.force_login(Person.objects.get(pk=world.ana.pk))
    people = [str(person.pk) for person in (world.ana, world.bo)]

    saved = client.post(
        reverse("admin:approvals_team_change", args=[team.pk]),
        {"workspace": str(world.workspace.pk), "name": "sre", "people": people},
    )

    assert saved.status_code == 302, saved.content
    assert say(open_gate(world), world.ana).code == "rules_changed"


def puts_oneself_on_call(world: SimpleNamespace, schedule: Schedule) -> None:
    now = clock.now()
    with by_ana(world, Override):
        add_overrides(schedule, [(world.ana, now, now + timedelta(hours=1))], author=world.ana)


def test_who_puts_themselves_on_call_while_a_gate_is_open_does_not_decide_on_it(world: SimpleNamespace) -> None:
    with time_machine.travel(LATER, tick=False) as traveller:
        schedule = make_schedule(world, layer(world.bo))
        make_policy(world.workspace, gates=[gate_rule("schedule:primary")])
        gate = open_gate(world)
        traveller.shift(60)
        puts_oneself_on_call(world, schedule)
        settle_schedules()

        assert say(gate, world.ana).code == "rules_changed"
        assert "Ana Ruiz changed who is on call in primary" in details(gate.intent, "person_kept_out")["why"]
        assert details(gate.intent, "handed_over")["told"] == []
        assert say(gate, world.bo).recorded


def test_who_enters_anothers_absence_while_a_gate_is_open_does_not_decide_on_it(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    gate = open_gate(world)
    enters_somebodys_absence(world)
    settle_absences()

    assert say(gate, world.ana).code == "rules_changed"
    assert "Ana Ruiz changed the absence of Bo Lind" in details(gate.intent, "person_kept_out")["why"]
    assert say(gate, world.cy).recorded


def test_who_gives_themselves_the_right_to_break_glass_breaks_none_that_was_open(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    with by_ana(world, Membership):
        world.ana.memberships.update(can_break_glass=True)

    refused = break_glass(gate.pk, world.ana, "It is urgent.", Manner("web", "signed_in", True))

    assert (refused.code, refused.status) == ("rules_changed", 403)
    assert not Gate.objects.get(pk=gate.pk).outcome
    assert chain_fits(fresh(gate.intent))
