"""What Slack sends through connections of ours: a real WebSocket server in place of Slack's, and the real client."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from approvals.models import Decision
from intents.models import WorkspaceEntry
from intents.services.changes import details_of_entry
from notifications.models import SlackInstallation
from notifications.slack.inbound import dispatch
from notifications.slack.inbound.deciding import SAY_WHY
from notifications.slack.inbound.response import Response
from notifications.slack.installing import uninstall
from notifications.slack.socketmode import listeners, pauses
from notifications.slack.socketmode.listener import SWITCHED_OFF
from tests.fakes.slack import Slack
from tests.fakes.slacksocket import Sockets
from tests.live import eventually
from tests.notifications.slacking import installed, said_to, slack_ready

pytestmark = pytest.mark.django_db(transaction=True)
PRIVATE = "http://127.0.0.1:8000"


@pytest.fixture
def sockets(slack: Slack) -> Sockets:
    slack.limits = False
    return slack.sockets


@pytest.fixture(autouse=True)
def _listening(sockets: Sockets, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a worker, but quicker."""
    monkeypatch.setattr(listeners, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(pauses, "PAUSES", (0.0, 0.05, 0.2, 60.0))
    listeners.start()
    yield
    listeners.stop()


@pytest.fixture
def gate(world: Any, slack: Slack, sockets: Sockets, settings: Any) -> Any:
    """Asks for two; its cards stand with Ana and Bo, who are connected."""
    found = slack_ready(world, slack, settings, need=2, base_url=PRIVATE)
    sockets.wait_for(1)
    return found


def pressed(slack: Slack, label: str = "Approve", **fields: Any) -> bytes:
    return slack.click(slack.to("UANA")[0], label, "UANA", **fields)


def test_a_press_that_comes_through_a_connection_is_recorded_before_it_is_acknowledged(gate, slack, sockets):
    ack = sockets.ack(sockets.push(pressed(slack)))

    assert Decision.objects.get().outcome == "approved"
    assert ack.payload is None
    eventually(lambda: slack.whispers)
    assert said_to(slack, "UANA").startswith("Your answer is recorded")


def test_a_form_is_checked_and_decides_by_what_goes_back_with_the_acknowledgement(gate, slack, sockets):
    sockets.ack(sockets.push(pressed(slack, "Reject")))
    eventually(lambda: slack.views)
    view = slack.views[-1][1]["view"]

    wrong = sockets.ack(sockets.push(slack.sent(view, "UANA", {})))
    right = sockets.ack(sockets.push(slack.sent(view, "UANA", {"comment": "Not today"})))

    assert wrong.payload == {"response_action": "errors", "errors": {"comment": SAY_WHY}}
    assert right.payload["response_action"] == "update"
    assert Decision.objects.get().outcome == "rejected"


def test_the_same_envelope_votes_once_when_slack_sends_it_again(gate, slack, sockets):
    envelope = sockets.push(pressed(slack))
    sockets.ack(envelope)

    sockets.ack(sockets.again(envelope), count=2)

    assert Decision.objects.count() == 1
    eventually(lambda: len(slack.whispers) == 2)
    assert said_to(slack, "UANA").startswith("This press was handled before")


@pytest.mark.parametrize("foreign", [{"api_app_id": "A0OTHER"}, {"team": {"id": "T0OTHER"}}])
def test_an_envelope_of_another_app_or_team_is_not_acknowledged_and_recorded_once(gate, slack, sockets, foreign):
    envelope = sockets.push(pressed(slack, **foreign))
    assert sockets.is_left_unanswered(envelope)
    assert sockets.is_left_unanswered(sockets.again(envelope), 0.2)

    entry = WorkspaceEntry.objects.get(change="slack_envelope.refused")

    assert entry.workspace_id == gate.workspace_id
    assert details_of_entry(entry)["why"] == "another app or team"
    assert not Decision.objects.exists()


def test_a_slash_command_that_comes_through_a_connection_is_answered(gate, slack, sockets, monkeypatch):
    monkeypatch.setitem(dispatch._commands, "/countersign", lambda incoming, data: Response({"text": data["text"]}))

    assert sockets.ack(sockets.push(slack.typed("UANA", "list"))).payload == {"text": "list"}


def test_the_next_connection_is_there_before_the_old_one_is_left_when_slack_asks_for_it(gate, slack, sockets):
    old = sockets.links[0]
    sockets.say_goodbye("refresh_requested")
    sockets.wait_for(2)

    eventually(lambda: old not in sockets.links)

    sockets.ack(sockets.push(pressed(slack)))
    assert Decision.objects.count() == 1
    assert len(slack.called("apps.connections.open")) == 1 + 2  # one by the set-up


def test_it_connects_again_when_the_connection_is_gone_without_a_word(gate, slack, sockets):
    sockets.drop()

    sockets.wait_for(2)

    sockets.ack(sockets.push(pressed(slack)))
    assert Decision.objects.count() == 1


def test_what_was_taken_is_answered_when_the_listeners_stop(gate, slack, sockets, monkeypatch):
    begun = threading.Event()

    def slow(incoming: Any, data: dict[str, Any]) -> Response:
        begun.set()
        time.sleep(0.3)
        return Response({"text": "done"})

    monkeypatch.setitem(dispatch._commands, "/countersign", slow)
    envelope = sockets.push(slack.typed("UANA", "list"))
    begun.wait(3)

    listeners.stop()

    assert sockets.ack(envelope).payload == {"text": "done"}
    eventually(lambda: not sockets.links)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("invalid_auth", "Slack does not know this app-level token"),
        ("token_revoked", "The app-level token was revoked"),
        ("not_allowed_token_type", "This is no app-level token"),
    ],
)
def test_it_says_so_and_does_not_spin_when_the_app_token_was_revoked(world, slack, sockets, error, words):
    row = installed(world.workspace, slack)
    sockets.wait_for(1)
    slack.fail("apps.connections.open", error, always=True)
    sockets.drop()

    eventually(lambda: SlackInstallation.objects.get().socket_fault)

    row.refresh_from_db()
    assert row.socket_fault.startswith(words)
    assert not row.takes_presses
    assert not row.fault  # messages still go out
    tried = len(slack.called("apps.connections.open"))
    assert not sockets.waits_for_more(0.5)
    assert len(slack.called("apps.connections.open")) == tried == 3  # the set-up, the first, the one that failed


