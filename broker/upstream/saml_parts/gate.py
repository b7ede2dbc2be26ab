"""The gate: what a response may look like at all, decided before any signature is looked at (security.md 1.2).

Signatures say nothing about where in a document the signed part stands, nor that it is the part that is read. So the
shape is fixed first: one assertion at one place, each signature directly behind the issuer of what it signs, each id
once, nothing that makes a library compute or fetch. `check_shape` looks at what was opened in the same way.
"""

from collections.abc import Callable

from lxml import etree

from broker.saml_xml.gate import check_ids, check_nodes, check_signature_forms, check_signature_places, decoded
from broker.saml_xml.shapes import check_encrypted
from broker.saml_xml.xml import (
    ASSERTION,
    ENCRYPTED_ASSERTION,
    ENCRYPTED_ID,
    EXTENSIONS,
    ISSUER,
    RESPONSE,
    SAML,
    SAMLP,
    SIGNATURE,
    STATUS,
    SUBJECT,
    Element,
    Fault,
    parse,
)

_PLACES = {"Response": RESPONSE, "Assertion": ASSERTION, "EncryptedAssertion": ENCRYPTED_ASSERTION}
_ORDER = (ISSUER, SIGNATURE, EXTENSIONS, STATUS, ASSERTION, ENCRYPTED_ASSERTION)


def open_response(encoded: str) -> Element:
    """The response as it came in the form, if it has the one shape that is taken. Raises Fault."""
    root = parse(decoded(encoded))
    check_shape(root)
    return root


def check_shape(root: Element) -> None:
    """Raises Fault. A response without an assertion passes: it is one that says no."""
    for check in CHECKS:
        check(root)


def _check_root(root: Element) -> None:
    """Core, 3.2.2 and 3.3.3: the parts of a response in their order, each once."""
    if root.tag != RESPONSE:
        raise Fault("root", str(root.tag)[:100])
    tags = [child.tag for child in root]
    if any(tag not in _ORDER for tag in tags) or tags != sorted(set(tags), key=_ORDER.index) or STATUS not in tags:
        word = "assertion_place" if tags.count(ASSERTION) + tags.count(ENCRYPTED_ASSERTION) > 1 else "root"
        raise Fault(word, "the parts of the response")


def _check_assertion_place(root: Element) -> None:
    """One assertion, a child of the response; nothing that could be taken for one anywhere else."""
    found = [node for node in root.iter("{*}Assertion", "{*}EncryptedAssertion", "{*}Response") if node is not root]
    for node in found:
        if node.getparent() is not root or node.tag != _PLACES[etree.QName(node).localname]:
            raise Fault("assertion_place")
    if len(found) > 1:
        raise Fault("assertion_place", "more than one assertion")


def _check_encrypted_form(root: Element) -> None:
    """Two things may be encrypted: the assertion, and the name in its subject (Core, 2.2.4 and 2.4.1)."""
    for encrypted in root.iter(ENCRYPTED_ASSERTION):
        check_encrypted(encrypted)
    for encrypted in root.iter(ENCRYPTED_ID):
        subject = encrypted.getparent()
        if subject.tag != SUBJECT or subject.getparent().tag != ASSERTION or subject[0] is not encrypted:
            raise Fault("encryption_form", "an EncryptedID that is not the subject's")
        check_encrypted(encrypted)
    for name in ("EncryptedAttribute", "NewEncryptedID"):
        if next(root.iter(f"{{{SAML}}}{name}", f"{{{SAMLP}}}{name}"), None) is not None:
            raise Fault("encryption_form", f"{name} is not supported")


CHECKS: tuple[Callable[[Element], None], ...] = (
    check_nodes,
    _check_root,
    _check_assertion_place,
    check_ids,
    check_signature_places,
    check_signature_forms,
    _check_encrypted_form,
)
