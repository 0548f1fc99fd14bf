"""What is recorded of people apart from their rows' own words: a password is never told, but that it changed is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from approvals.models import Person
from intents.services.changes import record_change


def password_changed(person: Person, actor: str) -> None:
    """Say so in the chain of every workspace that the person concerns."""
    with transaction.atomic():
        for workspace in sorted(person.recorded_in()):
            record_change(workspace, "person.password_changed", actor, {"id": person.ref, "name": str(person)})


@contextmanager
def recording_passwords(actor: str, person_id: Any) -> Iterator[None]:
    """One transaction: the block, and the entries if this person's password is another one after it."""
    with transaction.atomic():
        before = _password_of(person_id)
        yield
        if _password_of(person_id) != before:
            password_changed(Person.objects.get(pk=person_id), actor)


def _password_of(person_id: Any) -> str | None:
    return Person.objects.filter(pk=person_id).values_list("password", flat=True).first()
