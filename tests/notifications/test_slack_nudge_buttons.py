"""The buttons under what is said to whoever types an answer: the card's own, and judged as on the card."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.models import Decision
from notifications.models import SlackMessage
from notifications.slack.roomlook import look_at_rooms_due, look_soon
from tests.acts import say
from tests.approvals.test_amend import change
from tests.factories import make_person
from tests.fakes.slack import Posted, Slack
from tests.fakes.slackblocks import buttons
from tests.notifications.posting import asked, channel_ready, post_in, settle
from tests.notifications.slacking import linked, press, said_to, send_form, slack_ready

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]
NUDGE = "Typing does not decide: your answer was not recorded."
PRESS = f"{NUDGE} Press a button, here or at the top of this thread."
ROOM = {"channel": "C0DEPLOYS", "channel_type": "channel"}


@pytest.fixture
def gate(world, slack, settings):
    """A gate that two people agree to, whose card stands in Ana's and Bo's direct messages."""
    return slack_ready(world, slack, settings, need=2)


@pytest.fixture
def room(world, slack, settings):
    """#deploys, which policies may post to."""
    return channel_ready(world, slack, settings)


def votes() -> list[tuple[str, str, str, str]]:
    rows = Decision.objects.order_by("pk").select_related("person")
    return [(vote.person.email, vote.outcome, vote.via, vote.strength) for vote in rows]


def card(slack: Slack, user: str = "UANA") -> Posted:
    return slack.to(user)[0]


def values(post: Posted) -> list[tuple[str, Any]]:
    return [(each["action_id"], each["value"]) for each in buttons(post.blocks)]


def test_nudge_carries_the_buttons_of_the_card_and_what_they_carry(world, slack, gate, typed):
    (note,) = typed("approve", thread_ts=card(slack).ts)

    assert note.buttons == [*card(slack).buttons, "Look and decide"]
    assert values(note)[:-1] == values(card(slack))
    assert votes() == []


def test_press_on_a_nudge_decides_like_one_on_the_card_and_all_copies_become_true(
    world, slack, gate, typed, time_machine
):
    (note,) = typed("approve", thread_ts=card(slack).ts)

    press(slack, note, "Approve", "UANA")

    assert votes() == [("ana@acme.example", "approved", "slack", "linked")]
    assert slack.whispers[-1]["thread_ts"] == card(slack).ts
    settle(time_machine)
    assert "1 of 2 agreed (Ana Ruiz)" in card(slack).words
    assert note.buttons == ["Look and decide"]
    say(gate, world.bo)
    settle(time_machine)
    assert (note.text, note.buttons) == (
        f"{NUDGE} And it is over: Approved by Bo Lind in the web inbox at 15:02 CET.",
        [],
    )
    assert not SlackMessage.objects.exclude(due_at=None).exists()


def test_reject_on_a_nudge_asks_why_and_counts(world, slack, gate, typed):
    (note,) = typed("reject", thread_ts=card(slack).ts)

    press(slack, note, "Reject", "UANA")
    send_form(slack, slack.views[-1][1]["view"], "UANA", comment="not on a Monday.")

    assert votes() == [("ana@acme.example", "rejected", "slack", "linked")]


def test_approve_on_a_nudge_of_high_risk_is_asked_once_more(world, slack, gate, typed):
    terms = gate.terms
    type(terms).objects.filter(pk=terms.pk).update(body=terms.body | {"risk": "high", "strength": "linked"})
    (note,) = typed("approve", thread_ts=card(slack).ts)

    press(slack, note, "Approve", "UANA")
    assert votes() == []
    send_form(slack, slack.views[-1][1]["view"], "UANA", comment="")

    assert votes() == [("ana@acme.example", "approved", "slack", "linked")]


def test_nudge_under_a_card_that_offers_no_yes_says_so(world, slack, settings, typed):
    slack_ready(world, slack, settings, rule={"risk": "high"})

    (note,) = typed("approve", thread_ts=card(slack).ts)

    assert note.text == f"{NUDGE} A yes cannot be given from here: look at it to see why."
    assert note.buttons == ["Reject", "Look and decide"]


def test_press_on_a_nudge_after_the_request_was_changed_is_told_so(world, slack, gate, typed):
    (note,) = typed("approve", thread_ts=card(slack).ts)

    change(world, gate.intent)
    press(slack, note, "Approve", "UANA")
    assert said_to(slack, "UANA").startswith("What you were shown has changed since")
    assert votes() == []


def test_press_on_a_nudge_after_the_end_is_told_how_it_ended(world, slack, gate, typed):
    (note,) = typed("approve", thread_ts=card(slack).ts)

    say(gate, world.bo, "rejected", comment="no.")
    press(slack, note, "Approve", "UANA")
    assert said_to(slack, "UANA").startswith("Bo Lind rejected this at 14:02 UTC in the web inbox")
    assert [vote[0] for vote in votes()] == ["bo@acme.example"]


