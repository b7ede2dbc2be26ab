"""Keys and tokens of the peers, by PyJWT and `cryptography`: other libraries than the code under test reads with."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

_numbers = count(1)


@cache
def _rsa(number: int, bits: int) -> rsa.RSAPrivateKey:
    """Making one takes a tenth of a second, so keys are shared; a `kid` is not."""
    return rsa.generate_private_key(65537, bits)


@dataclass(frozen=True)
class PeerKey:
    kid: str
    algorithm: str
    private: Any

    def jwk(self) -> dict[str, Any]:
        family = {"E": ECAlgorithm, "R": RSAAlgorithm, "P": RSAAlgorithm}.get(self.algorithm[0])
        family = OKPAlgorithm if self.algorithm == "EdDSA" else family
        public = family.to_jwk(self.private.public_key(), as_dict=True)
        public.pop("key_ops", None)
        return {**public, "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """A header value of None leaves the parameter out."""
        headers = {"kid": self.kid, **header}
        left_out = {name for name, value in headers.items() if value is None}
        headers = {name: value for name, value in headers.items() if name not in left_out}
        return jwt.encode(claims, self.private, algorithm=self.algorithm, headers=headers)


def rsa_key(number: int = 1, *, bits: int = 2048, algorithm: str = "RS256") -> PeerKey:
    return PeerKey(f"rsa-{next(_numbers)}", algorithm, _rsa(number, bits))


def ec_key() -> PeerKey:
    return PeerKey(f"ec-{next(_numbers)}", "ES256", ec.generate_private_key(ec.SECP256R1()))


def ed_key() -> PeerKey:
    return PeerKey(f"ed-{next(_numbers)}", "EdDSA", ed25519.Ed25519PrivateKey.generate())


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    return jwt.encode(claims, None, algorithm="none", headers=header)


def keyed_hash(claims: dict[str, Any], secret: bytes, **header: Any) -> str:
    """HS256 with any bytes: PyJWT rightly refuses to take a public key for a secret."""
    signed = b".".join(encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "HS256", **header}, claims))
    return b".".join((signed, encoded(hmac.digest(secret, signed, "sha256")))).decode()


def client_assertion(
    form: dict[str, str], public_pem: str, algorithm: str, client_id: str, audience: str, now: datetime
) -> dict[str, Any] | None:
    """The claims of `private_key_jwt` (RFC 7523, 3) at the clock of the tests; None for what a provider would refuse."""
    if form.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
        return None
    try:
        claims: dict[str, Any] = jwt.decode(
            form.get("client_assertion", ""),
            public_pem,
            algorithms=[algorithm],
            audience=audience,
            issuer=client_id,
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "require": ["exp", "jti", "sub"]},
        )
    except jwt.PyJWTError:
        return None
    is_timely = claims["iat"] <= now.timestamp() + 5 and now.timestamp() < claims["exp"] <= now.timestamp() + 600
    return claims if is_timely and claims["sub"] == client_id else None


def half_hash(text: str) -> str:
    """`at_hash` of RS256 and ES256 (OpenID Connect Core, 3.1.3.6)."""
    return encoded(hashlib.sha256(text.encode()).digest()[:16]).decode()


def encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
