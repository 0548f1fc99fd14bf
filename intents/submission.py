"""What a program asked for, once it is understood. Pure data between the wire and the services."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Times:
    """The AXP time fields, in seconds; None where the sender said nothing."""

    remind_after: int | None = None
    remind_interval: int | None = None
    max_reminders: int | None = None
    deadline: int | None = None
    escalate_to: str = ""


@dataclass
class StepSpec:
    """One planned step. `spec` is what its kind needs; `source` says who wanted it."""

    name: str
    kind: str
    source: str
    spec: dict[str, Any] = field(default_factory=dict)
    agent_address: str = ""

    def as_plan(self) -> dict[str, Any]:
        """The step as `plan` shows it on the wire."""
        shown: dict[str, Any] = {"step_id": self.name, "kind": self.kind, "source": self.source}
        if self.agent_address:
            shown["agent"] = self.agent_address
        jumps = {name: self.spec[name] for name in ("on_success", "on_failure") if name in self.spec}
        return {**shown, **jumps, **self.spec.get("shown", {})}


@dataclass
class Submission:
    """An intent as it was asked for, from create or from a scenario.

    `steps` is None for a plain create, else the scenario's own steps in order; a human step's `spec` then holds
    `human_task`, `times` and `people` (what the request names), as `human_task` and `times` do for a create.
    `weighed` holds what planners found out before any lock (`ports.weigh`).
    """

    intent_type: str
    to_agent: str
    payload: dict[str, Any]
    correlation_id: str = ""
    reply_to: str = ""
    requested_by: str = ""
    deadline_at: datetime | None = None
    times: Times = field(default_factory=Times)
    max_delivery_attempts: int = 3
    human_task: dict[str, Any] | None = None
    steps: list[StepSpec] | None = None
    scenario_id: str = ""
    amendable: bool = False
    warnings: list[str] = field(default_factory=list)
    weighed: dict[str, Any] = field(default_factory=dict, repr=False)
