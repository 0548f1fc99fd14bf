"""Receipts as tokens: whatever was not signed here, for this, just so, is none. No database."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from intents.receiptkeys import BadKey, KeySet, earlier_keys, jwk_of, key_set, signing_key
from intents.receipts import TYPE, NotAReceipt, read, sign

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ISSUER = "https://sign.example.com"
SEED = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"  # the key of RFC 8037 appendix A
CLAIMS = {
    "iss": ISSUER,
    "aud": "acme/production",
    "jti": "01a1f92d-e9bd-763b-bc43-e0fb69d614c3",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 3600,
    "workspace": "acme/production",
    "intent_id": "01a1f92d-e9bd-763b-bc43-e0fb69d614c4",
    "intent_type": "intent.infra.deploy.v1",
    "payload_digest": "sha256:" + "0" * 64,
}
HEADERS = {"typ": TYPE, "kid": ""}


def keys(seed: str = SEED, earlier: dict[str, Any] | None = None) -> KeySet:
    return key_set(seed, earlier or {})


def other_seed() -> str:
    return secrets.token_urlsafe(32)


def made(claims: dict[str, Any] | None = None, *, key: Any = None, algorithm: str = "EdDSA", **headers: Any) -> str:
    """A token in the shape of ours, with something else about it."""
    head = {"typ": TYPE, "kid": keys().kid, **headers}
    said = json.dumps(claims or CLAIMS).encode()
    return jwt.PyJWS().encode(said, key or keys().private, algorithm, headers=head)


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def refused(token: str, *, now: datetime = NOW, issuer: str = ISSUER, ours: KeySet | None = None) -> bool:
    try:
        read(token, ours or keys(), issuer, now)
    except NotAReceipt:
        return True
    return False


def test_receipt_is_read_as_it_was_signed():
    assert read(sign(CLAIMS, keys()), keys(), ISSUER, NOW) == CLAIMS


def test_key_is_named_by_its_thumbprint_as_rfc_8037_computes_it():
    assert jwk_of(signing_key(SEED).public_key())["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert keys().kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_receipt_of_an_earlier_key_is_read_as_long_as_that_is_published():
    token, seed = sign(CLAIMS, keys()), other_seed()

    assert read(token, keys(seed, {"keys": keys().jwks}), ISSUER, NOW) == CLAIMS
    assert refused(token, ours=keys(seed))


def test_key_that_signs_is_published_first_and_once_when_it_is_named_among_the_earlier_ones():
    both = keys(other_seed(), {"keys": keys().jwks})

    assert [jwk["kid"] for jwk in both.jwks] == [both.kid, keys().kid]
    assert keys(SEED, {"keys": keys().jwks}).jwks == keys().jwks
    assert all("d" not in jwk for jwk in both.jwks)


def none_at_all() -> str:
    return f"{part({'alg': 'none', **HEADERS, 'kid': keys().kid})}.{part(CLAIMS)}."


def signed_with_the_public_key_as_a_secret() -> str:
    """Key confusion: what everybody knows, taken for a shared secret."""
    raw = keys().private.public_key().public_bytes_raw()
    return made(key=raw, algorithm="HS256")


def signed_with_the_published_pem_as_a_secret() -> str:
    pem = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = keys().private.public_key().public_bytes(*pem)
    head, body = part({"alg": "HS256", "typ": TYPE, "kid": keys().kid}), part(CLAIMS)
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(f"{head}.{body}".encode(), text)
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def signed_by_somebody_else_under_our_kid() -> str:
    return made(key=signing_key(other_seed()))


def signed_by_a_key_that_it_brings_along() -> str:
    theirs = keys(other_seed())
    return made(key=theirs.private, jwk=theirs.jwks[0])


def alg_in_another_case() -> str:
    token = sign(CLAIMS, keys())
    return f"{part({'alg': 'eddsa', 'typ': TYPE, 'kid': keys().kid})}.{token.split('.', 1)[1]}"


def detached() -> str:
    head = part({"alg": "EdDSA", "typ": TYPE, "kid": keys().kid, "b64": False, "crit": ["b64"]})
    signature = keys().private.sign(f"{head}.".encode())
    return f"{head}..{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


ATTACKS = {
    "alg none": none_at_all,
    "key confusion with the raw public key": signed_with_the_public_key_as_a_secret,
    "key confusion with the PEM": signed_with_the_published_pem_as_a_secret,
    "another signer, our kid": signed_by_somebody_else_under_our_kid,
    "a key in its header": signed_by_a_key_that_it_brings_along,
    "an address of keys in its header": lambda: made(jku="https://evil.example/keys.json"),
    "a critical extension": lambda: made(crit=["exp"], exp=1),
    "alg in another case": alg_in_another_case,
    "unknown kid": lambda: made(kid="nobody"),
    "kid that leaves the set": lambda: made(kid="../../keys"),
    "another type": lambda: made(typ="JWT"),
    "no type": lambda: made(typ=None),
    "detached payload": detached,
    "another installation": lambda: made(CLAIMS | {"iss": "https://other.example.com"}),
    "another installation's address as a list": lambda: made(CLAIMS | {"iss": [ISSUER]}),
    "from the future": lambda: made(CLAIMS | {"iat": CLAIMS["iat"] + 61}),
    "a time that is no number": lambda: made(CLAIMS | {"iat": "yesterday"}),
    "an id that is none": lambda: made(CLAIMS | {"jti": "1"}),
    "an id that is no text": lambda: made(CLAIMS | {"jti": 1}),
    "no claims": lambda: f"{part({'alg': 'EdDSA', 'typ': TYPE, 'kid': keys().kid})}..",
    "nothing": lambda: "",
    "another form of token": lambda: json.dumps({"payload": part(CLAIMS), "signatures": []}),
    "beyond ASCII": lambda: "é.é.é",
    "half a character": lambda: "\ud800.a.b",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_token_is_refused_when_it_is_not_just_so(attack):
    assert refused(attack())


@pytest.mark.parametrize("name", ["iss", "aud", "jti", "iat", "exp", "workspace", "intent_id", "payload_digest"])
def test_token_is_refused_when_a_claim_is_missing(name):
    assert refused(made({key: value for key, value in CLAIMS.items() if key != name}))


def test_skew_of_a_minute_between_the_clocks_is_forgiven_and_no_more():
    token = sign(CLAIMS, keys())

    assert not refused(token, now=NOW - timedelta(seconds=60))
    assert refused(token, now=NOW - timedelta(seconds=61))


@given(st.data())
def test_token_says_the_same_or_nothing_when_one_character_is_another(data):
    token = sign(CLAIMS, keys())
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda character: character != token[at]))

    changed = token[:at] + other + token[at + 1 :]

    assert refused(changed) or read(changed, keys(), ISSUER, NOW) == CLAIMS


@given(
    st.dictionaries(st.sampled_from([*CLAIMS, "reason", "gates"]), st.text() | st.integers() | st.none(), min_size=1)
)
def test_claims_cannot_be_exchanged_under_a_signature(changes):
    head, body, signature = sign(CLAIMS, keys()).split(".")
    exchanged = part(CLAIMS | changes)

    assert exchanged == body or refused(f"{head}.{exchanged}.{signature}")


@given(st.text() | st.from_regex(r"\A[\w-]*\.[\w-]*\.[\w-]*\Z"))
def test_any_text_at_all_is_refused_and_breaks_nothing(text):
    assert refused(text)


@pytest.mark.parametrize(
    "seed", ["", "short", "x" * 64, "A" * 43, SEED + "=", SEED[:-1] + "B", SEED + SEED[:21], "é" * 43]
)
def test_signing_key_is_refused_in_words_when_it_is_not_32_random_bytes(seed):
    with pytest.raises(BadKey, match="RECEIPT_KEY must be 32 random bytes"):
        key_set(seed, {})


BAD_SETS = {
    "private": ({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": SEED, "d": SEED}]}, "private key"),
    "a seed that is taken for a public key": ({"keys": [{**jwk_of(signing_key(SEED).public_key()), "x": SEED}]}, "kid"),
    "no kid": ({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": SEED}]}, "kid"),
    "another kind": ({"keys": [{"kty": "RSA", "n": "x", "e": "AQAB"}]}, "not Ed25519"),
    "another curve": ({"keys": [{**jwk_of(signing_key(SEED).public_key()), "crv": "X25519"}]}, "not Ed25519"),
    "texts": ({"keys": ["x"]}, "not Ed25519"),
    "no list": ({"keys": {}}, "JWK set"),
    "one key alone": (jwk_of(signing_key(SEED).public_key()), "JWK set"),
}


@pytest.mark.parametrize(("given_set", "words"), BAD_SETS.values(), ids=list(BAD_SETS))
def test_earlier_keys_are_refused_in_words_when_they_are_of_no_use(given_set, words):
    with pytest.raises(BadKey, match=words):
        earlier_keys(given_set)


def test_earlier_keys_may_be_the_whole_page_that_was_published():
    assert list(earlier_keys({"ok": True, "keys": keys().jwks})) == [keys().kid]
