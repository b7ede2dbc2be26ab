"""Key pairs by which the broker proves itself to a provider, with their certificates."""

from dataclasses import dataclass, field
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from tests.peers import signing
from tests.support.clock import START


@dataclass(frozen=True)
class ClientPair:
    private_pem: str = field(repr=False)
    public_pem: str
    certificate_pem: str


def client_key(number: int = 3) -> ClientPair:
    """Numbers that are the same give the same key: making one takes a while."""
    key = signing.rsa_key(number).private
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(START - timedelta(days=1)).not_valid_after(START + timedelta(days=365))
    return ClientPair(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode(),
    )
