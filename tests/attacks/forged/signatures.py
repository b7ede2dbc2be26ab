"""SU-02 to SU-05 and SU-08 to SU-10: what can be wrong with a signature, whoever made it."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from tests.attacks.forged.variant import (
    BASES,
    VICTIM,
    Make,
    Variant,
    assertion_of,
    changed,
    every_signature,
    part,
    signature_of,
    variant,
)
from tests.peers import saml_messages
from tests.peers.saml_messages import DS, SAML, XENC
from tests.peers.xml_signing import ENVELOPED, EXCLUSIVE, MORE, Recipe, SamlKey, rsa_by, saml_key, signed_by_hand
from tests.support.saml_edge import SamlEdge

ATTACKER = saml_key(66)
XSLT = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet version="1.0" '
    'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><xsl:for-each select="//*"><xsl:for-each '
    'select="//*"><xsl:value-of select="count(//*)"/></xsl:for-each></xsl:for-each></xsl:template></xsl:stylesheet>'
    "</ds:Transform>"
)
FIRST, SECOND = Recipe().transforms


def by_hand(recipe: Recipe, key: SamlKey | None = None) -> Make:
    """The true provider's document, signed by this recipe, with its own key unless another is given."""

    def make(edge: SamlEdge) -> bytes:
        document = saml_messages.response(edge.idp.describe(edge.asked))
        tag = edge.idp.signs[0]
        return etree.tostring(signed_by_hand(document, tag, key or edge.idp.keys[0], recipe))

    return make


# SU-02: stripped, emptied, tampered


def _strip(document: Any) -> None:
    for signature in every_signature(document):
        signature.getparent().remove(signature)


def _in_signatures(name: str, change: Callable[[Any], Any]) -> Callable[[Any], None]:
    def every(document: Any) -> None:
        for signature in every_signature(document):
            change(part(signature, name, DS))

    return every


def _clear(element: Any) -> None:
    element.text = ""


def _remove(element: Any) -> None:
    element.getparent().remove(element)


def _set(name: str, value: str | None) -> Callable[[Any], None]:
    def change(element: Any) -> None:
        if value is None:
            element.attrib.pop(name, None)
        else:
            element.set(name, value)

    return change


def _flip(element: Any) -> None:
    element.text = ("B" if element.text[0] != "B" else "C") + element.text[1:]


def _text(name: str, text: str) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        part(document, name).text = text

    return change


def _swap(edge: SamlEdge) -> bytes:
    """The signature of another response of the same provider."""
    other, document = etree.fromstring(edge.response()), etree.fromstring(edge.response())
    for here, there in zip(every_signature(document), every_signature(other), strict=True):
        here.getparent().replace(here, there)
    return etree.tostring(document)


STRIPPED: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "strip": (_strip, ("unsigned",)),
    "strip-value": (_in_signatures("SignatureValue", _clear), ("signature", "schema")),
    "strip-digest": (_in_signatures("DigestValue", _clear), ("signature", "schema")),
    "strip-no-value": (_in_signatures("SignatureValue", _remove), ("signature_form",)),
    "strip-no-info": (_in_signatures("SignedInfo", _remove), ("signature_form",)),
    "strip-no-reference": (_in_signatures("Reference", _remove), ("reference",)),
    "strip-no-transforms": (_in_signatures("Transforms", _remove), ("transforms",)),
    "strip-no-method": (_in_signatures("SignatureMethod", _remove), ("reference",)),
    "strip-uri-empty": (_in_signatures("Reference", _set("URI", "")), ("reference",)),
    "strip-uri-missing": (_in_signatures("Reference", _set("URI", None)), ("reference",)),
    "strip-uri-other": (_in_signatures("Reference", _set("URI", "#_other")), ("reference",)),
    "strip-uri-xpointer": (_in_signatures("Reference", _set("URI", "#xpointer(/)")), ("reference",)),
    "strip-id-empty": (lambda document: assertion_of(document).set("ID", ""), ("duplicate_id",)),
    "strip-bit": (_in_signatures("SignatureValue", _flip), ("signature",)),
    "strip-digest-bit": (_in_signatures("DigestValue", _flip), ("signature",)),
    "strip-name": (_text("NameID", VICTIM), ("signature",)),
    "strip-value-of-attribute": (_text("AttributeValue", "victim@acme.example"), ("signature",)),
    "strip-audience": (_text("Audience", "https://login.example/t/other"), ("signature",)),
    "strip-times": (lambda document: part(document, "Conditions").set("NotOnOrAfter", "2099-01-01T00:00:00Z"), ("signature",)),
    "strip-confirmation": (lambda document: _remove(part(document, "SubjectConfirmation")), ("signature",)),
    "strip-space": (lambda document: assertion_of(document).set("{urn:x}x", "1"), ("signature", "schema")),
    "strip-other-namespace": (
        lambda document: [setattr(one, "tag", "{urn:x}Signature") for one in every_signature(document)],
        ("signature_place", "assertion_place", "root", "reference"),
    ),
}

# SU-03: whose key


