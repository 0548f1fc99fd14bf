"""The base plan: what the request itself asks for, before any policy. Pure."""

from __future__ import annotations

from itertools import count
from typing import Any

from intents.addresses import is_human
from intents.submission import StepSpec, Submission


def base_steps(submission: Submission, target: str, *, registered: bool) -> list[StepSpec]:
    """A scenario's steps in their order; else a gate if asked for, and an agent step.

    The agent step is there if the address is registered or no gate was asked for, and never for `human`.
    """
    steps = [_human(submission)] if submission.human_task is not None else []
    if submission.steps is not None:
        return [*steps, *submission.steps]
    if not is_human(target) and (registered or submission.human_task is None):
        steps.append(agent_step("work", target, "request", None, submission.max_delivery_attempts))
    return steps


def agent_step(name: str, address: str, source: str, deadline: int | None, max_attempts: int) -> StepSpec:
    """A step of agent work. `deadline` in seconds from its first hand-out."""
    return StepSpec(name, "agent", source, {"deadline": deadline, "max_attempts": max_attempts}, address)


def _human(submission: Submission) -> StepSpec:
    spec: dict[str, Any] = {"human_task": submission.human_task, "times": submission.times, "people": []}
    taken = {step.name for step in submission.steps or []}
    return StepSpec(free_name("approval", taken), "human", "request", spec)


def free_name(wanted: str, taken: set[str]) -> str:
    """`wanted`, or the first of `wanted-2`, `wanted-3`, ... that no other step has."""
    names = (f"{wanted}-{number}" if number > 1 else wanted for number in count(1))
    return next(name for name in names if name not in taken)
