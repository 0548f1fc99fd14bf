"""The channels that there are, by name."""

from __future__ import annotations

from collections.abc import Mapping

from notifications.channels.base import Channel
from notifications.channels.email import EmailChannel
from notifications.slack.channel import SlackChannel

CHANNELS: Mapping[str, Channel] = {channel.name: channel for channel in (SlackChannel(), EmailChannel())}
