"""Tokens of this tenant: signed, and read back. joserfc does the signature; what has to hold is checked here."""

import json
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Any

from flask import g
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry, extract_compact, validate_compact

from broker.downstream.oidc.keys import ALGORITHMS, Verifiers, signer, verifiers
from tenants.snapshot import TenantConfig

ID_TOKEN = "JWT"
ACCESS_TOKEN = "at+jwt"
"""RFC 9068, 2.1: neither kind of token can be taken for the other."""
_LONGEST = 8192

_REGISTRY = JWSRegistry(algorithms=ALGORITHMS)
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def sign(claims: dict[str, Any], kind: str, algorithm: str, tenant: TenantConfig | None = None) -> str:
    """A JWT of this tenant in compact form; of `tenant` where no request says which."""
    key = signer(algorithm, tenant)
    signed = b".".join((_header(key.algorithm, key.kid, kind), _encoded(claims)))
    signature = _REGISTRY.get_alg(key.algorithm).sign(signed, key.key)
    return b".".join((signed, urlsafe_b64encode(signature).rstrip(b"="))).decode("ascii")


@lru_cache(maxsize=4096)
def _header(algorithm: str, kid: str, kind: str) -> bytes:
    """The first part of a token; the same for all that a key signs of one kind."""
    return _encoded({"alg": algorithm, "kid": kid, "typ": kind})


def _encoded(content: dict[str, Any]) -> bytes:
    """RFC 7515, 7.1."""
    return urlsafe_b64encode(_JSON.encode(content).encode()).rstrip(b"=")


def read(token: str | None, kind: str) -> dict[str, Any] | None:
    """The claims of a token that this tenant signed as this kind, or None. Its times are the caller's to judge.

    Algorithm and key are found by `kid` among our own: what the header says of them decides nothing (RFC 8725, 3.1).
    """
    if token is None or len(token) > _LONGEST or not token.isascii():
        return None
    try:
        claims = json.loads(_signed(token, kind, verifiers()))
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    return claims if isinstance(claims, dict) and claims.get("iss") == g.tenant.issuer else None


@lru_cache(maxsize=512)
def _signed(token: str, kind: str, keys: Verifiers) -> bytes:
    """What one of these keys signed as this kind. Kept, as a token comes again and again as long as it lives; whether it
    still counts is asked of the database each time. Raises ValueError for any other token, of which nothing is kept."""
    message = extract_compact(token.encode(), registry=_REGISTRY)
    header = message.headers()
    key = keys.find(header.get("kid"))
    if key is None or header.get("alg") != key.algorithm or header.get("typ") != kind:
        raise ValueError("not signed by us, or as something else")
    if not validate_compact(message, key.key, registry=_REGISTRY):
        raise ValueError("the signature does not fit")
    return message.payload
