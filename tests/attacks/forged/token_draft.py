"""A good ID token before it is signed, and the ways to sign it, right and wrong."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from broker.upstream.signing_keys import SigningKeys
from tests.peers import signing
from tests.support.clock import START

NOW = int(START.timestamp())
ACCESS_TOKEN = "the access token of this reply"
SECRET = b"client secret of thirty-two bytes and more"
US, ISSUER, NONCE = "broker", "https://idp.example", "nonce-of-this-sign-in"


@cache
def ours() -> dict[str, signing.PeerKey]:
    """The published keys of the provider, by algorithm."""
    return {"RS256": signing.rsa_key(), "ES256": signing.ec_key(), "EdDSA": signing.ed_key()}


@cache
def theirs() -> dict[str, signing.PeerKey]:
    """The attacker's, of the same families."""
    return {"RS256": signing.rsa_key(2), "ES256": signing.ec_key(), "EdDSA": signing.ed_key()}


@cache
def published() -> SigningKeys:
    return SigningKeys({"keys": [key.jwk() for key in ours().values()]})


@dataclass
class Draft:
    """A token before it is signed."""

    header: dict[str, Any]
    claims: dict[str, Any]
    key: signing.PeerKey
    sign: Callable[[bytes, "Draft"], bytes]
    payload: bytes | None = None
    shape: list[Callable[[str], str]] = field(default_factory=list)

    def token(self) -> str:
        payload = self.payload if self.payload is not None else as_json(self.claims)
        signed = b".".join((encoded(as_json(self.header)), encoded(payload)))
        token = b".".join((signed, encoded(self.sign(signed, self)))).decode("ascii")
        for change in self.shape:
            token = change(token)
        return token


def good(algorithm: str = "RS256") -> Draft:
    """What the provider says, and means."""
    key = ours()[algorithm]
    claims = {
        "iss": ISSUER,
        "sub": "ada",
        "aud": US,
        "azp": US,
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 300,
        "auth_time": NOW,
        "nonce": NONCE,
    }
    return Draft({"alg": algorithm, "kid": key.kid, "typ": "JWT"}, claims, key, signed_by_key)


def signed_by_key(signed: bytes, draft: Draft) -> bytes:
    private = draft.key.private
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return _raw_ecdsa(private.sign(signed, ec.ECDSA(hashes.SHA256())))
    return bytes(private.sign(signed))


def _raw_ecdsa(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def by_hmac(secret: Callable[[Draft], bytes], name: str = "sha256") -> Callable[[bytes, Draft], bytes]:
    return lambda signed, draft: hmac.digest(secret(draft), signed, name)


def public(encoding: Encoding, form: PublicFormat) -> Callable[[Draft], bytes]:
    return lambda draft: draft.key.private.public_key().public_bytes(encoding, form)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def encoded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
