"""What comes through a connection passes the same door as what comes over HTTP, and is acknowledged with its answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from django.db import connections
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from intents.services.changes import record_change
from intents.services.durable import durable
from notifications.models import SlackInstallation
from notifications.slack.faults import FAULTS
from notifications.slack.inbound import door
from notifications.slack.inbound.doing import UNSURE
from notifications.slack.inbound.genuine import Incoming, NotGenuine, team_of, vouched
from notifications.slack.inbound.response import Response
from notifications.slack.socketmode.connection import Connection

log = logging.getLogger(__name__)
WAYS: Mapping[str, Callable[[Incoming], Response]] = {
    "interactive": door.interaction,
    "events_api": door.event,
    "slash_commands": door.command,
}
MOST_REFUSALS = 20


class Desk:
    """Takes the envelopes of one installation's connections, in any thread, which keeps no database connection."""

    def __init__(self, installation: SlackInstallation) -> None:
        self._installation = installation
        self._refused: set[tuple[str, str]] = set()

    def take(self, connection: Connection, envelope: SocketModeRequest) -> None:
        """Without an acknowledgement Slack sends it again, or tells whoever pressed that it failed."""
        try:
            answer = self._answer(envelope)
            connections.close_all()
            if answer is not None:
                _acknowledge(connection, envelope, answer)
                answer.later()
        finally:
            connections.close_all()

    def _answer(self, envelope: SocketModeRequest) -> Response | None:
        """None if nothing is to be acknowledged."""
        way = WAYS.get(envelope.type)
        if way is None:
            return Response()
        try:
            return way(vouched(self._installation, envelope.payload))
        except NotGenuine as error:
            self._refuse(envelope, str(error))
        except UNSURE:
            log.warning("slack envelope not handled in time", extra={"kind": envelope.type})
        return None

    def _refuse(self, envelope: SocketModeRequest, why: str) -> None:
        """An entry in the workspace's chain for each app and team that has no business here, once."""
        said = {"app": str(envelope.payload.get("api_app_id"))[:32], "team": team_of(envelope.payload)[:32]}
        whose = (said["app"], said["team"])
        if whose in self._refused or len(self._refused) >= MOST_REFUSALS:
            return
        self._refused.add(whose)
        workspace, details = self._installation.workspace_id, said | {"kind": envelope.type[:32], "why": why}
        with durable():
            record_change(workspace, "slack_envelope.refused", f"slack:{said['team']}", details)


def _acknowledge(connection: Connection, envelope: SocketModeRequest, answer: Response) -> None:
    """What was recorded stays so if Slack cannot hear it: it sends the envelope again, which does nothing more."""
    try:
        connection.send_socket_mode_response(SocketModeResponse(envelope.envelope_id, answer.body))
    except FAULTS as error:
        log.info("slack envelope not acknowledged", extra={"kind": envelope.type, "why": str(error)})
