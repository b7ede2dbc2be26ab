"""Key pairs for a tenant's tokens, made once and written as JWKs (RFC 7517, RFC 7518 section 6)."""

import base64
import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tenants.ids import new_id

ALGORITHMS = ("RS256", "ES256")
_RSA_BITS = 2048
_P256_BYTES = 32

Jwk = dict[str, str]


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key pair; `private` is the whole JWK as JSON, to be sealed. `kid` is the id of its row."""

    kid: str
    algorithm: str
    public_jwk: Jwk
    private: str = field(repr=False)


def new_key(algorithm: str) -> NewKey:
    """Make a key pair for `RS256` or `ES256`. Takes up to a second for RSA: never inside a transaction."""
    kid = new_id("key")
    public, private = _rsa() if algorithm == "RS256" else _p256()
    public |= {"kid": kid, "alg": algorithm, "use": "sig"}
    return NewKey(kid, algorithm, public, json.dumps(public | private))


def _rsa() -> tuple[Jwk, Jwk]:
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS).private_numbers()
    public = {"kty": "RSA", "n": _whole(numbers.public_numbers.n), "e": _whole(numbers.public_numbers.e)}
    secret = {
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }
    return public, {name: _whole(value) for name, value in secret.items()}


def _p256() -> tuple[Jwk, Jwk]:
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    point = numbers.public_numbers
    public = {"kty": "EC", "crv": "P-256", "x": _coordinate(point.x), "y": _coordinate(point.y)}
    return public, {"d": _coordinate(numbers.private_value)}


def _whole(value: int) -> str:
    """Base64urlUInt: as few bytes as it needs (RFC 7518, section 2)."""
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _coordinate(value: int) -> str:
    """Always the full width of the curve (RFC 7518, 6.2.1.2)."""
    return _base64url(value.to_bytes(_P256_BYTES, "big"))


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
