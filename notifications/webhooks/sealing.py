"""Secrets that must be used again: encrypted in the database, with a key that is not in it.

The key is made from SECRET_KEY (HKDF, RFC 5869, with a purpose of its own); SECRET_KEY_FALLBACKS still open.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PURPOSE = b"countersign: secrets of webhooks, 1"


class Unreadable(Exception):
    """It was sealed with a key that this process does not have."""


def seal(secret: str) -> str:
    """The secret, encrypted and authenticated."""
    return _box().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret again. Unreadable if it was sealed with another key, or changed."""
    try:
        return _box().decrypt(sealed).decode()
    except InvalidToken as error:
        raise Unreadable(
            "The secret cannot be read: SECRET_KEY has changed. Restore it, or set the secret anew."
        ) from error


def reseal(sealed: str) -> str:
    """The same secret under today's key."""
    return seal(unseal(sealed))


def _box() -> MultiFernet:
    return _box_of(str(settings.SECRET_KEY), *map(str, settings.SECRET_KEY_FALLBACKS))


@cache
def _box_of(*secrets: str) -> MultiFernet:
    """Seals with the first, opens with any."""
    keys = [HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode()) for secret in secrets]
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
