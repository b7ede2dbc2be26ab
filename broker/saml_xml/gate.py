"""The gate for every message: what it may look like at all, decided before any signature is looked at (security.md 1.2).

Signatures say nothing about where in a document the signed part stands, nor that it is the part that is read. So the
shape is fixed first: each signature directly behind the issuer of what it signs, each id once, nothing that makes a
library compute or fetch. What the parts of each sort of message are is said by whoever takes it.
"""

import base64
import binascii
import re
from collections.abc import Callable

from lxml import etree

from broker.saml_xml.shapes import check_signature
from broker.saml_xml.xml import ASSERTION, DS, ISSUER, SIGNATURE, Element, Fault

MAX_BYTES = 131_072
"""Of a response; the largest real ones, with 150 groups, have a fifth of it."""
MAX_ELEMENTS = 3000
MAX_DEPTH = 30
MAX_ATTRIBUTES = 20
_IDS = frozenset({"id", "assertionid", "responseid", "requestid"})
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SIGNED_PARTS = frozenset(
    f"{{{DS}}}{name}"
    for name in ("SignedInfo", "Reference", "Transforms", "Transform", "Object", "Manifest", "RetrievalMethod")
)
"""What a library might work on wherever it meets it."""


def decoded(encoded: str) -> bytes:
    """Base64 without leniency; only the line breaks that the binding allows (Bindings, 3.5.4)."""
    try:
        data = base64.b64decode(encoded.replace("\r", "").replace("\n", "").encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Fault("base64") from None
    if len(data) > MAX_BYTES:
        raise Fault("size")
    return data


def check_nodes(root: Element) -> None:
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


def check_ids(root: Element) -> None:
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


def check_signature_places(root: Element) -> None:
    """Core, 5.4.1: a signature is the second child of what it signs, behind the issuer; there is one for each."""
    for node in root.iter("{*}Signature"):
        parent, issuer = node.getparent(), node.getprevious()
        is_place = parent is root or (parent is not None and parent.getparent() is root and parent.tag == ASSERTION)
        if node.tag != SIGNATURE or not is_place or issuer is None or issuer.tag != ISSUER or parent[0] is not issuer:
            raise Fault("signature_place")
    for node in root.iter(*_SIGNED_PARTS):
        if next(node.iterancestors(SIGNATURE), None) is None:
            raise Fault("reference", etree.QName(node).localname)


def check_signature_forms(root: Element) -> None:
    for signature in root.iter(SIGNATURE):
        check_signature(signature)


ANY_MESSAGE: tuple[Callable[[Element], None], ...] = (check_nodes, check_ids, check_signature_places, check_signature_forms)
"""What every message has to pass; its parts are others."""
