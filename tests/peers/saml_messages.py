"""What identity providers write: responses part by part, each of which can be wrong, and encrypted assertions."""

import base64
import os
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from lxml import etree
from signxml import SignatureConfiguration

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
STRICT = SignatureConfiguration(location="./")
NAMES = {"samlp": PROTOCOL, "saml": SAML}


@dataclass
class Answer:
    """Every part of a response. None leaves an attribute or element out."""

    issuer: str | None
    assertion_issuer: str | None
    destination: str | None
    recipient: str | None
    in_response_to: str | None
    scd_in_response_to: str | None
    audiences: Sequence[Sequence[str | None]]
    issue_instant: str | None
    assertion_issue_instant: str | None
    not_before: str | None
    not_on_or_after: str | None
    scd_not_on_or_after: str | None
    authn_instant: str | None
    name_id: str | None
    attributes: Sequence[tuple[str, Sequence[str | None]]] | None
    response_id: str = field(default_factory=lambda: f"_{uuid4().hex}")
    assertion_id: str = field(default_factory=lambda: f"_{uuid4().hex}")
    version: str = "2.0"
    assertion_version: str = "2.0"
    status: str = "Success"
    subcode: str | None = None
    message: str | None = None
    has_assertion: bool = True
    name_id_format: str | None = PERSISTENT
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None
    method: str = BEARER
    scd_not_before: str | None = None
    session_not_on_or_after: str | None = None
    session_index: str | None = "_s"
    class_ref: str = PASSWORD


def response(answer: Answer) -> Any:
    """The document without any signature."""
    root = _element(
        None,
        f"{{{PROTOCOL}}}Response",
        ID=answer.response_id,
        Version=answer.version,
        IssueInstant=answer.issue_instant,
        Destination=answer.destination,
        InResponseTo=answer.in_response_to,
    )
    _text(root, "Issuer", answer.issuer)
    status = _element(root, f"{{{PROTOCOL}}}Status")
    code = _element(status, f"{{{PROTOCOL}}}StatusCode", Value=f"{STATUS}{answer.status}")
    if answer.subcode:
        _element(code, f"{{{PROTOCOL}}}StatusCode", Value=f"{STATUS}{answer.subcode}")
    if answer.message:
        _element(status, f"{{{PROTOCOL}}}StatusMessage").text = answer.message
    if answer.has_assertion:
        root.append(assertion(answer))
    return root


def assertion(answer: Answer) -> Any:
    root = _element(
        None,
        f"{{{SAML}}}Assertion",
        ID=answer.assertion_id,
        Version=answer.assertion_version,
        IssueInstant=answer.assertion_issue_instant,
    )
    _text(root, "Issuer", answer.assertion_issuer)
    _subject(root, answer)
    conditions = _part(root, "Conditions", NotBefore=answer.not_before, NotOnOrAfter=answer.not_on_or_after)
    for audiences in answer.audiences:
        restriction = _part(conditions, "AudienceRestriction")
        for audience in audiences:
            _part(restriction, "Audience").text = audience
    statement = _part(
        root,
        "AuthnStatement",
        AuthnInstant=answer.authn_instant,
        SessionNotOnOrAfter=answer.session_not_on_or_after,
        SessionIndex=answer.session_index,
    )
    _text(_part(statement, "AuthnContext"), "AuthnContextClassRef", answer.class_ref)
    if answer.attributes is not None:
        statement = _part(root, "AttributeStatement")
        for name, values in answer.attributes:
            attribute = _part(statement, "Attribute", Name=name)
            for value in values:
                _part(attribute, "AttributeValue").text = value
    return root


def _subject(root: Any, answer: Answer) -> None:
    subject = _part(root, "Subject")
    if answer.name_id is not None:
        _part(
            subject,
            "NameID",
            Format=answer.name_id_format,
            NameQualifier=answer.name_qualifier,
            SPNameQualifier=answer.sp_name_qualifier,
        ).text = answer.name_id
    confirmation = _part(subject, "SubjectConfirmation", Method=answer.method)
    _part(
        confirmation,
        "SubjectConfirmationData",
        Recipient=answer.recipient,
        InResponseTo=answer.scd_in_response_to,
        NotOnOrAfter=answer.scd_not_on_or_after,
        NotBefore=answer.scd_not_before,
    )


def encrypted(
    document: Any,
    certificate: x509.Certificate,
    *,
    part: str = "Assertion",
    cipher: str = f"{XENC11}aes256-gcm",
    transport: str = f"{XENC}rsa-oaep-mgf1p",
    with_hint: bool = True,
    clear: bytes | None = None,
) -> Any:
    """The document with one part encrypted by hand (XML Encryption, 4.3), or with `clear` in its place."""
    name = {"Assertion": "EncryptedAssertion", "NameID": "EncryptedID"}[part]
    plain = next(document.iter(f"{{{SAML}}}{part}"))
    secret = os.urandom(32)
    data = etree.tostring(plain, with_tail=False) if clear is None else clear
    box = _gcm(secret, data) if cipher.endswith("gcm") else _cbc(secret, data)
    if transport.endswith("1_5"):
        wrapped = certificate.public_key().encrypt(secret, rsa_padding.PKCS1v15())
    else:
        sha1 = hashes.SHA1()  # noqa: S303 - what rsa-oaep-mgf1p is
        oaep = rsa_padding.OAEP(rsa_padding.MGF1(sha1), sha1, None)
        wrapped = certificate.public_key().encrypt(secret, oaep)
    hint = (
        "<ds:KeyInfo><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName>"
        "<ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data></ds:KeyInfo>"
    )
    element = etree.fromstring(
        f'<saml:{name} xmlns:saml="{SAML}" xmlns:xenc="{XENC}" xmlns:ds="{DS}">'
        f'<xenc:EncryptedData Type="{XENC}Element"><xenc:EncryptionMethod Algorithm="{cipher}"/><ds:KeyInfo>'
        f'<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{transport}">'
        f'<ds:DigestMethod Algorithm="{DS}sha1"/></xenc:EncryptionMethod>{hint if with_hint else ""}'
        f"<xenc:CipherData><xenc:CipherValue>{base64.b64encode(wrapped).decode()}</xenc:CipherValue></xenc:CipherData>"
        f"</xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{base64.b64encode(box).decode()}"
        f"</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:{name}>"
    )
    made = deepcopy(document)
    place = next(made.iter(f"{{{SAML}}}{part}"))
    place.getparent().replace(place, element)
    return made


def _gcm(secret: bytes, data: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(secret).encrypt(nonce, data, None)


def _cbc(secret: bytes, data: bytes) -> bytes:
    start, padder = os.urandom(16), padding.ANSIX923(128).padder()
    encryptor = Cipher(AES(secret), CBC(start)).encryptor()
    return start + encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()


def _element(parent: Any, tag: str, **attributes: str | None) -> Any:
    given = {name: value for name, value in attributes.items() if value is not None}
    if parent is None:
        return etree.Element(tag, given, nsmap=NAMES)
    return etree.SubElement(parent, tag, given)


def _part(parent: Any, name: str, **attributes: str | None) -> Any:
    return _element(parent, f"{{{SAML}}}{name}", **attributes)


def _text(parent: Any, name: str, text: str | None) -> None:
    if text is not None:
        _part(parent, name).text = text
