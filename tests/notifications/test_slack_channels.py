"""Requests that are posted to channels of Slack, over real HTTP: who reads them, and who decides there."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from approvals.models import Decision, Membership, Seat
from approvals.services.amend import amend
from approvals.services.claim import claim
from intents import clock, sweeps
from intents.services.fitting import fit_in
from intents.submission import Submission
from notifications import deliver
from notifications.announce import announce_due
from notifications.channels.registry import CHANNELS
from notifications.claims import LEASE
from notifications.deliver import deliver_due
from notifications.models import Delivery, DeliveryStatus, SlackMessage, SlackRoom
from notifications.rehearsal.script import Script
from notifications.rehearsal.stage import rehearse
from notifications.slack.lanes import claim_some
from notifications.slack.roomlist import remove_room
from notifications.slack.senders import slack_due
from tests.acts import history, say
from tests.approvals.browsing import signed_in, text_of
from tests.factories import gate_rule, make_person, make_policy, make_workspace, open_gate
from tests.fakes.slack import Posted, Slack
from tests.notifications.slacking import (
    PUBLIC,
    add_channel,
    installed,
    linked,
    press,
    said_to,
    send_form,
    tell,
    tell_us,
)

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]
TASK = {"title": "Add an index", "description": "It is slow, says the agent."}
SECRETIVE = ("prod-postgres-main", "Add an index", "says the agent", "Ana Ruiz", "ana@acme.example")
"""What no other organisation may read."""


@pytest.fixture
def there(world, slack, settings):
    """acme/production speaks to Slack, Ana and Bo are linked, and #deploys is on the list."""
    settings.BASE_URL = PUBLIC
    installed(world.workspace, slack)
    linked(world.ana, slack)
    linked(world.bo, slack, tz="")
    return add_channel(world.workspace, slack)


def asked(world, *, need: int = 1, post: tuple[str, ...] = ("slack:#deploys",), **rule: Any) -> Any:
    """A gate whose policy posts it to the channel."""
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=need, post=list(post), **rule)])
    gate = open_gate(world, human_task=TASK)
    tell()
    return gate


def post_in(slack: Slack, channel: str = "C0DEPLOYS") -> Posted:
    return slack.in_room(channel)[0]


