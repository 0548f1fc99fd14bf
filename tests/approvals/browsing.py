"""What the tests of pages share: a browser without a screen."""

from __future__ import annotations

from typing import Any

from django.test import Client

from approvals.models import Gate, Person

BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(person: Person, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(person, backend=BACKEND)
    return client


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def answer(client: Client, gate: Gate, outcome: str = "approved", **fields: Any) -> Any:
    """Post the decision form as the page would."""
    posted = {"outcome": outcome, "digest": gate.digest, "comment": "", **fields}
    return client.post(f"/gates/{gate.pk}/decide", {name: value for name, value in posted.items() if value is not None})
