"""What an outcome means. Names come from the request; their class comes from here or from a policy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import models


class OutcomeClass(models.TextChoices):
    """yes: the intent goes on. no: it stops. back: it returns to the requester."""

    YES = "yes"
    NO = "no"
    BACK = "back"


TASK_OUTCOMES: dict[str, tuple[str, ...]] = {
    "approval": ("approved", "rejected"),
    "review": ("approved", "changes_requested", "rejected"),
    "form": ("approved", "submitted", "rejected"),
    "clarification": ("provided", "rejected"),
    "provide_data": ("provided", "rejected"),
    "manual_action": ("completed", "failed"),
    "attach_file": ("completed", "failed"),
    "confirmation": ("confirmed", "rejected"),
    "assignment": ("assigned", "declined"),
    "override": ("override_approved", "rejected"),
}

CLASSES: dict[str, OutcomeClass] = {
    **dict.fromkeys(
        ("approved", "submitted", "provided", "completed", "confirmed", "assigned", "override_approved"),
        OutcomeClass.YES,
    ),
    **dict.fromkeys(("rejected", "failed", "declined"), OutcomeClass.NO),
    **dict.fromkeys(("changes_requested", "deferred"), OutcomeClass.BACK),
}

MAX_OUTCOMES = 20
NONE: Mapping[str, str] = {}


class OutcomesRefused(ValueError):
    """The outcomes make no gate that can end both ways."""


def class_of(outcome: str, by_policy: Mapping[str, str] = NONE) -> OutcomeClass:
    """The class of an outcome by its name; a name that neither we nor a policy class sends the request back."""
    return CLASSES.get(outcome) or OutcomeClass(by_policy.get(outcome, OutcomeClass.BACK))


def resolve_outcomes(
    task_type: str, allowed: Iterable[str] | None, by_policy: Mapping[str, str] = NONE
) -> list[tuple[str, OutcomeClass]]:
    """The gate's outcomes with their classes, in order.

    `allowed` wins over the task type's own list; `by_policy` classes names that are not ours. OutcomesRefused unless
    there is at least one yes and one no.
    """
    names = list(dict.fromkeys(allowed or TASK_OUTCOMES.get(task_type, ())))
    if not names:
        raise OutcomesRefused(f"The task type {task_type!r} has no outcomes of its own: list them in allowed_outcomes.")
    if len(names) > MAX_OUTCOMES:
        raise OutcomesRefused(f"allowed_outcomes has {len(names)} entries; at most {MAX_OUTCOMES} are taken.")
    outcomes = [(name, class_of(name, by_policy)) for name in names]
    for needed, example in ((OutcomeClass.YES, "approved"), (OutcomeClass.NO, "rejected")):
        if needed not in {cls for _, cls in outcomes}:
            raise OutcomesRefused(
                f"allowed_outcomes needs at least one {needed.label.lower()} outcome, e.g. {example}."
            )
    return outcomes
