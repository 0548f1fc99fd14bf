"""Taking up a failed intent again: the same request under the policies of now, with the work that was done already."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError

from intents import clock
from intents.errors import Conflict, Forbidden
from intents.lifecycle import BROKEN, Status, StepStatus
from intents.models import ApiKey, Intent, Step
from intents.principal import Principal
from intents.services.fitting import Fit
from intents.services.lock import Locked
from intents.services.outcome import keep_result, stored_result
from intents.services.rounds import AGAIN
from intents.services.submit import submit
from intents.stepgraph import FAILED
from intents.submission import Submission, asked_again

NOT_YOURS = "Only the program that sent an intent, or an admin, tries it again."

Carry = Callable[[Locked, Step], bool]


def resubmission(intent: Intent, by: Principal) -> tuple[Principal, Submission]:
    """Who sends it again, and what. DomainError if it cannot be tried again, or not by this principal.

    An admin does it with the key that sent it, and does not decide on it then.
    """
    is_admin = by.person is not None and by.person.is_admin
    if not (by.sent(intent) or is_admin):
        raise Forbidden(NOT_YOURS, code="not_the_sender")
    if intent.status != Status.FAILED:
        raise Conflict(f"Only what FAILED is tried again; this is {intent.status}.", code="not_failed")
    if intent.texts.purged_at is not None:
        raise Conflict("What was asked here was purged; send it anew.", code="purged")
    if intent.texts.request.get("scenario_id") and "steps" not in intent.texts.request:
        raise Conflict("Its scenario was not kept when it was sent; send it anew.", code="not_kept")
    again = Intent.objects.filter(retry_of=intent.pk).first()
    if again is not None:
        details = {"intent_id": str(again.pk)}
        raise Conflict(f"This was tried again already, as {again.pk}.", code="already_retried", details=details)
    submission = asked_again(
        intent.intent_type, intent.to_agent, json.loads(intent.texts.payload), intent.texts.request
    )
    submission.retry_of, submission.correlation_id = intent.pk, intent.correlation_id
    submission.requested_by = intent.requester
    submission.set_aside = _set_aside(intent, by)
    submission.deadline_at = clock.now() + _life(intent)
    return Principal(by.workspace_id, key=_key(intent, by)), submission


def retry(sender: Principal, submission: Submission, fit: Fit, carry: Carry) -> Intent:
    """Create it, with what was done already. Call inside `durable()`. `carry` takes over a gate's yes, or does not."""
    old = list(Step.objects.filter(intent=submission.retry_of).select_related("result_row").order_by("position"))
    done = {_planned_name(step): step for step in old if step.status == StepStatus.DONE}
    until = max((step.position for step in old if step.kind == "agent" and step.status in BROKEN), default=len(old))
    passed = {step.name: step for step in old if step.position < until and step.status in (*BROKEN, StepStatus.SKIPPED)}

    def take_up(locked: Locked) -> None:
        carrying = True  # who may decide on a gate hangs on who did on those before it
        for step in locked.steps:
            if step.kind == "human":
                carrying = carrying and carry(locked, step)
                _mark(locked, step, StepStatus.DONE if carrying else None)
            elif step.name in done:
                _take_over(locked, step, done[step.name])
            elif step.name in passed:
                _mark(locked, step, StepStatus(passed[step.name].status))

    try:
        return submit(sender, submission, fit, take_up)
    except IntegrityError as error:
        raise Conflict("This was tried again already, just now.", code="already_retried") from error


def _planned_name(step: Step) -> str:
    """The name that the plan gave it, whatever it was called when it was done once more, or by hand."""
    return str(step.spec.get(FAILED, {}).get("step") or step.spec.get(AGAIN) or step.name)


def _take_over(locked: Locked, step: Step, before: Step) -> None:
    """Its result, in the name of whoever gave it."""
    result = stored_result(before)
    _mark(locked, step, StepStatus.DONE)
    if result is not None:
        keep_result(locked, step, result, before.result_row.actor)
    locked.record("intent.result_carried_over", "server", {"step_id": step.name})


def _mark(locked: Locked, step: Step, status: StepStatus | None) -> None:
    if status is not None:
        step.status, step.ended_at = status, locked.now


def _set_aside(intent: Intent, by: Principal) -> tuple[str, ...]:
    """Authors and amenders stay such. Who was kept out for another reason is found out anew."""
    plan = intent.texts.plan
    other = {*plan.get("kept_out", {}), *plan.get("bound", {})}
    own = {by.person.id} if by.person else set()
    return tuple(sorted({ref for ref in intent.excluded if ref not in other} | own))


def _life(intent: Intent) -> timedelta:
    """As long as it had before."""
    return intent.deadline_at - intent.created_at


def _key(intent: Intent, by: Principal) -> ApiKey:
    if by.key is not None and by.sent(intent):
        return by.key
    key = intent.sender
    if key.revoked_at is not None or key.expires_at <= clock.now():
        raise Conflict("The key that sent this is no longer valid; its program has to send it anew.", code="key_ended")
    return key
