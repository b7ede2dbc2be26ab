"""Who we are at a token endpoint, shown by a signature instead of a secret: `private_key_jwt` (RFC 7523; Core, 9)."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry, serialize_compact

CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CLIENT_ASSERTION_ALGORITHMS = ("RS256", "PS256", "ES256")
LIFE = timedelta(minutes=5)
MIN_RSA_BITS = 2048
MAX_PEM = 16_384

_REGISTRY = JWSRegistry(algorithms=CLIENT_ASSERTION_ALGORITHMS)


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A key pair of ours as one provider knows it; `thumbprint` is its certificate's (RFC 7515, 4.1.8)."""

    key: RSAKey | ECKey = field(repr=False)
    thumbprint: str | None
    not_after: datetime | None
    """When the certificate ends."""

    def fits(self, alg: str) -> bool:
        return isinstance(self.key, ECKey) is (alg == "ES256")


def make_client_assertion(
    *,
    client_id: str,
    audience: str,
    private_key_pem: str,
    certificate_pem: str | None = None,
    alg: str,
    now: datetime,
    jti: str,
    kid: str | None = None,
) -> str:
    """The signed word, good for five minutes and to be used once. Raises ValueError for a key that can't say it."""
    client = read_client_key(private_key_pem, certificate_pem)
    if alg not in CLIENT_ASSERTION_ALGORITHMS or not client.fits(alg):
        raise ValueError("the key does not fit the algorithm")
    issued_at = int(now.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": jti,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + int(LIFE.total_seconds()),
    }
    named = {"kid": kid, "x5t#S256": client.thumbprint}
    header = {"alg": alg, "typ": "JWT"} | {name: value for name, value in named.items() if value}
    return serialize_compact(header, json.dumps(claims, separators=(",", ":")), client.key, registry=_REGISTRY)


# Checking an RSA key takes 40 ms; a few connections of one process use theirs all day.
@lru_cache(maxsize=256)
def read_client_key(private_key_pem: str, certificate_pem: str | None = None) -> ClientKey:
    """The parsed pair. Raises ValueError with the sentence for whoever fills it in; it never repeats what was typed."""
    if len(private_key_pem) > MAX_PEM or len(certificate_pem or "") > MAX_PEM:
        raise ValueError("is too long for a key or a certificate")
    try:
        private = load_pem_private_key(private_key_pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("must be a private key in PEM without a passphrase") from error
    if isinstance(private, RSAPrivateKey):
        if private.key_size < MIN_RSA_BITS:
            raise ValueError(f"must have {MIN_RSA_BITS} bits or more")
        key: RSAKey | ECKey = RSAKey.import_key(private)
    elif isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1):
        key = ECKey.import_key(private)
    else:
        raise ValueError("must be an RSA key or one of the curve P-256")
    if not certificate_pem:
        return ClientKey(key, None, None)
    certificate = _certificate_of(private, certificate_pem)
    digest = sha256(certificate.public_bytes(Encoding.DER)).digest()
    return ClientKey(key, urlsafe_b64encode(digest).rstrip(b"=").decode(), certificate.not_valid_after_utc)


def _certificate_of(private: RSAPrivateKey | EllipticCurvePrivateKey, certificate_pem: str) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        theirs = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("must be a certificate in PEM") from error
    if theirs != private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo):
        raise ValueError("the certificate is not that of the key")
    return certificate
