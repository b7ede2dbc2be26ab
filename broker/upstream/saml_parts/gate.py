"""The gate: what a response may look like at all, decided before any signature is looked at (security.md 1.2).

Signatures say nothing about where in a document the signed part stands, nor that it is the part that is read. So the
shape is fixed first: one assertion at one place, each signature directly behind the issuer of what it signs, each id
once, nothing that makes a library compute or fetch. `check_shape` looks at what was opened in the same way.
"""

import base64
import binascii
import re
from collections.abc import Callable

from lxml import etree

from broker.upstream.saml_parts.shapes import check_encrypted, check_signature
from broker.upstream.saml_parts.xml import (
    ASSERTION,
    DS,
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

MAX_BYTES = 131_072
"""Of a response; the largest real ones, with 150 groups, have a fifth of it."""
MAX_ELEMENTS = 3000
MAX_DEPTH = 30
MAX_ATTRIBUTES = 20
_PLACES = {"Response": RESPONSE, "Assertion": ASSERTION, "EncryptedAssertion": ENCRYPTED_ASSERTION}
_ORDER = (ISSUER, SIGNATURE, EXTENSIONS, STATUS, ASSERTION, ENCRYPTED_ASSERTION)
_IDS = frozenset({"id", "assertionid", "responseid", "requestid"})
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SIGNED_PARTS = frozenset(
    f"{{{DS}}}{name}"
    for name in ("SignedInfo", "Reference", "Transforms", "Transform", "Object", "Manifest", "RetrievalMethod")
)
"""What a library might work on wherever it meets it."""


def open_response(encoded: str) -> Element:
    """The response as it came in the form, if it has the one shape that is taken. Raises Fault."""
    root = parse(decoded(encoded))
    check_shape(root)
    return root


def check_shape(root: Element) -> None:
    """Raises Fault. A response without an assertion passes: it is one that says no."""
    for check in CHECKS:
        check(root)


def decoded(encoded: str) -> bytes:
    """Base64 without leniency; only the line breaks that the binding allows (Bindings, 3.5.4)."""
    try:
        data = base64.b64decode(encoded.replace("\r", "").replace("\n", "").encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Fault("base64") from None
    if len(data) > MAX_BYTES:
        raise Fault("size")
    return data


def _check_nodes(root: Element) -> None:
    """Elements and text only, not too many and not too deep. Names of namespaces are absolute, as c14n asks."""
    if root.getprevious() is not None or root.getnext() is not None:
        raise Fault("nodes", "something beside the root")
    count = depth = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "start-ns")):
        if event == "end":
            depth -= 1
        elif event == "start-ns":
            _check_namespace(node[1])
        else:
            count, depth = count + 1, depth + 1
            if count > MAX_ELEMENTS or depth > MAX_DEPTH or len(node.attrib) > MAX_ATTRIBUTES:
                raise Fault("nodes", "too many, or too deep")
    if any(not isinstance(node.tag, str) for node in root.iter()):
        raise Fault("nodes", "a comment, a processing instruction or an entity")


def _check_namespace(uri: str) -> None:
    if uri and not _ABSOLUTE.match(uri):
        raise Fault("nodes", "a relative namespace")


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


def _check_ids(root: Element) -> None:
    """Each id once, whatever its attribute is called; and none that a parser takes for one by itself (xml:id)."""
    seen: set[str] = set()
    for node in root.iter():
        for name, value in node.attrib.items():
            qualified = etree.QName(name)
            if qualified.localname.lower() not in _IDS:
                continue
            if qualified.namespace or not value or value in seen:
                raise Fault("duplicate_id")
            seen.add(value)


def _check_signature_places(root: Element) -> None:
    """Core, 5.4.1: a signature is the second child of what it signs, behind the issuer; there is one for each."""
    for node in root.iter("{*}Signature"):
        parent, issuer = node.getparent(), node.getprevious()
        is_place = parent is root or (parent is not None and parent.getparent() is root and parent.tag == ASSERTION)
        if node.tag != SIGNATURE or not is_place or issuer is None or issuer.tag != ISSUER or parent[0] is not issuer:
            raise Fault("signature_place")
    for node in root.iter(*_SIGNED_PARTS):
        if next(node.iterancestors(SIGNATURE), None) is None:
            raise Fault("reference", etree.QName(node).localname)


def _check_signature_forms(root: Element) -> None:
    for signature in root.iter(SIGNATURE):
        check_signature(signature)


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
    _check_nodes,
    _check_root,
    _check_assertion_place,
    _check_ids,
    _check_signature_places,
    _check_signature_forms,
    _check_encrypted_form,
)
ANY_MESSAGE = (_check_nodes, _check_ids, _check_signature_places, _check_signature_forms)
"""What a message about signing out has to pass as well (logout.py); its parts are others."""
