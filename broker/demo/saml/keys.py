"""Key pairs of the simulated company login, each with a certificate: today's, one that has run out, a stranger's."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

LIFE = timedelta(days=3650)
RAN_OUT = timedelta(days=30)
"""So long ago the old one ended."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Both halves as PEM."""

    private: str
    certificate: str

    @property
    def key(self) -> rsa.RSAPrivateKey:
        key = load_pem_private_key(self.private.encode(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("not an RSA key")
        return key

    @property
    def bare(self) -> str:
        """The certificate as metadata holds it."""
        return "".join(line for line in self.certificate.splitlines() if not line.startswith("-----"))


def new_key_pair(name: str, now: datetime, *, has_ended: bool = False) -> KeyPair:
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = now - RAN_OUT if has_ended else now + LIFE
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - 2 * LIFE)
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(private.decode(), certificate.public_bytes(Encoding.PEM).decode())
