"""What a program asked for, once it is understood. Pure data between the wire and the services."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


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
    `weighed` holds what planners found out before any lock (`ports.weigh`). `set_aside` are people (opaque ids) who do
    not decide on it besides those whom the planners find, and `retry_of` is the failed intent that it takes up again.
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
    set_aside: tuple[str, ...] = ()
    retry_of: UUID | None = None
    weighed: dict[str, Any] = field(default_factory=dict, repr=False)


def as_request(submission: Submission) -> dict[str, Any]:
    """What is kept of it beside type, target and payload: enough to ask the same again."""
    steps = None if submission.steps is None else [_kept(step) for step in submission.steps]
    return {
        "human_task": submission.human_task,
        "reply_to": submission.reply_to,
        "times": dict(vars(submission.times)),
        "max_delivery_attempts": submission.max_delivery_attempts,
        "scenario_id": submission.scenario_id,
        "requested_by": submission.requested_by,
        "amendable": submission.amendable,
        **({"steps": steps} if steps is not None else {}),
    }


def asked_again(intent_type: str, to_agent: str, payload: dict[str, Any], request: dict[str, Any]) -> Submission:
    """The same request once more, from what was kept of it."""
    steps = request.get("steps")
    return Submission(
        intent_type,
        to_agent,
        payload,
        reply_to=request.get("reply_to") or "",
        times=Times(**request.get("times") or {}),
        max_delivery_attempts=request.get("max_delivery_attempts") or 3,
        human_task=request.get("human_task"),
        steps=None if steps is None else [_read(step) for step in steps],
        scenario_id=request.get("scenario_id") or "",
        amendable=bool(request.get("amendable")),
    )


def _kept(step: StepSpec) -> dict[str, Any]:
    spec = dict(step.spec)
    if isinstance(spec.get("times"), Times):
        spec["times"] = asdict(spec["times"])
    return asdict(StepSpec(step.name, step.kind, step.source, spec, step.agent_address))


def _read(kept: dict[str, Any]) -> StepSpec:
    step = StepSpec(**copy.deepcopy(kept))
    if "times" in step.spec:
        step.spec["times"] = Times(**step.spec["times"])
    return step
