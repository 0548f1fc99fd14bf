"""What a view declares for each of its methods, in one place: who may call it, what it takes, what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rest_framework import serializers

from intents.access import Access
from intents.wire.shapes import REFUSAL, YES, Shape, obj

SAFE = ("GET", "HEAD")


@dataclass(frozen=True, eq=False)
class Endpoint:
    """One method of one path. `ApiView` enforces it, the OpenAPI document shows it, and tests hold the answers to it.

    `answer`: the fields beside `ok`, or a shape of its own. `body`: the form that reads it. `query`: name to shape.
    `refuses`: statuses beyond those that follow from the rest. `limited`: False if clients poll it by nature.
    """

    access: Access
    answer: dict[str, Shape] = field(default_factory=dict)
    body: type[serializers.Serializer[Any]] | None = None
    query: dict[str, Shape] = field(default_factory=dict)
    refuses: tuple[int, ...] = ()
    idempotent: bool = True
    limited: bool = True
    media_type: str = "application/json"
    shape: Shape | None = None

    def statuses(self, method: str, path: str) -> dict[int, Shape]:
        """Every status that this endpoint answers with, and its shape. A 500 is never one of them."""
        success = self.shape if self.shape is not None else obj(ok=YES, **self.answer)
        return {200: success} | dict.fromkeys(sorted(self._refusals(method, path)), REFUSAL)

    def takes_key(self, method: str) -> bool:
        """True if an `Idempotency-Key` makes a repetition harmless."""
        return self.idempotent and method not in SAFE

    def _refusals(self, method: str, path: str) -> set[int]:
        found = {400, 408, 413, 503, *self.refuses}
        found |= set() if self.access.public else {401, 403, 429}
        found |= {404} if "{" in path else set()
        found |= {409, 422} if self.takes_key(method) else set()
        return found | ({422} if self.query or self.body else set())
