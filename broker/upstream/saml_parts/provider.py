"""The identity provider as an admin describes it: by its metadata (Metadata, 2.4), or by three values.

Raises ValueError with a sentence for the admin. Nothing is fetched. A signature of the metadata proves nothing here:
the admin vouches for the file.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from broker.addresses import parse_target
from broker.saml_xml.xml import BINDINGS, DS, MD, SAMLP, Element, Fault, moment, parse
from tenants.certificates import checked_certificates
from tenants.metadata_changes import Description

MAX_METADATA = 1_000_000
"""Characters; what AD FS writes has 70,000."""
MAX_ENTITY_ID = 255
_ROLE = f"{{{MD}}}IDPSSODescriptor"
_BINDINGS = (("redirect", f"{BINDINGS}HTTP-Redirect"), ("post", f"{BINDINGS}HTTP-POST"))


class UnsafeAddress(ValueError):
    """Metadata that names an address which no browser is sent to (security.md, SU-24)."""


@dataclass(frozen=True, slots=True)
class Provider:
    """`sso` is the address by binding: `redirect`, `post`. `certificates` are those that it may sign with, as PEM."""

    entity_id: str
    sso: dict[str, str]
    certificates: tuple[str, ...]
    valid_until: datetime | None = None
    slo: dict[str, str] = field(default_factory=dict)
    """Where it takes requests to sign out, by binding; `slo_answers`: where answers to its own go."""
    slo_answers: dict[str, str] = field(default_factory=dict)

    @property
    def ends(self) -> tuple[datetime, ...]:
        """When each certificate ends. One that has ended is taken all the same: the key in it is what counts."""
        return tuple(x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc for pem in self.certificates)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """SHA-256 of each certificate, as other products show it."""
        found = (x509.load_pem_x509_certificate(pem.encode()) for pem in self.certificates)
        return tuple(sha256(one.public_bytes(Encoding.DER)).hexdigest() for one in found)

    @property
    def description(self) -> Description:
        """What a change of the metadata is judged by. A renewed certificate of the same key is no new key."""
        keys = (x509.load_pem_x509_certificate(pem.encode()).public_key() for pem in self.certificates)
        return Description(
            entity_id=self.entity_id,
            keys=frozenset(
                sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest() for key in keys
            ),
            addresses=frozenset(
                f"{what}{binding} {url}"
                for what, places in (("", self.sso), ("logout ", self.slo), ("logout answer ", self.slo_answers))
                for binding, url in places.items()
            ),
            valid_until=self.valid_until,
        )


def from_values(entity_id: str, sso_url: str, certificates: Iterable[str]) -> Provider:
    """What was typed; the address serves both bindings."""
    url = checked_url(sso_url)
    return Provider(_entity_id(entity_id), {"redirect": url, "post": url}, checked_certificates(certificates))


def from_metadata(text: str) -> Provider:
    """What the provider says of itself in its metadata."""
    try:
        entity = _entity(parse(text.strip().removeprefix("\ufeff").encode()))
        role = _role(entity)
        ends = _end(role)
    except Fault as fault:
        raise ValueError(f"can't be read as metadata: {fault}.") from None
    sso, slo, answers = _addresses(role), _logout_addresses(role, "Location"), _logout_addresses(role, "ResponseLocation")
    return Provider(_entity_id(entity.get("entityID", "")), sso, _signing(role), ends, slo, slo | answers)


def checked_url(value: str) -> str:
    """Raises ValueError unless a browser may be sent there: https, or plain http on this machine."""
    return _checked(value, "the address for signing in", "https://idp.example/sso")


def checked_metadata_url(value: str) -> str:
    """Raises ValueError unless it can be asked there: https, or plain http on this machine."""
    return _checked(value, "the address of the metadata", "https://idp.example/metadata")


def _checked(value: str, name: str, example: str) -> str:
    try:
        target = parse_target(value)
    except ValueError:
        raise UnsafeAddress(f"{name} must be one such as {example}.") from None
    if target.scheme == "http" and not target.is_loopback:
        raise UnsafeAddress(f"{name} must begin with https.")
    return value


def _entity(root: Element) -> Element:
    """The one entity of the document that is an identity provider."""
    entities = [one for one in root.iter(f"{{{MD}}}EntityDescriptor") if one.find(_ROLE) is not None]
    if len(entities) != 1:
        raise ValueError("must describe exactly one identity provider.")
    return entities[0]


def _role(entity: Element) -> Element:
    roles = [role for role in entity.iterfind(_ROLE) if SAMLP in role.get("protocolSupportEnumeration", "").split()]
    if len(roles) != 1:
        raise ValueError("must describe an identity provider for SAML 2.0.")
    return roles[0]


def _end(role: Element) -> datetime | None:
    """The earliest that it and whatever it stands in say of themselves (Metadata, 2.3.1, 2.3.2, 2.4.1). Raises Fault."""
    said = (moment(one.get("validUntil"), "validUntil") for one in (role, *role.iterancestors()))
    return min((end for end in said if end is not None), default=None)


def _entity_id(value: str) -> str:
    if not value or len(value) > MAX_ENTITY_ID or not value.isprintable() or " " in value:
        raise ValueError(f"the entity id must be one word of at most {MAX_ENTITY_ID} characters.")
    return value


def _addresses(role: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for service in role.iterfind(f"{{{MD}}}SingleSignOnService"):
        for name, binding in _BINDINGS:
            if service.get("Binding") == binding and name not in found:
                found[name] = checked_url(service.get("Location", ""))
    if not found:
        raise ValueError("must name an address for signing in by Redirect or POST.")
    return found


def _logout_addresses(role: Element, attribute: str) -> dict[str, str]:
    """For signing out; nobody signs in by them, so one that no browser may be sent to is left out."""
    found: dict[str, str] = {}
    for service in role.iterfind(f"{{{MD}}}SingleLogoutService"):
        for name, binding in _BINDINGS:
            if service.get("Binding") == binding and name not in found and service.get(attribute):
                with suppress(UnsafeAddress):
                    found[name] = checked_url(service.get(attribute))
    return found


def _signing(role: Element) -> tuple[str, ...]:
    """Keys without a `use` are for signing too (Metadata, 2.4.1.1)."""
    keys = [key for key in role.iterfind(f"{{{MD}}}KeyDescriptor") if key.get("use", "signing") == "signing"]
    path = f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate"
    return checked_certificates(certificate.text or "" for key in keys for certificate in key.iterfind(path))
