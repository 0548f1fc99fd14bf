from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from approvals.forms import inputs
from approvals.models import Decision, Gate
from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents import clock
from tests.approvals.browsing import answer, signed_in, text_of
from tests.factories import gate_rule, make_person, make_policy, open_gate

pytestmark = pytest.mark.django_db

FORM = {
    "type": "object",
    "required": ["ticket", "rows"],
    "properties": {
        "ticket": {"type": "string", "title": "Ticket"},
        "rows": {"type": "integer", "minimum": 1, "title": "Most rows"},
        "masked": {"type": "boolean", "title": "Mask"},
        "region": {"enum": ["eu", "us"], "title": "Region"},
    },
}


def filled(gate, **values):
    """The controls of the form, by the numbers that the page gives them (PostgreSQL orders a schema's keys anew)."""
    numbers = {each.name: number for number, each in enumerate(inputs(gate.ask.form_schema, {}))}
    return {f"field-{numbers[name]}": value for name, value in values.items()}


def two_of_three(world, **fields):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    return open_gate(world, **fields)


def closed(gate):
    return Gate.objects.get(pk=gate.pk).outcome


def test_answer_is_recorded_and_shown_after_a_redirect(world):
    gate = open_gate(world)
    client = signed_in(world.ana)

    sent = answer(client, gate, comment="line 1\r\nline 2")

    assert (sent.status_code, sent["Location"]) == (303, f"/gates/{gate.pk}")
    row = Decision.objects.get()
    assert (row.person, row.via, row.strength, row.digest) == (world.ana, "web", "signed_in", gate.digest)
    assert row.text.comment == "line 1\nline 2"
    page = text_of(client.get(sent["Location"]))
    assert "Approved by Ana Ruiz in the web inbox at" in page


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"outcome": None}, 422, "Choose an answer first."),
        ({"outcome": "maybe"}, 422, "is not offered here"),
        ({"outcome": "rejected"}, 422, "Say why, in a sentence"),
        ({"outcome": "changes_requested"}, 422, "Say why: this answer needs a comment."),
        ({"outcome": "approved", "digest": "sha256:" + "0" * 64}, 409, "has changed since"),
        ({"outcome": "approved", "digest": None}, 409, "has changed since"),
    ],
)
def test_refusal_is_words_on_the_same_page_and_keeps_what_was_typed(world, fields, status, words):
    gate = open_gate(world, human_task={"title": "x", "task_type": "review"})
    typed = "" if fields.get("outcome") in ("rejected", "changes_requested") else "my precious words"

    sent = answer(signed_in(world.ana), gate, **{"comment": typed, **fields})

    assert sent.status_code == status
    assert words in text_of(sent)
    assert typed in text_of(sent)
    assert not Decision.objects.exists()


def test_comment_that_is_too_long_is_named_beside_its_field(world):
    sent = answer(signed_in(world.ana), open_gate(world), comment="x" * 2001)

    assert sent.status_code == 422
    assert "longer than 2000" in text_of(sent)
    assert 'id="comment-error"' in text_of(sent)


def test_chosen_outcome_stays_chosen_after_a_fault(world):
    sent = answer(signed_in(world.ana), open_gate(world), "rejected")

    page = text_of(sent)
    assert 'value="rejected" checked' in page
    assert 'aria-describedby="comment-help comment-error"' in page


def test_form_errors_stand_beside_their_fields_and_values_stay(world):
    gate = open_gate(world, human_task={"title": "x", "task_type": "form", "form_schema": FORM})
    client = signed_in(world.ana)

    sent = answer(client, gate, **filled(gate, rows="none", region="us", ticket=""))
    number = next(iter(filled(gate, rows="")))

    page = text_of(sent)
    assert sent.status_code == 422
    assert f'aria-describedby="{number}-error' in page
    assert "must be a whole number" in page
    assert 'value="none"' in page
    assert '<option value="us" selected' in page
    assert not Decision.objects.exists()


def test_form_fields_are_recorded_in_their_own_types(world):
    gate = open_gate(world, human_task={"title": "x", "task_type": "form", "form_schema": FORM})

    fields = filled(gate, ticket="OPS-1", rows="50", masked="true", region="eu")
    sent = answer(signed_in(world.ana), gate, **fields)

    assert sent.status_code == 303
    assert Decision.objects.get().text.fields == {"ticket": "OPS-1", "rows": 50, "masked": True, "region": "eu"}


def test_refusing_needs_no_filled_in_form(world):
    gate = open_gate(world, human_task={"title": "x", "task_type": "form", "form_schema": FORM})

    assert answer(signed_in(world.ana), gate, "rejected", comment="no").status_code == 303
    assert closed(gate) == "rejected"


def test_evidence_is_one_per_line_and_needed_for_a_yes(world):
    gate = open_gate(world, human_task={"title": "x", "evidence_required": True})
    client = signed_in(world.ana)

    missing = answer(client, gate)
    many = answer(client, gate, evidence="\n".join("abcdefghijk"))
    sent = answer(client, gate, evidence="https://a.example/1\r\n\r\nticket 7")

    assert (missing.status_code, many.status_code, sent.status_code) == (422, 422, 303)
    assert "Add evidence" in text_of(missing)
    assert "At most 10 lines" in text_of(many)
    assert Decision.objects.get().text.evidence == ["https://a.example/1", "ticket 7"]


