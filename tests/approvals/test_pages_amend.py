"""Amending on the request's page, and what a page that was open meanwhile says."""

from __future__ import annotations

import json
from typing import Any

from approvals.models import Decision
from tests.acts import fresh, gate_of, say
from tests.approvals.browsing import answer, signed_in, text_of
from tests.approvals.test_amend import SMALLER, change
from tests.factories import gate_rule, make_policy, open_gate

CY = "cy@acme.example"


def post(person: Any, gate: Any, **fields: str) -> Any:
    typed = {"payload": json.dumps(SMALLER), "reason": "only ten rows", **fields}
    return signed_in(person).post(f"/intents/{gate.intent_id}/amend", typed)


def test_requester_amends_on_the_page_and_everybody_sees_what_changed_and_why(world):
    gate = open_gate(world, requested_by=CY)
    page = text_of(signed_in(world.cy).get(f"/intents/{gate.intent_id}"))
    assert "Amend this request" in page
    assert "prod-postgres-main" in page

    done = post(world.cy, gate)

    assert done.status_code == 303
    shown = text_of(signed_in(world.ana).get(f"/gates/{gate.pk}"))
    for words in ("Amended by cy@acme.example", "only ten rows", "(nothing)", "became", "10"):
        assert words in shown
    assert "Amended by cy@acme.example" in text_of(signed_in(world.ana).get(f"/intents/{gate.intent_id}"))


def test_form_is_only_for_whoever_may_amend(world):
    gate = open_gate(world, requested_by=CY)

    assert "Amend this request" not in text_of(signed_in(world.ana).get(f"/intents/{gate.intent_id}"))
    assert post(world.ana, gate).status_code == 403
    assert gate_of(gate.intent).digest == gate.digest


def test_what_cannot_be_taken_stays_typed_and_says_where_the_fault_is(world):
    gate = open_gate(world, requested_by=CY)

    bad = post(world.cy, gate, payload='{"rows": 10,}')
    unwritten = post(world.cy, gate, reason="")
    a_list = post(world.cy, gate, payload="[1]")

    assert (bad.status_code, unwritten.status_code, a_list.status_code) == (422, 422, 422)
    assert "{&quot;rows&quot;: 10,}" in text_of(bad)
    assert "line 1" in text_of(bad)
    assert "say why it changes" in text_of(unwritten)
    assert fresh(gate.intent).texts.payload == gate.intent.texts.payload


def test_page_that_was_open_says_that_the_request_was_changed_and_offers_no_answer(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    say(gate, world.ana)
    browser = signed_in(world.ana)
    page = text_of(browser.get(f"/gates/{gate.pk}"))
    assert f"digest={gate.digest.replace(':', '%3A')}" in page

    change(world, gate.intent)

    live = text_of(browser.get(f"/gates/{gate.pk}/live", {"v": "x", "shows": "voted", "digest": gate.digest}))
    assert "The request was changed" in live
    assert 'name="outcome"' not in live
    assert answer(browser, gate).status_code == 409
    assert Decision.objects.filter(taken_back_at=None).count() == 0


def test_void_answer_is_shown_as_void(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    say(gate, world.ana)

    change(world, gate.intent)

    assert "void since the request was amended" in text_of(signed_in(world.bo).get(f"/gates/{gate.pk}"))


def test_held_gate_says_what_it_waits_for_and_can_be_taken_back(world):
    gate = open_gate(world, human_task={"task_type": "review"}, amendable=True)
    say(gate, world.ana, "changes_requested", comment="smaller")

    others, own = (text_of(signed_in(person).get(f"/gates/{gate.pk}")) for person in (world.bo, world.ana))

    assert "Held for changes" in others
    assert 'name="outcome"' not in others
    assert "take-back-button" in own
