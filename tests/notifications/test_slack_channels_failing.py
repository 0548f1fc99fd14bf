"""What becomes of posts when a channel, Slack or a worker fails, or a program floods; and where that can be seen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.models import Membership, Seat
from approvals.services.linting import lint_workspace
from intents import clock, sweeps
from intents.submission import Submission
from notifications.announce import announce_due
from notifications.claims import LEASE
from notifications.deliver import deliver_due
from notifications.models import Delivery, DeliveryStatus, SlackInstallation, SlackRoom
from notifications.rehearsal.script import Script
from notifications.rehearsal.stage import rehearse
from notifications.slack.installing import note_fault
from notifications.slack.lanes import claim_some
from notifications.slack.senders import slack_due
from tests.acts import history, say
from tests.approvals.browsing import signed_in, text_of
from tests.factories import gate_rule, make_policy, open_gate
from tests.notifications.posting import TASK, asked, channel_ready, post_in, row_of, settle
from tests.notifications.slacking import (
    add_channel,
    posted_only,
    tell,
)

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]


@pytest.fixture
def there(world, slack, settings):
    """#deploys, which policies may post to."""
    return channel_ready(world, slack, settings)


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


def test_admins_hear_at_once_of_a_channel_that_died_since_slack_was_asked(world, slack, there, time_machine):
    slack.rooms[there] |= {"is_archived": True}

    asked(world)
    settle(time_machine)

    assert row_of().status == DeliveryStatus.DEAD
    assert SlackRoom.objects.get().fault == "The Slack channel is archived. (is_archived)"


def test_admins_hear_since_when_a_channel_is_dead_before_a_request_needs_it(world, slack, there, time_machine):
    Membership.objects.filter(person=world.ana).update(is_admin=True)
    make_policy(world.workspace, gates=[gate_rule("team:sre", post=["slack:#deploys"])])
    slack.rooms[there] |= {"is_archived": True}
    time_machine.shift(601)
    slack_due()
    time_machine.move_to(clock.now() + timedelta(days=20))
    slack_due()

    why = "The Slack channel is archived. (is_archived) Nothing can be posted since 2 Nov 14:12 UTC."
    assert f"acme/production: slack:#deploys: {why} Mend it in Slack" in text_of(signed_in(world.ana).get("/inbox"))
    assert "slack:#deploys" not in text_of(signed_in(world.bo).get("/inbox"))
    assert 'since <time datetime="2026-11-02T14:12:01' in text_of(signed_in(world.ana).get("/setup/slack"))
    assert why in str(next(finding for finding in lint_workspace(world.workspace) if finding.code == "place_unfit"))
    assert "countersign_slack_mute 1.0" in text_of(signed_in(world.ana).get("/metrics"))

    slack.rooms[there] |= {"is_archived": False}
    time_machine.shift(601)
    slack_due()
    assert SlackRoom.objects.get().fault_at is None
    assert "slack:#deploys" not in text_of(signed_in(world.ana).get("/inbox"))


def test_admins_hear_on_their_inbox_that_slack_is_out_of_order_or_of_many_channels_at_once(world, slack, there):
    Membership.objects.filter(person=world.ana).update(is_admin=True)
    add_channel(world.workspace, slack, "ops")
    SlackRoom.objects.update(fault="The Slack channel is archived. (is_archived)")
    assert "Nothing can be posted to slack:#deploys, slack:#ops." in text_of(signed_in(world.ana).get("/inbox"))

    note_fault(SlackInstallation.objects.get(), "The bot token was revoked.")

    page = text_of(signed_in(world.ana).get("/inbox"))
    assert "acme/production: Slack is out of order: The bot token was revoked." in page
    assert "slack:#ops" not in page


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
    posted_only(died)
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


def test_deliver_log_of_attempts_is_kept_for_posts_too(world, slack, there):
    asked(world)
    deliver_due()

    assert [entry["fate"] for entry in row_of().tries] == ["sent"]


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
