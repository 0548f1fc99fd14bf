"""Work that failed and is handed to a person: what they are asked, and what they may say."""

from __future__ import annotations

from typing import Any

from approvals.models import ApprovalSettings
from approvals.outcomes import OutcomeClass
from approvals.placing import Ask, Item
from approvals.rules import Rule, Ruling
from approvals.terms import from_rule, line
from intents.models import Step
from intents.services.mending import RETRY
from intents.stepgraph import CLEAN_UP, FAILED
from intents.submission import StepSpec

TASK_TYPE = "failure"
BY_HAND = "completed"
RESULT = "result"
TITLE_LIMIT = 255
OUTCOMES = [[RETRY, OutcomeClass.YES.value], [BY_HAND, OutcomeClass.YES.value], ["failed", OutcomeClass.NO.value]]
FORM = {
    "type": "object",
    "properties": {
        RESULT: {"type": "string", "maxLength": 2000, "title": "What came of it, if it was completed by hand"},
    },
}
TASK = {
    "task_type": TASK_TYPE,
    "title": "The work failed: what now?",
    "allowed_outcomes": [name for name, _ in OUTCOMES],
    "form_schema": FORM,
}
ITS_OWN = (
    "task_type",
    "title",
    "instructions",
    "outcomes",
    "form",
    "comment_required",
    "editable",
    "fillable",
)


def asked_about_failure(ruling: Ruling, settings: ApprovalSettings) -> Ask | None:
    """The gate that the first policy with `on_agent_failure: ask` wants when work fails; None without one."""
    rule = next((rule for rule in rules_of(ruling) if rule.body.get("on_agent_failure") == "ask"), None)
    if rule is None:
        return None
    step = StepSpec("", "human", rule.source, {"human_task": TASK})
    return Ask(step, from_rule(_gate(rule, settings)), explicit=False, merged_with={rule.source})


def failure_step(finished: StepSpec) -> dict[str, Any]:
    """As the plan keeps it until work fails. To try again is a yes, which the name alone would not say."""
    spec = finished.spec | {"ask": finished.spec["ask"] | {"outcomes": OUTCOMES, "comment_required": False}}
    return {"source": finished.source, "spec": spec}


def set_aside(items: list[Item], ruling: Ruling) -> tuple[list[Item], StepSpec | None, str]:
    """The items without the step that a policy keeps for cleaning up, that step, and a warning if it cannot be it."""
    name = next((str(rule.body["clean_up"]) for rule in rules_of(ruling) if rule.body.get("clean_up")), "")
    found = next((item for item in items if name and _name(item) == name), None)
    if found is None:
        return items, None, ""
    if not isinstance(found, StepSpec) or found.kind not in ("agent", "notification"):
        return items, None, f"The step {name} cannot clean up: people and delays do not."
    found.spec |= {CLEAN_UP: True, "shown": {"clean_up": True}}
    return [item for item in items if item is not found], found, ""


def rules_of(ruling: Ruling) -> tuple[Rule, ...]:
    """All policies that decided, in their order."""
    return (*ruling.applied, *([ruling.passed_by] if ruling.passed_by else []))


def describe(step: Step) -> None:
    """Say what failed, in the server's words; what the agent said stands with the earlier results."""
    failed = step.spec[FAILED]
    message = (failed.get("error") or {}).get("message") or "no reason was given."
    step.spec["ask"] |= {"title": f"{failed['step']} failed: {message} What now?"[:TITLE_LIMIT]}
    step.save(update_fields=["spec"])


def by_hand(fields: dict[str, Any], email: str) -> dict[str, Any]:
    """The result of work that a person completed."""
    return {"by_hand": str(fields.get(RESULT, "")), "by": email}


def _name(item: Item) -> str:
    return item.step.name if isinstance(item, Ask) else item.name


def _gate(rule: Rule, settings: ApprovalSettings) -> dict[str, Any]:
    """One of all whom the policy's gates ask, by the clock of its first gate. Silence leaves it failed."""
    first = dict(rule.gates[0]) if rule.gates else {}
    names = [name for gate in rule.gates for entry in gate["requirement"] for name in entry["who"]]
    own = {key: value for key, value in first.items() if key not in ITS_OWN}
    requirement = [line(names or settings.default_approvers or ["team:"], 1)]
    return own | {"place": "after", "requirement": requirement, "rejections": 1, "on_timeout": "failed"}
