"""An executor that does what was approved, once, and nothing else: `import executor; executor.check(receipt, payload)`.

It believes nothing that the asking program says: only the signature, and the server's word that nobody was first.
"""

import hashlib
import os

import httpx
import jwt
import rfc8785

URL, KEY, ME = os.environ["COUNTERSIGN_URL"], os.environ["COUNTERSIGN_KEY"], os.environ["COUNTERSIGN_AUDIENCE"]
keys = jwt.PyJWKClient(f"{URL}/.well-known/countersign/jwks.json")


def check(receipt: str, payload: dict[str, object]) -> dict[str, object]:
    """The receipt's claims; an exception unless people approved exactly this payload and nobody has run it before."""
    if jwt.get_unverified_header(receipt).get("typ") != "countersign-receipt+jwt":
        raise PermissionError("this is no receipt")
    key = keys.get_signing_key_from_jwt(receipt)
    claims = jwt.decode(receipt, key, algorithms=["EdDSA"], issuer=URL, audience=ME, leeway=30)
    if claims["payload_digest"] != "sha256:" + hashlib.sha256(rfc8785.dumps(payload)).hexdigest():  # type: ignore[arg-type]
        raise PermissionError("what was approved is not this payload")
    if claims["reason"] != "decided":  # silence, or a policy alone: leave this out to accept these too
        raise PermissionError(f"people did not decide: {claims['reason']}")
    answer = httpx.post(f"{URL}/v1/receipts/redeem", headers={"x-api-key": KEY}, json={"receipt": receipt})
    if answer.status_code != httpx.codes.OK:
        raise PermissionError(answer.json()["error"]["message"])
    return claims
