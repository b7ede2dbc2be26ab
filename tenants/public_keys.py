"""Public keys that an application shows (JWK sets, RFC 7517): which of them are taken at all."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

MOST_KEYS = 20
_SMALLEST_RSA = 2048
_LARGEST_RSA = 8192
_SECRETS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CURVES = {("EC", "P-256"): 32, ("OKP", "Ed25519"): 32}


def check_key_set(keys: Mapping[str, Any]) -> dict[str, Any]:
    """The set itself, without what is not public. Raises ValueError with a sentence."""
    members = keys.get("keys")
    if not isinstance(members, list) or not members:
        raise ValueError("must be a JWK set: { keys = [ … ] } with one key at least.")
    if len(members) > MOST_KEYS:
        raise ValueError(f"must have at most {MOST_KEYS} keys.")
    for member in members:
        check_public_key(member)
    kids = [member.get("kid") for member in members]
    if len(set(kids)) != len(kids):
        raise ValueError("must have a kid of its own for each of its keys.")
    return {"keys": members}


def check_public_key(jwk: object) -> None:
    """Raises ValueError with a sentence for a key that is secret, weak or of another kind (security.md, OD-09)."""
    if not isinstance(jwk, dict):
        raise ValueError("must be a JWK set: each key is an object.")
    if not _SECRETS.isdisjoint(jwk):
        raise ValueError("must have public keys only: one of them shows its secret half.")
    kind, size = jwk.get("kty"), _CURVES.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    if kind == "RSA":
        if not _SMALLEST_RSA <= _number(jwk, "n").bit_length() <= _LARGEST_RSA or _number(jwk, "e") < 3:
            raise ValueError(f"must have RSA keys of {_SMALLEST_RSA} to {_LARGEST_RSA} bits.")
    elif size is None:
        raise ValueError("must have keys of the kinds RSA, EC (P-256) or OKP (Ed25519).")
    elif any(len(_bytes(jwk, name)) != size for name in (("x", "y") if kind == "EC" else ("x",))):
        raise ValueError("has a key whose coordinates are not of its curve.")


def _number(jwk: dict[str, Any], name: str) -> int:
    return int.from_bytes(_bytes(jwk, name), "big")


def _bytes(jwk: dict[str, Any], name: str) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str) or not text.isascii():
        raise ValueError(f"has a key without {name}.")
    try:
        return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError(f"has a key whose {name} is not base64url.") from None
