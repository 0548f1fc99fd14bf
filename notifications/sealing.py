"""Secrets that must be used again: encrypted in the database, with a key that is not in it.

Keys are made from SECRET_KEY (HKDF, RFC 5869), one for each purpose; SECRET_KEY_FALLBACKS still open.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """It was sealed with a key that this process does not have."""


@dataclass(frozen=True)
class Sealer:
    """Seals and opens the secrets of one purpose: what is sealed for another cannot be opened here."""

    purpose: bytes

    def seal(self, secret: str) -> str:
        """The secret, encrypted and authenticated."""
        return self._box().encrypt(secret.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """The secret again. Unreadable if it was sealed with another key, or changed."""
        try:
            return self._box().decrypt(sealed).decode()
        except InvalidToken as error:
            raise Unreadable(
                "The secret cannot be read: SECRET_KEY has changed. Restore it, or set the secret anew."
            ) from error

    def reseal(self, sealed: str) -> str:
        """The same secret under today's key."""
        return self.seal(self.unseal(sealed))

    def _box(self) -> MultiFernet:
        return _box_of(self.purpose, str(settings.SECRET_KEY), *map(str, settings.SECRET_KEY_FALLBACKS))


@cache
def _box_of(purpose: bytes, *secrets: str) -> MultiFernet:
    """Seals with the first, opens with any."""
    keys = [HKDF(SHA256(), length=32, salt=None, info=purpose).derive(secret.encode()) for secret in secrets]
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
