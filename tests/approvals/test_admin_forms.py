"""The admin's forms say what is stored, store what they say, and explain what they cannot."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals.adminforms.chain import ChainForm
from approvals.adminforms.policy import PolicyForm
from approvals.adminforms.schedule import ScheduleForm
from approvals.models import Chain, ChainVersion, Policy, PolicyVersion, Schedule
from approvals.services.chains import save_chain
from approvals.services.schedules import save_schedule
from approvals.spans import NotASpan, seconds_of, span_text
from tests.adminforms import chain_fields, policy_fields, schedule_fields
from tests.changes import entries
from tests.factories import gate_rule, make_person, make_policy, send

EVERYTHING: dict[str, Any] = {
    "match": {
        "types": ["intent.infra.*", "intent.db.migrate.v1"],
        "senders": ["deploy-bot"],
        "targets": ["agent://acme/production/*"],
        "when": "payload.env == 'prod'",
    },
    "action": "require",
    "continue": True,
    "author_fields": ["author"],
    "clean_up": "rollback",
    "on_agent_failure": "ask",
    "gates": [
        {
            "place": {"before": "deploy"},
            "task_type": "review",
            "title": "Deploy {type}?",
            "instructions": "Look at {payload.env}.",
            "outcomes": [["approved", "yes"], ["later", "back"], ["rejected", "no"]],
            "form": {"type": "object", "properties": {"ticket": {"type": "string"}}},
            "comment_required": ["rejected"],
            "requirement": [{"who": ["team:sre"], "need": 2}, {"who": ["person:ana@acme.example"], "need": 1}],
            "rejections": 2,
            "exclude": ["previous_approvers"],
            "inform": ["team:sre"],
            "post": ["slack:#deploys", "slack:#ops"],
            "strength": {"signed_in_within": 15},
            "risk": "high",
            "editable": ["payload.count"],
            "fillable": ["payload.ticket"],
            "secret": ["payload.token"],
            "deadline": 5400,
            "warn_before": 600,
            "on_timeout": "rejected",
            "extend": {"who": ["team:sre"], "most": 7200},
            "remind": {"after": 600, "interval": 300, "max": 3},
            "escalate_to": ["person:ana@acme.example"],
        },
        {"place": "after", "requirement": [{"who": ["team:sre"], "need": 1}], "comment_required": True},
    ],
}
CHAIN: dict[str, Any] = {
    "steps": [
        {"after": 60, "who": ["team:sre"], "channels": ["slack", {"email": 600}], "post": ["slack:#ops"],
         "remind": {"after": 60, "every": 90}},
        {"after": 7200, "who": ["person:ana@acme.example"]},
    ],
    "repeat": 2,
    "repeat_after": 3600,
    "last_resort": ["team:sre"],
    "hours": {
        "zone": "Europe/Berlin", "days": ["mon", "fri"], "from": "09:00", "to": "18:00", "holidays": "DE-BE",
        "pass": ["high"],
    },
}  # fmt: skip
SCHEDULE: dict[str, Any] = {
    "zone": "Europe/Berlin",
    "layers": [
        {"people": ["person:ana@acme.example", "person:bo@acme.example"], "rotation": "weekly", "handover": "09:00",
         "start": "2026-11-02", "name": "primary", "weekday": "mon"},
        {"people": ["person:cy@acme.example"], "rotation": "custom", "handover": "00:00", "start": "2026-11-07",
         "every": 12, "until": "2027-01-01", "restrict": [{"days": ["sat", "sun"], "from": "00:00", "to": "24:00"}]},
    ],
}  # fmt: skip


@pytest.fixture
def admin(world: SimpleNamespace) -> Client:
    """Ana, who may do everything."""
    world.ana.is_staff = world.ana.is_superuser = True
    world.ana.save()
    client = Client()
    client.force_login(world.ana)
    return client


def of(world: SimpleNamespace, **fields: Any) -> dict[str, Any]:
    return {"workspace": str(world.workspace.pk), "name": "one", **fields}


def test_policy_form_stores_every_key_that_it_is_given(world: SimpleNamespace):
    form = PolicyForm(policy_fields(EVERYTHING, **of(world)))

    assert form.is_valid(), (form.errors, form.parts.errors)
    assert form.cleaned_data["body"] == EVERYTHING


def test_chain_form_stores_every_key_that_it_is_given(world: SimpleNamespace):
    form = ChainForm(chain_fields(CHAIN, **of(world)))

    assert form.is_valid(), (form.errors, form.parts.errors)
    assert form.cleaned_data["body"] == CHAIN


def test_schedule_form_stores_every_key_that_it_is_given(world: SimpleNamespace):
    form = ScheduleForm(schedule_fields(SCHEDULE, **of(world)))

    assert form.is_valid(), (form.errors, form.parts.errors)
    assert form.cleaned_data["body"] == SCHEDULE


@pytest.mark.parametrize("inline", [{"steps": [{"after": 0}]}, "patient"])
def test_chain_of_a_gate_is_a_name_or_a_chain(world: SimpleNamespace, inline: Any):
    save_chain(world.workspace, "patient", {"steps": [{"after": 0}]}, author=None)
    body = {"match": {"types": ["*"]}, "action": "require", "gates": [{**gate_rule("team:sre"), "chain": inline}]}

    form = PolicyForm(policy_fields(body, **of(world)))

    assert form.is_valid(), (form.errors, form.parts.errors)
    assert form.cleaned_data["body"]["gates"][0]["chain"] == inline


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"gates-0-requirement": "some of team:sre"}, "cannot be read"),
        ({"gates-0-requirement": "9 of team:sre"}, "only 3 may decide"),
        ({"gates-0-deadline": "soon"}, "is no span"),
        ({"gates-0-outcomes": "[1"}, "is not JSON"),
        ({"gates-0-chain": "nowhere"}, "no chain"),
        ({"when": "payload.env =="}, "match.when"),
        ({"types": ""}, "required"),
        ({"gates-0-strength": "signed_in_within"}, "strength"),
        ({"gates-0-on_timeout": "shrug"}, "on_timeout"),
    ],
)
def test_what_cannot_be_saved_is_said_in_words_and_nothing_is(
    world: SimpleNamespace, admin: Client, changed: dict[str, str], words: str
):
    body = {"match": {"types": ["*"]}, "action": "require", "gates": [gate_rule("team:sre")]}

    answer = admin.post(reverse("admin:approvals_policy_add"), policy_fields(body, **of(world), **changed))

    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Policy.objects.exists()


def test_a_crowd_is_only_told_of_when_somebody_means_it(world: SimpleNamespace, admin: Client):
    for number in range(30):
        world.workspace.teams.get(name="sre").people.add(make_person(world.workspace, f"p{number}@acme.example"))
    body = {"match": {"types": ["*"]}, "action": "require", "gates": [gate_rule("team:sre")]}
    address, fields = reverse("admin:approvals_policy_add"), policy_fields(body, **of(world))

    warned = admin.post(address, fields)
    assert "This will notify 33 people" in warned.content.decode()
    assert not Policy.objects.exists()
    admin.post(address, fields | {"crowd": "on"})

    assert Policy.objects.get().version == 1


def test_a_check_saves_nothing_and_says_who_is_told(world: SimpleNamespace, admin: Client):
    body = {"match": {"types": ["intent.db.*"]}, "action": "require", "gates": [gate_rule("team:sre")]}

    make_policy(world.workspace, "shadow", "approve", types=("intent.*",), position=5)
    send(world, intent_type="intent.db.migrate.v1")

    page = admin.post(reverse("admin:approvals_policy_add"), policy_fields(body, **of(world), _check="1"))

    assert "Of the intents of the last 7 days: 1 same." in page.content.decode()
    assert "shadow" in page.content.decode().partition("Look at this again")[2]
    assert "This will notify 3 people with each request." in page.content.decode()
    assert 'name="type" value="intent.db.example.v1"' in page.content.decode()
    assert not Policy.objects.filter(name="one").exists()


def test_a_gate_is_removed_when_it_is_ticked(world: SimpleNamespace, admin: Client):
    policy = make_policy(world.workspace, gates=[gate_rule("team:sre"), gate_rule("team:sre", place="before")])
    fields = policy_fields(policy.versions.get().body) | {"gates-0-DELETE": "on"}

    admin.post(reverse("admin:approvals_policy_change", args=[policy.pk]), fields)

    gates = policy.versions.get(number=2).body["gates"]
    assert [gate["place"] for gate in gates] == ["before"]


def test_any_version_can_be_looked_at_and_restored(world: SimpleNamespace, admin: Client):
    policy = make_policy(world.workspace, gates=[gate_rule("team:sre", deadline=3600)])
    make_policy(world.workspace, gates=[gate_rule("team:sre", deadline=7200)])
    address = reverse("admin:approvals_policy_versions", args=[policy.pk])

    page = admin.get(address).content.decode()
    assert "deadline: 3600" in page
    assert "+    deadline: 7200" in page.replace("&#x27;", "'")
    admin.post(address, {"number": "1"})

    policy.refresh_from_db()
    assert policy.version == 3
    assert policy.versions.get(number=3).body == policy.versions.get(number=1).body
    assert policy.versions.get(number=3).author == world.ana
    assert entries(world.workspace, "policy.")[-1][1] == "person:ana@acme.example"


def test_a_version_that_nobody_could_meet_any_more_is_not_restored(world: SimpleNamespace, admin: Client):
    policy = make_policy(world.workspace, gates=[gate_rule("team:sre", need=3)])
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    world.workspace.teams.get(name="sre").people.remove(world.cy)
    address = reverse("admin:approvals_policy_versions", args=[policy.pk])

    page = admin.post(address, {"number": "1"}, follow=True)

    assert "cannot be restored: 3 of team:sre cannot agree" in page.content.decode()
    assert PolicyVersion.objects.count() == 2
    assert "no such version" in admin.post(address, {"number": "x"}, follow=True).content.decode()


def test_versions_are_for_those_who_may_see_them(world: SimpleNamespace):
    policy = make_policy(world.workspace, gates=[gate_rule("team:sre")])
    client = Client()
    client.force_login(world.bo)

    assert client.post(reverse("admin:approvals_policy_versions", args=[policy.pk]), {"number": "1"}).status_code in (
        302,
        403,
    )
    assert PolicyVersion.objects.count() == 1


def test_chain_is_saved_from_its_page_and_keeps_what_a_policy_needs(world: SimpleNamespace, admin: Client):
    admin.post(reverse("admin:approvals_chain_add"), chain_fields(CHAIN, **of(world)))

    assert ChainVersion.objects.get().body == CHAIN
    assert ChainVersion.objects.get().author == world.ana
    make_policy(world.workspace, gates=[{**gate_rule("person:ana@acme.example", "team:sre"), "chain": "one"}])
    stranger = make_person(world.workspace, "new@acme.example")
    outside = CHAIN | {"steps": [CHAIN["steps"][0], {"after": 7200, "who": [stranger.actor]}]}
    page = admin.post(reverse("admin:approvals_chain_change", args=[Chain.objects.get().pk]), chain_fields(outside))
    assert "who may not decide" in page.content.decode()
    assert ChainVersion.objects.count() == 1


def test_schedule_page_shows_what_is_stored(world: SimpleNamespace, admin: Client):
    schedule = save_schedule(world.workspace, "primary", SCHEDULE, author=None)

    page = admin.get(reverse("admin:approvals_schedule_change", args=[schedule.pk])).content.decode()

    assert "person:ana@acme.example, person:bo@acme.example" in page
    assert "sat, sun 00:00-24:00" in page
    assert Schedule.objects.count() == 1


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1800), ("1d2h", 93_600), (" 90 ", 90), ("+5s", 5)])
def test_spans_are_read(text: str, seconds: int):
    assert seconds_of(text) == seconds
    assert seconds_of(span_text(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "m", "-5", "1w", "9999999d"])
def test_what_is_no_span_is_refused(text: str):
    with pytest.raises(NotASpan):
        seconds_of(text)
