"""Reading a scenario bundle: who takes part, which steps in which order, and the intent itself."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from intents.errors import Invalid
from intents.planning import agent_step
from intents.stepgraph import Way, ordered
from intents.submission import StepSpec, Submission
from intents.wire.create import (
    TYPE_HINT,
    TYPE_PATTERN,
    AnyObject,
    HumanTask,
    StrictInteger,
    StrictText,
    check_address,
    check_payload,
    deadline_of,
    seconds,
    task_of,
    times_of,
)
from intents.wire.unknown import unknown_warnings

HUMAN_TOOLS = ("tool.approval.human_signoff", "tool.human.approval.v1")
TOOL_KINDS = {
    "tool.agent.task.v1": "agent",
    "tool.internal.delay": "delay",
    "tool.internal.notification": "notification",
    **dict.fromkeys(HUMAN_TOOLS, "human"),
}
RUNTIME_KINDS = {"human_approval": "human", "delay": "delay", "notification": "notification"}
MOST_RECIPIENTS = 20  # each is looked up while the database is held


class BundleAgent(serializers.Serializer[dict[str, Any]]):
    """An agent that takes part."""

    role = StrictText(max_length=64, required=False)
    address = StrictText(min_length=1, max_length=255)
    display_name = StrictText(max_length=255, required=False, allow_blank=True)
    create_if_missing = serializers.BooleanField(default=False)
    delivery_mode = StrictText(max_length=16, required=False)
    callback_url = StrictText(max_length=2000, required=False, allow_blank=True)


class BundleHuman(serializers.Serializer[dict[str, Any]]):
    """A role that people fill. A contact only selects among those who may decide anyway."""

    role = StrictText(max_length=64)
    contact = StrictText(max_length=254, required=False, allow_blank=True, allow_null=True)
    display_name = StrictText(max_length=255, required=False, allow_blank=True)


class BundleStep(serializers.Serializer[dict[str, Any]]):
    """One step of the workflow."""

    step_id = StrictText(min_length=1, max_length=64)
    tool_id = StrictText(max_length=64, required=False, allow_null=True)
    runtime_type = StrictText(max_length=32, required=False, allow_null=True)
    runtime_config = AnyObject(required=False, allow_null=True)
    config = AnyObject(required=False, allow_null=True)
    assigned_to = StrictText(max_length=255, required=False, allow_null=True)
    requires_approval = serializers.BooleanField(required=False)
    step_deadline_seconds = seconds()
    remind_after_seconds = seconds()
    remind_interval_seconds = seconds()
    max_reminders = StrictInteger(min_value=1, max_value=1000, required=False, allow_null=True)
    escalate_to = StrictText(max_length=254, required=False, allow_blank=True, allow_null=True)
    human_task = HumanTask(required=False, allow_null=True)
    on_success = StrictText(max_length=64, required=False, allow_null=True)
    on_failure = StrictText(max_length=64, required=False, allow_null=True)


class BundleWorkflow(serializers.Serializer[dict[str, Any]]):
    """The steps, in their order."""

    steps = BundleStep(many=True, min_length=1, max_length=100)  # type: ignore[call-arg]
    entry_step = StrictText(max_length=64, required=False, allow_null=True)


class BundleIntent(serializers.Serializer[dict[str, Any]]):
    """The intent that carries the scenario."""

    type = serializers.RegexField(TYPE_PATTERN, max_length=255, error_messages={"invalid": TYPE_HINT})
    payload = AnyObject(required=False)
    deadline_at = serializers.DateTimeField(required=False, allow_null=True)
    remind_after_seconds = seconds()
    remind_interval_seconds = seconds()
    max_reminders = StrictInteger(min_value=1, max_value=1000, required=False, allow_null=True)
    escalate_to = StrictText(max_length=254, required=False, allow_blank=True, allow_null=True)
    max_delivery_attempts = StrictInteger(min_value=1, max_value=100, required=False, allow_null=True)
    human_task = HumanTask(required=False, allow_null=True)
    requested_by = StrictText(max_length=254, required=False, allow_blank=True, allow_null=True)
    to_agent = StrictText(max_length=383, required=False, allow_null=True)
    amendable = serializers.BooleanField(required=False)


class Bundle(serializers.Serializer[dict[str, Any]]):
    """A scenario."""

    scenario_id = StrictText(min_length=1, max_length=255)
    agents = BundleAgent(many=True, required=False, max_length=50)  # type: ignore[call-arg]
    humans = BundleHuman(many=True, required=False, max_length=20)  # type: ignore[call-arg]
    workflow = BundleWorkflow(required=False)
    intent = BundleIntent()
    idempotency_key = StrictText(max_length=255, required=False, allow_blank=True, allow_null=True)


def read_bundle(body: dict[str, Any]) -> dict[str, Any]:
    """The bundle's fields and `warnings` of unknown ones; ValidationError with the path of each fault."""
    form = Bundle(data=body)
    form.is_valid(raise_exception=True)
    return {**form.validated_data, "warnings": unknown_warnings(body, form)}


