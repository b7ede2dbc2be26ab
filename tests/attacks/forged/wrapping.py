"""SU-01: signature wrapping. The signed part stays somewhere, so that its signature holds; another part is to be read."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from itertools import product
from typing import Any

from lxml import etree

from tests.attacks.forged.variant import (
    BASES,
    Make,
    Variant,
    assertion_of,
    changed,
    evil_twin,
    part,
    signature_of,
    variant,
)
from tests.peers.saml_messages import DS, PROTOCOL, SAML

WORDS = ("assertion_place", "duplicate_id", "signature_place", "signature_form", "reference", "root", "signature", "schema")

Place = Callable[[Any, Any, Any], None]
"""Puts the original somewhere: given the document, the evil assertion in its place, and the original."""


def _in_object(document: Any, evil: Any, original: Any) -> None:
    signature = next(document.iter(f"{{{DS}}}Signature"), None)
    holder = evil if signature is None else signature
    etree.SubElement(holder, f"{{{DS}}}Object").append(original)


def _in_key_info(document: Any, evil: Any, original: Any) -> None:
    key_info = next(document.iter(f"{{{DS}}}KeyInfo"), None)
    (evil if key_info is None else key_info).append(original)


def _in_extensions(document: Any, evil: Any, original: Any) -> None:
    extensions = etree.Element(f"{{{PROTOCOL}}}Extensions")
    extensions.append(original)
    part(document, "Status", PROTOCOL).addprevious(extensions)


def _in_status(document: Any, evil: Any, original: Any) -> None:
    etree.SubElement(part(document, "Status", PROTOCOL), f"{{{PROTOCOL}}}StatusDetail").append(original)


def _in_advice(document: Any, evil: Any, original: Any) -> None:
    advice = etree.Element(f"{{{SAML}}}Advice")
    advice.append(original)
    part(evil, "Conditions").addnext(advice)


def _in_confirmation(document: Any, evil: Any, original: Any) -> None:
    part(evil, "SubjectConfirmationData").append(original)


def _in_value(document: Any, evil: Any, original: Any) -> None:
    part(evil, "AttributeValue").append(original)


def _as_child(document: Any, evil: Any, original: Any) -> None:
    evil.append(original)


def _before(document: Any, evil: Any, original: Any) -> None:
    evil.addprevious(original)


def _behind(document: Any, evil: Any, original: Any) -> None:
    evil.addnext(original)


PLACES: dict[str, Place] = {
    "object": _in_object,
    "key-info": _in_key_info,
    "extensions": _in_extensions,
    "status": _in_status,
    "advice": _in_advice,
    "confirmation": _in_confirmation,
    "value": _in_value,
    "child": _as_child,
    "before": _before,
    "behind": _behind,
}


def _wrapped(place: Place, *, same_id: bool, signature: str) -> Make:
    """An evil assertion in the place of the original, which goes elsewhere. `signature`: stays, moves or doubles."""

    def change(document: Any) -> None:
        original = assertion_of(document)
        evil = evil_twin(original, same_id=same_id)
        original.getparent().replace(original, evil)
        if signature != "stays":
            moved = signature_of(original)
            evil.insert(1, deepcopy(moved) if signature == "doubles" else moved)
        place(document, evil, original)

    return changed(change)


def _hidden(place: Place, *, same_id: bool) -> Make:
    """The original where it belongs, the evil one elsewhere."""

    def change(document: Any) -> None:
        original = assertion_of(document)
        place(document, original, evil_twin(original, same_id=same_id))

    return changed(change)


def _response_inside(document: Any, *, where: str, keep_signature: bool, same_id: bool) -> Any:
    """The whole signed response inside an evil one."""
    evil = deepcopy(document)
    for signature in list(evil.iter(f"{{{DS}}}Signature")):
        signature.getparent().remove(signature)
    if not same_id:
        evil.set("ID", "_evil")
    original = assertion_of(evil)
    original.getparent().replace(original, evil_twin(original, same_id=False))
    if keep_signature:
        evil.insert(1, deepcopy(signature_of(document)))
    if where == "object":
        _in_object(evil, assertion_of(evil), document)
    elif where == "first":
        evil.insert(0, document)
    elif where == "last":
        evil.append(document)
    else:
        _in_extensions(evil, assertion_of(evil), document)
    return evil


def _around(tag: str) -> Make:
    """An element of another name around the response."""

    def change(document: Any) -> Any:
        wrapper = etree.Element(tag)
        wrapper.append(document)
        return wrapper

    return changed(change)


def _renamed(tag: str) -> Make:
    """The evil assertion under a name that only looks like the right one, beside the original."""

    def change(document: Any) -> None:
        evil = evil_twin(assertion_of(document), same_id=False)
        evil.tag = tag
        assertion_of(document).addprevious(evil)

    return changed(change)


def _asides() -> Iterator[Variant]:
    for name, place in PLACES.items():
        for same_id, ids in ((True, "same-id"), (False, "new-id")):
            for signature in ("stays", "moves", "doubles"):
                make = _wrapped(place, same_id=same_id, signature=signature)
                yield variant("su01", f"xsw-{name}-{ids}-signature-{signature}", make, *WORDS)
            for signs in BASES:
                yield variant("su01", f"xsw-hidden-{name}-{ids}", _hidden(place, same_id=same_id), *WORDS, signs=signs)


def _responses() -> Iterator[Variant]:
    for where, keep, same_id in product(("object", "first", "last", "extensions"), (True, False), (True, False)):
        name = f"xsw-response-{where}-{'signed' if keep else 'bare'}-{'same-id' if same_id else 'new-id'}"
        change = partial(_response_inside, where=where, keep_signature=keep, same_id=same_id)
        yield variant("su01", name, changed(change), *WORDS, signs=("Response",))


def _names() -> Iterator[Variant]:
    for tag in (f"{{{SAML}}}Response", "Envelope", "{http://schemas.xmlsoap.org/soap/envelope/}Envelope"):
        yield variant("su01", f"xsw-around-{etree.QName(tag).localname}-{len(tag)}", _around(tag), "root")
    for tag in ("Assertion", "{urn:oasis:names:tc:SAML:1.0:assertion}Assertion", f"{{{PROTOCOL}}}Assertion"):
        yield variant("su01", f"xsw-renamed-{len(tag)}", _renamed(tag), *WORDS)


WRAPPINGS = (*_asides(), *_responses(), *_names())
