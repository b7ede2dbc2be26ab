"""How a person is named to a service provider (Core, 8.3)."""

import hmac
from dataclasses import asdict, dataclass
from typing import Any

from flask import g

from broker.downstream.saml.asked import Asked
from broker.downstream.saml.denied import Denied
from broker.downstream.saml.places import entity_id
from broker.saml_xml.logout import name_of
from broker.saml_xml.names import put_name
from broker.saml_xml.xml import EMAIL_FORMAT, NAME_FORMATS, UNSPECIFIED_FORMAT
from broker.session import SignedIn
from tenants.causes import Breakage, Cause
from tenants.ids import digest, new_secret
from tenants.saml_applications import NameIdKind, SamlApplicationConfig

PERSISTENT, TRANSIENT = f"{NAME_FORMATS}persistent", f"{NAME_FORMATS}transient"
_FORMATS = {
    NameIdKind.PERSISTENT: PERSISTENT,
    NameIdKind.EMAIL: EMAIL_FORMAT,
    NameIdKind.TRANSIENT: TRANSIENT,
    NameIdKind.UNSPECIFIED: UNSPECIFIED_FORMAT,
}
NAME_FORMATS_GIVEN = frozenset(_FORMATS.values())


@dataclass(frozen=True, slots=True)
class Name:
    """A NameID, to the letter."""

    value: str
    format: str
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As a row holds it."""
        return asdict(self)

    def mark(self, saml: SamlApplicationConfig) -> str:
        """The same for everything that names the same person: what a LogoutRequest is compared by."""
        return digest(name_of(put_name(None, **asdict(self)), entity_id(), saml.entity_id))


def is_named_by_address(saml: SamlApplicationConfig, asked: Asked) -> bool:
    """Is the name that is going to be given the person's e-mail address?"""
    return _wanted(saml, asked) not in {PERSISTENT, TRANSIENT}


def is_met_by_address(person: SignedIn, asked: Asked) -> bool:
    """Is it the person's e-mail address that says that they are the Subject?"""
    if asked.subject is None:
        return False
    wanted, text = asked.subject
    return wanted in {EMAIL_FORMAT, UNSPECIFIED_FORMAT} and text.casefold() == person.row.email.casefold()


def name_for(person: SignedIn, saml: SamlApplicationConfig, asked: Asked) -> Name:
    """In the format that was asked for, or the application's own. Raises Denied where it may not be had."""
    name = _named(person, saml, _wanted(saml, asked))
    if asked.subject is not None and not (is_met_by_address(person, asked) or _is_pairwise(asked.subject, person, saml)):
        raise Denied("Responder", "UnknownPrincipal", "somebody else than the Subject is signed in", Cause.INTERACTION_NEEDED)
    return name


def _wanted(saml: SamlApplicationConfig, asked: Asked) -> str:
    return asked.name_format or _FORMATS[NameIdKind(saml.name_id)]


def _named(person: SignedIn, saml: SamlApplicationConfig, wanted: str) -> Name:
    if wanted == PERSISTENT:
        return Name(_pairwise(person.row.account_id, saml), wanted, entity_id(), saml.entity_id)
    if wanted == TRANSIENT:
        return Name(f"_{new_secret()}", wanted, entity_id(), saml.entity_id)
    return Name(person.row.email, wanted)


def _pairwise(account_id: str, saml: SamlApplicationConfig) -> str:
    """Opaque, the same each time, another one for each application; small letters only (SD-04)."""
    salt = g.tenant.pairwise_salt
    if not salt:
        raise Breakage(Cause.BROKEN, "the tenant has no salt for pairwise names")
    return hmac.digest(salt.encode(), f"saml {saml.entity_id} {account_id}".encode(), "sha256").hex()


def _is_pairwise(subject: tuple[str, str], person: SignedIn, saml: SamlApplicationConfig) -> bool:
    wanted, text = subject
    return wanted == PERSISTENT and hmac.compare_digest(text.encode(), _pairwise(person.row.account_id, saml).encode())
