"""The short way to the Home of somebody in the fake Slack."""

from __future__ import annotations

from typing import Any

from notifications.slack.senders import slack_due
from tests.fakes.slack import Slack
from tests.fakes.slackblocks import all_text
from tests.notifications.slacking import tell, tell_us


def opens(slack: Slack, user: str = "UANA", **event: str) -> str:
    """This user opens their Home; what it says then."""
    assert tell_us(slack, slack.opened_home(user, **event)).status_code == 200
    slack_due()
    return home_words(slack, user)


def home_words(slack: Slack, user: str = "UANA") -> str:
    home = slack.home(user)
    return all_text(home["blocks"]) if home else ""


def later(time_machine: Any, seconds: int = 4) -> None:
    """Everybody is told, and every Home is true again."""
    tell()
    time_machine.shift(seconds)
    tell()
