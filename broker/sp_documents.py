"""The metadata of a service provider (Metadata, 2.4.4), read into what its application is. Nothing is fetched here.

A signature of the document proves nothing: the admin vouches for it. What can't be used is refused with a sentence; what
can be used and should be known of is a note.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from broker.saml_xml.xml import BINDINGS, DS, EMAIL_FORMAT, MD, NAME_FORMATS, SAMLP, XENC11, Element, Fault, moment, parse
from tenants.certificates import checked_certificate
from tenants.claim_rules import Source
from tenants.metadata_changes import Description
from tenants.return_addresses import check_return_address
from tenants.saml_applications import (
    MAX_ADDRESSES,
    AcsAddress,
    AttributeRule,
    NameIdKind,
    SamlApplicationConfig,
    check_entity_id,
)

MAX_METADATA = 1_000_000
_ROLE = f"{{{MD}}}SPSSODescriptor"
_MDUI = "urn:oasis:names:tc:SAML:metadata:ui"
_POST = f"{BINDINGS}HTTP-POST"
_BINDINGS = {f"{BINDINGS}HTTP-Redirect": "redirect", _POST: "post", f"{BINDINGS}SOAP": "soap"}
_NAME_IDS = {
    f"{NAME_FORMATS}persistent": NameIdKind.PERSISTENT,
    EMAIL_FORMAT: NameIdKind.EMAIL,
    f"{NAME_FORMATS}transient": NameIdKind.TRANSIENT,
}
KNOWN_ATTRIBUTES: dict[str, tuple[str, Source]] = {
    "urn:oid:0.9.2342.19200300.100.1.3": ("mail", Source.EMAIL),
    "urn:oid:2.5.4.42": ("givenName", Source.GIVEN_NAME),
    "urn:oid:2.5.4.4": ("sn", Source.FAMILY_NAME),
    "urn:oid:2.16.840.1.113730.3.1.241": ("displayName", Source.NAME),
    "urn:oid:2.5.4.3": ("cn", Source.NAME),
    "urn:oid:0.9.2342.19200300.100.1.1": ("uid", Source.EMAIL_LOCAL_PART),
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.6": ("eduPersonPrincipalName", Source.EMAIL),
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1": ("isMemberOf", Source.GROUPS),
}
"""What service providers ask for by name, and what of a person it is."""


@dataclass(frozen=True, slots=True)
class SpDocument:
    """What one document says. `notes` are for the admin; `wanted` are attributes that nothing here answers to."""

    config: SamlApplicationConfig
    name: str
    valid_until: datetime | None
    notes: tuple[str, ...]

    @property
    def description(self) -> Description:
        """What a change of it is judged by."""
        config = self.config
        return Description(
            entity_id=config.entity_id,
            keys=frozenset(_mark(pem) for pem in config.certificates),
            addresses=frozenset(
                (
                    *(f"acs {one.index} {one.url}" for one in config.acs),
                    *(f"logout {name} {url}" for name, url in config.slo.items()),
                    *(f"logout answer {name} {url}" for name, url in config.slo_answers.items()),
                    *((f"encryption {_mark(config.encryption_certificate)}",) if config.encryption_certificate else ()),
                )
            ),
            valid_until=self.valid_until,
        )


def read_sp(text: str, now: datetime) -> SpDocument:
    """Raises ValueError with a sentence for the admin."""
    if len(text) > MAX_METADATA:
        raise ValueError("it is too large to be metadata of one application.")
    try:
        root = parse(text.strip().removeprefix("\ufeff").encode())
        role = _role(root)
        ends = [moment(one.get("validUntil"), "validUntil") for one in (role, *role.iterancestors())]
    except Fault as fault:
        raise ValueError(f"it can't be read as metadata: {fault}.") from None
    until = min((end for end in ends if end is not None), default=None)
    if until is not None and until <= now:
        raise ValueError(f"it says of itself that it ended on {until:%Y-%m-%d}: get a new one.")
    entity = role.getparent()
    notes: list[str] = []
    certificates = _certificates(role, "signing")
    slo, answers = _logout_places(role, "Location", notes), _logout_places(role, "ResponseLocation", notes)
    if slo and not certificates:
        notes.append("It names addresses for signing out but no certificate, and such messages are signed: it is not told.")
        slo, answers = {}, {}
    encryption_certificate, cipher = _encryption(role, notes)
    config = SamlApplicationConfig(
        entity_id=_entity_id(entity),
        acs=_acs(role),
        slo=slo,
        slo_answers={name: url for name, url in (slo | answers).items() if name != "soap"},
        certificates=certificates,
        encryption_certificate=encryption_certificate,
        cipher=cipher,
        name_id=_name_id(role).value,
        attributes=tuple(_attributes(role, notes)),
        wants_signed_requests=role.get("AuthnRequestsSigned") in {"true", "1"} and bool(certificates),
    )
    if role.get("AuthnRequestsSigned") in {"true", "1"} and not certificates:
        notes.append("It says that it signs its requests but names no certificate: they can't be checked.")
    if not certificates:
        notes.append("It does not sign its requests: anybody may begin a sign-in for it. Its answers go to its addresses only.")
    return SpDocument(config, _name(entity, role), until, tuple(notes))


def _role(root: Element) -> Element:
    roles = [one for one in root.iter(_ROLE) if SAMLP in one.get("protocolSupportEnumeration", "").split()]
    if len(roles) != 1:
        raise ValueError("it has to describe exactly one service provider for SAML 2.0.")
    return roles[0]


def _entity_id(entity: Element) -> str:
    try:
        return check_entity_id(entity.get("entityID", ""))
    except ValueError as error:
        raise ValueError(f"its entityID {error}") from None


def _acs(role: Element) -> tuple[AcsAddress, ...]:
    """By POST, as nothing else is sent. One that may not be registered is told, not left out: it was meant."""
    found: list[AcsAddress] = []
    for one in role.iterfind(f"{{{MD}}}AssertionConsumerService"):
        if one.get("Binding") != _POST:
            continue
        url, index = one.get("Location", ""), one.get("index", "")
        try:
            check_return_address(url)
        except ValueError as error:
            raise ValueError(f"its AssertionConsumerService {url[:200]} {error}") from None
        if not index.isdecimal() or len(index) > 5 or int(index) in [known.index for known in found]:
            raise ValueError(f"its AssertionConsumerService {url[:200]} has no index of its own.")
        found.append(AcsAddress(url, int(index), one.get("isDefault") in {"true", "1"}))
    if not found or len(found) > MAX_ADDRESSES:
        raise ValueError(f"it has to name between one and {MAX_ADDRESSES} AssertionConsumerServices for HTTP-POST.")
    return tuple(found)


def _certificates(role: Element, use: str) -> tuple[str, ...]:
    """Keys without a `use` are for both (Metadata, 2.4.1.1)."""
    path = f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate"
    keys = [one for one in role.iterfind(f"{{{MD}}}KeyDescriptor") if one.get("use", use) == use]
    texts = [certificate.text or "" for key in keys for certificate in key.iterfind(path)]
    try:
        return tuple(dict.fromkeys(checked_certificate(text) for text in texts))[:10]
    except ValueError as error:
        raise ValueError(f"for {use}, {error}") from None


def _encryption(role: Element, notes: list[str]) -> tuple[str | None, str]:
    certificates = [pem for pem in _certificates(role, "encryption") if _is_rsa(pem)]
    if not certificates:
        return None, "aes256-gcm"
    methods = {one.get("Algorithm", "") for one in role.iter(f"{{{MD}}}EncryptionMethod")}
    ciphers = [name for name in ("aes256-gcm", "aes128-gcm") if f"{XENC11}{name}" in methods]
    if any("aes" in one for one in methods) and not ciphers:
        notes.append("It takes AES-CBC only, which is not made here: nothing is encrypted for it.")
        return None, "aes256-gcm"
    return certificates[0], ciphers[0] if ciphers else "aes256-gcm"


def _is_rsa(pem: str) -> bool:
    return isinstance(x509.load_pem_x509_certificate(pem.encode()).public_key(), rsa.RSAPublicKey)


def _logout_places(role: Element, attribute: str, notes: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in role.iterfind(f"{{{MD}}}SingleLogoutService"):
        binding, url = _BINDINGS.get(one.get("Binding", "")), one.get(attribute)
        if binding is None or not url or binding in found:
            continue
        try:
            found[binding] = check_return_address(url)
        except ValueError as error:
            notes.append(f"Its SingleLogoutService {url[:200]} {error} It is left out.")
    return found


def _name_id(role: Element) -> NameIdKind:
    formats = [(one.text or "").strip() for one in role.iterfind(f"{{{MD}}}NameIDFormat")]
    known = [_NAME_IDS[one] for one in formats if one in _NAME_IDS]
    if known:
        return known[0]
    return NameIdKind.UNSPECIFIED if formats else NameIdKind.PERSISTENT


def _attributes(role: Element, notes: list[str]) -> Iterator[AttributeRule]:
    """What it asks for, as far as it is known by name; an admin decides what it gets beside that."""
    seen: set[str] = set()
    for one in role.iter(f"{{{MD}}}RequestedAttribute"):
        name = one.get("Name", "")
        if name in seen:
            continue
        seen.add(name)
        if name in KNOWN_ATTRIBUTES:
            friendly, source = KNOWN_ATTRIBUTES[name]
            yield AttributeRule(name, source.value, friendly_name=friendly)
        elif one.get("isRequired") in {"true", "1"}:
            notes.append(f"It needs the attribute {name[:200]}, which is not known here: give it by a rule.")


def _name(entity: Element, role: Element) -> str:
    for path in (f".//{{{_MDUI}}}DisplayName", f"{{{MD}}}Organization/{{{MD}}}OrganizationDisplayName"):
        found = (role if "ui" in path.rpartition("}")[0] else entity).find(path)
        if found is not None and (found.text or "").strip().isprintable() and (found.text or "").strip():
            return str(found.text).strip()[:200]
    return str(entity.get("entityID", "")).partition("://")[2].partition("/")[0][:200] or "Application"


def _mark(pem: str) -> str:
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
