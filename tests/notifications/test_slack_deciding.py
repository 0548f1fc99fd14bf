"""Presses in Slack, signed, over real HTTP: who decides by them, once, and what each is answered."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from django.db import connection

from approvals.models import Decision
from approvals.services.answer import Answer
from approvals.services.decide import decide
from approvals.services.sureness import once_more
from approvals.services.take_back import take_back
from intents import clock, sweeps
from intents.models import Event
from intents.services.lock import locked_intent
from intents.services.record import details_of
from notifications.models import SlackLink, SlackMessage
from tests.acts import details, history
from tests.factories import open_gate
from tests.fakes.slack import Posted, Slack
from tests.notifications.slacking import press, said_to, send_form, slack_ready

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]


@pytest.fixture
def gate(world, slack, settings):
    """A gate whose card stands in Ana's and Bo's direct messages."""
    return slack_ready(world, slack, settings)


def card(slack: Slack, user: str = "UANA") -> Posted:
    return slack.to(user)[0]


def votes() -> list[tuple[str, str, str, str]]:
    rows = Decision.objects.filter(taken_back_at=None).select_related("person").order_by("at")
    return [(row.person.email, row.outcome, row.via, row.strength) for row in rows]


def attempts(gate) -> list[tuple[str, str]]:
    rows = Event.objects.filter(intent=gate.intent_id, event_type="intent.attempt_refused").select_related("text")
    return [(row.actor, details_of(row)["code"]) for row in rows]


def test_press_on_approve_decides_at_once_and_says_so_to_the_one_who_pressed(world, slack, gate):
    answer = press(slack, card(slack), "Approve", "UANA")

    assert (answer.status_code, answer.content) == (200, b"")
    assert votes() == [("ana@acme.example", "approved", "slack", "linked")]
    assert said_to(slack, "UANA") == "Approved by Ana Ruiz in Slack at 14:02 UTC."
    assert details(gate.intent, "decision_recorded")["full_view"] is True
    assert Decision.objects.get().digest == gate.digest


def test_slacks_retry_of_the_same_interaction_does_not_vote_twice(world, slack, gate):
    body = slack.click(card(slack), "Approve", "UANA")

    press(slack, body=body)
    press(slack, body=body)

    assert len(votes()) == 1
    assert history(gate.intent).count("decision_recorded") == 1
    assert said_to(slack, "UANA") == "This press was handled before, and does nothing more. Your answer is “Approved”."


def test_retry_does_not_bring_back_an_answer_that_was_taken_back(world, slack, settings):
    gate = slack_ready(world, slack, settings, need=2)
    body = slack.click(card(slack), "Approve", "UANA")
    press(slack, body=body)
    take_back(gate.pk, world.ana, via="web")
    press(slack, body=body)

    assert votes() == []
    assert said_to(slack, "UANA").endswith("You have no answer on this.")


def test_reject_asks_why_in_a_form_and_its_sending_decides(world, slack, gate):
    press(slack, card(slack), "Reject", "UANA")
    assert votes() == []
    view = slack.views[-1][1]["view"]
    assert [block["block_id"] for block in view["blocks"] if block["type"] == "input"] == ["comment"]

    assert send_form(slack, view, "UANA", comment=" ") == {
        "response_action": "errors",
        "errors": {"comment": "Say why, in a sentence: whoever asked will read it."},
    }
    answer = send_form(slack, view, "UANA", comment="not on a Monday.")

    assert votes() == [("ana@acme.example", "rejected", "slack", "linked")]
    assert Decision.objects.get().text.comment == "not on a Monday."
    assert answer["response_action"] == "update"
    assert "Rejected by Ana Ruiz in Slack at 14:02 UTC: not on a Monday." in json.dumps(answer["view"])


def test_form_asks_for_fields_evidence_and_comment_and_names_what_is_wrong_beside_its_field(world, slack, settings):
    schema = {
        "type": "object",
        "required": ["window", "replicas"],
        "properties": {
            "window": {"enum": ["tonight", "tomorrow"]},
            "replicas": {"type": "integer", "minimum": 1},
            "dry": {"type": "boolean"},
        },
    }
    task = {"title": "Add an index", "form_schema": schema, "evidence_required": True, "required_comment": True}
    slack_ready(world, slack, settings, human_task=task)
    press(slack, card(slack), "Approve", "UANA")
    view = slack.views[-1][1]["view"]
    names = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    assert names == ["field-0", "field-1", "field-2", "evidence", "comment"]
    window = {"type": "static_select", "selected_option": {"value": "1"}}
    dry = {"type": "checkboxes", "selected_options": [{"value": "true"}]}
    links = ["https://ci.example/1", "https://ci.example/2"]
    given = {
        "field-0": window,
        "field-2": dry,
        "evidence": "\n".join(links),
        "comment": "ok",
    }

    wrong = send_form(slack, view, "UANA", **given, **{"field-1": "0"})
    assert wrong["response_action"] == "errors"
    assert list(wrong["errors"]) == ["field-1"]
    assert votes() == []

    send_form(slack, view, "UANA", **given, **{"field-1": "3"})

    text = Decision.objects.get().text
    assert text.fields == {"window": "tomorrow", "replicas": 3, "dry": True}
    assert list(text.evidence) == links


def test_form_that_slack_cannot_hold_is_answered_on_the_page_and_can_be_refused_in_slack(world, slack, settings):
    fields = {f"field{number}": {"type": "string"} for number in range(61)}
    task = {"title": "Fill in", "form_schema": {"type": "object", "required": ["field0"], "properties": fields}}
    gate = slack_ready(world, slack, settings, human_task=task)

    press(slack, card(slack), "Approve", "UANA")
    assert said_to(slack, "UANA") == "This asks for more than a form in Slack can hold. Answer on its page."
    assert f"https://countersign.acme.example/gates/{gate.pk}" in json.dumps(slack.whispers[-1]["blocks"])
    press(slack, card(slack), "Reject", "UANA")
    send_form(slack, slack.views[-1][1]["view"], "UANA", comment="too much.")

    assert votes() == [("ana@acme.example", "rejected", "slack", "linked")]


def test_same_person_in_slack_then_elsewhere_counts_once(world, slack, settings):
    gate = slack_ready(world, slack, settings, need=2)
    press(slack, card(slack), "Approve", "UANA")

    verdict = decide(gate.pk, Answer("approved"), world.ana, via="email", strength="link")

    assert verdict.message == "You already answered this: approved."
    press(slack, card(slack), "Approve", "UANA")
    assert said_to(slack, "UANA") == "You already answered this: approved."
    assert len(votes()) == 1


def test_late_press_is_told_who_decided_when_and_where(world, slack, gate):
    decide(gate.pk, Answer("approved"), world.bo, via="web", strength="signed_in")

    for label in ("Approve", "Reject"):
        press(slack, card(slack), label, "UANA")
        assert said_to(slack, "UANA") == "Bo Lind approved this at 14:02 UTC in the web inbox."

    assert slack.views == []
    assert len(votes()) == 1


@pytest.mark.parametrize("label", ["Approve", "Reject"])
def test_press_after_the_time_ran_out_is_told_so(world, slack, gate, time_machine, label):
    time_machine.shift(3601)
    press(slack, card(slack), label, "UANA")
    assert said_to(slack, "UANA") == "The time for this ran out at 15:02 UTC."

    sweeps.wake_due()
    press(slack, card(slack), label, "UANA")

    assert said_to(slack, "UANA") == "This ended at 15:02 UTC without an answer: expired."
    assert votes() == []


@pytest.mark.parametrize("label", ["Approve", "Reject"])
def test_press_on_what_has_changed_since_is_told_so(world, slack, gate, label):
    type(gate).objects.filter(pk=gate.pk).update(digest="sha256:" + "0" * 64)

    press(slack, card(slack), label, "UANA")

    assert said_to(slack, "UANA") == "What you were shown has changed since. Look again, then decide."
    assert votes() == []


def test_press_by_somebody_whose_it_is_not_is_told_why_and_recorded(world, slack, gate):
    world.ana.memberships.update(can_decide=False)

    for label in ("Approve", "Reject"):
        press(slack, card(slack), label, "UANA")
        assert said_to(slack, "UANA") == "This is for sre to decide."

    assert votes() == []
    assert history(gate.intent).count("decision_refused") == 2


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ({"is_bot": True}, "it is a bot."),
        ({"is_restricted": True}, "it is a guest's."),
        ({"deleted": True}, "it is switched off."),
        ({"is_stranger": True}, "it belongs to another Slack team."),
    ],
)
@pytest.mark.parametrize("is_linked", [True, False])
def test_press_by_a_guest_a_bot_a_deleted_or_foreign_user_is_told_in_private_and_recorded(
    world, slack, gate, user, why, is_linked
):
    slack.users["UANA"] |= user
    if not is_linked:
        SlackLink.objects.filter(person=world.ana).update(ended_at=clock.now())

    press(slack, card(slack), "Approve", "UANA")
    press(slack, card(slack), "Approve", "UANA")

    assert said_to(slack, "UANA") == f"This Slack account does not decide: {why} Nothing was recorded."
    assert votes() == []
    assert attempts(gate) == [("slack:T0ACME/UANA", "slack_account_unfit")]


def test_press_from_another_slack_team_is_told_in_private_and_recorded(world, slack, gate):
    slack.add_user("UEVE", "eve@evil.example")
    press(slack, card(slack), "Approve", "UEVE", user={"id": "UEVE", "team_id": "T0EVIL"})

    assert "it belongs to another Slack team." in said_to(slack, "UEVE")
    assert attempts(gate) == [("slack:T0EVIL/UEVE", "slack_account_unfit")]
    assert votes() == []


def test_press_by_an_unlisted_person_is_told_to_link_their_account_first_and_recorded(world, slack, gate):
    slack.add_user("UEVE", "ana@acme.example")

    press(slack, card(slack), "Approve", "UEVE")

    assert said_to(slack, "UEVE") == "Link your account first: https://countersign.acme.example/account/slack"
    assert attempts(gate) == [("slack:T0ACME/UEVE", "slack_not_linked")]
    assert votes() == []


def test_press_is_refused_while_the_link_rests_and_on_somebody_elses_message(world, slack, gate):
    SlackLink.objects.filter(person=world.ana).update(linked_at=clock.now())
    press(slack, card(slack), "Approve", "UANA")
    assert "decides from 15:17 CET on" in said_to(slack, "UANA")

    press(slack, card(slack, "UANA"), "Approve", "UBO")

    assert said_to(slack, "UBO") == "This message was sent to somebody else, and its buttons are theirs."
    assert [code for _, code in attempts(gate)] == ["slack_link_rests", "slack_not_theirs"]
    assert votes() == []


def test_signed_press_of_another_app_team_message_channel_or_gate_decides_nothing(world, slack, gate):
    post, other = card(slack), open_gate(world)
    foreign: list[dict[str, Any]] = [{"api_app_id": "A0OTHER"}, {"team": {"id": "T0OTHER"}}]
    for fields in foreign:
        assert press(slack, post, "Approve", "UANA", **fields).status_code == 401

    place = {"type": "message", "message_ts": post.ts, "channel_id": post.channel}
    button = next(block for block in post.blocks if block["type"] == "actions")["elements"][0]
    swapped = button | {"value": button["value"].replace(gate.pk.hex, other.pk.hex)}
    wrong: list[dict[str, Any]] = [
        {"container": place | {"message_ts": "1.000001"}},
        {"container": place | {"channel_id": "D9"}},
        {"actions": [swapped]},
        {"actions": [swapped], "container": {"type": "message", "is_ephemeral": True, "channel_id": post.channel}},
    ]
    for fields in wrong:
        press(slack, post, "Approve", "UANA", **fields)
        assert slack.whispers[-1]["text"].startswith("Countersign does not know this message")

    SlackMessage.objects.all().delete()
    press(slack, post, "Approve", "UANA")
    assert votes() == []


@pytest.mark.parametrize(
    "fields", [{"actions": []}, {"actions": [{"action_id": "decide:0", "value": "[]"}]}, {"type": "x"}]
)
def test_press_that_says_nothing_of_ours_is_taken_and_forgotten(world, slack, gate, fields):
    assert press(slack, card(slack), "Approve", "UANA", **fields).status_code == 200

    assert votes() == []


def test_bad_signature_or_timestamp_older_than_5_minutes_is_401_and_has_no_effect(world, slack, gate):
    body = slack.click(card(slack), "Approve", "UANA")

    assert press(slack, body=body, headers=slack.signed(body, secret="f" * 32)).status_code == 401
    assert press(slack, body=body, headers=slack.signed(body, at=clock.now().timestamp() - 301)).status_code == 401

    assert votes() == []


@pytest.mark.parametrize("fault", ["expired_trigger_id", "503", "hang"])
def test_trigger_id_expired_before_the_form_opens_and_the_person_gets_a_retry_button(world, slack, gate, fault):
    slack.fail("views.open", fault)

    press(slack, card(slack), "Reject", "UANA")

    assert "nothing was recorded. Press again:" in said_to(slack, "UANA")
    note = slack.whispers[-1]
    button = note["blocks"][-1]["elements"][0]
    assert button["text"]["text"] == "Reject"
    place = {"type": "message", "is_ephemeral": True, "message_ts": "1.2", "channel_id": card(slack).channel}
    press(slack, card(slack), "Reject", "UANA", container=place, actions=[button])
    send_form(slack, slack.views[-1][1]["view"], "UANA", comment="no.")
    assert votes() == [("ana@acme.example", "rejected", "slack", "linked")]


def test_nothing_is_decided_when_slack_does_not_say_who_it_was(world, slack, gate):
    slack.fail("users.info", "503")

    press(slack, card(slack), "Approve", "UANA")

    assert said_to(slack, "UANA").startswith("Not confirmed yet")
    assert votes() == []
    press(slack, card(slack), "Approve", "UANA")
    assert len(votes()) == 1


def test_decision_stands_when_the_note_about_it_cannot_be_sent(world, slack, gate):
    slack.fail("chat.postEphemeral", "503")

    assert press(slack, card(slack), "Approve", "UANA").status_code == 200

    assert len(votes()) == 1


def test_card_of_a_gate_that_needs_a_sign_in_offers_no_yes_and_says_why(world, slack, settings):
    slack_ready(world, slack, settings, rule={"risk": "high"})

    assert card(slack).buttons == ["Reject"]
    assert "A yes needs a sign-in within the last 15 minutes." in card(slack).words


def test_card_has_no_buttons_when_slack_could_not_reach_us(world, slack, settings):
    slack.app.app_token = ""
    slack_ready(world, slack, settings, base_url="http://countersign.internal")

    assert card(slack).buttons == []


def test_card_has_buttons_on_a_private_address_when_the_app_has_socket_mode(world, slack, settings):
    slack_ready(world, slack, settings, base_url="http://countersign.internal")

    assert card(slack).buttons == ["Approve", "Reject"]


def test_high_risk_is_asked_once_more_where_a_linked_account_is_enough(world, slack, gate):
    terms = gate.terms
    type(terms).objects.filter(pk=terms.pk).update(body=terms.body | {"risk": "high", "strength": "linked"})

    press(slack, card(slack), "Approve", "UANA")
    assert votes() == []
    view: Any = slack.views[-1][1]["view"]
    assert f"{once_more(gate)} This is of high risk." in json.dumps(view)
    send_form(slack, view, "UANA", comment="")

    assert votes() == [("ana@acme.example", "approved", "slack", "linked")]


@pytest.mark.django_db(transaction=True)
def test_press_while_the_database_stalls_is_not_called_recorded(world, slack, gate):
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with locked_intent(gate.intent_id):
            held.set()
            over.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        press(slack, card(slack), "Approve", "UANA")
        told = said_to(slack, "UANA")
    finally:
        over.set()
        thread.join()

    assert told == "Not confirmed yet: Countersign could not record it in time. Press again; twice is safe."
    assert votes() == []
    assert slack.whispers[-1]["blocks"][-1]["elements"][0]["text"]["text"] == "Approve"
    press(slack, card(slack), "Approve", "UANA")
    assert len(votes()) == 1
