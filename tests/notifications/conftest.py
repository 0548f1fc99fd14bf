"""Mail that is kept, mail that goes to a real server, and the short way from an event to a mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from time_machine import TimeMachineFixture

from notifications import keptmail
from notifications.models import SlackInstallation
from notifications.slack.senders import slack_due
from tests.factories import gate_rule, make_policy
from tests.fakes.authority import Authority, make_authority
from tests.fakes.receiver import Receiver
from tests.fakes.slack import Posted, Slack
from tests.fakes.smtp import SmtpServer
from tests.notifications.slacking import PUBLIC, installed, linked, tell_us

SECRET = "a secret that is long enough"


@pytest.fixture
def afternoon(time_machine: TimeMachineFixture) -> None:
    """It is 14:02 UTC, and stays so until `time_machine.shift(seconds)`."""
    time_machine.move_to(datetime(2026, 11, 2, 14, 2, tzinfo=UTC), tick=False)


@pytest.fixture
def kept(settings: Any) -> None:
    """Mail is kept, as in the embedded mode."""
    settings.EMAIL_BACKEND = keptmail.PATH


@pytest.fixture
def smtp(settings: Any, tmp_path: Path) -> Iterator[SmtpServer]:
    """Mail goes to a server process of this test."""
    with SmtpServer(tmp_path) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = server.host, server.port, 1
        yield server


@pytest.fixture
def slack(settings: Any) -> Iterator[Slack]:
    """A Slack that our calls go to."""
    with Slack().running() as running:
        settings.SLACK_API_URL = running.url
        yield running


@pytest.fixture
def there(world: SimpleNamespace, slack: Slack, settings: Any) -> SlackInstallation:
    """acme/production speaks to Slack; Ana (in Madrid) and Bo are linked."""
    settings.BASE_URL = PUBLIC
    linked(world.ana, slack)
    linked(world.bo, slack)
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    return installed(world.workspace, slack)


@pytest.fixture
def typed(slack: Slack, time_machine: TimeMachineFixture) -> Callable[..., list[Posted]]:
    """What the bot answers to this text, two seconds after whatever was posted before."""

    def answers(text: str, user: str = "UANA", **fields: str) -> list[Posted]:
        time_machine.shift(2)
        before = set(slack.messages)
        assert tell_us(slack, slack.said(user, text, **fields)).status_code == 200
        slack_due()
        return [post for place, post in sorted(slack.messages.items()) if place not in before]

    return answers


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Signs the certificates of receivers."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def receivers(settings: Any, authority: Authority, tmp_path: Path) -> Iterator[Callable[..., Receiver]]:
    """`receivers(always, secret=...)`: an HTTPS server that the administrator allowed."""
    settings.OUTBOUND_CA_FILE = str(authority.file)
    settings.OUTBOUND_ALLOWED_PRIVATE = []
    with ExitStack() as stack:

        def started(always: str = "204", secret: str = SECRET) -> Receiver:
            made = Receiver(authority.server_context(tmp_path), always=always, secret=secret)
            running = stack.enter_context(made.running())
            settings.OUTBOUND_ALLOWED_PRIVATE += [running.place]
            return running

        yield started


@pytest.fixture
def receiver(receivers: Callable[..., Receiver]) -> Receiver:
    """One that says yes."""
    return receivers()