KEY_INFOS: dict[str, str | None] = {
    "keyinfo-own-certificate": None,
    "keyinfo-none": "",
    "keyinfo-true-certificate": f"<ds:X509Data><ds:X509Certificate>{saml_key().base64}</ds:X509Certificate></ds:X509Data>",
    "keyinfo-both": (
        f"<ds:X509Data><ds:X509Certificate>{saml_key().base64}</ds:X509Certificate>"
        f"<ds:X509Certificate>{ATTACKER.base64}</ds:X509Certificate></ds:X509Data>"
    ),
    "keyinfo-name": "<ds:KeyName>idp</ds:KeyName>",
    "keyinfo-value": "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
    "</ds:RSAKeyValue></ds:KeyValue>",
}

# SU-04, SU-05: by which algorithm


def _mac(secret: bytes) -> Callable[[Any, bytes], bytes]:
    return lambda key, data: hmac.digest(secret, data, "sha256")


_PUBLIC = saml_key().private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
SECRETS = {
    "pem": saml_key().pem.encode(),
    "base64": saml_key().base64.encode(),
    "der": saml_key().certificate.public_bytes(Encoding.DER),
    "key": _PUBLIC,
    "empty": b"",
}
_HMAC = f"{MORE}hmac-sha256"
_SHA1, _MD5 = hashes.SHA1(), hashes.MD5()  # noqa: S303 - to be refused


def _hash(name: str) -> Callable[[bytes], bytes]:
    return lambda data: hashlib.new(name, data, usedforsecurity=False).digest()


WEAK = {
    "sha1-signature": Recipe(method=f"{DS}rsa-sha1", sign=rsa_by(_SHA1)),
    "sha1-digest": Recipe(digest=f"{DS}sha1", hashed=_hash("sha1")),
    "sha1-both": Recipe(method=f"{DS}rsa-sha1", sign=rsa_by(_SHA1), digest=f"{DS}sha1", hashed=_hash("sha1")),
    "md5-signature": Recipe(method=f"{MORE}rsa-md5", sign=rsa_by(_MD5)),
    "md5-digest": Recipe(digest=f"{MORE}md5", hashed=_hash("md5")),
    "md5-both": Recipe(method=f"{MORE}rsa-md5", sign=rsa_by(_MD5), digest=f"{MORE}md5", hashed=_hash("md5")),
    "sha224-digest": Recipe(digest=f"{MORE}sha224", hashed=_hash("sha224")),
}

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
        more_references=f'<ds:Reference URI="#_a"><ds:DigestMethod Algorithm="{XENC}sha256"/><ds:DigestValue>AA==</ds:DigestValue>'
        "</ds:Reference>"
        * 2000
    ),
    "no-envelope": Recipe(transforms=(SECOND,)),
    "twice-enveloped": Recipe(transforms=(FIRST, FIRST, SECOND)),
    "reversed": Recipe(transforms=(SECOND, FIRST)),
    "c14n-with-comments": Recipe(transforms=(FIRST, f'<ds:Transform Algorithm="{EXCLUSIVE}WithComments"/>')),
    "c14n-inclusive": Recipe(
        transforms=(FIRST, '<ds:Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>')
    ),
    "c14n-of-info": Recipe(c14n='<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'),
    "c14n-xslt": Recipe(
        c14n='<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'
    ),
    "envelope-with-content": Recipe(transforms=(f'<ds:Transform Algorithm="{ENVELOPED}"><ds:XPath>1</ds:XPath></ds:Transform>', SECOND)),
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
    "void-c14n-no-algorithm": (_in_signatures("CanonicalizationMethod", _set("Algorithm", None)), ("transforms",)),
    "void-c14n-other-algorithm": (_in_signatures("CanonicalizationMethod", _set("Algorithm", "urn:x")), ("transforms",)),
}


def _all() -> Iterator[Variant]:
    for name, (change, words) in STRIPPED.items():
        for signs in BASES:
            yield variant("su02", name, changed(change), *words, signs=signs)
    for signs in BASES:
        yield variant("su02", "strip-swapped", _swap, "signature", "reference", signs=signs)
    for name, key_info in KEY_INFOS.items():
        for signs in BASES[:2]:
            yield variant("su03", name, by_hand(Recipe(key_info=key_info), ATTACKER), "signature", signs=signs)
    for name, secret in SECRETS.items():
        make = by_hand(Recipe(method=_HMAC, sign=_mac(secret)))
        yield variant("su04", f"alg-hmac-{name}", make, "signature_algorithm")
        disguised = by_hand(Recipe(sign=_mac(secret)))
        yield variant("su04", f"alg-hmac-{name}-called-rsa", disguised, "signature")
    for length in ("0", "8", "256"):
        content = f"<ds:HMACOutputLength>{length}</ds:HMACOutputLength>"
        make = by_hand(Recipe(method=_HMAC, sign=_mac(SECRETS["pem"]), method_content=content))
        yield variant("su04", f"alg-hmac-output-{length}", make, "signature_algorithm")
        make = by_hand(Recipe(method_content=content))
        yield variant("su04", f"alg-rsa-output-{length}", make, "signature_algorithm")
    for method in ("", "none", "urn:none", f"{DS}dsa-sha1", f"{MORE}ecdsa-sha256", f"{DS}hmac-sha1"):
        words = ("signature_algorithm", "signature")
        yield variant("su04", f"alg-{method.rpartition('#')[2] or 'empty'}", by_hand(Recipe(method=method)), *words)
    for name, recipe in WEAK.items():
        for signs in BASES[:2]:
            yield variant("su05", name, by_hand(recipe), "signature_algorithm", signs=signs)
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


SIGNATURES = tuple(_all())
__all__ = ["SAML", "SIGNATURES"]
