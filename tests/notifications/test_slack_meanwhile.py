"""What happens while a message is on its way to Slack, and what one loses whose reader may not read it any more."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient

from intents import clock
from notifications.announce import announce_due
from notifications.claims import LEASE
from notifications.models import Delivery, DeliveryStatus, SlackLink, SlackMessage, SlackRoom
from notifications.slack.lanes import claim_some
from notifications.slack.linking import unlink
from notifications.slack.roomlist import remove_room
from notifications.slack.roomlook import look_at_rooms_due, look_soon
from tests.acts import say
from tests.factories import gate_rule, make_policy, open_gate
from tests.fakes.slack import Slack
from tests.notifications.slacking import PUBLIC, add_channel, installed, linked, posted_only, tell, tell_us

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]
TASK = {"title": "Add an index", "description": "It is slow, says the agent."}


@pytest.fixture
def there(world, slack, settings):
    """acme/production speaks to Slack, Ana and Bo are linked, and #deploys is on the list."""
    settings.BASE_URL = PUBLIC
    row = installed(world.workspace, slack)
    linked(world.ana, slack)
    linked(world.bo, slack, tz="")
    add_channel(world.workspace, slack)
    return row


def asked(world, **fields: Any) -> Any:
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2, post=["slack:#deploys"])])
    return open_gate(world, human_task=TASK, **fields)


