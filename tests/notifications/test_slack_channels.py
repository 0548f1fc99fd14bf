"""Requests that are posted to channels of Slack, over real HTTP: who reads them, and who decides there."""

from __future__ import annotations

import json

import pytest

from approvals.models import Decision, Seat
from approvals.services.amend import amend
from approvals.services.claim import claim
from intents import sweeps
from intents.services.fitting import fit_in
from notifications.announce import announce_due
from notifications.models import Delivery, DeliveryStatus, SlackMessage
from notifications.slack.senders import slack_due
from tests.acts import history, say
from tests.factories import gate_rule, make_person, make_policy, make_workspace, open_gate
from tests.fakes.slack import Slack
from tests.notifications.posting import asked, channel_ready, post_in, row_of, sent_to, settle
from tests.notifications.slacking import (
    PUBLIC,
    add_channel,
    linked,
    press,
    said_to,
    send_form,
    tell,
)

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]


@pytest.fixture
def there(world, slack, settings):
    """#deploys, which policies may post to."""
    return channel_ready(world, slack, settings)


def test_request_stands_in_its_channel_too_and_pings_nobody(world, slack, there):
    asked(world)

    post = post_in(slack)
    assert post.text == "Approve? Add an index, by 15:02 UTC, else not approved"
    for words in ("acme/production", "target: prod-postgres-main", "sre: 0 of 1 agreed", "It is slow, says the agent."):
        assert words in post.words
    assert post.buttons == ["Approve", "Reject"]
    assert '{"type": "date", "timestamp": 1793631720,' in json.dumps(post.blocks)
    assert "<@" not in sent_to(slack, there)
    assert "<!" not in sent_to(slack, there)
    assert row_of().status == DeliveryStatus.SENT
    assert len(slack.to("UANA")) == len(slack.to("UBO")) == 1


def test_cards_of_people_name_its_channel_in_small_letters_and_the_channel_does_not_name_itself(world, slack, there):
    asked(world)

    small = slack.to("UANA")[0].blocks[-1]
    assert small["type"] == "context"
    assert "Also posted to: slack:#deploys" in [each["text"] for each in small["elements"]]
    assert "Also posted to" not in post_in(slack).words


def test_nobody_counts_as_told_by_a_post(world, slack, there):
    make_policy(world.workspace, gates=[gate_rule("team:sre", post=["slack:#deploys"])])
    open_gate(world)
    tell_only_the_channel(slack)

    assert row_of().status == DeliveryStatus.SENT
    assert not Seat.objects.exclude(told_at=None).exists()


def tell_only_the_channel(slack: Slack) -> None:
    announce_due()
    Delivery.objects.exclude(person_id=None).delete()
    slack_due()


def test_press_in_a_channel_decides_in_the_name_of_whoever_pressed_and_all_copies_become_true(
    world, slack, there, time_machine
):
    asked(world, need=2)

    press(slack, post_in(slack), "Approve", "UANA")
    settle(time_machine)
    assert "1 of 2 agreed (Ana Ruiz)" in post_in(slack).words
    press(slack, post_in(slack), "Approve", "UBO")
    settle(time_machine)

    assert [(vote.person, vote.via, vote.strength) for vote in Decision.objects.order_by("pk")] == [
        (world.ana, "slack", "linked"),
        (world.bo, "slack", "linked"),
    ]
    for post in (post_in(slack), slack.to("UANA")[0], slack.to("UBO")[0]):
        assert post.buttons == []
        assert "Approved by Bo Lind in Slack" in post.words
    assert "You were asked" not in post_in(slack).words
    assert not SlackMessage.objects.exclude(due_at=None).exists()


def test_reject_in_a_channel_asks_why_whoever_pressed_and_counts_for_them(world, slack, there):
    asked(world)

    press(slack, post_in(slack), "Reject", "UBO")
    send_form(slack, slack.views[-1][1]["view"], "UBO", comment="not on a Monday.")

    vote = Decision.objects.get()
    assert (vote.person, vote.outcome, vote.text.comment) == (world.bo, "rejected", "not on a Monday.")


def test_press_in_a_channel_by_an_unlisted_person_is_told_in_private_and_recorded(world, slack, there):
    """Linked and no approver; linked and a member elsewhere; not linked at all."""
    gate = asked(world)
    linked(make_person(world.workspace, "dee@acme.example", "Dee"), slack)
    linked(make_person(make_workspace("other", "place"), "eve@other.example", "Eve"), slack)
    slack.add_user("UZED", "ana@acme.example")
    before = post_in(slack).words

    for user in ("UDEE", "UEVE", "UZED"):
        press(slack, post_in(slack), "Approve", user)
    tell()

    assert said_to(slack, "UDEE") == said_to(slack, "UEVE") == "This is for sre to decide."
    assert said_to(slack, "UZED") == f"Link your account first: {PUBLIC}/account/slack"
    assert {note["channel"] for note in slack.whispers} == {there}
    assert not Decision.objects.exists()
    assert history(gate.intent).count("decision_refused") == 2
    assert history(gate.intent).count("attempt_refused") == 1
    assert post_in(slack).words == before


