"""The one parser, and the names of things. What is parsed here is also what is verified and what is believed."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree

Element = Any
"""An lxml element; lxml has no types."""

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DS}enveloped-signature"
SHA256 = f"{XENC}sha256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
BINDINGS = "urn:oasis:names:tc:SAML:2.0:bindings:"
NAME_FORMATS = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
UNSPECIFIED_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
STATUS_CODES = "urn:oasis:names:tc:SAML:2.0:status:"
SUCCESS = f"{STATUS_CODES}Success"

SKEW = timedelta(seconds=180)
"""Between the other side's clock and ours."""
MAX_AGE = timedelta(minutes=10)
"""Of a message, from its making to its arrival."""

RESPONSE = f"{{{SAMLP}}}Response"
STATUS = f"{{{SAMLP}}}Status"
STATUS_CODE = f"{{{SAMLP}}}StatusCode"
STATUS_MESSAGE = f"{{{SAMLP}}}StatusMessage"
EXTENSIONS = f"{{{SAMLP}}}Extensions"
ASSERTION = f"{{{SAML}}}Assertion"
ENCRYPTED_ASSERTION = f"{{{SAML}}}EncryptedAssertion"
ENCRYPTED_ID = f"{{{SAML}}}EncryptedID"
SUBJECT = f"{{{SAML}}}Subject"
NAME_ID = f"{{{SAML}}}NameID"
ISSUER = f"{{{SAML}}}Issuer"
SIGNATURE = f"{{{DS}}}Signature"

_NOT_UTF8 = re.compile(rb"\A\s*<\?xml[^>]*?encoding\s*=\s*[\"'](?!utf-?8[\"'])", re.IGNORECASE)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z")


class Fault(Exception):
    """Something in a message is not as it has to be; `word` says what, `description` more, for the admin."""

    def __init__(self, word: str, description: str = "") -> None:
        super().__init__(f"{word}: {description}" if description else word)
        self.word = word
        self.description = description


def parse(data: bytes) -> Element:
    """The root of a document in UTF-8. Raises Fault. Nothing is looked up, expanded or fetched for it."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("encoding") from None
    if _NOT_UTF8.match(data):
        raise Fault("encoding")
    # Everywhere, a comment or CDATA included: there is no reason for one to stand in a message.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise Fault("doctype")
    try:
        return etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        raise Fault("xml", str(error)[:200]) from None


def _parser() -> Any:
    """A new one each time: parsers may not be shared between threads, and one costs microseconds."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=False,
        remove_pis=False,
        collect_ids=False,
    )


def text_of(element: Element | None) -> str:
    """The whole text of an element that has no children; empty for none. Raises Fault where it has some."""
    if element is None:
        return ""
    if len(element):
        raise Fault("text", etree.QName(element).localname)
    return element.text or ""


def moment(text: str | None, name: str) -> datetime | None:
    """A time as SAML writes it (Core, 1.3.3: UTC); None for none. Raises Fault."""
    if text is None:
        return None
    found = _TIME.fullmatch(text)
    try:
        return datetime.fromisoformat(found[1]).replace(tzinfo=UTC) if found else _no_time(name)
    except ValueError:
        return _no_time(name)


def _no_time(name: str) -> datetime:
    raise Fault("time", f"{name} is no time in UTC")


def written(moment: datetime) -> str:
    """A time as SAML writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def serialised(element: Element) -> bytes:
    """The bytes of a document of ours."""
    return bytes(etree.tostring(element, encoding="utf-8"))
