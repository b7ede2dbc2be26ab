"""Who it is: subject, address, names and groups. An attribute is known by its `Name` alone, never by a friendly one.

What is read for one value must be there once: a second value, a second attribute of that name or an element inside it
would leave open which one counts, so all of these are refused (security.md, SU-22).
"""

import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypedDict

from broker.saml_xml.xml import (
    EMAIL_FORMAT,
    NAME_FORMATS,
    NAME_ID,
    SAML,
    UNSPECIFIED_FORMAT,
    Element,
    Fault,
    text_of,
)
from broker.upstream.kind import PersonNames
from broker.upstream.oauth_errors import clean
from broker.upstream.saml_parts.checks import Expected, Message

MAX_SUBJECT = 255
MAX_VALUE = 1000
MAX_NAME = 200
MAX_GROUPS = 2000
MAX_GROUP = 256
_MAX_SHOWN = 50
_KEYING_FORMATS = frozenset({f"{NAME_FORMATS}persistent", UNSPECIFIED_FORMAT, EMAIL_FORMAT})
"""Formats whose value stays the same person's. A transient one is made up anew each time."""
_OVERAGE = "http://schemas.microsoft.com/claims/groups.link"
"""Entra: too many groups to send; that is unknown, not none."""

_WS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
_MS = "http://schemas.microsoft.com"


class PersonDetails(TypedDict):
    """Two parts of an Assertion, to be filled in together."""

    position: str | None
    phone: str | None


Preset = Literal["adfs", "entra", "google", "okta", "eduperson"]


@dataclass(frozen=True, slots=True)
class Names:
    """Under which names the provider sends what; empty: not at all. Without `subject` it is the NameID."""

    email: str = ""
    given_name: str = ""
    family_name: str = ""
    display_name: str = ""
    groups: str = ""
    subject: str = ""
    position: str = ""
    phone: str = ""