def settle(time_machine, seconds: int = 12) -> None:
    """Some seconds pass; whatever became due happens."""
    for _ in range(seconds // 4):
        time_machine.shift(4)
        tell()


def row_of(**fields: Any) -> Delivery:
    return Delivery.objects.get(person_id=None, **fields)


def sent_to(slack: Slack, channel: str) -> str:
    """Everything that ever went there."""
    return json.dumps([given for _, given in slack.calls if given.get("channel") == channel])


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


@pytest.mark.parametrize("flag", ["is_ext_shared", "is_pending_ext_shared"])
def test_no_payload_goes_into_externally_shared_channels(world, slack, there, time_machine, flag):
    """Neither payload nor title nor program text nor names: not in the card, not in reminders, not at the end."""
    shared = add_channel(world.workspace, slack, "partners", **{flag: True})
    gate = asked(world, post=("slack:#partners",), remind={"after": 60, "max": 1})
    post = post_in(slack, shared)

    assert post.text == "A request waits for sre until 15:02 UTC."
    assert (post.buttons, post.menu) == ([], [])
    assert f"{PUBLIC}/gates/{gate.pk}" in json.dumps(post.blocks)
    time_machine.shift(61)
    sweeps.wake_due()
    settle(time_machine)
    say(gate, world.ana, comment="says the agent")
    settle(time_machine)
    assert post_in(slack, shared).text == "A request that was posted here is settled."
    assert len(slack.in_room(shared)) == 2
    for words in SECRETIVE:
        assert words not in sent_to(slack, shared)


def test_digest_of_a_flood_in_a_shared_channel_names_nothing(world, slack, there, settings, time_machine):
    settings.MESSAGES_PER_HOUR = 1
    shared = add_channel(world.workspace, slack, "partners", is_ext_shared=True)
    asked(world, post=("slack:#partners",))
    open_gate(world, human_task=TASK)
    tell()
    time_machine.shift(121)
    tell()

    assert slack.in_room(shared)[-1].text == "More requests than fit here wait in Countersign."
    for words in (*SECRETIVE, "sender"):
        assert words not in sent_to(slack, shared)


def test_card_of_high_risk_in_a_channel_offers_no_yes_and_says_why(world, slack, there):
    asked(world, risk="high")

    assert post_in(slack).buttons == ["Reject"]
    assert "Accepting this needs a sign-in within the last 15 minutes." in post_in(slack).words


def test_card_loses_its_contents_when_its_channel_becomes_shared_and_nothing_follows(world, slack, there, time_machine):
    asked(world)
    assert "prod-postgres-main" in post_in(slack).words
    slack.rooms[there] |= {"is_ext_shared": True}

    time_machine.shift(601)
    settle(time_machine)

    (post,) = slack.in_room(there)
    assert post.text == "A request waits for sre until 15:02 UTC."
    assert post.buttons == []
    for words in SECRETIVE:
        assert words not in json.dumps([post.text, post.blocks])


def test_card_loses_its_contents_at_once_when_slack_tells_that_its_channel_is_shared(world, slack, there):
    asked(world)
    slack.rooms[there] |= {"is_ext_shared": True}
    event = {"type": "channel_shared", "channel": there, "connected_team_id": "T0OTHER"}
    outer = {"type": "event_callback", "api_app_id": slack.app.app_id, "team_id": slack.app.team_id, "event": event}

    assert tell_us(slack, json.dumps(outer).encode()).status_code == 200
    tell()

    assert post_in(slack).text == "A request waits for sre until 15:02 UTC."
    assert "prod-postgres-main" not in post_in(slack).words


def test_whether_a_channel_is_shared_is_asked_before_a_card_is_rewritten(world, slack, there, time_machine):
    gate = asked(world, need=2)
    SlackRoom.objects.update(look_at=clock.now() + timedelta(days=1))
    slack.rooms[there] |= {"is_ext_shared": True}
    slack.calls.clear()

    time_machine.shift(601)
    say(gate, world.ana)
    settle(time_machine)

    assert "Ana Ruiz" not in sent_to(slack, there)
    assert post_in(slack).text.startswith("A request waits for sre")


def test_nothing_is_posted_while_slack_does_not_say_whether_a_channel_is_shared(world, slack, there, time_machine):
    SlackRoom.objects.update(looked_at=None)
    slack.fail("conversations.info", "503", always=True)
    asked(world)

    assert slack.in_room(there) == []
    slack.mend()
    settle(time_machine, 60)
    assert len(slack.in_room(there)) == 1


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"is_archived": True}, "The Slack channel is archived. (is_archived)"),
        ({"is_member": False}, "The bot is not in this Slack channel: invite it. (not_in_channel)"),
        (None, "Slack does not know this conversation, or the bot is not in it. (channel_not_found)"),
    ],
)
def test_dead_channel_is_dead_and_visible_and_people_are_told_all_the_same(
    world, slack, there, fields, why, time_machine
):
    time_machine.shift(601)
    if fields is None:
        del slack.rooms[there]
    else:
        slack.rooms[there] |= fields

    gate = asked(world)

    assert (row_of().status, row_of().why) == (DeliveryStatus.DEAD, why)
    assert SlackRoom.objects.get().fault == why
    assert len(slack.to("UANA")) == len(slack.to("UBO")) == 1
    assert "person_unreachable" not in history(gate.intent)
    assert not Seat.objects.filter(unreachable=True).exists()


def test_channel_that_dies_between_the_look_and_the_post_is_dead(world, slack, there):
    slack.rooms[there] |= {"is_archived": True}

    asked(world)

    assert row_of().status == DeliveryStatus.DEAD
    assert "is_archived" in row_of().why


def test_unknown_channel_is_given_up_at_once_and_stands_in_the_log(world, slack, there):
    asked(world, post=("slack:#nowhere", "slack:#deploys"))

    dead = row_of(status=DeliveryStatus.DEAD)
    assert (dead.address, dead.attempt) == ("slack:#nowhere", 0)
    assert dead.why == "There is no such channel here: an admin adds it at /setup/slack."
    assert len(slack.in_room(there)) == 1


def test_limited_channel_delays_no_other(world, slack, there, time_machine):
    other = add_channel(world.workspace, slack, "ops")
    slack.fail("chat.postMessage", "429 9")
    asked(world, post=("slack:#deploys", "slack:#ops"))

    posted = len(slack.in_room(there)) + len(slack.in_room(other)) + len(slack.to("UANA")) + len(slack.to("UBO"))
    assert posted == 3
    time_machine.shift(10)
    tell()
    assert len(slack.in_room(there)) == len(slack.in_room(other)) == 1


