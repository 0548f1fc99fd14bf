"""What the request says about its own gates: what is asked, and whom it names. Names only select, they never add."""

from __future__ import annotations

from typing import Any

from approvals.directory import canonical_name
from approvals.filling import About, in_paragraphs, quotes_payload
from approvals.forms import SchemaRefused, check_schema
from approvals.outcomes import OutcomeClass, OutcomesRefused, resolve_outcomes
from approvals.placing import Ask, Item
from approvals.reach import deciders_ever
from approvals.terms import TermsBody, from_request, line
from intents.errors import Invalid
from intents.models import Workspace
from intents.ports import Planned
from intents.submission import StepSpec, Times

TITLE_LIMIT = 255
TEXT_LIMIT = 2000


def read_gates(planned: Planned, workspace: Workspace, defaults: list[str]) -> list[Item]:
    """The planned steps, each human one as a gate with the terms that the request alone would give it."""
    return [_gate(step, planned, workspace, defaults) if step.kind == "human" else step for step in planned.steps]


def resolve_notifications(planned: Planned, workspace: Workspace) -> None:
    """Keep only recipients who are members or teams here; a stranger is a warning and gets no mail."""
    for step in planned.steps:
        if step.kind == "notification":
            step.spec["to"] = _known(step.spec.get("to", []), workspace, planned)


def ask_of(task: dict[str, Any], gate: Ask, about: About) -> dict[str, Any]:
    """What is asked: title, texts, outcomes with classes, form. Invalid if it could not end both ways."""
    task_type = task.get("task_type") or gate.terms["task_type"] or "approval"
    form = gate.terms["form"] or task.get("form_schema")
    try:
        outcomes = _outcomes(task, task_type, gate.terms)
        if form is not None:
            check_schema(form)
    except OutcomesRefused as error:
        raise Invalid(str(error), code="invalid_outcomes") from error
    except SchemaRefused as error:
        raise Invalid(f"form_schema: {error}", code="invalid_form_schema") from error
    _check_on_timeout(gate.terms["on_timeout"], dict(outcomes))
    comments = gate.terms["comment_required"]
    return {
        **_words(task, gate, about),
        "task_type": task_type,
        "description": task.get("description") or "",
        "outcomes": [[name, cls.value] for name, cls in outcomes],
        "form_schema": form,
        "comment_required": bool(task.get("required_comment")) or comments is True,
        "comment_on": comments if isinstance(comments, list) else [],
        "evidence_required": bool(task.get("evidence_required")),
    }


def _words(task: dict[str, Any], gate: Ask, about: About) -> dict[str, Any]:
    """The title, a request's as it was written; and the policy's instructions. `words` are those not yet filled in."""
    title, secret = task.get("title") or "", gate.terms["secret"]
    raw = {"title": "" if gate.explicit else title, "instructions": gate.terms["instructions"]}
    filled = title if gate.explicit else about.filled([title], secret)[0][:TITLE_LIMIT]
    return {
        "title": filled,
        "instructions": in_paragraphs(about.filled(raw["instructions"], secret)),
        "quotes_payload": quotes_payload([raw["title"], *raw["instructions"]]),
        "words": raw,
    }


def _outcomes(task: dict[str, Any], task_type: str, terms: TermsBody) -> list[tuple[str, OutcomeClass]]:
    """The request's list if it has one, else that of its type, else the policy's; classed by the policy's words."""
    by_policy = dict(terms["outcomes"])
    allowed = task.get("allowed_outcomes")
    if not allowed and not task.get("task_type"):
        allowed = list(by_policy) or None
    return resolve_outcomes(task_type, allowed, by_policy)


def check_inside(terms: dict[str, Any], workspace: Workspace) -> None:
    """Whom the request wants told first or escalated to must be among those who may decide anyway (422)."""
    if not terms["first"] and not terms["escalate_to"]:
        return
    names = [name for entry in terms["requirement"] for name in entry["who"]]
    allowed = {person.pk for person in deciders_ever(workspace, names)}
    for field, wanted in (("assignees", terms["first"]), ("escalate_to", terms["escalate_to"])):
        for name in wanted:
            people = deciders_ever(workspace, [name])
            if not people or not {person.pk for person in people} <= allowed:
                raise Invalid(
                    f"{field}: {name!r} is not among the people who may decide on this gate. Name people of "
                    f"{', '.join(names)}, or leave it out.",
                    code="not_an_approver",
                )


def _gate(step: StepSpec, planned: Planned, workspace: Workspace, defaults: list[str]) -> Ask:
    task = step.spec.get("human_task") or {}
    times: Times = step.spec.get("times") or Times()
    _check_texts(task)
    _notify_email(task, workspace, planned)
    first = _first(step, task, workspace)
    requirement, names_nobody = _requirement(step, workspace, defaults, planned)
    if times.escalate_to:
        times = _escalation(times, workspace)
    terms, warnings = from_request(requirement, times, first)
    planned.warnings += warnings
    return Ask(step, terms | {"names_nobody": names_nobody}, explicit=True)


def _requirement(
    step: StepSpec, workspace: Workspace, defaults: list[str], planned: Planned
) -> tuple[list[dict[str, Any]], bool]:
    """A role that is a team's name means that team; any other role, the default approvers, with a warning."""
    fallback = [line(defaults or ["team:"], 1)]
    role = step.spec.get("role", "")
    if not role or step.spec.get("people"):
        return fallback, True
    team = canonical_name(workspace, f"team:{role}")
    if team:
        return [line([team], 1)], False
    planned.warnings.append(f"There is no team {role!r}: the default approvers are asked instead.")
    return fallback, False


def _first(step: StepSpec, task: dict[str, Any], workspace: Workspace) -> list[str]:
    named = [*step.spec.get("people", []), *(task.get("assignees") or [])]
    return [canonical_name(workspace, name) or name for name in dict.fromkeys(named)]


def _escalation(times: Times, workspace: Workspace) -> Times:
    name = canonical_name(workspace, times.escalate_to) or times.escalate_to
    return Times(times.remind_after, times.remind_interval, times.max_reminders, times.deadline, name)


def _notify_email(task: dict[str, Any], workspace: Workspace, planned: Planned) -> None:
    address = task.get("notify_email")
    if address:
        _known([address], workspace, planned)


def _known(names: list[str], workspace: Workspace, planned: Planned) -> list[str]:
    known = []
    for name in names:
        found = canonical_name(workspace, name)
        if found:
            known.append(found)
        else:
            planned.warnings.append(f"{name!r} is no member of {workspace} and will not be told anything.")
    return known


def _check_texts(task: dict[str, Any]) -> None:
    for field, limit in (("title", TITLE_LIMIT), ("description", TEXT_LIMIT)):
        text = task.get(field) or ""
        if not isinstance(text, str) or len(text) > limit:
            raise Invalid(f"human_task.{field} must be a text of at most {limit} characters.", code="text_too_long")


def _check_on_timeout(on_timeout: str, outcomes: dict[str, Any]) -> None:
    if on_timeout not in ("expire", "approve", "cancel") and outcomes.get(on_timeout) != "no":
        raise Invalid(
            f"The policy ends this gate with {on_timeout!r} on silence, which is not one of its no outcomes.",
            code="invalid_outcomes",
        )
