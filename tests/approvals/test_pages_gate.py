from __future__ import annotations

import re
import uuid

import pytest

from approvals.services.answer import Answer
from approvals.services.decide import decide
from tests.approvals.browsing import answer, signed_in, text_of
from tests.factories import gate_rule, make_person, make_policy, make_workspace, open_gate, send

pytestmark = pytest.mark.django_db

TRICKY = {"a": {"b": ["<b>bold</b>", "p\u0430ypal", "x\u202ey"]}, "n": 1.5, "t": True, "z": None, "e": []}


def without_token(answer):
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text_of(answer))


def page_of(person, gate, query=""):
    return signed_in(person).get(f"/gates/{gate.pk}{query}")


def test_page_shows_the_facts_every_leaf_and_what_silence_means(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world, payload=TRICKY, human_task={"title": "T", "description": "see https://x.example"})

    page = text_of(page_of(world.ana, gate))

    for words in (
        "intent.infra.change.v1", "agent://acme/production/human", "acme/production", "infra-changes (version 1)",
        "a.b[0]", "&lt;b&gt;bold&lt;/b&gt;", "⟨U+202E⟩", "mixes alphabets", "1.5", "true", "null", "unverified",
        "0 of 2 from sre", "this is not approved", gate.digest[7:19], "Ana Ruiz", "Accepted, with a plan of 1 step.",
    ):  # fmt: skip
        assert words in page
    assert 'href="https://x.example' not in page
    assert "<b>bold" not in page


def test_nothing_is_preselected_and_enter_sends_nothing(world):
    page = text_of(page_of(world.ana, open_gate(world)))

    assert page.count('type="radio"') == 2
    assert "checked" not in page
    assert page.index('<button type="submit" disabled hidden') < page.index("Record my answer")


@pytest.mark.parametrize("path", ["", "/live"])
def test_foreign_and_unknown_gates_are_the_same_404(world, path):
    gate = open_gate(world)
    eve = make_person(make_workspace("other", "place"), "eve@other.example")

    foreign = signed_in(eve).get(f"/gates/{gate.pk}{path}")
    unknown = signed_in(eve).get(f"/gates/{uuid.uuid4()}{path}")

    assert foreign.status_code == unknown.status_code == 404
    assert without_token(foreign) == without_token(unknown)
    assert answer(signed_in(eve), gate).status_code == 404


def test_member_without_a_seat_sees_the_gate_but_no_form(world):
    dee = make_person(world.workspace, "dee@acme.example")

    page = text_of(page_of(dee, open_gate(world)))

    assert "This is for sre to decide." in page
    assert 'name="outcome"' not in page


def test_four_eyes_are_explained_in_place_of_the_form(world):
    gate = open_gate(world, requested_by="ana@acme.example")

    page = text_of(page_of(world.ana, gate))

    assert "You are bound up with this request" in page
    assert 'name="outcome"' not in page


def test_source_says_when_only_the_request_asked(world):
    make_policy(world.workspace, "pass", action="approve")

    assert "asked for by the requester" in text_of(page_of(world.ana, open_gate(world, human_task={"title": "x"})))


def test_earlier_refusals_of_the_same_sender_type_and_target_are_shown(world):
    before = open_gate(world, human_task={"title": "first"})
    decide(before.pk, Answer("rejected", "not on a Friday"), world.bo, via="slack", strength="linked")
    other = open_gate(world, intent_type="intent.other.v1")

    assert "not on a Friday" in text_of(page_of(world.ana, open_gate(world, human_task={"title": "again"})))
    assert "not on a Friday" not in text_of(page_of(world.ana, other))


def test_page_that_cannot_show_everything_offers_no_yes(world):
    gate = open_gate(world, payload={f"k{number}": number for number in range(250)})

    cut, full = text_of(page_of(world.ana, gate)), text_of(page_of(world.ana, gate, "?full=1"))

    assert "50 values are not shown" in cut
    assert 'value="approved"' not in cut
    assert 'value="rejected"' in cut
    assert "k249" in full
    assert 'value="approved"' in full


def test_one_long_leaf_cuts_the_view_too(world):
    gate = open_gate(world, payload={"text": "x" * 30_000})

    assert 'value="approved"' not in text_of(page_of(world.ana, gate))


def test_live_part_is_204_until_something_changes_and_keeps_the_form(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    client = signed_in(world.ana)
    version = client.get(f"/gates/{gate.pk}").context["version"]

    assert client.get(f"/gates/{gate.pk}/live?v={version}&shows=form").status_code == 204
    decide(gate.pk, Answer("approved", "bo agrees"), world.bo, via="web", strength="signed_in")
    part = client.get(f"/gates/{gate.pk}/live?v={version}&shows=form")

    assert "bo agrees" in text_of(part)
    assert "1 of 2 from sre" in text_of(part)
    assert 'id="answer"' not in text_of(part)


def test_live_part_replaces_the_form_once_the_gate_has_closed(world):
    gate = open_gate(world)
    client = signed_in(world.ana)
    version = client.get(f"/gates/{gate.pk}").context["version"]
    decide(gate.pk, Answer("approved", "done"), world.bo, via="web", strength="signed_in")

    part = text_of(client.get(f"/gates/{gate.pk}/live?v={version}&shows=form"))

    assert 'id="answer"' in part
    assert "No answer is needed any more" in part
    assert "Approved by Bo Lind in the web inbox" in part


def test_closed_page_says_what_who_when_where_and_in_whose_words(world):
    gate = open_gate(world)
    decide(gate.pk, Answer("rejected", "too risky"), world.bo, via="slack", strength="linked")

    page = text_of(page_of(world.ana, gate))

    assert "Rejected by Bo Lind in Slack at" in page
    assert "too risky" in page
    assert 'name="outcome"' not in page


def test_intent_page_shows_plan_reasons_and_end(world):
    make_policy(world.workspace, "other", types=("intent.data.*",), gates=[gate_rule("team:sre")])
    make_policy(world.workspace, gates=[gate_rule("team:sre")], position=20)
    gate = open_gate(world)
    decide(gate.pk, Answer("approved", "go"), world.bo, via="web", strength="signed_in")

    page = text_of(signed_in(world.ana).get(f"/intents/{gate.intent_id}"))

    for words in ("Completed", "did not match", "infra-changes", "Approved by Bo Lind", f"/gates/{gate.pk}"):
        assert words in page


def test_intent_page_takes_the_handle_of_a_step_and_hides_other_workspaces(world):
    make_policy(world.workspace, "pass", action="approve")
    intent = send(world)
    eve = make_person(make_workspace("other", "place"), "eve@other.example")
    step = intent.steps.get(kind="agent")

    assert signed_in(world.ana).get(f"/intents/{step.pk}").status_code == 200
    assert signed_in(eve).get(f"/intents/{step.pk}").status_code == 404


def test_denied_intent_says_by_which_policy(world):
    make_policy(world.workspace, "never", action="deny")

    page = text_of(signed_in(world.ana).get(f"/intents/{send(world).pk}"))

    assert "Denied by policy never" in page
