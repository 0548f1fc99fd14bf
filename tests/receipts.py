"""Receipts in tests: how one comes to be, and how an executor reads one with nothing but the published keys."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jwt

from intents.models import Intent, Receipt
from tests.acts import say, take_work
from tests.conftest import Api
from tests.factories import open_gate, send

REDEEM = "/v1/receipts/redeem"
KEYS = "/.well-known/countersign/jwks.json"


def approved(world: SimpleNamespace, **fields: Any) -> Intent:
    """An intent to people alone, to which Ana says yes: whoever acts does so after the end."""
    gate = open_gate(world, **fields)
    say(gate, world.ana)
    return Intent.objects.get(pk=gate.intent_id)


def at_work(world: SimpleNamespace, **fields: Any) -> tuple[Intent, dict[str, Any]]:
    """A gate, then work that the agent has taken: the intent and the frame."""
    intent = send(world, **fields)
    say(intent.gates.get(closed_at=None), world.ana)
    return intent, take_work(world)


def token_of(intent: Intent) -> str:
    """The newest receipt's token, as it is stored."""
    row = Receipt.objects.filter(intent=intent).last()
    assert row is not None, "there is no receipt"
    return row.token


def offline(token: str, keys: list[dict[str, str]], audience: str = "acme/production") -> dict[str, Any]:
    """What an executor makes of it with the published keys and a stock library."""
    kid = jwt.get_unverified_header(token)["kid"]
    key = next(jwt.PyJWK(each) for each in keys if each["kid"] == kid)
    found: dict[str, Any] = jwt.decode(
        token, key, algorithms=["EdDSA"], issuer="http://127.0.0.1:8000", audience=audience
    )
    return found


def published() -> list[dict[str, str]]:
    """The keys, as anybody gets them."""
    found: list[dict[str, str]] = Api().get(KEYS).json()["keys"]
    return found
