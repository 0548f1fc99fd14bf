"""From a refusal of a service to a sentence on a form."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.core.exceptions import ValidationError

from approvals.rules import RuleRefused
from approvals.schedulerules import ScheduleRefused

REFUSALS = (RuleRefused, ScheduleRefused)
T = TypeVar("T")


def refused_in_words(check: Callable[[], T]) -> T:
    """What the check returns; its refusal as a ValidationError."""
    try:
        return check()
    except REFUSALS as error:
        raise ValidationError(str(error)) from error
