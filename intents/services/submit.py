"""Accepting an intent: plan it once, write it with its first events, and start its first step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from intents import clock
from intents.addresses import is_human, matches
from intents.digest import canonical, digest_of_bytes
from intents.errors import Conflict, Forbidden, Invalid, NotFound
from intents.ids import new_id
from intents.lifecycle import Status
from intents.masking import shown_digest
from intents.models import Agent, ApiKey, Intent, IntentTexts, Step, Workspace
from intents.planning import base_steps
from intents.ports import Planned, run_planners
from intents.principal import Principal
from intents.selectors import AGENT_KILLED, at_gates, full_address
from intents.services.advance import begin, finish
from intents.services.fitting import Fit, fit_of
from intents.services.lock import Locked, new_intent
from intents.services.outcome import Ending
from intents.submission import StepSpec, Submission, as_request

DAY = timedelta(hours=24)
LONGEST_LIFE = timedelta(days=30)


def submit(
    principal: Principal,
    submission: Submission,
    fit: Fit | None = None,
    take_up: Callable[[Locked], None] | None = None,
) -> Intent:
    """Create the intent and start it, all or nothing. Call inside `durable()`, with `fit` worked out before.

    Forbidden if the key may not send this type or to this target; Invalid for what the planners refuse. `take_up` may
    mark steps as done already before the first of the others begins.
    """
    request = as_request(submission)  # the planners change what they are given
    key, target, planned = _planned(principal, submission, fit)
    intent = _intent(key, submission, planned, target)
    intent.texts.request = request | {"reply_to": submission.reply_to}  # in full
    with new_intent(intent, _steps(intent, planned.steps)) as locked:
        about = {"intent_type": intent.intent_type, "to_agent": target, "payload_digest": shown_digest(intent.texts)}
        about |= {"retry_of": str(intent.retry_of)} if intent.retry_of else {}
        locked.record("intent.created", principal.actor, about)
        locked.set_status(Status.SUBMITTED)
        locked.record("intent.submitted", principal.actor, {"plan": [spec.as_plan() for spec in planned.steps]})
        if planned.denied:
            error = {"code": "policy_denied", "message": f"The policy {planned.denied} denies this intent."}
            finish(locked, Ending(Status.CANCELED, "auto_denied", "server", "denied", error))
        else:
            if take_up is not None:
                take_up(locked)
            begin(locked, planned.passed_by or "no_gate")
    return locked.intent


def _planned(principal: Principal, submission: Submission, fit: Fit | None) -> tuple[ApiKey, str, Planned]:
    """The ordered steps with their sources: the request's own, then what the planners add."""
    key = principal.require("send")
    workspace = key.workspace
    target = full_address(workspace, submission.to_agent)
    agents = [step.agent_address for step in submission.steps or [] if step.kind == "agent"]
    _check_key(key, submission.intent_type, [target, *agents])
    fit = fit or fit_of(principal, submission.intent_type, submission.payload)
    fit.check()
    wanted = {*agents} if is_human(target) else {target, *agents}
    if submission.reply_to:
        submission.reply_to = _reply_address(key, submission.reply_to)
        wanted.add(submission.reply_to)
    known = _known_agents(workspace, wanted) if wanted else {}
    steps = base_steps(submission, target, registered=target in known)
    planned = Planned(steps, warnings=[*submission.warnings, *fit.warnings])
    _warn_of_agents(workspace, planned, submission.reply_to, known)
    run_planners(submission, workspace, principal, planned)
    _check_gates(key, planned)
    return key, target, planned


def _check_key(key: ApiKey, intent_type: str, targets: list[str]) -> None:
    """Every agent that a scenario gives work to is a target, not only the first."""
    if key.stopped_agent is not None:
        raise Forbidden(AGENT_KILLED.format(key.stopped_agent.address), code="agent_killed")
    if key.types and not matches(key.types, intent_type):
        raise Forbidden(f"This key may not send {intent_type}.", code="type_not_allowed")
    for target in targets if key.targets else []:
        if not matches(key.targets, target):
            raise Forbidden(f"This key may not send to {target}.", code="target_not_allowed")


