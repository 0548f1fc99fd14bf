"""A delay: nothing happens until its time has come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from intents.clock import iso
from intents.errors import Conflict
from intents.lifecycle import Status, StepStatus, WaitingReason
from intents.models import Step
from intents.ports import StepEnd
from intents.principal import Principal
from intents.services.lock import Locked


class DelayKind:
    """`spec`: {"seconds": int}."""

    def start(self, locked: Locked, step: Step) -> StepEnd | None:
        """Wait for `seconds`."""
        step.wake_at = locked.now + timedelta(seconds=step.spec["seconds"])
        pending = {"type": "internal", "ref": step.name, "name": "delay"}
        locked.set_status(Status.WAITING, WaitingReason.TIME, pending)
        locked.record("intent.waiting", "server", {"step_id": step.name, "until": iso(step.wake_at)})
        return None

    def resume(self, step: Step, principal: Principal, body: dict[str, Any]) -> dict[str, Any]:
        """A delay ends by the clock alone."""
        raise Conflict("This intent waits for time to pass; nothing can be resumed now.", code="waiting_for_time")

    def wake(self, locked: Locked, step: Step) -> StepEnd | None:
        """The time has come."""
        if step.wake_at and locked.now < step.wake_at:
            return None
        return StepEnd(StepStatus.DONE, actor="server")

    def cancel(self, locked: Locked, step: Step, reason: str) -> None:
        """Nothing is held."""

    def report(self, step: Step) -> dict[str, Any]:
        """A delay says nothing about the outcome."""
        return {}