def test_nudge_has_none_of_the_buttons_while_the_card_shows_what_was_asked_before(world, slack, gate, typed):
    slack.fail("chat.update", "429 30", always=True)
    change(world, gate.intent)

    (note,) = typed("approve", thread_ts=card(slack).ts)

    assert (note.text, note.buttons) == (f"{NUDGE} Look at it here.", ["Look and decide"])


def test_nudge_under_a_card_that_was_deleted_has_none_of_its_buttons(world, slack, gate, typed):
    SlackMessage.objects.filter(ts=card(slack).ts).update(gone=True)

    (note,) = typed("approve", thread_ts=card(slack).ts)

    assert note.buttons == ["Look and decide"]


def test_nudge_that_its_reader_deletes_loses_nobody_the_request(world, slack, gate, typed, time_machine):
    (note,) = typed("approve", thread_ts=card(slack).ts)
    del slack.messages[note.channel, note.ts]

    say(gate, world.bo)
    settle(time_machine)

    assert SlackMessage.objects.get(is_nudge=True).gone
    assert not SlackMessage.objects.filter(is_nudge=False, gone=True).exists()
    assert card(slack).buttons != []


@pytest.mark.parametrize(("rule", "size"), [({"risk": "high"}, 1), ({}, 9_000)])
def test_nudge_offers_no_yes_where_the_card_offers_none(world, slack, settings, typed, rule, size):
    """One that needs a sign-in; one that is too large for a message."""
    slack_ready(world, slack, settings, rule=rule, payload={"text": "x" * size})

    (note,) = typed("approve", thread_ts=card(slack).ts)

    assert note.buttons == ["Reject", "Look and decide"]


def test_nudge_in_a_channel_carries_the_buttons_for_whom_it_is_and_nobody_else_sees_it(world, slack, room, typed):
    asked(world, need=2)
    post = post_in(slack)

    assert typed("approve", "UANA", thread_ts=post.ts, **ROOM) == []

    note = slack.whispered("UANA")
    assert (note.channel, note.thread_ts, note.text) == (room, post.ts, PRESS)
    assert note.buttons == ["Approve", "Reject", "Look and decide"]
    press(slack, note, "Approve", "UANA")
    assert votes() == [("ana@acme.example", "approved", "slack", "linked")]
    told = slack.whispered("UANA")
    assert (told.channel, told.thread_ts) == (room, post.ts)
    press(slack, note, "Approve", "UANA")
    assert said_to(slack, "UANA").startswith("You already answered this")


def test_nudge_in_a_channel_says_why_it_is_not_for_whoever_typed(world, slack, room, typed):
    """Linked and no approver; linked a minute ago; not linked at all."""
    asked(world)
    linked(make_person(world.workspace, "dee@acme.example", "Dee"), slack)
    linked(make_person(world.workspace, "flo@acme.example", "Flo"), slack, rested=False)
    slack.add_user("UZED", "ana@acme.example")
    whys = {
        "UDEE": "This is for sre to decide.",
        "UFLO": "Your account was linked just now, and decides from 15:17 CET on.",
        "UZED": "Link your account first:",
    }
    for user, why in whys.items():
        typed("approve", user, thread_ts=post_in(slack).ts, **ROOM)

        note = slack.whispered(user)
        assert note.text.startswith(f"{NUDGE} {why}")
        assert note.buttons == ["Look and decide"]


def test_press_on_the_nudge_of_somebody_who_may_not_decide_any_more_is_refused_and_recorded(world, slack, room, typed):
    gate = asked(world)
    typed("approve", "UANA", thread_ts=post_in(slack).ts, **ROOM)
    gate.seats.filter(person=world.ana).delete()

    press(slack, slack.whispered("UANA"), "Approve", "UANA")

    assert said_to(slack, "UANA").startswith("This is for sre to decide")
    assert votes() == []


def test_nudge_in_a_channel_that_others_read_has_none_of_the_buttons(world, slack, room, typed):
    asked(world)
    post = post_in(slack)
    slack.rooms[room]["is_ext_shared"] = True
    row = world.workspace.slack
    look_soon(row, room)
    look_at_rooms_due()

    typed("approve", "UANA", thread_ts=post.ts, **ROOM)

    assert slack.whispered("UANA").buttons == ["Look and decide"]


def test_answer_typed_in_a_channel_after_the_end_is_told_where_that_stands(world, slack, room, typed, time_machine):
    gate = asked(world)
    say(gate, world.bo)
    settle(time_machine)

    typed("approve", "UANA", thread_ts=post_in(slack).ts, **ROOM)

    note = slack.whispered("UANA")
    assert (note.text, note.buttons) == (f"{NUDGE} And it is over: see the top of this thread.", [])


def test_only_answers_in_the_thread_of_a_card_are_heard_in_a_channel(world, slack, room, typed):
    asked(world)
    typed("approve", "UANA", thread_ts="1.6", **ROOM)
    typed("approve", "UANA", **ROOM)
    typed("why?", "UANA", thread_ts=post_in(slack).ts, **ROOM)

    assert slack.whispers == []
