"""The Ed25519 keys of receipts: one signs; it and earlier ones verify. Published as a JWK set (RFC 7517, RFC 8037)."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from intents.digest import canonical

SEED_BYTES = 32
FEWEST_DIFFERENT_BYTES = 8
HOW_TO_MAKE = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
HOW_TO_KEEP = "what /.well-known/countersign/jwks.json showed before the change"

Jwk = dict[str, str]


class BadKey(ValueError):
    """A key that cannot be used; the sentence says what to set."""


@dataclass(frozen=True)
class KeySet:
    """`kid` is the RFC 7638 thumbprint of the public key. `public` holds every key that verifies, by `kid`."""

    private: Ed25519PrivateKey
    kid: str
    public: dict[str, Ed25519PublicKey]

    @property
    def jwks(self) -> list[Jwk]:
        """The public keys as they are published, the one that signs first."""
        return [jwk_of(key) for key in self.public.values()]


def key_set(seed: str, earlier: dict[str, Any]) -> KeySet:
    """The keys of this installation. `seed`: 32 bytes in base64url; `earlier`: a JWK set. BadKey if malformed."""
    return _key_set(seed, canonical(earlier))


def signing_key(seed: str) -> Ed25519PrivateKey:
    """The private key that these 32 random bytes are (RFC 8032 section 5.1.5)."""
    raw = _bytes(seed)
    if raw is None or len(set(raw)) < FEWEST_DIFFERENT_BYTES:
        raise BadKey(f"RECEIPT_KEY must be 32 random bytes in base64url, 43 characters: {HOW_TO_MAKE}")
    return Ed25519PrivateKey.from_private_bytes(raw)


def earlier_keys(given: dict[str, Any]) -> dict[str, Ed25519PublicKey]:
    """The public keys of a JWK set. BadKey if one is not Ed25519, not named by its thumbprint, or private."""
    entries = given.get("keys", [])
    if not isinstance(entries, list) or (given and "keys" not in given):
        raise BadKey(f'RECEIPT_KEYS_OLD must be a JWK set, {{"keys": [...]}}: {HOW_TO_KEEP}.')
    found = [_earlier(entry) for entry in entries]
    return {jwk_of(key)["kid"]: key for key in found}


def jwk_of(key: Ed25519PublicKey) -> Jwk:
    """The public key as a JWK (RFC 8037), named by its thumbprint (RFC 7638)."""
    needed = {"crv": "Ed25519", "kty": "OKP", "x": _text(key.public_bytes_raw())}
    return {**needed, "kid": _text(sha256(canonical(needed)).digest()), "alg": "EdDSA", "use": "sig"}


@lru_cache(maxsize=8)
def _key_set(seed: str, earlier: bytes) -> KeySet:
    private = signing_key(seed)
    kid = jwk_of(private.public_key())["kid"]
    return KeySet(private, kid, {kid: private.public_key()} | earlier_keys(json.loads(earlier)))


def _earlier(entry: Any) -> Ed25519PublicKey:
    if isinstance(entry, dict) and "d" in entry:
        raise BadKey("RECEIPT_KEYS_OLD holds a private key, which would be published: leave out its d.")
    raw = _bytes(entry.get("x")) if isinstance(entry, dict) else None
    if raw is None or entry.get("kty") != "OKP" or entry.get("crv") != "Ed25519":
        raise BadKey(f"RECEIPT_KEYS_OLD holds a key that is not Ed25519: set it to {HOW_TO_KEEP}.")
    key = Ed25519PublicKey.from_public_bytes(raw)
    if entry.get("kid") != jwk_of(key)["kid"]:
        raise BadKey(f"RECEIPT_KEYS_OLD holds a key whose kid is not its thumbprint: set it to {HOW_TO_KEEP}.")
    return key


def _bytes(text: Any) -> bytes | None:
    """The 32 bytes that the text spells in base64url without padding, in the one way there is to spell them."""
    if not isinstance(text, str):
        return None
    try:
        raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == SEED_BYTES and _text(raw) == text else None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