def settle(time_machine, seconds: int = 12) -> None:
    for _ in range(seconds // 4):
        time_machine.shift(4)
        tell()


def meanwhile(monkeypatch, method: str, happens: Callable[[], object], channel: str) -> None:
    """Once Slack has taken the next call of this method about this channel, and before we know, that happens. Once."""
    real, due = getattr(WebClient, method), [happens]

    def called(client: WebClient, **given: Any) -> Any:
        answer = real(client, **given)
        while due and given["channel"] == channel:
            due.pop()()
        return answer

    monkeypatch.setattr(WebClient, method, called)


def becomes_shared(slack: Slack, installation: Any) -> None:
    slack.rooms["C0DEPLOYS"] |= {"is_ext_shared": True}
    look_soon(installation, "C0DEPLOYS")
    look_at_rooms_due()


@pytest.mark.parametrize("event", ["shared", "removed"])
def test_card_that_is_posted_while_its_channel_is_shared_or_removed_loses_its_contents(
    world, slack, there, time_machine, monkeypatch, event
):
    happens = {
        "shared": lambda: becomes_shared(slack, there),
        "removed": lambda: remove_room(world.workspace, SlackRoom.objects.get().pk, world.cy.actor),
    }
    meanwhile(monkeypatch, "chat_postMessage", happens[event], "C0DEPLOYS")

    asked(world)
    settle(time_machine)

    (post,) = slack.in_room("C0DEPLOYS")
    assert "prod-postgres-main" not in post.words
    assert (post.buttons, post.menu) == ([], [])


def test_card_that_is_rewritten_while_its_channel_is_shared_loses_its_contents(
    world, slack, there, time_machine, monkeypatch
):
    gate = asked(world)
    settle(time_machine)
    meanwhile(monkeypatch, "chat_update", lambda: becomes_shared(slack, there), "C0DEPLOYS")

    say(gate, world.ana)
    settle(time_machine)

    (post,) = slack.in_room("C0DEPLOYS")
    assert "prod-postgres-main" not in post.words


def test_channel_that_is_put_on_the_list_again_gets_its_contents_again(world, slack, there, time_machine):
    asked(world)
    settle(time_machine)
    remove_room(world.workspace, SlackRoom.objects.get().pk, world.cy.actor)
    settle(time_machine)
    assert "prod-postgres-main" not in slack.in_room("C0DEPLOYS")[0].words

    add_channel(world.workspace, slack)
    settle(time_machine)

    assert "prod-postgres-main" in slack.in_room("C0DEPLOYS")[0].words


def test_card_in_a_channel_that_was_archived_for_a_while_is_true_afterwards(world, slack, there, time_machine):
    gate = asked(world)
    settle(time_machine)
    slack.rooms["C0DEPLOYS"] |= {"is_archived": True}
    say(gate, world.ana)
    say(gate, world.bo)
    settle(time_machine, 60)
    assert slack.in_room("C0DEPLOYS")[0].buttons
    calls = len(slack.called("chat.update"))
    settle(time_machine, 60)
    assert len(slack.called("chat.update")) == calls  # nobody spins

    slack.rooms["C0DEPLOYS"] |= {"is_archived": False}
    look_soon(there, "C0DEPLOYS")
    settle(time_machine, 60)

    (post,) = slack.in_room("C0DEPLOYS")
    assert post.buttons == []
    assert "Bo Lind" in post.words


def test_people_are_told_by_an_app_that_took_the_place_of_another(world, slack, there, time_machine):
    """Each app has a conversation of its own with everybody: the one that was kept is not there for the new app."""
    SlackLink.objects.filter(person=world.ana).update(dm_channel="D0OFTHEOLDAPP")
    slack.fail("chat.postMessage", "channel_not_found")

    asked(world)
    settle(time_machine)

    assert [post.channel for post in slack.to("UANA")] == [slack.dm("UANA")]
    assert Delivery.objects.get(address="T0ACME/UANA").status == DeliveryStatus.SENT


def test_conversation_that_is_nowhere_is_dead_and_not_asked_for_again_and_again(world, slack, there, time_machine):
    asked(world)
    SlackLink.objects.filter(person=world.ana).update(dm_channel=slack.dm("UANA"))
    slack.fail("chat.postMessage", "channel_not_found", always=True)

    settle(time_machine)

    assert Delivery.objects.get(address="T0ACME/UANA").status == DeliveryStatus.DEAD
    assert not SlackMessage.objects.exists()


@pytest.mark.parametrize("end", ["unlinked", "left"])
def test_card_of_somebody_who_is_no_reader_any_more_says_nothing_from_then_on(world, slack, there, time_machine, end):
    gate = asked(world)
    settle(time_machine)
    assert "prod-postgres-main" in slack.to("UBO")[0].words
    if end == "unlinked":
        SlackLink.objects.filter(person=world.bo).update(ended_at=SlackLink.objects.get(person=world.bo).linked_at)
    else:
        world.bo.memberships.update(is_active=False)

    say(gate, world.ana, comment="never for Bo's eyes")
    settle(time_machine)

    (post,) = slack.to("UBO")
    for words in ("prod-postgres-main", "Add an index", "never for Bo's eyes", "Ana Ruiz"):
        assert words not in post.words + post.text
    assert (post.buttons, post.menu) == ([], [])
    assert "Ana Ruiz" in slack.to("UANA")[0].words


def test_post_is_known_again_below_all_that_people_have_said_since(world, slack, there, time_machine):
    asked(world)
    announce_due()
    Delivery.objects.exclude(person_id=None).delete()
    (died,) = claim_some(1)
    posted_only(died)
    for _ in range(250):
        slack.keep("C0DEPLOYS", slack.next_ts(), {"text": "hm"}, "")
    time_machine.shift(LEASE.total_seconds() + 1)

    tell()

    assert len([post for post in slack.in_room("C0DEPLOYS") if post.metadata]) == 1
    assert SlackMessage.objects.count() == 1


def test_app_that_was_set_up_anew_does_not_fall_silent_when_slack_tells_late_of_its_end(world, slack, there):
    before = int(there.secrets_at.timestamp()) - 60
    told = slack.said("UANA", "", type="app_uninstalled")
    late = json.dumps(json.loads(told) | {"event_time": before}).encode()

    assert tell_us(slack, late).status_code == 200

    there.refresh_from_db()
    assert there.fault == ""


def test_channel_of_another_team_than_the_app_is_dead_and_says_so(world, slack, there):
    SlackRoom.objects.update(team_id="T0FORMER")

    asked(world)
    tell()

    row = Delivery.objects.get(person_id=None)
    assert (row.status, row.why.split(":")[0]) == (
        DeliveryStatus.DEAD,
        "This Slack channel is of another team than the app",
    )


def test_open_requests_lose_their_contents_as_soon_as_their_link_ends(world, slack, there, time_machine):
    asked(world)
    settle(time_machine)

    unlink(world.bo, SlackLink.objects.get(person=world.bo).pk, clock.now())
    settle(time_machine)

    assert "prod-postgres-main" not in slack.to("UBO")[0].words
    assert "prod-postgres-main" in slack.to("UANA")[0].words


def test_note_without_contents_says_why_it_has_no_link_and_names_no_private_address(
    world, slack, there, settings, time_machine
):
    settings.BASE_URL = "http://countersign.internal:8000"
    slack.rooms["C0DEPLOYS"] |= {"is_ext_shared": True}
    SlackRoom.objects.update(looked_at=None)

    asked(world)
    settle(time_machine)

    (post,) = slack.in_room("C0DEPLOYS")
    assert "No link: its address is private." in post.words
    assert "countersign.internal" not in json.dumps([post.text, post.blocks])


def test_slack_is_searched_only_after_a_try_that_may_have_posted(world, slack, there, time_machine):
    slack.fail("chat.postMessage", *["429 1"] * 3)
    asked(world)
    settle(time_machine)
    assert len(slack.messages) == 3
    assert slack.called("conversations.history") == []

    slack.fail("chat.postMessage", "503")
    open_gate(world, human_task=TASK)
    settle(time_machine, 60)
    assert slack.called("conversations.history")
    assert len(slack.messages) == 6
