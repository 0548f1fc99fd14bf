"""The headers by which a receiver knows us: Standard Webhooks 1.0, and AXP's own beside them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import uuid
from datetime import datetime

from standardwebhooks import Webhook

PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
"""What the standard allows for a key."""


class BadSecret(ValueError):
    """It looks like one of the standard's and is none."""


def new_secret() -> str:
    """256 random bits in the standard's form."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The bytes that sign: behind `whsec_` base64 of 24 to 64 bytes, else the secret's own UTF-8. BadSecret."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise BadSecret("Behind whsec_ there must be base64.") from error
    if len(key) not in KEY_BYTES:
        raise BadSecret("Behind whsec_ there must be base64 of 24 to 64 bytes.")
    return key


def signed(secret: str, event_id: uuid.UUID, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of one attempt. `at` is in UTC: receivers refuse what is older than five minutes."""
    return {
        "content-type": "application/json",
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(key_of(secret)).sign(str(event_id), at, body.decode()),
        "x-axme-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }
