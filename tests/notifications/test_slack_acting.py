"""The menu of a card in Slack: each line does what the same act on the gate's page does, and is answered truly."""

from __future__ import annotations

import json

import pytest

from approvals.models import Claim, Delegation, Gate, Question
from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents.sweeps import wake_due
from notifications.models import SlackLink
from tests.acts import details, history
from tests.factories import gate_rule, make_person, make_policy, make_team, open_gate
from tests.fakes.slack import Posted, Slack
from tests.notifications.slacking import add_channel, press, said_to, send_form, slack_ready, tell

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]
CLAIM, RELEASE = "Show that I am looking at it", "I am not looking at it any more"
TAKE_BACK, ESCALATE = "Take my answer back", "Escalate now"
ASK, DELEGATE, EXTEND = "Ask a question…", "Hand it to somebody else…", "Move the deadline…"
UNDELEGATE = "Take it back from whom I handed it to"
RULE = {
    "lines": [{"who": ["team:sre", "team:leads"], "need": 2}],
    "extend": {"who": ["team:sre"], "most": 7200},
    "remind": {"after": 600, "interval": 600, "max": 1},
    "escalate_to": ["team:leads"],
}


@pytest.fixture
def gate(world, slack, settings):
    """A gate that needs two, with a chain and a deadline that may be moved."""
    di = make_person(world.workspace, "di@acme.example", "Di Sato")
    make_team(world.workspace, "leads", di)
    return slack_ready(world, slack, settings, rule=RULE, requester=di)


def card(slack: Slack, user: str = "UANA") -> Posted:
    return slack.to(user)[0]


def told_again(time_machine) -> None:
    for _ in range(2):
        time_machine.shift(4)
        tell()


def opened(slack: Slack, label: str) -> dict[str, object]:
    press(slack, card(slack), label, "UANA")
    return dict(slack.views[-1][1]["view"])


def test_menu_holds_what_the_reader_may_do_now(world, slack, gate, time_machine):
    assert card(slack).menu == [CLAIM, ASK, DELEGATE, ESCALATE, EXTEND]
    press(slack, card(slack), CLAIM, "UANA")
    told_again(time_machine)
    assert card(slack).menu == [RELEASE, ASK, DELEGATE, ESCALATE, EXTEND]

    press(slack, card(slack), "Approve", "UANA")
    told_again(time_machine)

    assert card(slack).menu == [TAKE_BACK, ASK, ESCALATE, EXTEND]
    decide(gate.pk, Answer("approved"), world.bo, via="web", strength="signed_in")
    told_again(time_machine)
    assert card(slack).menu == []


def test_claim_release_escalate_and_take_back_happen_at_once(world, slack, gate, time_machine):
    press(slack, card(slack), CLAIM, "UANA")
    assert said_to(slack, "UANA") == "Everybody sees until 14:17 UTC that you are looking at it."
    told_again(time_machine)
    press(slack, card(slack), RELEASE, "UANA")
    assert Claim.objects.get().released_at is not None
    press(slack, card(slack), ESCALATE, "UANA")
    assert said_to(slack, "UANA") == "The next ones of the chain are told now."
    press(slack, card(slack), "Approve", "UANA")
    told_again(time_machine)
    press(slack, card(slack), TAKE_BACK, "UANA")

    assert said_to(slack, "UANA") == "Your answer no longer counts."
    assert not gate.decisions.filter(taken_back_at=None).exists()
    assert {"claimed", "claim_released", "escalated", "decision_taken_back"} <= set(history(gate.intent))
    assert details(gate.intent, "decision_taken_back")["via"] == "slack"


def test_everybody_sees_on_the_cards_who_is_looking_and_until_when_in_their_own_time(world, slack, gate, time_machine):
    press(slack, card(slack), CLAIM, "UANA")
    told_again(time_machine)
    assert "Ana Ruiz is looking at it (until 15:17 CET; anybody may still answer)." in card(slack).words
    assert "Ana Ruiz is looking at it (until 14:17 UTC; anybody may still answer)." in card(slack, "UBO").words

    press(slack, card(slack), RELEASE, "UANA")
    told_again(time_machine)
    assert "is looking at it" not in card(slack, "UBO").words


def test_card_of_what_is_over_says_when_in_the_readers_time_and_nothing_of_who_may_decide(
    world, slack, gate, time_machine
):
    assert "May decide: Ana Ruiz" in card(slack).words
    decide(gate.pk, Answer("rejected", "not now."), world.bo, via="web", strength="signed_in")
    told_again(time_machine)

    assert "Rejected by Bo Lind in the web inbox at 15:02 CET: not now." in card(slack).words
    assert "Rejected by Bo Lind in the web inbox at 14:02 UTC: not now." in card(slack, "UBO").words
    assert "0 of 2 agreed." in card(slack).words
    assert "May decide" not in card(slack).words
    assert "Decide by" not in card(slack).words