def test_yes_from_a_cut_view_is_refused_and_a_no_is_taken(world):
    gate = open_gate(world, payload={f"k{number}": number for number in range(250)})
    client = signed_in(world.ana)

    refused = answer(client, gate)
    assert refused.status_code == 422
    assert "Review it in full" in text_of(refused)
    assert not Decision.objects.exists()

    assert answer(client, gate, full="1").status_code == 303


def test_four_eyes_and_strangers_are_refused_with_403_and_recorded_as_tries(world):
    gate = open_gate(world, requested_by="ana@acme.example")
    dee = make_person(world.workspace, "dee@acme.example")

    for person, words in ((world.ana, "bound up with this request"), (dee, "This is for sre to decide.")):
        sent = answer(signed_in(person), gate, comment="kept words")
        assert sent.status_code == 403
        assert words in text_of(sent)
        assert "kept words" in text_of(sent)
    assert gate.intent.events.filter(event_type="intent.decision_refused").count() == 2


def test_loser_of_a_race_sees_who_won_and_keeps_the_words(world):
    gate = open_gate(world)
    decide(gate.pk, Answer("approved", "first"), world.bo, via="slack", strength="linked")

    sent = answer(signed_in(world.ana), gate, "rejected", comment="too late words")

    assert sent.status_code == 409
    assert "Bo Lind approved this at" in text_of(sent)
    assert "too late words" in text_of(sent)


def test_answer_after_the_deadline_is_refused(world):
    gate = open_gate(world)
    Gate.objects.filter(pk=gate.pk).update(expires_at=clock.now() - timedelta(seconds=1))

    sent = answer(signed_in(world.ana), gate)

    assert sent.status_code == 409
    assert "ran out" in text_of(sent)
    assert "The time is up" in text_of(sent)


def test_same_answer_again_is_no_error(world):
    gate = two_of_three(world)
    client = signed_in(world.ana)
    answer(client, gate)

    again = answer(client, gate)

    assert again.status_code == 303
    assert "You already answered this" in text_of(client.get(again["Location"]))
    assert Decision.objects.count() == 1


def test_taking_back_brings_the_form_again(world):
    gate = two_of_three(world)
    client = signed_in(world.ana)
    answer(client, gate)
    assert "Take it back" in text_of(client.get(f"/gates/{gate.pk}"))

    sent = client.post(f"/gates/{gate.pk}/take-back")

    assert sent.status_code == 303
    page = text_of(client.get(f"/gates/{gate.pk}"))
    assert 'name="outcome"' in page
    assert "taken back" in page


def test_taking_back_after_the_end_is_refused_in_words(world):
    gate = open_gate(world)
    client = signed_in(world.ana)
    answer(client, gate)

    sent = client.post(f"/gates/{gate.pk}/take-back")

    assert sent.status_code == 409
    assert "Ana Ruiz approved this at" in text_of(sent)


def test_requester_withdraws_from_the_page_and_others_cannot(world):
    gate = open_gate(world, requested_by="ana@acme.example")

    refused = signed_in(world.bo).post(f"/intents/{gate.intent_id}/withdraw", follow=True)
    assert "Only the sender" in text_of(refused)
    assert not closed(gate)

    client = signed_in(world.ana)
    assert "Withdraw it" in text_of(client.get(f"/gates/{gate.pk}"))
    done = client.post(f"/intents/{gate.intent_id}/withdraw", {"reason": "changed my mind"}, follow=True)

    assert "Withdrawn." in text_of(done)
    assert closed(gate) == "withdrawn"
    assert "Withdrawn at" in text_of(client.get(f"/gates/{gate.pk}"))


@pytest.mark.parametrize("path", ["decide", "take-back"])
def test_opening_the_address_of_an_act_changes_nothing(world, path):
    gate = open_gate(world)

    answer = signed_in(world.ana).get(f"/gates/{gate.pk}/{path}?outcome=approved")

    assert (answer.status_code, answer["Location"]) == (302, f"/gates/{gate.pk}")
    assert not Decision.objects.exists()


def test_answer_without_a_session_is_not_recorded_and_gives_the_words_back(world):
    gate = open_gate(world)

    sent = answer(Client(), gate, comment="my words")

    assert sent.status_code == 403
    assert "You are signed out" in text_of(sent)
    assert "my words" in text_of(sent)
    assert f"/sign-in?next=/gates/{gate.pk}" in text_of(sent)
    assert not Decision.objects.exists()


def test_answer_without_the_pages_token_is_refused(world):
    gate = open_gate(world)

    assert answer(signed_in(world.ana, enforce_csrf_checks=True), gate).status_code == 403
    assert not Decision.objects.exists()


def test_machine_keys_and_personal_tokens_do_not_open_pages(world):
    gate = open_gate(world)
    headers = {"HTTP_AUTHORIZATION": f"Bearer {world.tokens['ana']}", "HTTP_X_API_KEY": world.sender_secret}

    assert Client(**headers).get("/inbox").status_code == 302
    assert answer(Client(**headers), gate).status_code == 403
    assert not Decision.objects.exists()
