"""A notification: people of the workspace are told something, and the intent goes on at once."""

from __future__ import annotations

from typing import Any

from intents.errors import Conflict
from intents.lifecycle import StepStatus
from intents.models import Step
from intents.ports import StepEnd
from intents.principal import Principal
from intents.services.lock import Locked


class NotificationKind:
    """`spec`: {"to": [...], "subject": str, "body": str}. The event is what tells people (notifications.announce)."""

    def start(self, locked: Locked, step: Step) -> StepEnd | None:
        """Record the words; whoever announces events sends them."""
        words = {key: step.spec.get(key, "") for key in ("subject", "body")}
        locked.record("intent.notification", "server", {"step_id": step.name, "to": step.spec.get("to", []), **words})
        return StepEnd(StepStatus.DONE, actor="server")

    def resume(self, step: Step, principal: Principal, body: dict[str, Any]) -> dict[str, Any]:
        """It is over before anybody could answer."""
        raise Conflict("A notification takes no answer.", code="not_waiting")

    def wake(self, locked: Locked, step: Step) -> StepEnd | None:
        """Never current for longer than its own transaction."""
        return StepEnd(StepStatus.DONE, actor="server")

    def cancel(self, locked: Locked, step: Step, reason: str) -> None:
        """Nothing is held."""

    def report(self, step: Step) -> dict[str, Any]:
        """A notification says nothing about the outcome."""
        return {}
