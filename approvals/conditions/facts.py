"""What a condition may ask about: the closed list of variables. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

VARIABLES = ("type", "sender", "requester", "agent", "payload", "scenario", "created_at", "prior")
OF_THE_REQUEST = ("payload", "prior")


@dataclass(frozen=True)
class Facts:
    """One intent as conditions see it. `sender` is a service account's name, `requester` an e-mail address or "".

    `prior` are earlier results by the step that gave them; None while none can be known. `workers` are the agents of a
    scenario's steps; policies for a target look at them, too. `kept` is what the language makes of them, once.
    """

    type: str
    sender: str
    requester: str
    agent: str
    payload: dict[str, Any]
    scenario: str
    created_at: datetime
    prior: dict[str, Any] | None = None
    workers: tuple[str, ...] = ()
    has_closed_schema: bool = False
    kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def knowing(self, **more: Any) -> Facts:
        """The same with more found out."""
        return replace(self, **more)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Everybody whom the request gives something to do, the target first."""
        return tuple(dict.fromkeys((self.agent, *self.workers)))

    @cached_property
    def values(self) -> dict[str, Any]:
        """The variables by name."""
        return {name: getattr(self, name) for name in VARIABLES} | {"prior": self.prior or {}}

    @cached_property
    def sizes(self) -> Sizes:
        """How large the parts are that somebody else wrote."""
        return Sizes.of([self.payload, self.prior or {}])


@dataclass(frozen=True)
class Sizes:
    """The most entries in one list or map, the most bytes in one text, and how many values there are in all."""

    entries: int
    text: int
    values: int

    @classmethod
    def of(cls, value: Any) -> Sizes:
        """Of a JSON value."""
        parts = list(_parts(value))
        entries = max((len(part) for part in parts if isinstance(part, list | dict)), default=0)
        text = max((len(part.encode()) for part in parts if isinstance(part, str)), default=0)
        return cls(entries, text, len(parts))


def _parts(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, dict):
            waiting += [*part, *part.values()]
        elif isinstance(part, list):
            waiting += part