def test_press_by_somebody_who_only_looks_into_the_channel_is_answered_beside_the_bot(world, slack, there):
    asked(world)
    slack.fail("chat.postEphemeral", "user_not_in_channel")

    press(slack, post_in(slack), "Approve", "UANA")

    (note,) = slack.whispers
    assert (note["channel"], note["text"]) == (slack.dm("UANA"), "Approved by Ana Ruiz in Slack at 14:02 UTC.")


@pytest.mark.parametrize("user", [{"is_bot": True}, {"is_restricted": True}, {"is_stranger": True}, {"deleted": True}])
def test_press_in_a_channel_by_a_guest_a_bot_or_from_another_team_decides_nothing(world, slack, there, user):
    asked(world)
    slack.users["UANA"] |= user

    press(slack, post_in(slack), "Approve", "UANA")

    assert said_to(slack, "UANA").startswith("This Slack account does not decide:")
    assert not Decision.objects.exists()


def test_menu_in_a_channel_offers_what_some_may_do_and_tells_the_others(world, slack, there):
    gate = asked(world, need=2)
    linked(make_person(world.workspace, "dee@acme.example", "Dee"), slack)
    assert post_in(slack).menu == ["Show that I am looking at it", "Hand it to somebody else…"]

    press(slack, post_in(slack), "Show that I am looking at it", "UDEE")
    press(slack, post_in(slack), "Show that I am looking at it", "UANA")

    assert said_to(slack, "UDEE") == "This is for sre to decide."
    assert [row.person for row in gate.claims.all()] == [world.ana]


def test_reminders_in_a_channel_go_into_the_thread_and_name_those_still_asked_without_pinging_them(
    world, slack, there, time_machine
):
    gate = asked(world, need=2, remind={"after": 60, "interval": 60, "max": 2})
    say(gate, world.ana)
    claim(gate.pk, world.bo, via="web")

    time_machine.shift(61)
    sweeps.wake_due()
    settle(time_machine)

    card, reminder = slack.in_room(there)
    assert (reminder.thread_ts, reminder.buttons) == (card.ts, [])
    assert reminder.text.startswith("Reminder 1 of 2: Approve? Add an index")
    assert "Still asked: Cy Okafor." in reminder.words
    assert "<@" not in sent_to(slack, there)


def test_escalation_in_a_channel_names_whom_it_reached(world, slack, there, time_machine):
    asked(world, remind={"after": 60, "max": 1}, escalate_to=["person:cy@acme.example"])
    for _ in range(2):
        time_machine.shift(61)
        sweeps.wake_due()
        settle(time_machine)

    said = slack.in_room(there)[-1]
    assert said.text.startswith("Escalated: Approve? Add an index")
    assert "Asked now: Cy Okafor." in said.words


def test_changed_request_is_said_in_the_thread_and_decided_on_the_card_as_it_is_now(world, slack, there, time_machine):
    gate = asked(world)
    old = slack.click(post_in(slack), "Approve", "UANA")
    payload = {"target": "prod-postgres-replica"}

    amend(
        gate.intent_id,
        world.principal,
        payload,
        "wrong host",
        fit_in(world.workspace, gate.intent.intent_type, payload),
    )
    settle(time_machine)
    press(slack, body=old)
    assert said_to(slack, "UANA") == "What you were shown has changed since. Look again, then decide."
    press(slack, post_in(slack), "Approve", "UANA")

    card, note = slack.in_room(there)
    assert (note.thread_ts, note.text.partition(":")[0]) == (card.ts, "Changed")
    assert "target: prod-postgres-replica" in card.words
    assert Decision.objects.get().person == world.ana


def test_nothing_is_posted_any_more_once_nobody_is_asked(world, slack, there, time_machine):
    gate = asked(world, need=3, remind={"after": 60, "max": 1})
    for person in (world.ana, world.bo):
        say(gate, person)
    claim(gate.pk, world.cy, via="web")

    time_machine.shift(61)
    sweeps.wake_due()
    settle(time_machine)

    assert len(slack.in_room(there)) == 1
    assert row_of(purpose="reminder").why == "Nobody is asked any more who could be reminded."


def test_card_of_high_risk_in_a_channel_offers_no_yes_and_says_why(world, slack, there):
    asked(world, risk="high")

    assert post_in(slack).buttons == ["Reject"]
    assert "A yes needs a sign-in within the last 15 minutes." in post_in(slack).words


def test_step_of_a_chain_posts_to_its_own_channel_once_it_begins(world, slack, there, time_machine):
    oncall = add_channel(world.workspace, slack, "oncall")
    steps = [{}, {"after": 120, "post": ["slack:#oncall"], "remind": {"after": 60, "most": 1}}]
    asked(world, chain={"steps": steps})
    assert slack.in_room(oncall) == []

    for _ in range(4):
        time_machine.shift(61)
        sweeps.wake_due()
        settle(time_machine)

    card, reminder = slack.in_room(oncall)
    assert card.text.startswith("Escalated: Approve? Add an index")
    assert "target: prod-postgres-main" in card.words
    assert reminder.thread_ts == card.ts
    assert [post.text.partition(":")[0] for post in slack.in_room(there)] == [
        "Approve? Add an index, by 15",
        "Escalated",
        "Reminder 1 of 1",
    ]
