"""The response of the simulated company login, before it is signed (SAML Core, 2 and 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from broker.demo.people import StaffPerson
from broker.demo.saml.requests import SAML, SAMLP
from tenants.ids import new_secret

STATUS = "urn:oasis:names:tc:SAML:2.0:status"
FORMATS = "urn:oasis:names:tc:SAML:2.0:nameid-format"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
LIFE = timedelta(minutes=5)
Element = Any
"""lxml has no types of its own."""


def new_id() -> str:
    return f"_{new_secret()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the response says. `status`: code and the code below it; `request_id` empty: nobody has asked."""

    issuer: str
    audience: str
    recipient: str
    request_id: str
    at: datetime
    person: StaffPerson
    status: tuple[str, str] = ("Success", "")
    assertion_id: str = field(default_factory=new_id)
    has_attributes: bool = True
    is_transient: bool = False


def response(said: Said) -> Element:
    root = _element(
        None,
        f"{{{SAMLP}}}Response",
        ID=new_id(),
        Version="2.0",
        IssueInstant=instant(said.at),
        Destination=said.recipient,
        **_answering(said),
    )
    _text(root, "Issuer", said.issuer)
    code, subcode = said.status
    outer = _element(_element(root, f"{{{SAMLP}}}Status"), f"{{{SAMLP}}}StatusCode", Value=f"{STATUS}:{code}")
    if subcode:
        _element(outer, f"{{{SAMLP}}}StatusCode", Value=f"{STATUS}:{subcode}")
    if code == "Success":
        root.append(_assertion(said))
    return root


def _assertion(said: Said) -> Element:
    root = _element(None, f"{{{SAML}}}Assertion", ID=said.assertion_id, Version="2.0", IssueInstant=instant(said.at))
    _text(root, "Issuer", said.issuer)
    _add_subject(root, said)
    limits = {"NotBefore": instant(said.at - timedelta(minutes=1)), "NotOnOrAfter": instant(said.at + LIFE)}
    conditions = _element(root, f"{{{SAML}}}Conditions", **limits)
    _text(_element(conditions, f"{{{SAML}}}AudienceRestriction"), "Audience", said.audience)
    statement = _element(root, f"{{{SAML}}}AuthnStatement", AuthnInstant=instant(said.at), SessionIndex=new_id())
    _text(_element(statement, f"{{{SAML}}}AuthnContext"), "AuthnContextClassRef", PASSWORD)
    if said.has_attributes:
        _add_attributes(root, attributes_of(said.person))
    return root


def _add_subject(assertion: Element, said: Said) -> None:
    subject = _element(assertion, f"{{{SAML}}}Subject")
    kind, value = ("transient", new_id()) if said.is_transient else ("persistent", said.person.id)
    _text(subject, "NameID", value).set("Format", f"{FORMATS}:{kind}")
    confirmation = _element(subject, f"{{{SAML}}}SubjectConfirmation", Method=BEARER)
    _element(
        confirmation,
        f"{{{SAML}}}SubjectConfirmationData",
        NotOnOrAfter=instant(said.at + LIFE),
        Recipient=said.recipient,
        **_answering(said),
    )


def _answering(said: Said) -> dict[str, str]:
    """What begins here answers nobody."""
    return {"InResponseTo": said.request_id} if said.request_id else {}


def attributes_of(person: StaffPerson) -> Mapping[str, Sequence[str]]:
    """Under the names that the broker knows as those of Okta."""
    return {
        "email": [person.email],
        "firstName": [person.given_name],
        "lastName": [person.family_name],
        "groups": person.groups,
    }


def _add_attributes(assertion: Element, attributes: Mapping[str, Sequence[str]]) -> None:
    statement = _element(assertion, f"{{{SAML}}}AttributeStatement")
    for name, values in attributes.items():
        attribute = _element(statement, f"{{{SAML}}}Attribute", Name=name)
        for value in values:
            _text(attribute, "AttributeValue", value)


def _element(parent: Element | None, tag: str, **attributes: str) -> Element:
    if parent is None:
        return etree.Element(tag, attributes, nsmap={"samlp": SAMLP, "saml": SAML})
    return etree.SubElement(parent, tag, attributes)


def _text(parent: Element, name: str, text: str) -> Element:
    element = _element(parent, f"{{{SAML}}}{name}")
    element.text = text
    return element


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
