"""New steps in a plan that is under way, under the intent's lock: gates that are asked again, or that were added."""

from __future__ import annotations

from collections.abc import Sequence

from intents.ids import new_id
from intents.lifecycle import StepStatus
from intents.models import Step
from intents.planning import free_name
from intents.services.lock import Locked
from intents.submission import StepSpec

AGAIN = "again"
"""In a step's spec: the name of the planned step that it does once more."""
LONGEST_STEM = 60  # so that a number fits behind it


def insert_steps(locked: Locked, position: int, specs: Sequence[StepSpec]) -> list[Step]:
    """Rows for these steps from `position` on; what stood there comes behind them. The plan shows them, too."""
    for step in reversed(locked.steps[position:]):
        step.position += len(specs)
        step.save(update_fields=["position"])
    rows = [_row(locked, position + number, spec) for number, spec in enumerate(specs)]
    locked.add_steps(rows)
    texts = locked.intent.texts
    shown = list(texts.plan.get("steps", []))
    shown[position:position] = [spec.as_plan() for spec in specs]
    texts.plan = texts.plan | {"steps": shown}
    texts.save(update_fields=["plan"])
    return rows


def again(locked: Locked, steps: Sequence[Step]) -> list[StepSpec]:
    """These steps once more, under names that are free."""
    taken = {row.name for row in locked.steps}
    specs = []
    for step in steps:
        name = free_name(step.name[:LONGEST_STEM], taken)
        taken.add(name)
        spec = {**step.spec, AGAIN: step.spec.get(AGAIN, step.name)}
        specs.append(StepSpec(name, step.kind, step.source, spec, step.agent_address))
    return specs


def supersede(locked: Locked, step: Step) -> None:
    """It is done anew by another step, and counts no more."""
    step.status, step.ended_at = StepStatus.SUPERSEDED, step.ended_at or locked.now
    step.lease_until = step.wake_at = None
    step.keep()


def put_back(step: Step) -> None:
    """It had begun and nobody has taken it: it is still to come."""
    step.status = StepStatus.PENDING
    step.started_at = step.deadline_at = step.wake_at = step.lease_until = None
    step.told_waiting = False
    step.keep()


def _row(locked: Locked, position: int, spec: StepSpec) -> Step:
    row = Step(
        id=new_id(),
        intent=locked.intent,
        position=position,
        name=spec.name,
        kind=spec.kind,
        source=spec.source[:255],
        spec=spec.spec,
        agent_address=spec.agent_address,
    )
    row.save(force_insert=True)
    return row
