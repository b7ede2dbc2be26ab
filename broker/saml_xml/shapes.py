"""The shape of one signature, and of one encrypted assertion: nothing in them may make a library work or fetch.

XML Signature can carry programs (XSLT, XPath), addresses (`Reference`, `RetrievalMethod`) and a choice of algorithms.
Of all that exactly one form is taken, which every identity provider can write.
"""

from collections.abc import Iterable

from lxml import etree

from broker.saml_xml.xml import (
    DS,
    ENVELOPED,
    EXCLUSIVE_C14N,
    XENC,
    XENC11,
    Element,
    Fault,
)

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SIGNATURE_METHODS = frozenset(f"{_MORE}{family}-sha{bits}" for family in ("rsa", "ecdsa") for bits in (256, 384, 512))
DIGEST_METHODS = frozenset({f"{XENC}sha256", f"{_MORE}sha384", f"{XENC}sha512"})
CIPHERS = frozenset(
    {f"{XENC}aes{bits}-cbc" for bits in (128, 192, 256)} | {f"{XENC11}aes{bits}-gcm" for bits in (128, 192, 256)}
)
"""CBC as well: it is what AD FS and Entra use, and what comes out of it counts for nothing until it is verified."""
KEY_TRANSPORTS = frozenset({f"{XENC}rsa-oaep-mgf1p", f"{XENC11}rsa-oaep"})
"""Never RSA 1.5, which tells who asks often enough what was encrypted."""
_OAEP_PARTS = frozenset({f"{{{DS}}}DigestMethod", f"{{{XENC11}}}MGF"})
_KEY_HINTS = frozenset(f"{{{DS}}}{name}" for name in ("X509Data", "KeyName", "KeyValue"))
_INCLUSIVE = f"{{{EXCLUSIVE_C14N}}}InclusiveNamespaces"


def check_signature(signature: Element) -> None:
    """Raises Fault unless this signs its parent, whole and by a method that counts (XML Signature, 4)."""
    parts = _parts(signature, "signature_form", DS, ("SignedInfo", "SignatureValue"), ("KeyInfo",))
    method, algorithm, reference = _parts(parts[0], "reference", DS, ("CanonicalizationMethod", "SignatureMethod", "Reference"))
    _check_c14n(method)
    if len(algorithm) or algorithm.get("Algorithm") not in SIGNATURE_METHODS:
        raise Fault("signature_algorithm", _shown(algorithm))
    _check_reference(reference, signature.getparent().get("ID"))
    _check_hints(parts[2:])


def _check_reference(reference: Element, parent_id: str | None) -> None:
    if dict(reference.attrib) != {"URI": f"#{parent_id}"} or not parent_id:
        raise Fault("reference", "the reference is not to the element that it stands in")
    transforms, digest, _ = _parts(reference, "transforms", DS, ("Transforms", "DigestMethod", "DigestValue"))
    enveloped, c14n = _parts(transforms, "transforms", DS, ("Transform", "Transform"))
    if len(enveloped) or dict(enveloped.attrib) != {"Algorithm": ENVELOPED}:
        raise Fault("transforms", _shown(enveloped))
    _check_c14n(c14n)
    if len(digest) or digest.get("Algorithm") not in DIGEST_METHODS:
        raise Fault("signature_algorithm", _shown(digest))


def _check_c14n(method: Element) -> None:
    """Exclusive canonicalization; it may name prefixes that are kept all the same."""
    is_plain = all(child.tag == _INCLUSIVE and not len(child) for child in method) and len(method) <= 1
    if not is_plain or dict(method.attrib) != {"Algorithm": EXCLUSIVE_C14N}:
        raise Fault("transforms", _shown(method))


def _check_hints(found: Iterable[Element]) -> None:
    """`KeyInfo` decides nothing here, for the keys are known; it may only hold what fetches nothing."""
    for key_info in found:
        for hint in key_info:
            if hint.tag not in _KEY_HINTS:
                raise Fault("reference", f"KeyInfo with {etree.QName(hint).localname}")


def check_encrypted(assertion: Element) -> None:
    """Raises Fault unless this is encrypted data with its key inside (XML Encryption, 3)."""
    (data,) = _parts(assertion, "encryption_form", XENC, ("EncryptedData",))
    method, key_info, cipher = _parts(data, "encryption_form", (XENC, DS, XENC), ("EncryptionMethod", "KeyInfo", "CipherData"))
    _check_method(method, CIPHERS)
    (key,) = _parts(key_info, "encryption_form", XENC, ("EncryptedKey",))
    hints = key.findall(f"{{{DS}}}KeyInfo")
    names = ("EncryptionMethod", "KeyInfo", "CipherData") if hints else ("EncryptionMethod", "CipherData")
    transport, *_, wrapped = _parts(key, "encryption_form", (XENC, DS, XENC) if hints else XENC, names)
    _check_method(transport, KEY_TRANSPORTS)
    _check_hints(hints)
    for one in (cipher, wrapped):
        _parts(one, "reference", XENC, ("CipherValue",))


def _check_method(method: Element, allowed: frozenset[str]) -> None:
    if method.get("Algorithm") not in allowed:
        raise Fault("encryption_algorithm", _shown(method))
    if any(part.tag not in _OAEP_PARTS for part in method):
        raise Fault("encryption_algorithm", "an odd parameter")


def _parts(
    element: Element, word: str, space: str | tuple[str, ...], names: tuple[str, ...], optional: tuple[str, ...] = ()
) -> list[Element]:
    """The children of an element, which must be these and in this order."""
    spaces = (space,) * len(names + optional) if isinstance(space, str) else space
    wanted = [f"{{{one}}}{name}" for one, name in zip(spaces, names + optional, strict=True)]
    children = list(element)
    tags = [child.tag for child in children]
    if tags != wanted[: len(tags)] or len(tags) < len(names):
        raise Fault(word, etree.QName(element).localname)
    return children


def _shown(element: Element) -> str:
    return str(element.get("Algorithm"))[:200]