def test_it_says_so_and_waits_when_socket_mode_is_switched_off_in_the_app(world, slack, sockets):
    installed(world.workspace, slack)
    sockets.wait_for(1)

    sockets.say_goodbye("link_disabled")

    eventually(lambda: SlackInstallation.objects.get().socket_fault == SWITCHED_OFF)
    assert sockets.opened == 1


def test_it_tries_more_and_more_slowly_when_slack_has_trouble(world, slack, sockets):
    installed(world.workspace, slack)
    sockets.wait_for(1)
    slack.fail("apps.connections.open", "503", always=True)

    sockets.drop()

    eventually(lambda: len(slack.called("apps.connections.open")) == 4)  # the set-up, the first, two that failed
    assert not sockets.waits_for_more(0.4)
    assert len(slack.called("apps.connections.open")) == 4
    assert not SlackInstallation.objects.get().socket_fault


def test_a_new_token_and_the_end_of_an_app_are_noticed_without_a_restart(world, slack, sockets):
    installed(world.workspace, slack)
    sockets.wait_for(1)
    slack.app.app_token = "xapp-1-A0COUNTER-another"

    installed(world.workspace, slack)
    sockets.wait_for(2)
    eventually(lambda: len(sockets.links) == 1)
    uninstall(world.workspace, "server")

    eventually(lambda: not sockets.links)


def test_slack_check_says_whether_somebody_listens(world, slack, sockets):
    installed(world.workspace, slack)
    eventually(lambda: SlackInstallation.objects.get().listened_at)
    out = StringIO()

    call_command("slack", "check", stdout=out)

    assert "Socket Mode: connected (seen at " in out.getvalue()
