"""Requests reach people in Slack, over real HTTP, and every copy stays true."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.models import Seat
from approvals.services.answer import Answer
from approvals.services.decide import decide
from approvals.services.take_back import take_back
from intents import clock, sweeps
from intents.models import Event
from intents.services.purge import purge
from notifications.announce import announce_due
from notifications.channels.registry import CHANNELS
from notifications.claims import LEASE
from notifications.deliver import begin, deliver_due, try_once
from notifications.models import (
    ChannelAccount,
    Delivery,
    DeliveryStatus,
    KeptMail,
    SlackInstallation,
    SlackLane,
    SlackLink,
    SlackMessage,
)
from notifications.settling import conclude_all
from notifications.slack.inbound import dispatch
from notifications.slack.lanes import claim_some
from notifications.slack.senders import slack_due
from tests.factories import gate_rule, make_policy, make_team, open_gate
from tests.notifications.slacking import installed, linked, posted_only

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]


@pytest.fixture
def there(world, slack, settings):
    """acme/production speaks to Slack, and Ana and Bo are linked. Cy is not."""
    settings.BASE_URL = "https://countersign.acme.example"
    installation = installed(world.workspace, slack)
    linked(world.ana, slack)
    linked(world.bo, slack, tz="")
    return installation


def asked(world, **fields):
    gate = open_gate(world, **fields)
    announce_due()
    return gate


def tell(*, mail: bool = True) -> None:
    announce_due()
    slack_due()
    if mail:
        deliver_due()


def settle(time_machine) -> None:
    """Some seconds pass; whatever became due happens."""
    for _ in range(3):
        time_machine.shift(4)
        tell()


def say(gate, person, outcome="approved", comment="index is concurrent, fine."):
    return decide(gate.pk, Answer(outcome, comment), person, via="slack", strength="linked", full_view=True)


def fates(channel: str = "slack") -> dict[str, str]:
    return dict(Delivery.objects.filter(channel=channel).values_list("address", "status"))


def test_request_reaches_linked_people_in_slack_and_says_what_until_when_and_what_on_silence(world, slack, there):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    asked(world, human_task={"title": "Add an index", "description": "See https://evil.example/x"})

    tell()

    (post,) = slack.to("UANA")
    assert post.text == "Approve? Add an index, by 16:02 CET, else not approved"
    assert slack.to("UBO")[0].text == "Approve? Add an index, by 15:02 UTC, else not approved"
    for words in ("acme/production", "sender (a program)", "target: prod-postgres-main", "sre: 0 of 1 agreed"):
        assert words in post.words
    assert "If nobody answers by 16:02 CET on 02 November 2026, this is not approved." in post.words
    assert post.buttons == ["Approve", "Reject"]
    assert post.request["unfurl_links"] is False
    assert post.request["unfurl_media"] is False
    assert fates() == {"T0ACME/UANA": DeliveryStatus.SENT, "T0ACME/UBO": DeliveryStatus.SENT}
    assert Seat.objects.filter(told_at__isnull=False).count() == 3


def test_nobody_is_told_in_slack_when_the_link_rests_ended_or_is_of_another_team(world, slack, there):
    SlackLink.objects.filter(person=world.ana).update(linked_at=clock.now())
    SlackLink.objects.filter(person=world.bo).update(team_id="T0OTHER")
    linked(world.cy, slack)
    SlackLink.objects.filter(person=world.cy).update(ended_at=clock.now())

    asked(world)
    tell()

    assert slack.called("chat.postMessage") == []
    assert set(fates("email").values()) == {DeliveryStatus.SENT}


def test_buttons_are_offered_only_when_something_answers_them(world, slack, there, monkeypatch):
    monkeypatch.setattr(dispatch, "_handlers", {})
    asked(world)
    tell()

    assert slack.to("UANA")[0].buttons == []


def test_every_copy_tells_the_votes_so_far_and_at_last_the_outcome_who_when_and_why(world, slack, there, time_machine):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = asked(world, human_task={"title": "Add an index"})
    tell()

    say(gate, world.ana)
    settle(time_machine)

    assert "1 of 2 agreed (Ana Ruiz)" in slack.to("UBO")[0].words
    assert "You answered “Approved” at 15:02 CET." in slack.to("UANA")[0].words
    say(gate, world.bo, comment="fine by me.")
    settle(time_machine)

    for user, at in (("UANA", "15:02 CET"), ("UBO", "14:02 UTC")):
        (post,) = slack.to(user)
        assert post.buttons == []
        assert post.text.startswith("Approved, nothing to do any more: Add an index")
        assert f"Approved by Bo Lind in Slack at {at}: fine by me." in post.words
        assert "target: prod-postgres-main" in post.words
    assert not SlackMessage.objects.exclude(due_at=None).exists()


@pytest.mark.parametrize("end", ["expires", "withdrawn", "refused", "taken back"])
def test_copies_are_true_however_it_goes(world, slack, there, time_machine, end):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = asked(world, human_task={"title": "Add an index"})
    tell()
    say(gate, world.ana)

    if end == "expires":
        time_machine.shift(3601)
        sweeps.wake_due()
    elif end == "withdrawn":
        sweep_away(world, gate)
    elif end == "refused":
        say(gate, world.bo, "rejected", "not on a Monday.")
    else:
        take_back(gate.pk, world.ana, via="web")
    settle(time_machine)

    words = {
        "expires": "Not approved in time",
        "withdrawn": "Withdrawn",
        "refused": "not on a Monday.",
        "taken back": "0 of 2 agreed",
    }
    assert words[end] in slack.to("UBO")[0].words
    assert bool(slack.to("UBO")[0].buttons) is (end == "taken back")


def sweep_away(world, gate) -> None:
    from intents.services.resume import resolve

    resolve(gate.intent, None, world.principal, {"status": "CANCELED", "reason": "not needed"})


def test_reminders_and_escalations_go_into_the_thread_and_name_their_reader(world, slack, there, time_machine):
    make_team(world.workspace, "leads", world.bo)
    remind = {"after": 60, "interval": 60, "max": 1}
    rule = gate_rule("team:sre", remind=remind, escalate_to=["team:leads"])
    make_policy(world.workspace, gates=[rule])
    asked(world, human_task={"title": "Add an index"})
    tell()

    time_machine.shift(61)
    sweeps.wake_due()
    settle(time_machine)

    card, reminder = slack.to("UANA")
    assert reminder.thread_ts == card.ts
    assert reminder.text.startswith("<@UANA> Reminder 1 of 1: Approve? Add an index")
    assert reminder.buttons == []


def test_a_reminder_is_rewritten_too_when_the_gate_closes(world, slack, there, time_machine):
    remind = {"after": 60, "interval": 60, "max": 1}
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind=remind)])
    gate = asked(world)
    tell()
    time_machine.shift(61)
    sweeps.wake_due()
    settle(time_machine)

    say(gate, world.bo)
    settle(time_machine)

    _, reminder = slack.to("UANA")
    assert reminder.text.startswith("Approved, nothing to do any more")
    assert "Approved by Bo Lind" in reminder.words


def test_nobody_who_decided_is_told_again(world, slack, there, time_machine):
    remind = {"after": 60, "interval": 60, "max": 3}
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2, remind=remind)])
    gate = asked(world)
    tell()
    say(gate, world.ana)

    time_machine.shift(61)
    sweeps.wake_due()
    settle(time_machine)

    assert len(slack.to("UANA")) == 1
    assert len(slack.to("UBO")) == 2


def test_429_from_slack_honours_retry_after_and_other_channels_and_gates_are_not_delayed(
    world, slack, there, time_machine
):
    asked(world)
    slack.fail("chat.postMessage", "429 7")

    slack_due()

    waiting = Delivery.objects.get(channel="slack", status=DeliveryStatus.QUEUED)
    assert (waiting.not_before - clock.now()).total_seconds() == 7
    assert sorted(fates().values()) == [DeliveryStatus.QUEUED, DeliveryStatus.SENT]
    time_machine.shift(6)
    slack_due()
    assert len(slack.called("chat.postMessage")) == 2
    time_machine.shift(2)
    slack_due()
    assert set(fates().values()) == {DeliveryStatus.SENT}
    assert not ChannelAccount.objects.filter(channel__startswith="slack").exclude(failures=0).exists()


@pytest.mark.parametrize("wish", ["86400", "9" * 400])
def test_slack_closes_no_conversation_for_longer_than_an_hour_whatever_it_asks_for(world, slack, there, wish):
    asked(world)
    slack.fail("chat.postMessage", f"429 {wish}")

    slack_due()

    hour = clock.now() + timedelta(hours=1)
    assert Delivery.objects.get(channel="slack", status=DeliveryStatus.QUEUED).not_before == hour
    assert SlackLane.objects.filter(free_at=hour).count() == 1
    assert not SlackLane.objects.filter(free_at__gt=hour).exists()


def test_messages_to_one_person_leave_a_second_apart_and_those_to_others_at_once(world, slack, there, time_machine):
    for _ in range(3):
        asked(world)

    slack_due()
    assert (len(slack.to("UANA")), len(slack.to("UBO"))) == (1, 1)
    time_machine.shift(1)
    slack_due()
    time_machine.shift(1)
    slack_due()

    assert (len(slack.to("UANA")), len(slack.to("UBO"))) == (3, 3)
    assert Delivery.objects.filter(channel="slack").exclude(status=DeliveryStatus.SENT).count() == 0
    assert max(Delivery.objects.filter(channel="slack").values_list("attempt", flat=True)) == 1


@pytest.mark.parametrize("word", ["500", "503", "internal_error", "drop", "fatal_error"])
def test_trouble_of_slack_blocks_its_account_for_a_while_and_one_goes_ahead(world, slack, there, time_machine, word):
    asked(world)
    slack.fail("chat.postMessage", word)

    slack_due()

    assert ChannelAccount.objects.get(pk="slack:T0ACME").failures == 1
    assert slack_due() == 0
    time_machine.shift(31)
    slack_due()
    assert set(fates().values()) == {DeliveryStatus.SENT}
    assert len(slack.to("UANA")) == len(slack.to("UBO")) == 1
    assert ChannelAccount.objects.get(pk="slack:T0ACME").failures == 0


@pytest.mark.parametrize(
    ("method", "word"),
    [
        ("chat.postMessage", "channel_not_found"),
        ("chat.postMessage", "is_archived"),
        ("chat.postMessage", "invalid_blocks"),
        ("chat.postMessage", "msg_blocks_too_long"),
        ("conversations.open", "user_disabled"),
        ("conversations.open", "user_not_found"),
    ],
)
def test_a_dead_address_uses_the_next_channel_at_once(world, slack, there, method, word):
    gate = asked(world)
    Delivery.objects.filter(channel="email", person_id=world.ana.pk).delete()
    slack.fail(method, word, always=True)

    slack_due()
    deliver_due()

    row = Delivery.objects.get(channel="slack", person_id=world.ana.pk)
    assert (row.status, row.attempt) == (DeliveryStatus.DEAD, 1)
    assert word in row.why
    assert KeptMail.objects.filter(to="ana@acme.example").count() == 1
    assert not Seat.objects.filter(gate=gate, unreachable=True).exists()


def test_a_mail_that_was_to_come_later_comes_at_once_when_slack_fails(world, slack, there, time_machine):
    asked(world)
    later = clock.now().replace(hour=15)
    Delivery.objects.filter(channel="email").update(not_before=later)
    slack.fail("conversations.open", "user_disabled")

    slack_due()
    deliver_due()

    assert KeptMail.objects.count() == 1


@pytest.mark.parametrize("word", ["account_inactive", "token_revoked", "invalid_auth", "missing_scope"])
def test_an_app_that_may_not_speak_any_more_is_out_of_order_and_mail_takes_over(world, slack, there, word):
    asked(world)
    Delivery.objects.filter(channel="email").delete()
    slack.fail("chat.postMessage", word, always=True)

    slack_due()
    deliver_due()

    there.refresh_from_db()
    assert word in there.fault
    assert set(fates().values()) == {DeliveryStatus.DEAD}
    assert KeptMail.objects.count() == 2
    asked(world)
    assert Delivery.objects.filter(channel="slack").count() == 2


def test_nobody_left_to_tell_is_unreachable_when_the_last_channel_dies(world, slack, there, settings):
    gate = asked(world)
    Delivery.objects.filter(channel="email").update(status=DeliveryStatus.DEAD)
    slack.fail("conversations.open", "user_disabled")

    slack_due()

    assert Seat.objects.filter(gate=gate, unreachable=True).count() == 1
    assert Event.objects.filter(intent=gate.intent, event_type="intent.person_unreachable").count() == 1


def test_a_message_that_was_posted_before_the_worker_died_is_known_and_not_posted_again(
    world, slack, there, time_machine
):
    gate = asked(world)
    [died] = claim_some(1)
    posted_only(died)
    time_machine.shift(LEASE.total_seconds() + 1)

    slack_due()

    assert len(slack.to("UANA")) == len(slack.to("UBO")) == 1
    assert set(fates().values()) == {DeliveryStatus.SENT}
    assert SlackMessage.objects.count() == 2
    say(gate, world.cy)
    settle(time_machine)
    assert all(post.buttons == [] for user in ("UANA", "UBO") for post in slack.to(user))


def test_message_is_known_and_true_also_when_somebody_else_has_its_delivery_by_now(world, slack, there, time_machine):
    gate = asked(world)
    claimed = claim_some(2)
    tried = [try_once(each, begin(each, CHANNELS["slack"], clock.now()), clock.now()) for each in claimed]
    Delivery.objects.filter(pk=claimed[0].pk).update(attempt=2)

    conclude_all(tried, CHANNELS["slack"])

    assert [Delivery.objects.get(pk=each.pk).status for each in claimed] == [
        DeliveryStatus.SENDING,
        DeliveryStatus.SENT,
    ]
    assert {row.delivery_id for row in SlackMessage.objects.all()} == {each.pk for each in claimed}
    say(gate, world.cy)
    settle(time_machine)
    assert [post.buttons for post in slack.messages.values()] == [[], []]


def test_message_posted_twice_after_a_worker_crash_between_post_and_settle_both_known_both_true_in_the_end(
    world, slack, there, time_machine
):
    """The first post becomes visible in Slack's history only after the second try has looked for it."""
    gate = asked(world)
    [died] = claim_some(1)
    posted_only(died)
    hidden = slack.messages.copy()
    slack.messages.clear()
    time_machine.shift(LEASE.total_seconds() + 1)
    slack_due()
    slack.messages.update(hidden)
    assert SlackMessage.objects.count() == 2
    assert len(slack.messages) == 3

    time_machine.shift(21)
    slack_due()
    say(gate, world.cy)
    settle(time_machine)

    assert SlackMessage.objects.count() == 3
    assert all(post.buttons == [] and "Approved by Cy Okafor" in post.words for post in slack.messages.values())


