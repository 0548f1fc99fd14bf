"""Receipts as tokens: a compact JWS (RFC 7515) by Ed25519, of one type, signed and read by one strict set of rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import jwt

from intents.ids import parse_id
from intents.receiptkeys import KeySet

TYPE = "countersign-receipt+jwt"  # RFC 8725 section 3.11: no other token of ours or of others passes for one
ALGORITHM = "EdDSA"
SKEW = timedelta(seconds=60)
REQUIRED = ("iss", "aud", "jti", "iat", "exp", "workspace", "intent_id", "intent_type", "payload_digest")

Claims = dict[str, Any]


class NotAReceipt(ValueError):
    """The token was not made here as a receipt, or was changed since."""


def sign(claims: Claims, keys: KeySet) -> str:
    """The token, signed by the current key."""
    return jwt.encode(claims, keys.private, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": keys.kid})


def read(token: str, keys: KeySet, issuer: str, now: datetime) -> Claims:
    """The claims of a genuine receipt of this installation, expired or not. NotAReceipt for everything else.

    The header names one of our keys, and nothing in it chooses how the token is verified.
    """
    try:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        if header != {"alg": ALGORITHM, "typ": TYPE, "kid": kid} or kid not in keys.public:
            raise NotAReceipt
        claims: Claims = jwt.decode(
            token,
            keys.public[kid],
            algorithms=[ALGORITHM],
            issuer=issuer,
            options={"require": list(REQUIRED), "verify_exp": False, "verify_iat": False, "verify_aud": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise NotAReceipt from error
    issued = claims["iat"]
    if parse_id(claims["jti"]) is None or not isinstance(issued, int) or issued > (now + SKEW).timestamp():
        raise NotAReceipt
    return claims
