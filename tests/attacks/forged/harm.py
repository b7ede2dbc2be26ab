"""SU-08 to SU-10: signatures that make a library work, fetch, or look at the wrong part."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from lxml import etree

from tests.attacks.forged.signatures import by_hand, in_signatures, setting
from tests.attacks.forged.variant import Variant, assertion_of, changed, every_signature, part, signature_of, variant
from tests.peers.saml_messages import DS, XENC
from tests.peers.xml_signing import ENVELOPED, EXCLUSIVE, Recipe

XSLT = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet version="1.0" '
    'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><xsl:for-each select="//*"><xsl:for-each '
    'select="//*"><xsl:value-of select="count(//*)"/></xsl:for-each></xsl:for-each></xsl:template></xsl:stylesheet>'
    "</ds:Transform>"
)
FIRST, SECOND = Recipe().transforms

# SU-08: programs; SU-09: addresses


BOMBS = {
    "xslt": Recipe(transforms=(FIRST, XSLT, SECOND)),
    "xslt-first": Recipe(transforms=(XSLT, FIRST, SECOND)),
    "xslt-only": Recipe(transforms=(XSLT,)),
    "xpath": Recipe(
        transforms=(
            FIRST,
            '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>count(//*)</ds:XPath></ds:Transform>',
            SECOND,
        )
    ),
    "xpath2": Recipe(transforms=(FIRST, '<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"/>', SECOND)),
    "base64": Recipe(transforms=(FIRST, f'<ds:Transform Algorithm="{DS}base64"/>')),
    "500-transforms": Recipe(transforms=(FIRST, *(SECOND,) * 500)),
    "2000-references": Recipe(
        more_references=f'<ds:Reference URI="#_a"><ds:DigestMethod Algorithm="{XENC}sha256"/>'
        "<ds:DigestValue>AA==</ds:DigestValue>"
        "</ds:Reference>" * 2000
    ),
    "no-envelope": Recipe(transforms=(SECOND,)),
    "twice-enveloped": Recipe(transforms=(FIRST, FIRST, SECOND)),
    "reversed": Recipe(transforms=(SECOND, FIRST)),
    "c14n-with-comments": Recipe(transforms=(FIRST, f'<ds:Transform Algorithm="{EXCLUSIVE}WithComments"/>')),
    "c14n-inclusive": Recipe(transforms=(FIRST, '<ds:Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>')),
    "c14n-of-info": Recipe(c14n='<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'),
    "c14n-xslt": Recipe(c14n='<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'),
    "envelope-with-content": Recipe(
        transforms=(f'<ds:Transform Algorithm="{ENVELOPED}"><ds:XPath>1</ds:XPath></ds:Transform>', SECOND)
    ),
    "two-prefix-lists": Recipe(
        transforms=(
            FIRST,
            f'<ds:Transform Algorithm="{EXCLUSIVE}">'
            + f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="x"/>' * 2
            + "</ds:Transform>",
        )
    ),
}
ADDRESSES = {
    "file": "file:///dev/zero",
    "fifo": "/dev/stdin",
    "http": "http://127.0.0.1:9/x",
    "relative": "other.xml",
    "data": "data:,x",
}


def _reference(uri: str) -> str:
    return (
        f'<ds:Reference URI="{uri}"><ds:DigestMethod Algorithm="{XENC}sha256"/><ds:DigestValue>AA==</ds:DigestValue>'
        "</ds:Reference>"
    )


# SU-10: smuggling


def _beside(name: str, *, before: bool) -> Callable[[Any], None]:
    """A second element of this name in the signature."""

    def change(signature: Any) -> None:
        one = part(signature, name, DS)
        (one.addprevious if before else one.addnext)(deepcopy(one))

    return lambda document: change(every_signature(document)[0])


def _in_object(name: str) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        signature = every_signature(document)[0]
        etree.SubElement(signature, f"{{{DS}}}Object").append(deepcopy(part(signature, name, DS)))

    return change


def _second_signature(document: Any) -> None:
    signature = every_signature(document)[0]
    signature.addnext(deepcopy(signature))


def _last_signature(document: Any) -> None:
    assertion_of(document).append(signature_of(assertion_of(document)))


def _first_signature(document: Any) -> None:
    assertion_of(document).insert(0, signature_of(assertion_of(document)))


def _commented_digest(document: Any) -> None:
    digest = part(document, "DigestValue", DS)
    comment = etree.Comment("AAAA")
    comment.tail, digest.text = digest.text, ""
    digest.insert(0, comment)


def _xml_id(document: Any) -> None:
    part(document, "Subject").set("{http://www.w3.org/XML/1998/namespace}id", assertion_of(document).get("ID"))


def _other_id(name: str) -> Callable[[Any], None]:
    return lambda document: part(document, "AttributeStatement").set(name, assertion_of(document).get("ID"))


def _relative_namespace(document: bytes | Any) -> bytes:
    return etree.tostring(document).replace(b"<saml:Subject>", b'<saml:Subject xmlns:v="relative">', 1)


SMUGGLED: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "smuggle-info-before": (_beside("SignedInfo", before=True), ("signature_form",)),
    "smuggle-info-behind": (_beside("SignedInfo", before=False), ("signature_form",)),
    "smuggle-digest-before": (_beside("DigestValue", before=True), ("transforms",)),
    "smuggle-digest-behind": (_beside("DigestValue", before=False), ("transforms",)),
    "smuggle-value": (_beside("SignatureValue", before=True), ("signature_form",)),
    "smuggle-reference": (_beside("Reference", before=True), ("reference",)),
    "smuggle-method": (_beside("SignatureMethod", before=True), ("reference",)),
    "smuggle-info-in-object": (_in_object("SignedInfo"), ("signature_form",)),
    "smuggle-reference-in-object": (_in_object("Reference"), ("signature_form",)),
    "smuggle-comment-in-digest": (_commented_digest, ("nodes",)),
    "smuggle-second-signature": (_second_signature, ("signature_place",)),
    "smuggle-last-signature": (_last_signature, ("signature_place",)),
    "smuggle-first-signature": (_first_signature, ("signature_place",)),
    "smuggle-xml-id": (_xml_id, ("duplicate_id",)),
    "smuggle-id-as-Id": (_other_id("Id"), ("duplicate_id",)),
    "smuggle-id-as-id": (_other_id("id"), ("duplicate_id",)),
    "smuggle-id-as-AssertionID": (_other_id("AssertionID"), ("duplicate_id",)),
    "void-c14n-relative-namespace": (_relative_namespace, ("nodes",)),
    "void-c14n-no-algorithm": (in_signatures("CanonicalizationMethod", setting("Algorithm", None)), ("transforms",)),
    "void-c14n-other-algorithm": (in_signatures("CanonicalizationMethod", setting("Algorithm", "urn:x")), ("transforms",)),
}


def _harmful() -> Iterator[Variant]:
    for name, recipe in BOMBS.items():
        yield variant("su08", name, by_hand(recipe), "transforms", "reference", "size", "nodes")
    for name, uri in ADDRESSES.items():
        yield variant("su09", f"reference-{name}", by_hand(Recipe(uri=uri)), "reference")
        yield variant("su09", f"second-reference-{name}", by_hand(Recipe(more_references=_reference(uri))), "reference")
        retrieval = f'<ds:RetrievalMethod URI="{uri}"/>'
        yield variant("su09", f"retrieval-{name}", by_hand(Recipe(key_info=retrieval)), "reference")
        manifest = f"<ds:Object><ds:Manifest>{_reference(uri)}</ds:Manifest></ds:Object>"
        yield variant("su09", f"manifest-{name}", by_hand(Recipe(more=manifest)), "signature_form")
    for name, (change, words) in SMUGGLED.items():
        yield variant("su10", name, changed(change), *words)


HARMFUL = tuple(_harmful())