def submission_of_bundle(data: dict[str, Any], address_of: dict[str, str]) -> Submission:
    """The bundle as a Submission. `address_of` gives each agent role its full address."""
    intent = data["intent"]
    payload = intent.get("payload") or {}
    check_payload(payload)
    attempts = intent.get("max_delivery_attempts") or 3
    humans = {human["role"]: human for human in data.get("humans", [])}
    both = set(humans) & set(address_of)
    if both:
        raise Invalid(f"{', '.join(sorted(both))} is both an agent and a human role.", code="ambiguous_role")
    steps, warnings = _steps(data.get("workflow", {}), address_of, humans, attempts)
    return Submission(
        intent_type=intent["type"],
        to_agent=_target(intent, steps, address_of),
        payload=payload,
        requested_by=intent.get("requested_by") or "",
        deadline_at=deadline_of(intent),
        times=times_of(intent),
        max_delivery_attempts=attempts,
        human_task=task_of(intent.get("human_task")),
        steps=steps or None,
        scenario_id=data["scenario_id"],
        amendable=intent.get("amendable", False),
        warnings=[*data["warnings"], *warnings],
    )


def kind_of_step(step: dict[str, Any], address_of: dict[str, str], humans: dict[str, Any]) -> str:
    """agent, human, delay or notification. If anything about the step says human, it is human."""
    role = step.get("assigned_to") or ""
    says_human = (
        step.get("requires_approval")
        or step.get("tool_id") in HUMAN_TOOLS
        or step.get("runtime_type") == "human_approval"
        or role in humans
        or step.get("human_task") is not None
    )
    if says_human:
        return "human"
    tool, runtime = step.get("tool_id"), step.get("runtime_type")
    kind = RUNTIME_KINDS.get(runtime or "") if runtime else TOOL_KINDS.get(tool or "")
    if kind is None and not tool and not runtime and role in address_of:
        kind = "agent"
    if kind is None:
        raise Invalid(
            f"Step {step['step_id']}: {tool or runtime or 'no tool'} is not supported.", code="unsupported_step"
        )
    return kind


def _steps(
    workflow: dict[str, Any], address_of: dict[str, str], humans: dict[str, Any], attempts: int
) -> tuple[list[StepSpec], list[str]]:
    """In the order in which they can follow each other. Only work can fail: after a refusal nothing else runs."""
    ways, warnings = [], []
    for step in workflow.get("steps", []):
        spec = _step(step, address_of, humans, attempts)
        on_failure = step.get("on_failure") or ""
        if on_failure and spec.kind != "agent":
            what = "after a refusal nothing else runs" if spec.kind == "human" else f"a {spec.kind} does not fail"
            warnings.append(f"Step {spec.name}: on_failure is ignored; {what}.")
        ways.append(Way(spec, step.get("on_success") or "", on_failure if spec.kind == "agent" else ""))
    if len({way.step.name for way in ways}) < len(ways):
        raise Invalid("workflow.steps: each step_id may stand only once.", code="schema_invalid")
    steps, unreached = ordered(ways, workflow.get("entry_step") or "") if ways else ([], [])
    return steps, [*warnings, *unreached]


def _step(step: dict[str, Any], address_of: dict[str, str], humans: dict[str, Any], attempts: int) -> StepSpec:
    kind = kind_of_step(step, address_of, humans)
    source = "scenario"
    config = step.get("runtime_config") or step.get("config") or {}
    role = step.get("assigned_to") or ""
    deadline = step.get("step_deadline_seconds")
    if kind == "agent":
        return agent_step(step["step_id"], _agent(step, role, address_of), source, deadline, attempts)
    if kind == "delay":
        return StepSpec(
            step["step_id"], "delay", source, {"seconds": _delay(step, config), "deadline": _delay(step, config)}
        )
    if kind == "notification":
        return StepSpec(step["step_id"], "notification", source, _words(step, config))
    contact = (humans.get(role) or {}).get("contact")
    spec = {
        "human_task": task_of(step.get("human_task")) or {},
        "times": times_of(step, deadline),
        "role": "" if role in address_of else role,
        "people": [contact] if contact else [],
    }
    return StepSpec(step["step_id"], "human", source, spec)


def _agent(step: dict[str, Any], role: str, address_of: dict[str, str]) -> str:
    if role not in address_of:
        raise Invalid(
            f"Step {step['step_id']}: assigned_to {role!r} is none of the bundle's agents.", code="unknown_role"
        )
    return address_of[role]


def _delay(step: dict[str, Any], config: dict[str, Any]) -> int:
    wanted = config.get("seconds")
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= 29 * 24 * 3600:
        raise Invalid(
            f"Step {step['step_id']}: a delay needs seconds from 1 to {29 * 24 * 3600}.", code="schema_invalid"
        )
    return wanted


def _words(step: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    to = config.get("to") or []
    recipients = [to] if isinstance(to, str) else [name for name in to if isinstance(name, str)]
    if len(recipients) > MOST_RECIPIENTS or any(len(name) > 254 for name in recipients):
        raise Invalid(
            f"Step {step['step_id']}: a notification is to at most {MOST_RECIPIENTS} people or teams; name a team.",
            code="schema_invalid",
        )
    return {
        "to": recipients,
        "subject": " ".join(str(config.get("subject") or "").split())[:255],
        "body": str(config.get("body") or "")[:2000],
    }


def _target(intent: dict[str, Any], steps: list[StepSpec], address_of: dict[str, str]) -> str:
    if intent.get("to_agent"):
        check_address(intent["to_agent"], "intent.to_agent")
        return str(intent["to_agent"])
    first = next((step.agent_address for step in steps if step.kind == "agent"), "")
    return first or next(iter(address_of.values()), "human")
