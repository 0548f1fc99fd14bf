"""The plan of an amended payload: the policies of today are asked again, and may only add gates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from approvals import planner
from approvals.filling import About, about_intent
from approvals.models import ApprovalSettings, Unmatched
from approvals.placing import Ask, Item, PolicyGate, place_all
from approvals.planner import secret_of
from approvals.rules import Ruling
from intents.errors import Forbidden
from intents.lifecycle import LEFT_OUT, OPEN_STEP, StepStatus
from intents.models import Intent, Step
from intents.ports import Planned
from intents.stepgraph import CLEAN_UP
from intents.submission import StepSpec, Submission

DENIED = "With this payload {} denies it, so it stays as it was. Withdraw it, or send other changes."


@dataclass(frozen=True)
class Replan:
    """Gates to add, each with the step that follows it (None: the end); who is an author by the payload; and why."""

    added: list[tuple[Step | None, StepSpec]]
    authors: list[str]
    reasons: list[dict[str, Any]]

    @property
    def secret(self) -> list[str]:
        """Paths into the payload that nobody is shown from now on."""
        return secret_of(spec.spec["terms"] for _, spec in self.added)


def replan(
    intent: Intent, steps: Sequence[Step], payload: dict[str, Any], ruling: Ruling, people: Collection[str]
) -> Replan:
    """What the policies want of this payload beyond the plan that there is. Forbidden if they deny it.

    `people` (opaque ids) do not decide any more either; Invalid if some gate has nobody left then.
    """
    settings = planner.settings_of(intent.workspace)
    submission = Submission(intent.intent_type, intent.to_agent, payload)
    if ruling.denied_by or (not ruling.found and settings.unmatched == Unmatched.DENY):
        name = f"the policy {ruling.denied_by.name}" if ruling.denied_by else "the workspace's setting"
        raise Forbidden(DENIED.format(name), code="policy_denied")
    authors = sorted({*people, *planner.authors(ruling, submission, intent.workspace)})
    wanted = _wanted(ruling, settings)
    there = _sources(steps)
    missing = [gate for gate in wanted if _name(gate.policy) not in there]
    about = about_intent(intent, payload)
    about = replace(about, secret=(*about.secret, *secret_of(gate.terms for gate in missing)))
    added = _placed(intent, steps, missing, _excluded(intent, authors, settings), about)
    return Replan(added, authors, list(ruling.reasons))


def merged_reasons(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each policy once; matched if it did for any of the payloads."""
    after = {row.get("policy"): row for row in new}
    kept = [row if row["matched"] else after.pop(row.get("policy"), row) for row in old]
    there = {row.get("policy") for row in kept}
    return [*kept, *(row for name, row in after.items() if name not in there)]


def _wanted(ruling: Ruling, settings: ApprovalSettings) -> list[PolicyGate]:
    gates = planner.gates_of(ruling, settings)
    if ruling.found or settings.unmatched == Unmatched.APPROVE:
        return gates
    return [planner.default_gate(settings), *gates]


def _excluded(intent: Intent, authors: Sequence[str], settings: ApprovalSettings) -> list[str]:
    """Everybody who may not decide then, with those who stand in for them."""
    excluded = sorted({*intent.excluded, *authors})
    return sorted({*excluded, *planner.bound(excluded, intent.workspace, settings)})


def _sources(steps: Sequence[Step]) -> set[str]:
    """The policies, whatever their version, that have their gates in the plan."""
    counted = (step for step in steps if step.kind == "human" and step.status not in LEFT_OUT)
    return {_name(part) for step in counted for part in step.source.split("+")}


def _name(source: str) -> str:
    return source.partition("@")[0]


def _placed(
    intent: Intent, steps: Sequence[Step], gates: list[PolicyGate], excluded: list[str], about: About
) -> list[tuple[Step | None, StepSpec]]:
    """Where each of them stands among the steps that are not over."""
    still = [step for step in steps if step.status in (StepStatus.PENDING, *OPEN_STEP)]
    ahead = [step for step in still if not step.spec.get(CLEAN_UP)]
    items: list[Item] = [_item(step) for step in ahead]
    placed = place_all(list(items), gates) if gates else items
    planned = Planned([StepSpec(step.name, step.kind, step.source) for step in steps])
    planned.excluded = excluded
    added: list[tuple[Step | None, StepSpec]] = []
    for at, item in enumerate(placed):
        if not any(item is each for each in items):
            behind = (each for each in placed[at + 1 :] if any(each is one for one in items))
            before = next((_index(each, items) for each in behind), None)
            spec = planner.finished(item, intent.workspace, planned, at, about)
            planned.steps.append(spec)
            added.append((ahead[before] if before is not None else None, spec))
        elif isinstance(item, Ask):
            planner.check_somebody(item.terms, intent.workspace, planned, item.step)
    return added


def _item(step: Step) -> Item:
    spec = StepSpec(step.name, step.kind, step.source, step.spec, step.agent_address)
    return spec if step.kind != "human" else Ask(spec, step.spec["terms"], explicit=False)


def _index(item: Item, items: list[Item]) -> int:
    return next(at for at, each in enumerate(items) if each is item)