def test_post_that_stood_there_before_its_worker_died_is_not_posted_again_and_becomes_true(
    world, slack, there, time_machine
):
    make_policy(world.workspace, gates=[gate_rule("team:sre", post=["slack:#deploys"])])
    gate = open_gate(world, human_task=TASK)
    announce_due()
    Delivery.objects.exclude(person_id=None).delete()
    (died,) = claim_some(1)
    deliver._fate(died, CHANNELS["slack"], clock.now())
    SlackMessage.objects.all().delete()
    time_machine.shift(LEASE.total_seconds() + 1)

    tell()
    say(gate, world.cy)
    settle(time_machine)

    (post,) = slack.in_room(there)
    assert post.buttons == []
    assert row_of().status == DeliveryStatus.SENT


def test_post_that_was_deleted_in_slack_begins_anew_with_the_next_reminder(world, slack, there, time_machine):
    asked(world, remind={"after": 60, "max": 1})
    del slack.messages[there, post_in(slack).ts]

    time_machine.shift(61)
    sweeps.wake_due()
    settle(time_machine)

    (post,) = slack.in_room(there)
    assert post.buttons == ["Approve", "Reject"]


def test_what_stands_in_a_channel_that_is_taken_off_the_list_loses_its_contents(world, slack, there, time_machine):
    gate = asked(world, remind={"after": 60, "max": 1})

    remove_room(world.workspace, SlackRoom.objects.get().pk, "server")
    time_machine.shift(61)
    sweeps.wake_due()
    settle(time_machine)

    (post,) = slack.in_room(there)
    assert "prod-postgres-main" not in post.words
    assert post.buttons == []
    say(gate, world.ana)
    settle(time_machine)
    assert post_in(slack).text == "A request that was posted here is settled."


def test_flood_becomes_one_digest_in_its_channel_and_touches_no_other(world, slack, there, settings, time_machine):
    settings.MESSAGES_PER_HOUR = 2
    slack.limits = False
    add_channel(world.workspace, slack, "ops")
    asked(world)
    for _ in range(4):
        open_gate(world, human_task=TASK)
    for _ in range(40):
        time_machine.shift(4)
        tell()

    cards = slack.in_room(there)
    assert len(cards) == 3
    assert "sender floods this channel: 3 more messages" in cards[-1].words
    assert Delivery.objects.filter(person_id=None, status=DeliveryStatus.HELD).count() == 3
    make_policy(world.workspace, gates=[gate_rule("team:sre", post=["slack:#ops"])])
    open_gate(world, human_task=TASK)
    tell()
    assert len(slack.in_room("C0OPS")) == 1


def test_secret_fields_are_masked_in_a_channel(world, slack, there):
    make_policy(
        world.workspace, gates=[gate_rule("team:sre", post=["slack:#deploys"], secret=["payload.dsn"], place="before")]
    )
    open_gate(world, payload={"target": "db", "dsn": "hunter2"})
    tell()

    assert len(slack.in_room(there)) == 1
    assert "hunter2" not in json.dumps(slack.calls)


def test_deliver_log_of_attempts_is_kept_for_posts_too(world, slack, there):
    asked(world)
    deliver_due()

    assert [entry["fate"] for entry in row_of().tries] == ["sent"]


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


def test_posts_stand_in_the_delivery_log_the_dry_run_and_the_preview(world, slack, there):
    gate = asked(world, post=("slack:#deploys", "slack:#nowhere"))
    Membership.objects.filter(person=world.ana).update(is_admin=True)
    deploys = SlackRoom.objects.get()

    log = text_of(signed_in(world.bo).get(f"/gates/{gate.pk}/deliveries"))
    play = rehearse(world.workspace, Script(Submission("intent.infra.change.v1", "human", {}), clock.now()))
    page = text_of(
        signed_in(world.ana).get(
            "/setup/preview",
            {"workspace": "acme/production", "type": "intent.infra.change.v1", "target": "human", "payload": "{}"},
        )
    )

    assert "Request to #deploys" in log
    assert f'by slack, <span class="mono">{deploys.address}</span>' in log
    assert "There is no such channel here" in log
    assert "request to #deploys by slack" in [line.text for line in play.lines]
    assert "request to slack:#deploys," in page.lower()
    assert "nobody else&#x27;s press counts." in page
    assert len(slack.in_room(there)) == 1
