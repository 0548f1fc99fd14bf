"""What tests of posts to Slack channels share."""

from __future__ import annotations

import json
from typing import Any

from notifications.models import Delivery
from tests.factories import gate_rule, make_policy, open_gate
from tests.fakes.slack import Posted, Slack
from tests.notifications.slacking import (
    PUBLIC,
    add_channel,
    installed,
    linked,
    tell,
)

TASK = {"title": "Add an index", "description": "It is slow, says the agent."}


def channel_ready(world: Any, slack: Slack, settings: Any) -> str:
    """acme/production speaks to Slack, Ana and Bo are linked, and #deploys is on the list; its id."""
    settings.BASE_URL = PUBLIC
    installed(world.workspace, slack)
    linked(world.ana, slack)
    linked(world.bo, slack, tz="")
    return add_channel(world.workspace, slack)


def asked(world: Any, *, need: int = 1, post: tuple[str, ...] = ("slack:#deploys",), **rule: Any) -> Any:
    """A gate whose policy posts it to the channel."""
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=need, post=list(post), **rule)])
    gate = open_gate(world, human_task=TASK)
    tell()
    return gate


def post_in(slack: Slack, channel: str = "C0DEPLOYS") -> Posted:
    return slack.in_room(channel)[0]


def settle(time_machine: Any, seconds: int = 12) -> None:
    """Some seconds pass; whatever became due happens."""
    for _ in range(seconds // 4):
        time_machine.shift(4)
        tell()


def row_of(**fields: Any) -> Delivery:
    return Delivery.objects.get(person_id=None, **fields)


def sent_to(slack: Slack, channel: str) -> str:
    """Everything that ever went there."""
    return json.dumps([given for _, given in slack.calls if given.get("channel") == channel])