def test_a_copy_whose_rewriting_failed_is_repaired_within_a_minute(world, slack, there, time_machine):
    gate = asked(world)
    tell()
    slack.fail("chat.update", "503", "drop")

    say(gate, world.cy)
    for _ in range(15):
        time_machine.shift(4)
        tell()

    assert all(post.buttons == [] for post in slack.messages.values())


def test_rewriting_waits_as_long_as_slack_asks_and_new_messages_do_not(world, slack, there, time_machine):
    gate = asked(world)
    tell()
    slack.fail("chat.update", "429 30", always=True)
    say(gate, world.cy)
    time_machine.shift(2)
    tell()
    assert len(slack.called("chat.update")) == 1

    asked(world)
    tell()
    assert len(slack.to("UANA")) == 2
    slack.mend()
    time_machine.shift(31)
    tell()
    assert slack.to("UANA")[0].buttons == []


def test_a_request_that_was_deleted_in_slack_is_told_on_the_next_channel(world, slack, there, time_machine):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = asked(world)
    Delivery.objects.filter(channel="email").delete()
    tell()
    del slack.messages[slack.to("UANA")[0].channel, slack.to("UANA")[0].ts]

    say(gate, world.bo)
    settle(time_machine)

    assert [mail.to for mail in KeptMail.objects.all()] == ["ana@acme.example"]
    assert SlackMessage.objects.filter(gone=True).count() == 1


