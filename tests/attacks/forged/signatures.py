"""SU-02 to SU-05: whether there is a signature, whose, and by which algorithm."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
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
    variant,
)
from tests.peers import saml_messages
from tests.peers.saml_messages import DS
from tests.peers.xml_signing import MORE, Recipe, SamlKey, rsa_by, saml_key, signed_by_hand
from tests.support.saml_edge import SamlEdge

ATTACKER = saml_key(66)


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


def in_signatures(name: str, change: Callable[[Any], Any]) -> Callable[[Any], None]:
    def every(document: Any) -> None:
        for signature in every_signature(document):
            change(part(signature, name, DS))

    return every


def _clear(element: Any) -> None:
    element.text = ""


def _remove(element: Any) -> None:
    element.getparent().remove(element)


def setting(name: str, value: str | None) -> Callable[[Any], None]:
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


def _renamed(document: Any) -> None:
    for signature in every_signature(document):
        signature.tag = "{urn:x}Signature"


def _swap(edge: SamlEdge) -> bytes:
    """The signature of another response of the same provider."""
    other, document = etree.fromstring(edge.response()), etree.fromstring(edge.response())
    for here, there in zip(every_signature(document), every_signature(other), strict=True):
        here.getparent().replace(here, there)
    return etree.tostring(document)


STRIPPED: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "strip": (_strip, ("unsigned",)),
    "strip-value": (in_signatures("SignatureValue", _clear), ("signature", "schema")),
    "strip-digest": (in_signatures("DigestValue", _clear), ("signature", "schema")),
    "strip-no-value": (in_signatures("SignatureValue", _remove), ("signature_form",)),
    "strip-no-info": (in_signatures("SignedInfo", _remove), ("signature_form",)),
    "strip-no-reference": (in_signatures("Reference", _remove), ("reference",)),
    "strip-no-transforms": (in_signatures("Transforms", _remove), ("transforms",)),
    "strip-no-method": (in_signatures("SignatureMethod", _remove), ("reference",)),
    "strip-uri-empty": (in_signatures("Reference", setting("URI", "")), ("reference",)),
    "strip-uri-missing": (in_signatures("Reference", setting("URI", None)), ("reference",)),
    "strip-uri-other": (in_signatures("Reference", setting("URI", "#_other")), ("reference",)),
    "strip-uri-xpointer": (in_signatures("Reference", setting("URI", "#xpointer(/)")), ("reference",)),
    "strip-id-empty": (lambda document: assertion_of(document).set("ID", ""), ("duplicate_id",)),
    "strip-bit": (in_signatures("SignatureValue", _flip), ("signature",)),
    "strip-digest-bit": (in_signatures("DigestValue", _flip), ("signature",)),
    "strip-name": (_text("NameID", VICTIM), ("signature",)),
    "strip-value-of-attribute": (_text("AttributeValue", "victim@acme.example"), ("signature",)),
    "strip-audience": (_text("Audience", "https://login.example/t/other"), ("signature",)),
    "strip-times": (lambda document: part(document, "Conditions").set("NotOnOrAfter", "2099-01-01T00:00:00Z"), ("signature",)),
    "strip-confirmation": (lambda document: _remove(part(document, "SubjectConfirmation")), ("signature",)),
    "strip-space": (lambda document: assertion_of(document).set("{urn:x}x", "1"), ("signature", "schema")),
    "strip-other-namespace": (
        _renamed,
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


def _stripped() -> Iterator[Variant]:
    for signs in BASES:
        for name, (change, words) in STRIPPED.items():
            yield variant("su02", name, changed(change), *words, signs=signs)
        yield variant("su02", "strip-swapped", _swap, "signature", "reference", signs=signs)


def _foreign_keys() -> Iterator[Variant]:
    for name, key_info in KEY_INFOS.items():
        for signs in BASES[:2]:
            yield variant("su03", name, by_hand(Recipe(key_info=key_info), ATTACKER), "signature", signs=signs)


def _algorithms() -> Iterator[Variant]:
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


SIGNATURES = (*_stripped(), *_foreign_keys(), *_algorithms())
