"""Telling a person on their pages what mail cannot tell them."""

from __future__ import annotations

from typing import Any

from django import template

from approvals.models import Person
from notifications.bounces.stopping import stop_of
from notifications.models import EMAIL

register = template.Library()


@register.simple_tag
def mail_is_stopped(person: Any) -> bool:
    """True if nothing is sent to this person's address any more."""
    return isinstance(person, Person) and stop_of(EMAIL, person.email) is not None
