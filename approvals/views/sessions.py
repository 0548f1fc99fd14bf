"""When somebody signed in to this session: some acts ask for a recent sign-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.contrib.auth import login
from django.http import HttpRequest

from approvals.models import Person
from approvals.services.sureness import Sureness
from intents import clock

AT = "signed_in_at"


def begin(request: HttpRequest, person: Person, backend: str | None = None) -> None:
    """Sign this person in, and note when."""
    login(request, person, backend=backend)
    request.session[AT] = clock.now().timestamp()


def signed_in_at(request: HttpRequest) -> datetime | None:
    """When this session's person proved who they are; None where that is unknown."""
    at = request.session.get(AT)
    return datetime.fromtimestamp(at, UTC) if isinstance(at, float) else None


def signed_in_within(request: HttpRequest, most: timedelta, now: datetime) -> bool:
    """True if this session's sign-in was no longer ago. One whose moment is unknown counts as old."""
    at = signed_in_at(request)
    return at is not None and now - at <= most


def sureness_of(request: HttpRequest, digest: str) -> Sureness:
    """What the session and the posted form say. The one more question is answered by the digest that it was about."""
    return Sureness(signed_in_at(request), bool(digest) and request.POST.get("confirmed") == digest)
