"""How sure it is who answers: link < linked < signed in < signed in within so many minutes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

LINK = "link"
LINKED = "linked"
SIGNED_IN = "signed_in"
NAMED = (LINK, LINKED, SIGNED_IN)
FRESH = "signed_in_within"
FRESH_MINUTES = 24 * 60
HIGH_RISK_MINUTES = 15
SIGN_IN_TO_ACCEPT = "The link in a mail can refuse, and not accept: sign in, then accept."
WORDS = {
    LINK: "a link from a mail",
    LINKED: "a linked account or a personal token",
    SIGNED_IN: "a sign-in on the page",
}


@dataclass(frozen=True)
class Strength:
    """`name` is one of NAMED; `minutes` says how long ago a sign-in may be, if that matters."""

    name: str
    minutes: int | None = None

    @classmethod
    def fresh(cls, minutes: int) -> Strength:
        """A sign-in of at most so many minutes ago."""
        return cls(SIGNED_IN, minutes)

    @classmethod
    def read(cls, value: Any) -> Strength:
        """From the form that policies and terms use."""
        return cls.fresh(value[FRESH]) if isinstance(value, dict) else cls(str(value))

    @property
    def as_json(self) -> Any:
        """The form that policies and terms use."""
        return self.name if self.minutes is None else {FRESH: self.minutes}

    @property
    def words(self) -> str:
        """What a yes needs, for people."""
        if self.minutes is None:
            return WORDS[self.name]
        return f"a sign-in within the last {self.minutes} minutes"

    def is_at_least(self, other: Strength) -> bool:
        """True if whoever has this strength has the other one, too."""
        rank, least = NAMED.index(self.name), NAMED.index(other.name)
        if rank != least or other.minutes is None:
            return rank >= least
        return self.minutes is not None and self.minutes <= other.minutes


@dataclass(frozen=True)
class Shown:
    """How sure it is who answers this once. `signed_in_at`: when the session began, if there is one."""

    name: str
    signed_in_at: datetime | None = None

    def is_enough_for(self, wanted: Strength, now: datetime) -> bool:
        """True if a yes may come this way now."""
        if wanted.minutes is None:
            return NAMED.index(self.name) >= NAMED.index(wanted.name)
        if self.name != SIGNED_IN or self.signed_in_at is None:
            return False
        return now - self.signed_in_at <= timedelta(minutes=wanted.minutes)


def link_accepts(terms: Mapping[str, Any]) -> bool:
    """True if a yes may come by the link in a mail: only where the policy says so, of a low risk."""
    return terms.get("strength") == LINK and terms.get("risk") == "low"


def stronger(one: Strength, other: Strength) -> Strength:
    """The one that asks for more."""
    return one if one.is_at_least(other) else other
