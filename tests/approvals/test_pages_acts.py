"""The acts on a gate's page: plain forms whose consequences are said before the button."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from approvals.models import Claim, Gate, Membership, Question
from approvals.services.ask import ask
from approvals.services.claim import claim
from intents import clock
from tests.acts import history, say
from tests.approvals.browsing import signed_in, text_of
from tests.factories import gate_rule, make_policy, open_gate

WHY = "Which customers see this?"


def test_question_is_asked_and_answered_on_the_page(world):
    gate = open_gate(world, requested_by="cy@acme.example")
    bo, cy = signed_in(world.bo), signed_in(world.cy)
    assert "Cy Okafor, who asked for this, is told at once" in text_of(bo.get(f"/gates/{gate.pk}"))

    sent = bo.post(f"/gates/{gate.pk}/ask", {"text": WHY}, follow=True)

    assert "Your question stands on the gate" in text_of(sent)
    question = Question.objects.get()
    assert "Bo Lind asks you" in text_of(cy.get(f"/gates/{gate.pk}"))
    said = cy.post(
        f"/gates/{gate.pk}/answer", {"question": str(question.pk), "text": "All <b>of</b> them"}, follow=True
    )
    assert "All &lt;b&gt;of&lt;/b&gt; them" in text_of(said)
    assert "Bo Lind asks you" not in text_of(said)
    assert "Bo Lind asked the requester in the web inbox: <q>" in text_of(said)


def test_typed_question_is_kept_when_it_is_not_taken(world):
    gate = open_gate(world)

    refused = signed_in(world.bo).post(f"/gates/{gate.pk}/ask", {"text": "x" * 2001})

    assert refused.status_code == 422
    assert "At most 2000 characters are taken for the question." in text_of(refused)
    assert "x" * 2001 in text_of(refused)
    assert '<details class="act" open>' in text_of(refused)


def test_question_with_a_zero_character_is_cleaned(world):
    gate = open_gate(world)

    signed_in(world.bo).post(f"/gates/{gate.pk}/ask", {"text": "a\0b\r\nc"})

    assert Question.objects.get().text == "ab\nc"


def test_claim_is_shown_to_everybody_and_released_by_its_person(world):
    gate = open_gate(world)
    bo, ana = signed_in(world.bo), signed_in(world.ana)

    bo.post(f"/gates/{gate.pk}/claim")

    assert "Bo Lind is looking at it" in text_of(ana.get(f"/gates/{gate.pk}"))
    assert "I am looking at it" in text_of(ana.get(f"/gates/{gate.pk}"))
    assert "Take my claim away" in text_of(bo.get(f"/gates/{gate.pk}"))
    bo.post(f"/gates/{gate.pk}/release")
    assert "Bo Lind is looking at it <" not in text_of(ana.get(f"/gates/{gate.pk}"))
    assert Claim.objects.get().released_at is not None


def test_page_that_is_open_learns_of_questions_and_claims(world):
    gate = open_gate(world)
    client = signed_in(world.ana)
    before = client.get(f"/gates/{gate.pk}")
    version = before.context["version"]

    claim(gate.pk, world.bo, via="web")
    ask(gate.pk, world.bo, WHY, via="web")
    live = client.get(f"/gates/{gate.pk}/live", {"v": version, "shows": "form"})

    assert "Bo Lind is looking at it" in text_of(live)
    assert WHY in text_of(live)


def test_nothing_is_offered_once_the_gate_is_settled(world):
    gate = open_gate(world)
    say(gate, world.ana)

    page = text_of(signed_in(world.bo).get(f"/gates/{gate.pk}"))

    assert "More you can do" not in page
    refused = signed_in(world.bo).post(f"/gates/{gate.pk}/claim")
    assert refused.status_code == 409
    assert "Ana Ruiz approved this" in text_of(refused)


@pytest.mark.parametrize(
    "act", ["ask", "answer", "claim", "release", "delegate", "undelegate", "escalate", "extend", "break-glass"]
)
def test_act_does_nothing_when_its_address_is_only_opened(world, act):
    gate = open_gate(world)
    before = history(gate.intent)

    opened = signed_in(world.bo).get(f"/gates/{gate.pk}/{act}")

    assert (opened.status_code, opened["Location"]) == (302, f"/gates/{gate.pk}")
    assert history(gate.intent) == before


def test_act_asks_for_a_token_against_forgery(world):
    gate = open_gate(world)

    assert signed_in(world.bo, enforce_csrf_checks=True).post(f"/gates/{gate.pk}/claim").status_code == 403


def test_deadline_is_moved_on_the_page_by_whom_the_policy_names(world):
    make_policy(
        world.workspace, gates=[gate_rule("team:sre", extend={"who": ["person:bo@acme.example"], "most": 7200})]
    )
    gate = open_gate(world)
    bo = signed_in(world.bo)

    assert "Move the deadline" not in text_of(signed_in(world.ana).get(f"/gates/{gate.pk}"))
    page = text_of(bo.get(f"/gates/{gate.pk}"))
    assert '<option value="900">15 minutes</option>' in page
    assert '<option value="7200">as long as allowed</option>' in page
    said = bo.post(f"/gates/{gate.pk}/extend", {"seconds": "900", "reason": "Ana is on a train."}, follow=True)
    assert "everybody concerned is told" in text_of(said)
    assert "Bo Lind moved the deadline from" in text_of(said)
    refused = bo.post(f"/gates/{gate.pk}/extend", {"seconds": "٣٣٣", "reason": "no"})
    assert (refused.status_code, "at least 60 seconds" in text_of(refused)) == (422, True)


def test_chain_is_escalated_on_the_page(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 600}, escalate_to=["team:sre"])])
    gate = open_gate(world)
    bo = signed_in(world.bo)

    assert "Tell the next ones now" in text_of(bo.get(f"/gates/{gate.pk}"))
    said = text_of(bo.post(f"/gates/{gate.pk}/escalate", follow=True))

    assert "The next ones of the chain are told now." in said
    assert "Tell the next ones now" not in said


def test_glass_is_broken_on_the_page_by_who_has_the_right(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    Membership.objects.filter(person=world.bo).update(can_break_glass=True)
    gate = open_gate(world)
    bo = signed_in(world.bo)

    assert "Break the glass" not in text_of(signed_in(world.ana).get(f"/gates/{gate.pk}"))
    assert "Break the glass and approve" in text_of(bo.get(f"/gates/{gate.pk}"))
    said = bo.post(f"/gates/{gate.pk}/break-glass", {"reason": "All is down.", "digest": gate.digest}, follow=True)

    assert "by breaking glass: All is down." in text_of(said)
    assert "Bo Lind broke the glass: nobody else had to agree. <q>All is down.</q>" in text_of(said)


@pytest.mark.parametrize(("posted", "status"), [({"digest": ""}, 409), ({"digest": "sha256:other"}, 409)])
def test_glass_is_not_broken_by_a_page_that_shows_something_else(world, posted, status):
    Membership.objects.filter(person=world.bo).update(can_break_glass=True)
    gate = open_gate(world)

    refused = signed_in(world.bo).post(f"/gates/{gate.pk}/break-glass", {"reason": "All is down."} | posted)

    assert refused.status_code == status
    assert Gate.objects.get().is_open


def test_glass_is_only_broken_after_a_review_in_full(world):
    Membership.objects.filter(person=world.bo).update(can_break_glass=True)
    gate = open_gate(world, payload={"long": ["x" * 150] * 300})
    bo = signed_in(world.bo)
    words = {"reason": "All is down.", "digest": gate.digest}

    assert "Break the glass and approve" not in text_of(bo.get(f"/gates/{gate.pk}"))
    assert bo.post(f"/gates/{gate.pk}/break-glass", words).status_code == 422
    assert "Break the glass and approve" in text_of(bo.get(f"/gates/{gate.pk}?full=1"))
    assert bo.post(f"/gates/{gate.pk}/break-glass", words | {"full": "1"}).status_code == 303


def test_gate_is_handed_over_on_the_page_and_taken_back(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    ana = signed_in(world.ana)

    page = text_of(ana.get(f"/gates/{gate.pk}"))
    assert '<option value="bo@acme.example">Bo Lind</option>' in page
    assert '<option value="ana@acme.example">' not in page
    said = text_of(ana.post(f"/gates/{gate.pk}/delegate", {"to": "bo@acme.example"}, follow=True))

    assert "Bo Lind is asked instead of you, until you take it back or answer." in said
    assert "Ana Ruiz has asked Bo Lind to decide instead." in said
    assert "Take it back from Bo Lind" in said
    back = text_of(ana.post(f"/gates/{gate.pk}/undelegate", follow=True))
    assert "You are asked yourself again." in back
    assert "has asked Bo Lind to decide instead" not in back


def test_page_says_to_sign_in_again_when_the_policy_wants_a_fresh_session_for_a_yes(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", strength={"signed_in_within": 15})])
    Membership.objects.filter(person=world.bo).update(can_break_glass=True)
    gate = open_gate(world)
    bo = signed_in(world.bo)

    with time_machine.travel(clock.now() + timedelta(minutes=20), tick=False):
        refused = bo.post(f"/gates/{gate.pk}/break-glass", {"reason": "All is down.", "digest": gate.digest})

    assert refused.status_code == 422
    assert f"/sign-in?again=1&amp;next=/gates/{gate.pk}" in text_of(refused)
    assert Gate.objects.get().is_open
