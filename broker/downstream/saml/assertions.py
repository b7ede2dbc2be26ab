"""Our responses, built element by element (Core, 2 and 3.3.3; Profiles, 4.1.4.2): text nodes only, no string is XML here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from broker.downstream.saml.denied import Denied
from broker.downstream.saml.encrypting import encrypted
from broker.downstream.saml.places import entity_id, signer, signing_key
from broker.downstream.saml.subjects import Name
from broker.saml_xml.names import put_name
from broker.saml_xml.sending import sign
from broker.saml_xml.xml import (
    ASSERTION,
    BEARER,
    ISSUER,
    RESPONSE,
    SAML,
    SAMLP,
    STATUS,
    STATUS_CODE,
    STATUS_CODES,
    SUBJECT,
    SUCCESS,
    Element,
    written,
)
from broker.wiring import the_broker
from tenants.saml_applications import AttributeRule, SamlApplicationConfig, Signed

LIFE = timedelta(minutes=5)
"""So long a response can be taken."""
EARLY = timedelta(seconds=60)
"""So far another's clock may be behind."""
_XS, _XSI = "http://www.w3.org/2001/XMLSchema", "http://www.w3.org/2001/XMLSchema-instance"
_NAME_FORMAT = "urn:oasis:names:tc:SAML:2.0:attrname-format:"
_NO_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""What XML 1.0, 2.2, has no character for."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What one assertion says. `attributes`: each rule with its values."""

    name: Name
    session_index: str
    session_end: datetime
    authenticated_at: datetime
    context: str
    attributes: Sequence[tuple[AttributeRule, tuple[str, ...]]]


def response_of(saml: SamlApplicationConfig, acs: str, request_id: str | None, said: Statement, now: datetime) -> Element:
    """A signed response with one assertion, encrypted where the service provider has a key for that.

    Raises Denied for a value that no XML can hold (security.md, SD-03).
    """
    assertion = _assertion(saml, acs, request_id, said, now)
    if saml.signed != Signed.RESPONSE:
        sign(assertion, signing_key(), signer=signer())
    response = _response(acs, request_id, now)
    etree.SubElement(etree.SubElement(response, STATUS), STATUS_CODE, {"Value": SUCCESS})
    response.append(encrypted(assertion, saml) if saml.encryption_certificate else assertion)
    if saml.signed != Signed.ASSERTION:
        sign(response, signing_key(), signer=signer())
    return response


def refusal_of(acs: str, request_id: str | None, denied: Denied, now: datetime) -> Element:
    """A signed response that says no. Nothing of the request is in it but its id, an attribute (security.md, SD-07)."""
    response = _response(acs, request_id, now)
    outer = etree.SubElement(etree.SubElement(response, STATUS), STATUS_CODE, {"Value": f"{STATUS_CODES}{denied.code}"})
    etree.SubElement(outer, STATUS_CODE, {"Value": f"{STATUS_CODES}{denied.subcode}"})
    sign(response, signing_key(), signer=signer())
    return response


def new_xml_id() -> str:
    """An xs:ID with 256 random bits."""
    return f"_{the_broker().ports.randomness.token_urlsafe(32)}"


def _response(acs: str, request_id: str | None, now: datetime) -> Element:
    attributes = {"ID": new_xml_id(), "Version": "2.0", "IssueInstant": written(now), "Destination": acs}
    if request_id is not None:
        attributes["InResponseTo"] = request_id
    response = etree.Element(RESPONSE, attributes, nsmap={"samlp": SAMLP, "saml": SAML})
    etree.SubElement(response, ISSUER).text = entity_id()
    return response


def _assertion(saml: SamlApplicationConfig, acs: str, request_id: str | None, said: Statement, now: datetime) -> Element:
    attributes = {"ID": new_xml_id(), "Version": "2.0", "IssueInstant": written(now)}
    root = etree.Element(ASSERTION, attributes, nsmap={"saml": SAML, "xs": _XS, "xsi": _XSI})
    etree.SubElement(root, ISSUER).text = entity_id()
    _add_subject(root, acs, request_id, said, now)
    conditions = etree.SubElement(
        root, f"{{{SAML}}}Conditions", {"NotBefore": written(now - EARLY), "NotOnOrAfter": written(now + LIFE)}
    )
    restriction = etree.SubElement(conditions, f"{{{SAML}}}AudienceRestriction")
    etree.SubElement(restriction, f"{{{SAML}}}Audience").text = saml.entity_id
    _add_authentication(root, said)
    if said.attributes:
        statement = etree.SubElement(root, f"{{{SAML}}}AttributeStatement")
        for rule, values in said.attributes:
            _add_attribute(statement, rule, values)
    return root


def _add_subject(root: Element, acs: str, request_id: str | None, said: Statement, now: datetime) -> None:
    subject = etree.SubElement(root, SUBJECT)
    name = said.name
    put_name(subject, _text(name.value), name.format, name.name_qualifier, name.sp_name_qualifier)
    confirmation = etree.SubElement(subject, f"{{{SAML}}}SubjectConfirmation", {"Method": BEARER})
    data = {"Recipient": acs, "NotOnOrAfter": written(now + LIFE)}
    if request_id is not None:
        data["InResponseTo"] = request_id
    etree.SubElement(confirmation, f"{{{SAML}}}SubjectConfirmationData", data)


def _add_authentication(root: Element, said: Statement) -> None:
    attributes = {
        "AuthnInstant": written(said.authenticated_at),
        "SessionIndex": said.session_index,
        "SessionNotOnOrAfter": written(said.session_end),
    }
    statement = etree.SubElement(root, f"{{{SAML}}}AuthnStatement", attributes)
    context = etree.SubElement(statement, f"{{{SAML}}}AuthnContext")
    etree.SubElement(context, f"{{{SAML}}}AuthnContextClassRef").text = said.context


def _add_attribute(statement: Element, rule: AttributeRule, values: tuple[str, ...]) -> None:
    described = {"Name": rule.name, "NameFormat": f"{_NAME_FORMAT}{rule.format}"}
    if rule.friendly_name:
        described["FriendlyName"] = rule.friendly_name
    attribute = etree.SubElement(statement, f"{{{SAML}}}Attribute", described)
    for value in values:
        etree.SubElement(attribute, f"{{{SAML}}}AttributeValue", {f"{{{_XSI}}}type": "xs:string"}).text = _text(value)


def _text(value: str) -> str:
    if _NO_XML.search(value):
        raise Denied("Responder", "InvalidAttrNameOrValue", "a value has characters that XML has none for")
    return value
