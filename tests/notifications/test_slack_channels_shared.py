"""Channels that other organisations read get nothing of a request; what nobody may see is masked everywhere."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from intents import clock, sweeps
from notifications.models import SlackRoom
from notifications.slack.roomlist import remove_room
from tests.acts import say
from tests.factories import gate_rule, make_policy, open_gate
from tests.notifications.posting import TASK, asked, channel_ready, post_in, sent_to, settle
from tests.notifications.slacking import (
    PUBLIC,
    add_channel,
    tell,
    tell_us,
)

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]
SECRETIVE = ("prod-postgres-main", "Add an index", "says the agent", "Ana Ruiz", "ana@acme.example")
"""What no other organisation may read."""


@pytest.fixture
def there(world, slack, settings):
    """#deploys, which policies may post to."""
    return channel_ready(world, slack, settings)


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


def test_secret_fields_are_masked_in_a_channel(world, slack, there):
    make_policy(
        world.workspace, gates=[gate_rule("team:sre", post=["slack:#deploys"], secret=["payload.dsn"], place="before")]
    )
    open_gate(world, payload={"target": "db", "dsn": "hunter2"})
    tell()

    assert len(slack.in_room(there)) == 1
    assert "hunter2" not in json.dumps(slack.calls)