def test_a_reminder_begins_anew_when_the_card_of_its_thread_was_deleted(world, slack, there, time_machine):
    remind = {"after": 60, "interval": 60, "max": 1}
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind=remind)])
    asked(world)
    tell()
    settle(time_machine)
    del slack.messages[slack.to("UANA")[0].channel, slack.to("UANA")[0].ts]

    time_machine.shift(50)
    sweeps.wake_due()
    settle(time_machine)

    (post,) = slack.to("UANA")
    assert post.thread_ts == ""
    assert post.buttons == ["Approve", "Reject"]


def test_the_requester_is_told_the_outcome_in_slack(world, slack, there, time_machine):
    gate = open_gate(world, human_task={"title": "Add an index"})
    gate.intent.requester = world.bo.ref
    gate.intent.save()
    say(gate, world.ana)

    tell()

    assert "Approved: Add an index" in slack.to("UBO")[-1].text
    assert "Approved by Ana Ruiz in Slack at 14:02 UTC: index is concurrent, fine." in slack.to("UBO")[-1].words


def test_nothing_is_sent_to_slack_when_it_is_switched_off_and_mail_takes_over(world, slack, there):
    asked(world)
    Delivery.objects.filter(channel="email").delete()
    SlackInstallation.objects.all().delete()

    slack_due()
    deliver_due()

    assert set(fates().values()) == {DeliveryStatus.DEAD}
    assert KeptMail.objects.count() == 2


def test_the_copies_lose_the_words_when_the_intent_is_purged(world, slack, there, time_machine):
    gate = asked(world, human_task={"title": "Zaunkönig", "description": "Zaunkönig"}, payload={"who": "Zaunkönig"})
    tell()
    say(gate, world.cy, comment="Zaunkönig")
    settle(time_machine)
    assert all("Zaunkönig" in post.words for post in slack.messages.values())

    assert purge(gate.intent_id, "operator")
    settle(time_machine)

    assert not any("Zaunkönig" in post.words + post.text for post in slack.messages.values())
    card = slack.to("UANA")[0].words
    assert "What was asked and answered here was purged on 2026-11-02. Who decided what, and when, stays." in card
    assert "a program's words" not in card


def test_a_payload_that_does_not_fit_offers_only_refusal_in_slack(world, slack, there):
    asked(world, payload={"log": "x" * 5000})

    tell()

    assert slack.to("UANA")[0].buttons == ["Reject"]


def test_each_person_sees_only_buttons_that_are_theirs_to_press(world, slack, there, time_machine):
    gate = asked(world)
    tell()
    world.ana.memberships.update(can_decide=False)

    say(gate, world.cy, "approved")
    settle(time_machine)

    assert slack.to("UANA")[0].buttons == []
