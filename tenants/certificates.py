"""Certificates of others, as an admin gives them. The key in one is what counts; its dates stop nobody."""

import base64
import binascii
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

MAX_CERTIFICATES = 10
MIN_RSA_BITS = 2048
MIN_CURVE_BITS = 256


def checked_certificates(texts: Iterable[str]) -> tuple[str, ...]:
    """Each once, as PEM. Raises ValueError."""
    found = tuple(dict.fromkeys(checked_certificate(text) for text in texts))
    if not found:
        raise ValueError("a signing certificate is needed.")
    if len(found) > MAX_CERTIFICATES:
        raise ValueError(f"at most {MAX_CERTIFICATES} signing certificates are taken.")
    return found


def checked_certificate(text: str) -> str:
    """A certificate as PEM, from PEM or from bare base64. Raises ValueError for one whose key is too weak."""
    bare = text.replace("-----BEGIN CERTIFICATE-----", "").replace("-----END CERTIFICATE-----", "")
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode("".join(bare.split()), validate=True))
        key = certificate.public_key()
    except (binascii.Error, ValueError, TypeError) as error:
        raise ValueError("a certificate can't be read; give it as PEM, or as the base64 of metadata.") from error
    is_strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= MIN_CURVE_BITS
    )
    if not is_strong:
        raise ValueError(f"a certificate's key is too weak: RSA with {MIN_RSA_BITS} bits or more, or a NIST curve.")
    return certificate.public_bytes(Encoding.PEM).decode()


def checked_encryption_certificate(text: str) -> str:
    """The same of one that something is encrypted for: its key has to be RSA."""
    pem = checked_certificate(text)
    if not isinstance(x509.load_pem_x509_certificate(pem.encode()).public_key(), rsa.RSAPublicKey):
        raise ValueError("must be a certificate with an RSA key: nothing is encrypted for another one.")
    return pem
