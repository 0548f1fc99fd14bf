"""When somebody signed in to this session: some acts ask for a recent sign-in."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth import login
from django.http import HttpRequest

from approvals.models import Person
from intents import clock

AT = "signed_in_at"


def begin(request: HttpRequest, person: Person, backend: str | None = None) -> None:
    """Sign this person in, and note when."""
    login(request, person, backend=backend)
    request.session[AT] = clock.now().timestamp()


def signed_in_within(request: HttpRequest, most: timedelta, now: datetime) -> bool:
    """True if this session's sign-in was no longer ago. One whose moment is unknown counts as old."""
    at = request.session.get(AT)
    return isinstance(at, float) and now.timestamp() - at <= most.total_seconds()
