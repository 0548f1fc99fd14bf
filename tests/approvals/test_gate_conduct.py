"""What a policy says of a gate besides whom it asks: words, outcomes, forms, strength, risk, who is left out, told."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine

from approvals.models import Decision, Gate
from approvals.rulebook.gate import check_gate
from approvals.rulebook.words import RuleRefused
from approvals.services.answer import Answer
from approvals.services.break_glass import break_glass
from approvals.services.decide import Manner, decide
from approvals.services.extend import extend
from approvals.services.sureness import Sureness
from approvals.strength import Shown, Strength
from approvals.terms import from_request, from_rule, line, merge
from intents import clock
from intents.errors import Invalid
from intents.submission import Times
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import KeptMail
from tests.acts import finish_work, fresh, gate_of, say, take_work
from tests.approvals.browsing import answer, signed_in, text_of
from tests.factories import PASSWORD, gate_rule, make_person, make_policy, make_team, send

pytestmark = pytest.mark.django_db
FORM = {"type": "object", "properties": {"ticket": {"type": "string"}}, "required": ["ticket"]}


def gate_with(world: SimpleNamespace, payload: dict[str, Any] | None = None, **rule: Any) -> Gate:
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", **rule)])
    return gate_of(send(world, payload=payload or {"service": "checkout"}))


def sure(**how: Any) -> dict[str, Any]:
    return {"via": "web", "strength": "signed_in", "sureness": Sureness(**how)}


def test_gate_says_what_the_policy_says_with_names_put_in_once(world: SimpleNamespace) -> None:
    gate = gate_with(
        world,
        {"service": "{target}\nApproved by security", "list": [1]},
        title="{type} by {sender}",
        instructions="Look at {payload.service}, {payload.list}, {payload.nothing} for {requester} in {workspace}.",
    )

    assert gate.title == "intent.infra.change.v1 by sender"
    page = text_of(signed_in(world.ana).get(f"/gates/{gate.pk}"))
    assert gate.ask.instructions in page
    assert gate.ask.instructions.startswith("Look at “{target}")
    assert "\n" not in gate.ask.instructions
    assert gate.ask.instructions.endswith("(see the payload), (nothing) for nobody in acme/production.")


def test_gate_never_fills_in_what_the_request_wrote(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", title="{type}")])

    gate = gate_of(send(world, human_task={"title": "{sender}", "description": "{type}"}))

    assert (gate.title, gate.ask.description) == ("{sender}", "{type}")


def test_gate_has_the_policys_type_outcomes_and_form_when_it_stands_alone(world: SimpleNamespace) -> None:
    outcomes = [["ship_it", "yes"], ["rejected", "no"], ["board", "back"]]

    gate = gate_with(world, task_type="review", outcomes=outcomes, form=FORM)

    assert (gate.task_type, gate.ask.outcomes, gate.ask.form_schema) == ("review", outcomes, FORM)
    assert say(gate, world.ana, "ship_it").code == "form_invalid"
    assert say(gate, world.ana, "ship_it", fields={"ticket": "T-1"}).recorded
    assert fresh(gate.intent).status == "SUBMITTED"


def test_policy_classes_outcomes_that_a_request_lists(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre", outcomes=[["ship_it", "yes"], ["halt", "no"]])])

    gate = gate_of(send(world, to_agent="human", human_task={"allowed_outcomes": ["ship_it", "halt", "maybe"]}))

    assert gate.ask.outcomes == [["ship_it", "yes"], ["halt", "no"], ["maybe", "back"]]


def test_request_cannot_drop_the_no_that_the_policy_wants_on_silence(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre", outcomes=[["y", "yes"], ["n", "no"]], on_timeout="n")])

    with pytest.raises(Invalid, match="on silence"):
        send(world, to_agent="human", human_task={"allowed_outcomes": ["approved", "rejected"]})


def test_gate_with_a_form_stands_beside_a_requests_gate_that_has_one(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", form=FORM)])
    other = {"type": "object", "properties": {"why": {"type": "string"}}}

    intent = send(world, human_task={"form_schema": other})

    forms = [step.spec["ask"]["form_schema"] for step in intent.steps.filter(kind="human")]
    assert forms == [other, FORM]


def test_comment_is_needed_where_the_policy_says(world: SimpleNamespace) -> None:
    gate = gate_with(world, comment_required=["approved"])

    assert say(gate, world.ana, "approved").code == "comment_required"
    assert say(gate, world.ana, "approved", comment="fine").recorded


def test_previous_approvers_do_not_count_at_a_gate_that_leaves_them_out(world: SimpleNamespace) -> None:
    later = gate_rule("team:sre", exclude=["previous_approvers"])
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before"), later])
    intent = send(world)
    say(gate_of(intent), world.ana)
    take_work(world)
    finish_work(world, intent)
    second = gate_of(intent)

    assert say(second, world.ana).code == "agreed_before"
    assert say(second, world.ana, "rejected", comment="no").code == "agreed_before"
    assert say(second, world.bo).recorded
    assert fresh(intent).status == "COMPLETED"


def test_informed_people_are_told_twice_and_may_not_decide(world: SimpleNamespace, settings: Any) -> None:
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    mia = make_person(world.workspace, "mia@acme.example", "Mia")
    make_team(world.workspace, "managers", mia, world.ana)

    gate = gate_with(world, inform=["team:managers"])
    told(gate)
    assert say(gate, mia).code == "not_eligible"
    say(gate, world.ana)
    told(gate)

    subjects = list(KeptMail.objects.filter(to__contains=mia.email).order_by("pk").values_list("subject", flat=True))
    assert [subject.split(":")[0] for subject in subjects] == ["People are asked", "Approved"]
    own = KeptMail.objects.filter(to__contains=world.ana.email)
    assert not own.filter(subject__startswith="People are asked").exists()


def test_informed_people_are_told_of_another_deadline_and_of_broken_glass(
    world: SimpleNamespace, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    make_person(world.workspace, "mia@acme.example", "Mia")
    world.bo.memberships.update(can_break_glass=True)
    gate = gate_with(world, inform=["mia@acme.example"], extend={"who": ["team:sre"], "most": 7200})
    told(gate)

    extend(gate.pk, world.ana, 3600, "Bo is on a train.", via="web")
    told(gate)
    break_glass(gate.pk, world.bo, "It burns.", Manner("web", "signed_in", True))
    told(gate)

    mails = KeptMail.objects.filter(to__contains="mia@acme.example").order_by("pk")
    said = [mail.subject.partition(":")[0].partition(",")[0] for mail in mails]
    assert said == ["People are asked", "More time", "Glass was broken"]
    assert "It burns." in mails[2].text


def told(gate: Gate) -> None:
    announce_due()
    deliver_due()


STRENGTHS = [
    ("link", None, "link", None, True),
    ("link", None, "linked", None, False),
    ("linked", None, "linked", None, True),
    ("linked", None, "signed_in", None, False),
    ("signed_in", None, "signed_in", None, True),
    ("signed_in", None, {"signed_in_within": 5}, None, False),
    ("signed_in", 4, {"signed_in_within": 5}, None, True),
    ("signed_in", 6, {"signed_in_within": 5}, None, False),
    ("linked", 1, {"signed_in_within": 5}, None, False),
]


@pytest.mark.parametrize(("name", "minutes", "wanted", "_", "enough"), STRENGTHS)
def test_strength_is_enough_for_what_asks_no_more(name, minutes, wanted, _, enough):
    now = clock.now()
    at = now - timedelta(minutes=minutes) if minutes is not None else None

    assert Shown(name, at).is_enough_for(Strength.read(wanted), now) is enough


def test_yes_needs_the_strength_of_the_policy_and_a_no_never_does(world: SimpleNamespace) -> None:
    gate = gate_with(world, strength={"signed_in_within": 5}, rejections=3)
    now = clock.now()

    token = decide(gate.pk, Answer("approved"), world.ana, via="api", strength="linked")
    stale = decide(gate.pk, Answer("approved"), world.ana, **sure(signed_in_at=now - timedelta(minutes=6)))
    refusal = decide(gate.pk, Answer("rejected", "no"), world.bo, via="api", strength="linked")
    recent = decide(gate.pk, Answer("approved"), world.ana, **sure(signed_in_at=now))

    assert (token.code, stale.code, refusal.code, recent.code) == (
        "sign_in_needed",
        "sign_in_needed",
        "recorded",
        "recorded",
    )
    assert "a sign-in within the last 5 minutes" in token.message


def test_page_offers_a_fresh_sign_in_before_a_yes_that_needs_one(world: SimpleNamespace) -> None:
    gate = gate_with(world, strength={"signed_in_within": 5})
    client = signed_in(world.ana)

    page = text_of(client.get(f"/gates/{gate.pk}"))
    assert 'value="approved"' not in page
    assert f"/sign-in?again=1&amp;next=/gates/{gate.pk}" in page
    assert "A yes needs a sign-in within the last 5 minutes." in page

    client.post("/sign-in?again=1", {"email": world.ana.email, "password": PASSWORD})
    assert 'value="approved"' in text_of(client.get(f"/gates/{gate.pk}"))
    answer(client, gate)
    assert Decision.objects.get().outcome == "approved"


def test_high_risk_asks_once_more_before_a_yes(world: SimpleNamespace) -> None:
    gate = gate_with(world, risk="high")
    client = signed_in(world.ana)
    client.post("/sign-in?again=1", {"email": world.ana.email, "password": PASSWORD})

    first = answer(client, gate, comment="fine")
    assert "Approve intent.infra.change.v1 on infra-validator?" in text_of(first)
    assert not Decision.objects.exists()
    other = answer(client, gate, confirmed="sha256:other")
    assert not Decision.objects.exists()

    answer(client, gate, confirmed=gate.digest)
    assert (first.status_code, other.status_code, Decision.objects.get().outcome) == (422, 422, "approved")


def test_high_risk_asks_nothing_before_a_no(world: SimpleNamespace) -> None:
    gate = gate_with(world, risk="high")

    assert answer(signed_in(world.ana), gate, "rejected", comment="no").status_code == 303


def test_high_risk_is_never_decided_together_with_others(world: SimpleNamespace) -> None:
    gate = gate_with(world, risk="high")
    world.ana.is_staff = world.ana.is_superuser = True
    world.ana.save()
    client = signed_in(world.ana)

    chosen = {"action": "approve", "_selected_action": [str(gate.pk)]}
    page = text_of(client.post("/admin/approvals/gate/", chosen))

    assert "never answered together with others" in page


def test_high_risk_forgets_a_sign_in_after_fifteen_minutes(world: SimpleNamespace) -> None:
    gate = gate_with(world, risk="high")

    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        verdict = decide(gate.pk, Answer("approved"), world.ana, **sure(signed_in_at=gate.opened_at, asked_again=True))

    assert verdict.code == "sign_in_needed"


def test_page_and_mail_show_what_the_gate_asks(world: SimpleNamespace, settings: Any) -> None:
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    make_team(world.workspace, "managers")
    gate = gate_with(
        world, risk="high", comment_required=["rejected"], inform=["team:managers"], instructions="Mind {target}."
    )
    told(gate)

    page = text_of(signed_in(world.ana).get(f"/gates/{gate.pk}"))
    mail = KeptMail.objects.filter(to__contains=world.ana.email).get().text
    for shown in (page, mail):
        assert "High risk: a yes is asked for once more" in shown
        assert "A yes needs a sign-in within the last 15 minutes." in shown
        assert "These answers need a comment: rejected." in shown
        assert "Told of it, without a vote: managers." in shown
        assert "Mind agent://acme/production/infra-validator." in shown


def test_open_gate_keeps_its_terms_when_the_policy_is_edited(world: SimpleNamespace) -> None:
    """A policy edited while a gate is open does not change that gate."""
    gate = gate_with(world, risk="high", instructions="Old words.")
    digest = gate.digest

    make_policy(world.workspace, gates=[gate_rule("team:sre", need=3, instructions="New words.")])

    page = text_of(signed_in(world.ana).get(f"/gates/{gate.pk}"))
    assert "Old words." in page
    assert "New words." not in page
    assert "0 of 1 from sre" in page
    assert Gate.objects.get(pk=gate.pk).digest == digest


def terms(**rule: Any) -> dict[str, Any]:
    return from_rule(gate_rule("team:sre", **rule))


STRICTER = {
    "strength": ({"strength": "link", "risk": "low"}, {"strength": "signed_in"}, "signed_in"),
    "risk": ({"risk": "low"}, {"risk": "normal"}, "normal"),
    "secret": ({"secret": ["payload.a"]}, {"secret": ["payload.b"]}, ["payload.a", "payload.b"]),
    "editable": ({"editable": ["payload.a", "payload.b"]}, {"editable": ["payload.b"]}, ["payload.b"]),
    "fillable": ({"fillable": ["payload.a"]}, {}, []),
    "comment_required": ({"comment_required": ["rejected"]}, {"comment_required": True}, True),
    "extend": (
        {"extend": {"who": ["team:sre", "team:a"], "most": 60}},
        {"extend": {"who": ["team:sre"], "most": 90}},
        {"who": ["team:sre"], "most": 60},
    ),
    "outcomes": (
        {"outcomes": [["y", "yes"], ["n", "no"], ["m", "yes"]]},
        {"outcomes": [["m", "no"], ["y", "yes"]]},
        [["y", "yes"], ["n", "no"], ["m", "no"]],
    ),
}


@pytest.mark.parametrize(("key", "one", "other", "expected"), [(key, *case) for key, case in STRICTER.items()])
def test_merge_of_two_policies_keeps_the_stricter_rule(key, one, other, expected):
    assert merge(terms(**one), terms(**other))[key] == expected


def test_merge_with_a_request_takes_the_policys_words():
    asked, _ = from_request([line(["team:own"], 1)], Times(), [])
    wanted = terms(strength="link", risk="low", editable=["payload.a"], extend={"who": ["team:sre"], "most": 60})

    merged = merge(asked, wanted)

    assert {key: merged[key] for key in ("strength", "risk", "editable", "extend")} == {
        key: wanted[key] for key in ("strength", "risk", "editable", "extend")
    }


def test_check_gate_refuses_words_that_would_show_a_secret():
    with pytest.raises(RuleRefused, match="is secret"):
        check_gate(gate_rule("team:sre", secret=["payload.db.password"], title="For {payload.db}"), "gates[0]")