def test_card_in_a_channel_offers_all_that_somebody_may_do_though_slack_takes_five_lines_in_a_menu(
    world, slack, gate, time_machine
):
    add_channel(world.workspace, slack)
    make_policy(world.workspace, "second", gates=[gate_rule(**RULE, post=["slack:#deploys"])], position=5)
    second = open_gate(world)
    second.intent.requester = gate.intent.requester
    second.intent.save()
    tell()
    (post,) = slack.in_room("C0DEPLOYS")
    assert post.menu == [CLAIM, ASK, DELEGATE, ESCALATE, EXTEND]

    press(slack, post, "Approve", "UBO")
    told_again(time_machine)

    assert post.menu == [TAKE_BACK, CLAIM, ASK, DELEGATE, ESCALATE, EXTEND]
    press(slack, post, TAKE_BACK, "UBO")
    assert said_to(slack, "UBO") == "Your answer no longer counts."
    press(slack, post, EXTEND, "UANA")
    assert slack.views[-1][1]["view"]["callback_id"] == "act"


def test_last_call_reaches_whoever_is_looking_at_it_and_rings_only_for_the_others(world, slack, settings, time_machine):
    slack_ready(world, slack, settings, rule={"warn_before": 600})
    time_machine.shift(2400)
    press(slack, card(slack), CLAIM, "UANA")
    time_machine.shift(601)
    wake_due()
    told_again(time_machine)

    ringing = {user: slack.to(user)[-1].request["text"].startswith(f"<@{user}>") for user in ("UANA", "UBO")}
    assert ringing == {"UANA": False, "UBO": True}
    assert "Last call: " in slack.to("UANA")[-1].text


def test_question_goes_to_the_requester(world, slack, gate):
    view = opened(slack, ASK)

    empty = send_form(slack, view, "UANA", text="")
    assert empty == {"response_action": "errors", "errors": {"text": "Write the question first."}}
    answer = send_form(slack, view, "UANA", text="why now?")

    assert (Question.objects.get().text, Question.objects.get().via) == ("why now?", "slack")
    assert "the requester is told" in json.dumps(answer["view"])


def test_handing_it_over_and_taking_it_back(world, slack, gate, time_machine):
    view = opened(slack, DELEGATE)
    send_form(slack, view, "UANA", to={"selected_option": {"value": str(world.bo.pk)}})
    assert Delegation.objects.get(ended_at=None).to == world.bo
    told_again(time_machine)

    press(slack, card(slack), UNDELEGATE, "UANA")

    assert said_to(slack, "UANA") == "You are asked yourself again."
    assert not Delegation.objects.filter(ended_at=None).exists()


def test_deadline_is_moved_as_far_as_the_policy_lets_it(world, slack, gate):
    view = opened(slack, EXTEND)

    send_form(slack, view, "UANA", seconds={"selected_option": {"value": "900"}}, text="the vendor is late.")
    assert Gate.objects.get(pk=gate.pk).expires_at > gate.expires_at
    wrong = send_form(slack, view, "UANA", seconds={"selected_option": {"value": "99999"}}, text="more.")

    assert wrong["response_action"] == "update"
    assert "The latest that it can move to is" in json.dumps(wrong["view"])


@pytest.mark.parametrize("label", [CLAIM, ESCALATE, DELEGATE, EXTEND])
def test_late_act_is_told_how_it_ended(world, slack, gate, time_machine, label):
    for person in (world.ana, world.bo):
        time_machine.shift(1)
        decide(gate.pk, Answer("approved"), person, via="web", strength="signed_in")
    shown = len(slack.views)

    press(slack, card(slack), label, "UANA")

    assert said_to(slack, "UANA") == "Bo Lind approved this at 14:02 UTC in the web inbox."
    assert len(slack.views) == shown


def test_retry_of_an_act_by_slack_does_nothing_more(world, slack, gate):
    body = slack.click(card(slack), CLAIM, "UANA")

    for _ in range(2):
        press(slack, body=body)

    assert Claim.objects.count() == 1
    assert said_to(slack, "UANA").startswith("This press was handled before")


def test_act_by_an_unlisted_person_is_refused_told_and_recorded(world, slack, gate):
    SlackLink.objects.all().delete()

    press(slack, card(slack), CLAIM, "UANA")

    assert said_to(slack, "UANA").startswith("Link your account first")
    assert details(gate.intent, "attempt_refused") == {"tried": "claim", "code": "slack_not_linked", "via": "slack"}
    assert not Claim.objects.exists()
