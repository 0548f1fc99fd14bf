"""What is typed to the bot is answered, briefly and not often: an answer in a card's thread, a bad code, anything."""

from __future__ import annotations

import pytest

from approvals.models import Decision, Gate
from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents import clock
from notifications.models import SlackCode, SlackLink, SlackNote
from notifications.slack.linking import new_code, refuse
from notifications.slack.senders import slack_due
from tests.acts import say
from tests.factories import open_gate
from tests.notifications.slacking import PUBLIC, installed, press, slack_ready, tell, tell_us

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]
NUDGE = "Typing does not decide: your answer was not recorded."


@pytest.fixture
def gate(world, slack, settings):
    """A gate whose card stands in Ana's and Bo's direct messages."""
    return slack_ready(world, slack, settings)


@pytest.fixture
def there(world, slack, settings):
    """acme/production speaks to Slack, where nobody is linked."""
    settings.BASE_URL = PUBLIC
    slack.add_user("UANA", "ana@acme.example", "Ana Ruiz")
    return installed(world.workspace, slack)


@pytest.mark.parametrize("text", ["Approve!", "reject, please"])
def test_answer_typed_into_the_thread_of_a_card_is_told_that_it_decides_nothing(world, slack, gate, typed, text):
    card = slack.to("UANA")[0]

    (note,) = typed(text, thread_ts=card.ts)

    assert (note.channel, note.thread_ts) == (card.channel, card.ts)
    assert note.text == f"{NUDGE} Press a button, here or at the top of this thread."
    assert note.buttons == ["Approve", "Reject", "Look and decide"]
    assert not Decision.objects.exists()


def test_answer_typed_twice_is_told_once_in_ten_minutes(world, slack, gate, typed, time_machine):
    card = slack.to("UANA")[0]
    assert len(typed("approve", thread_ts=card.ts)) == 1
    assert typed("approve!!", thread_ts=card.ts) == []
    assert len(typed("approve", "UBO", thread_ts=slack.to("UBO")[0].ts)) == 1

    time_machine.shift(601)

    assert len(typed("approve", thread_ts=card.ts)) == 1


def test_answer_typed_too_late_is_told_how_it_ended(world, slack, gate, typed, time_machine):
    decide(gate.pk, Answer("approved"), world.bo, via="web", strength="signed_in")
    card = slack.to("UANA")[0]
    time_machine.shift(4)
    tell()

    (note,) = typed("approve", thread_ts=card.ts)

    assert note.text == f"{NUDGE} And it is over: Approved by Bo Lind in the web inbox at 15:02 CET."


def test_bots_changes_and_other_places_are_not_answered_so_that_nothing_goes_round(world, slack, gate):
    card = slack.to("UANA")[0]
    quiet = [
        {"bot_id": "B0COUNTER"},
        {"bot_id": "B0OTHER"},
        {"subtype": "message_changed"},
        {"user": slack.app.user_id},
        {"user": "USLACKBOT"},
        {"channel_type": "channel", "channel": "C1"},
        {"channel_type": "mpim"},
    ]
    for fields in quiet:
        for text in ("approve", "AAAA-BBBB-CCCC-DDDD", "hello"):
            tell_us(slack, slack.said("UANA", text, thread_ts=card.ts, **fields))

    assert not SlackNote.objects.exists()


def test_other_words_in_a_thread_get_the_line_of_help(world, slack, gate, typed):
    card = slack.to("UANA")[0]

    (note,) = typed("why is this needed?", thread_ts=card.ts)

    assert note.text.startswith("I am Countersign")


def test_answer_typed_under_no_card_is_told_what_waits(world, slack, gate, typed, time_machine):
    (note,) = typed("approve", "UBO")
    assert note.text == f"{NUDGE} Press the buttons of the request, or look at it here."
    assert note.buttons == ["Look and decide"]
    press(slack, note, "Look and decide", "UBO")
    assert "Approve" in str(slack.views[-1][1]["view"]["blocks"])

    open_gate(world, human_task={"title": "Drop a table"})
    (several,) = typed("approve", "UANA")
    assert several.buttons == ["Look: intent.infra.change.v1", "Look: Drop a table"]

    for each in Gate.objects.filter(closed_at=None):
        say(each, world.cy)
    time_machine.shift(601)
    (none,) = typed("approve", "UBO")
    assert (none.text, none.buttons) == (f"{NUDGE} Nothing waits for you.", [])
    slack.add_user("UEVE", "eve@acme.example")
    assert typed("approve", "UEVE")[0].text.startswith(f"{NUDGE} Link your account first:")
    assert not Decision.objects.exclude(person=world.cy).exists()


def test_answer_typed_under_no_card_is_told_how_many_more_wait_than_slack_has_buttons_for(world, slack, gate, typed):
    for number in range(6):
        open_gate(world, human_task={"title": f"Drop table {number}"})

    (note,) = typed("approve", "UANA")

    assert len(note.buttons) == 5
    assert note.text.endswith("look at it here. 2 more: /countersign list shows them.")


def test_unknown_code_is_answered_with_how_to_make_a_new_one(world, slack, there, typed):
    (note,) = typed("AAAA-BBBB-CCCC-DDDD")

    assert note.text.startswith("This code is not known, was used already, or has run out")
    assert f"{PUBLIC}/account/slack" in note.text
    assert typed("EEEE-FFFF-GGGG-HHHH") == []


def test_expired_or_used_code_is_answered_alike_and_never_says_whose_it_was(world, slack, there, typed, time_machine):
    slack.add_user("UEVE", "eve@acme.example", "Eve")
    late = new_code(world.ana, clock.now())
    time_machine.shift(601)
    (expired,) = typed(late, "UEVE")
    used = new_code(world.bo, clock.now())
    typed(used, "UANA")
    time_machine.shift(61)
    (again,) = typed(used, "UEVE")

    assert expired.text == again.text
    assert "Ana" not in expired.text
    assert SlackCode.objects.get(person=world.bo).user_id == "UANA"


def test_code_that_slack_sends_twice_is_not_called_unknown(world, slack, there):
    body = slack.said("UANA", new_code(world.ana, clock.now()))
    for _ in range(2):
        tell_us(slack, body)
    slack_due()

    assert [post.text.split(".")[0] for post in slack.to("UANA")] == ["Thank you"]


def test_code_that_was_void_made_by_its_owner_is_unknown(world, slack, there, typed, time_machine):
    code = new_code(world.ana, clock.now())
    refuse(world.ana, SlackCode.objects.get().pk)

    (note,) = typed(code)

    assert note.text.startswith("This code is not known")


def test_any_other_text_gets_one_line_of_help_in_ten_minutes(world, slack, there, typed, time_machine):
    (note,) = typed("hello <!channel> there")
    assert note.text.startswith("I am Countersign: I bring requests")
    assert typed("hello?") == []

    time_machine.shift(601)

    assert len(typed("hello?")) == 1
    assert not SlackLink.objects.exists()


def test_note_is_tried_again_when_slack_was_out_of_order_and_given_up_after_three(
    world, slack, there, typed, time_machine
):
    slack.fail("chat.postMessage", "503")
    assert typed("hello") == []
    time_machine.shift(21)
    slack_due()
    assert len(slack.to("UANA")) == 1

    slack.fail("chat.postMessage", "503", always=True)
    assert typed("AAAA-BBBB-CCCC-DDDD") == []
    for _ in range(3):
        time_machine.shift(21)
        slack_due()

    assert not SlackNote.objects.filter(due_at__isnull=False).exists()
