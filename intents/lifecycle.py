"""The statuses of an intent and how they may follow each other. Pure: no database, no clock."""

from __future__ import annotations

from django.db import models


class Status(models.TextChoices):
    """The ten AXP statuses; the last four are final."""

    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    DELIVERED = "DELIVERED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    IN_PROGRESS = "IN_PROGRESS"
    WAITING = "WAITING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    TIMED_OUT = "TIMED_OUT"


class WaitingReason(models.TextChoices):
    """What an intent in WAITING waits for."""

    HUMAN = "WAITING_FOR_HUMAN"
    TOOL = "WAITING_FOR_TOOL"
    AGENT = "WAITING_FOR_AGENT"
    TIME = "WAITING_FOR_TIME"


FINAL = (Status.COMPLETED, Status.FAILED, Status.CANCELED, Status.TIMED_OUT)

LEGACY = {
    Status.CREATED: "accepted",
    Status.SUBMITTED: "accepted",
    Status.DELIVERED: "running",
    Status.ACKNOWLEDGED: "running",
    Status.IN_PROGRESS: "running",
    Status.WAITING: "blocked",
    Status.COMPLETED: "done",
}

TERMINAL_EVENT = {
    Status.COMPLETED: "intent.completed",
    Status.FAILED: "intent.failed",
    Status.CANCELED: "intent.canceled",
    Status.TIMED_OUT: "intent.timed_out",
}


def is_final(status: str) -> bool:
    """True if nothing can follow `status`."""
    return status in FINAL


def legacy_status(status: str) -> str:
    """The older five-word status that AXP clients may still read."""
    return LEGACY.get(Status(status), "failed")


def may_follow(old: str, new: str) -> bool:
    """A final status is never left, and CREATED is never returned to."""
    return not is_final(old) and new != Status.CREATED


class StepStatus(models.TextChoices):
    """PENDING: still to come. READY: an agent's work that nobody holds. CURRENT: happening now. Then how it ended.

    SKIPPED: a jump of the scenario led past it, or its condition does not hold. SUPERSEDED: done anew by a later step.
    """

    PENDING = "pending"
    READY = "ready"
    CURRENT = "current"
    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELED = "canceled"
    SKIPPED = "skipped"
    SUPERSEDED = "superseded"


OPEN_STEP = (StepStatus.READY, StepStatus.CURRENT)
LEFT_OUT = (StepStatus.SKIPPED, StepStatus.SUPERSEDED)
BROKEN = (StepStatus.FAILED, StepStatus.TIMED_OUT)