PRESETS = MappingProxyType(
    {
        "adfs": Names(
            email=f"{_WS}/emailaddress",
            given_name=f"{_WS}/givenname",
            family_name=f"{_WS}/surname",
            display_name=f"{_WS}/name",
            groups="http://schemas.xmlsoap.org/claims/Group",
        ),
        # The object id stays when the user name changes hands.
        "entra": Names(
            email=f"{_WS}/emailaddress",
            given_name=f"{_WS}/givenname",
            family_name=f"{_WS}/surname",
            display_name=f"{_MS}/identity/claims/displayname",
            groups=f"{_MS}/ws/2008/06/identity/claims/groups",
            subject=f"{_MS}/identity/claims/objectidentifier",
            position="jobtitle",
            phone="telephonenumber",
        ),
        # At these two an admin chooses the names; these are the ones that docs/providers/saml.md asks for.
        "google": Names("email", "firstName", "lastName", "", "groups", position="title", phone="phone"),
        "okta": Names("email", "firstName", "lastName", "displayName", "groups", position="title", phone="phone"),
        "eduperson": Names(
            email="urn:oid:0.9.2342.19200300.100.1.3",
            given_name="urn:oid:2.5.4.42",
            family_name="urn:oid:2.5.4.4",
            display_name="urn:oid:2.16.840.1.113730.3.1.241",
            groups="urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
            position="urn:oid:2.5.4.12",
            phone="urn:oid:2.5.4.20",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of an assertion, each with its values as elements."""

    by_name: dict[str, list[Element]]
    repeated: frozenset[str]

    @classmethod
    def of(cls, message: Message) -> "Attributes":
        by_name: dict[str, list[Element]] = {}
        repeated = set()
        for attribute in message.assertion.iterfind(f"{{{SAML}}}AttributeStatement/{{{SAML}}}Attribute"):
            name = attribute.get("Name", "")
            if name in by_name:
                repeated.add(name)
            by_name.setdefault(name, []).extend(attribute.iterchildren(f"{{{SAML}}}AttributeValue"))
        return cls(by_name, frozenset(repeated))

    def single(self, name: str) -> str:
        """The one value of an attribute; empty where it was not sent. Raises Fault where it is not clear."""
        values = self.by_name.get(name) if name else None
        if not values:
            return ""
        if len(values) > 1 or name in self.repeated or len(values[0]):
            raise Fault("attribute", f"not one plain value: {name[:200]}")
        text = text_of(values[0]).strip()
        if len(text) > MAX_VALUE:
            raise Fault("attribute", f"too long: {name[:200]}")
        return text

    def many(self, name: str) -> tuple[str, ...] | None:
        """All values of an attribute that are texts of a bearable length; None where it was not sent, or by a link alone."""
        values = self.by_name.get(name) if name else None
        if values is None or _OVERAGE in self.by_name:
            return None
        texts = (value.text for value in values if not len(value) and len(value.text or "") <= MAX_GROUP)
        return tuple(filter(None, (clean(text, MAX_GROUP) for text in texts)))[:MAX_GROUPS]

    def shown(self) -> dict[str, Any]:
        """Shortened, for the connection test and for support."""
        names = list(self.by_name)[:_MAX_SHOWN]
        return {
            clean(name, MAX_NAME): [clean(value.text, MAX_NAME) for value in self.by_name[name][:_MAX_SHOWN]] for name in names
        }


def subject_of(message: Message, attributes: Attributes, names: Names, expected: Expected) -> str:
    """What an account is known by: the configured attribute, or a NameID that stays. Raises Fault."""
    if names.subject:
        return _keyed(attributes.single(names.subject))
    name_id = message.one("Subject").find(NAME_ID)
    if name_id is None:
        raise Fault("subject", "no NameID")
    if name_id.get("Format", UNSPECIFIED_FORMAT) not in _KEYING_FORMATS:
        raise Fault("subject", f"a NameID of the format {name_id.get('Format')[:200]!r} is nobody's for good")
    _check_qualifiers(name_id, expected)
    return _keyed(text_of(name_id))


def email_of(message: Message, attributes: Attributes, names: Names) -> str | None:
    """The address: the configured attribute, else a NameID that says that it is one. Raises Fault."""
    address = attributes.single(names.email)
    if not address and not names.email:
        name_id = message.one("Subject").find(NAME_ID)
        if name_id is not None and name_id.get("Format") == EMAIL_FORMAT:
            address = text_of(name_id)
    if not address:
        return None
    if not _is_plain(address) or len(address) > MAX_SUBJECT:
        raise Fault("email", "no plain address")
    return address


def names_of(attributes: Attributes, names: Names) -> PersonNames:
    """The three names of an Assertion. Raises Fault."""

    def name(attribute: str) -> str | None:
        return clean(attributes.single(attribute), MAX_NAME) or None

    return {
        "given_name": name(names.given_name),
        "family_name": name(names.family_name),
        "display_name": name(names.display_name),
    }


def details_of(attributes: Attributes, names: Names) -> PersonDetails:
    """What a directory says besides. Of several values the first would be anybody's guess, so then there is none."""

    def detail(attribute: str) -> str | None:
        try:
            return clean(attributes.single(attribute), MAX_NAME) or None
        except Fault:
            return None

    return {"position": detail(names.position), "phone": detail(names.phone)}


def _check_qualifiers(name_id: Element, expected: Expected) -> None:
    """Core, 8.3.7: a persistent name may say between whom it holds; it has to be the provider and us."""
    if name_id.get("NameQualifier", expected.issuer) != expected.issuer:
        raise Fault("subject", "a foreign NameQualifier")
    if name_id.get("SPNameQualifier", expected.audience) != expected.audience:
        raise Fault("subject", "a foreign SPNameQualifier")


def _keyed(value: str) -> str:
    if not value.strip() or len(value) > MAX_SUBJECT or not _is_plain(value):
        raise Fault("subject", "empty, too long, or not plain text")
    return value


def _is_plain(text: str) -> bool:
    """Nothing invisible, nothing that only looks like something else, no markup."""
    return (
        text == text.strip()
        and unicodedata.normalize("NFKC", text) == text
        and text.isprintable()
        and not any(letter in "<>&" for letter in text)
    )
