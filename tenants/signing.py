"""Key pairs of a tenant, made once and written as JWKs (RFC 7517, RFC 7518 section 6)."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tenants.ids import new_id

ALGORITHMS = ("RS256", "ES256")
"""What tokens are signed with."""
SAML = "SAML"
"""RSA, for SAML and nothing else: it also opens what identity providers encrypt to us (decision 4)."""
SAML_IDP = "SAML-IdP"
"""RSA, for what our SAML identity provider signs. Never opens anything: what decrypts for others signs no assertion."""
KEYS = (*ALGORITHMS, SAML, SAML_IDP)
"""What every tenant has from its first day."""
CERTIFICATE_LIFE = timedelta(days=7300)
"""Longer than any key should be used: its end is nobody's reminder, and must stop nobody's sign-in."""
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
    """Make a key pair for one of `KEYS`. Takes up to a second for RSA: never inside a transaction."""
    kid = new_id("key")
    public, private = _p256() if algorithm == "ES256" else _rsa()
    public |= {"kid": kid, "alg": algorithm, "use": "sig"}
    return NewKey(kid, algorithm, public, json.dumps(public | private))


def rsa_private_key(jwk: Mapping[str, str]) -> rsa.RSAPrivateKey:
    """One of ours, made here and sealed since: the check of an RSA key, 38 ms, is spared (performance.md 5.5)."""
    n, e, d, p, q, dp, dq, qi = (_number(jwk[name]) for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi"))
    numbers = rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(e, n))
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def certificate_of(key: rsa.RSAPrivateKey, kid: str, made_at: datetime) -> bytes:
    """The key's certificate (DER), signed by itself: a wrapping for others to take the key by, and no word about it.

    Nothing in it is chosen or random, so it needs no place of its own: the same key has the same one for good.
    """
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"SSO Broker {kid}")])
    start = made_at.replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(sha256(kid.encode()).digest()[:16], "big"))
        .not_valid_before(start)
        .not_valid_after(start + CERTIFICATE_LIFE)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


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


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def _coordinate(value: int) -> str:
    """Always the full width of the curve (RFC 7518, 6.2.1.2)."""
    return _base64url(value.to_bytes(_P256_BYTES, "big"))


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