def _reply_address(key: ApiKey, address: str) -> str:
    """In full. The answer carries the sender's words: it goes to the key's own agent or to one that it may send to."""
    target = full_address(key.workspace, address)
    if is_human(target):
        raise Invalid("reply_to: people are told by mail; name an agent.", code="invalid_agent_address")
    own = key.agent.address if key.agent else ""
    if target != own and key.targets and not matches(key.targets, target):
        raise Forbidden(f"This key may not send to {target}.", code="target_not_allowed")
    return target


def _check_gates(key: ApiKey, planned: Planned) -> None:
    """Conflict if people have as much before them from this sender as they ever may. Before anything is written."""
    most = settings.OPEN_GATES_PER_SENDER
    if not most or not any(step.kind == "human" for step in planned.steps):
        return
    if at_gates(key)[:most].count() >= most:
        sentence = f"People have not answered {most} requests of this key yet. Wait for them, or cancel some."
        raise Conflict(sentence, code="too_many_open_gates", details={"limit": most})


def _known_agents(workspace: Workspace, wanted: set[str]) -> dict[str, datetime | None]:
    """The registered ones among these addresses, and since when each is killed."""
    rows = Agent.objects.filter(workspace=workspace, address__in=wanted, is_active=True)
    return dict(rows.values_list("address", "killed_at"))


def _warn_of_agents(workspace: Workspace, planned: Planned, reply_to: str, known: dict[str, datetime | None]) -> None:
    """`known`: the registered ones, and since when each is killed."""
    work = {step.agent_address for step in planned.steps if step.kind == "agent"}
    wanted = work | {reply_to} if reply_to else work
    for address in sorted(address for address in work if known.get(address) is not None):
        planned.warnings.append(f"{address} was stopped; the work waits until somebody resumes it.")
    for address in sorted(wanted - set(known)):
        if workspace.unknown_agent_is_error:
            raise NotFound(f"No agent is registered at {address}.", code="agent_not_found")
        what = "work" if address in work else "answer"
        planned.warnings.append(f"No agent is registered at {address} yet; the {what} waits for one.")


def _intent(key: ApiKey, submission: Submission, planned: Planned, target: str) -> Intent:
    now = clock.now()
    deadline = _deadline(submission, planned.steps, now)
    intent = Intent(
        workspace=key.workspace,
        sender=key,
        intent_type=submission.intent_type,
        to_agent=target,
        correlation_id=submission.correlation_id,
        requester=planned.requester,
        excluded=planned.excluded,
        retry_of=submission.retry_of,
        created_at=now,
        updated_at=now,
        deadline_at=deadline,
        wake_at=deadline,
    )
    payload = canonical(submission.payload)
    intent.texts = IntentTexts(
        payload=payload.decode(),
        payload_digest=digest_of_bytes(payload),
        secret=planned.secret,
        plan={
            "steps": [spec.as_plan() for spec in planned.steps],
            "reasons": planned.reasons,
            "passed_by": planned.passed_by,
            "denied": planned.denied,
            "kept_out": planned.kept_out,
            "bound": planned.bound,
            **({"failure_step": planned.failure_step} if planned.failure_step else {}),
        },
        warnings=planned.warnings,
    )
    return intent


def _deadline(submission: Submission, steps: list[StepSpec], now: datetime) -> datetime:
    """What the sender said, else 24 h or the steps' own deadlines plus 24 h, whichever is more; 30 days at most."""
    if submission.deadline_at:
        if submission.deadline_at <= now:
            raise Invalid("deadline_at is in the past.", code="deadline_passed")
        return min(submission.deadline_at, now + LONGEST_LIFE)
    steps_take = timedelta(seconds=sum(int(step.spec.get("deadline") or 0) for step in steps))
    return now + min(max(DAY, steps_take + DAY), LONGEST_LIFE)


def _steps(intent: Intent, specs: list[StepSpec]) -> list[Step]:
    rows = []
    handle_taken = False
    for position, spec in enumerate(specs):
        first_agent = spec.kind == "agent" and not handle_taken
        handle_taken = handle_taken or first_agent
        rows.append(
            Step(
                id=intent.pk if first_agent else new_id(),
                intent=intent,
                position=position,
                name=spec.name,
                kind=spec.kind,
                source=spec.source[:255],
                spec=spec.spec,
                agent_address=spec.agent_address,
            )
        )
    return rows
