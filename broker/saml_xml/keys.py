"""The tenant's own key pairs for SAML, as objects."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


@dataclass(frozen=True, slots=True, eq=False)
class OwnKey:
    """A key pair of the tenant with its certificate (DER): signs messages, and opens what is encrypted to us."""

    kid: str
    private: RSAPrivateKey = field(repr=False)
    certificate: bytes = field(repr=False)
    is_active: bool = True
    """The one that signs; another one is published, before or after its time."""
