"""The words of a link in a mail, signed with a key of their own: forging one is guessing 256 bits. Pure but for it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import astuple, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing

PREFIX = "csm_"
DECIDE = "decide"
OPEN_FOR = timedelta(hours=1)
"""How long a browser may go on with a link that it has opened."""


@dataclass(frozen=True)
class MailLink:
    """Whose it is, for which gate as it was shown, what for, and until when (Unix time)."""

    purpose: str
    person: str
    address: str
    gate: str
    digest: str
    generation: int
    until: int

    @property
    def person_id(self) -> UUID:
        """The owner."""
        return UUID(self.person)

    @property
    def gate_id(self) -> UUID:
        """The gate."""
        return UUID(self.gate)


@dataclass(frozen=True)
class Opened:
    """A link that a browser has opened, and the nonce that its form must bring back."""

    link: MailLink
    nonce: str


def fingerprint(address: str) -> str:
    """Stands for a mail address: a link goes with the address that it was sent to."""
    return hashlib.sha256(address.lower().encode()).hexdigest()[:16]


def sign(link: MailLink) -> str:
    """The link as a text for an address."""
    return PREFIX + _seal(astuple(link), "link")


def read(text: str) -> MailLink | None:
    """The link that this text stands for; None if it is none of ours."""
    found = _unseal(text.removeprefix(PREFIX), "link") if text.startswith(PREFIX) else None
    return MailLink(*found) if found else None


def sign_opened(link: MailLink) -> str:
    """What the cookie of a browser says that opened the link: another nonce each time."""
    return _seal([astuple(link), secrets.token_urlsafe(32)], "cookie")


def read_opened(text: str) -> Opened | None:
    """The link that this browser opened within the last hour; None if it opened none."""
    found = _unseal(text, "cookie", OPEN_FOR) if text else None
    return Opened(MailLink(*found[0]), found[1]) if found else None


def _seal(value: Any, what: str) -> str:
    return signing.dumps(value, key=settings.LINK_KEY, salt=f"countersign mail {what}")


def _unseal(text: str, what: str, most: timedelta | None = None) -> Any:
    try:
        return signing.loads(text, key=settings.LINK_KEY, salt=f"countersign mail {what}", max_age=most)
    except signing.BadSignature:
        return None
