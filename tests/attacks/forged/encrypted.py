"""SU-21: encryption proves nothing, for anybody can encrypt to us; and what comes out is looked at like any other."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from lxml import etree

from tests.attacks.forged.variant import Make, Variant, assertion_of, evil_twin, part, variant
from tests.peers import saml_messages
from tests.peers.saml_messages import DS, SAML, XENC, encrypted
from tests.peers.xml_signing import saml_key, signed
from tests.support.saml_edge import SamlEdge


def _clear(make: Callable[[SamlEdge, Any], bytes]) -> Make:
    """What `make` gives, encrypted to us in the place of the assertion. It is handed the true, signed one."""

    def forge(edge: SamlEdge) -> bytes:
        document = etree.fromstring(edge.response())
        clear = make(edge, assertion_of(document))
        return etree.tostring(encrypted(document, edge.idp.sp_certificate(), clear=clear))

    return forge


def _evil(edge: SamlEdge, assertion: Any) -> bytes:
    return etree.tostring(evil_twin(assertion, same_id=True))


def _attackers(edge: SamlEdge, assertion: Any) -> bytes:
    evil = evil_twin(assertion, same_id=False)
    return etree.tostring(signed(evil, "Assertion", saml_key(66)))


def _wrapping(edge: SamlEdge, assertion: Any) -> bytes:
    evil = evil_twin(assertion, same_id=False)
    part(evil, "AttributeValue").append(deepcopy(assertion))
    return etree.tostring(evil)


def _two(edge: SamlEdge, assertion: Any) -> bytes:
    return etree.tostring(assertion, with_tail=False) + _evil(edge, assertion)


def _commented(edge: SamlEdge, assertion: Any) -> bytes:
    return etree.tostring(assertion, with_tail=False).replace(b"</saml:NameID>", b"<!-- -->.evil</saml:NameID>")


def _with_doctype(edge: SamlEdge, assertion: Any) -> bytes:
    return b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + etree.tostring(assertion, with_tail=False)


def _with_xslt(edge: SamlEdge, assertion: Any) -> bytes:
    transform = next(assertion.iter(f"{{{DS}}}Transform"))
    transform.set("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
    return etree.tostring(assertion, with_tail=False)


CLEAR: dict[str, tuple[Callable[[SamlEdge, Any], bytes], tuple[str, ...]]] = {
    "encrypted-unsigned": (_evil, ("unsigned",)),
    "encrypted-attackers": (_attackers, ("signature",)),
    "encrypted-wrapping": (_wrapping, ("assertion_place", "duplicate_id")),
    "encrypted-two": (_two, ("encryption_form",)),
    "encrypted-comment": (_commented, ("nodes",)),
    "encrypted-doctype": (_with_doctype, ("doctype",)),
    "encrypted-xslt": (_with_xslt, ("transforms",)),
    "encrypted-text": (lambda edge, assertion: b"only text", ("encryption_form",)),
    "encrypted-nothing": (lambda edge, assertion: b"", ("encryption_form", "decryption")),
    "encrypted-other-element": (lambda edge, assertion: b"<x/>", ("root", "assertion_place")),
    "encrypted-response": (
        lambda edge, assertion: etree.tostring(assertion.getparent()),
        ("root", "assertion_place", "duplicate_id"),
    ),
    "encrypted-broken": (lambda edge, assertion: b"<saml:Assertion", ("xml",)),
    "encrypted-out-of-wrapper": (lambda edge, assertion: b"</wrapper><wrapper>" + _evil(edge, assertion), ("xml",)),
    "encrypted-again": (
        lambda edge, assertion: etree.tostring(
            encrypted(assertion.getparent(), edge.idp.sp_certificate()).find(f"{{{SAML}}}EncryptedAssertion")
        ),
        ("encryption_form",),
    ),
    "encrypted-original": (lambda edge, assertion: etree.tostring(assertion, with_tail=False), ()),
}


def _changed(change: Callable[[Any], Any], *signs: str) -> Make:
    """The true provider's signed and encrypted response, with a change."""

    def forge(edge: SamlEdge) -> bytes:
        edge.idp.encrypts()
        document = etree.fromstring(edge.response())
        change(document)
        return etree.tostring(document)

    return forge


def _flip(document: Any) -> None:
    value = list(document.iter(f"{{{XENC}}}CipherValue"))[-1]
    middle = len(value.text) // 2
    value.text = value.text[:middle] + ("A" if value.text[middle] != "A" else "B") + value.text[middle + 1 :]


def _cipher_reference(document: Any) -> None:
    for value in list(document.iter(f"{{{XENC}}}CipherValue")):
        reference = etree.Element(f"{{{XENC}}}CipherReference", URI="file:///dev/zero")
        value.getparent().replace(value, reference)


def _retrieval(document: Any) -> None:
    key = part(document, "EncryptedKey", XENC)
    key.getparent().replace(key, etree.Element(f"{{{DS}}}RetrievalMethod", URI="http://127.0.0.1:9/key"))


def _twice(document: Any) -> None:
    one = part(document, "EncryptedAssertion")
    one.addnext(etree.fromstring(etree.tostring(one)))


def _beside(document: Any) -> None:
    evil = saml_messages.assertion(saml_messages.Answer(**_PLAIN))
    part(document, "EncryptedAssertion").addprevious(evil)


_PLAIN: dict[str, Any] = dict.fromkeys(saml_messages.Answer.__dataclass_fields__) | {
    "audiences": [],
    "assertion_id": "_evil",
    "method": saml_messages.BEARER,
    "assertion_version": "2.0",
    "class_ref": "x",
}
CHANGED: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "encrypted-bit": (_flip, ("decryption", "signature", "xml", "encryption_form", "encoding")),
    "encrypted-by-reference": (_cipher_reference, ("reference",)),
    "encrypted-key-elsewhere": (_retrieval, ("reference", "encryption_form")),
    "encrypted-twice": (_twice, ("assertion_place",)),
    "encrypted-beside-clear": (_beside, ("assertion_place",)),
}


def _name(clear: bytes | None) -> Make:
    """The NameID encrypted by the true provider, who signs around it; or something else in its place."""

    def forge(edge: SamlEdge) -> bytes:
        return edge.idp.encrypts_name(clear=clear).response(edge.asked)

    return forge


def _moved_name(edge: SamlEdge) -> bytes:
    """Where nobody reads it, beside a NameID in the clear."""

    def move(document: Any) -> None:
        name = part(encrypted(document, edge.idp.sp_certificate(), part="NameID"), "EncryptedID")
        part(document, "SubjectConfirmation").insert(0, name)

    return edge.idp.edits(move).response(edge.asked)


_NAME = f'<saml:NameID xmlns:saml="{SAML}" Format="{saml_messages.PERSISTENT}">%s</saml:NameID>'.encode()
NAMES: dict[str, tuple[Make, str, tuple[str, ...]]] = {
    "name": (_name(None), "su21", ()),
    "name-comment": (_name(_NAME % b"jane<!-- -->.evil"), "su06", ("nodes",)),
    "name-instruction": (_name(_NAME % b"jane<?x y?>.evil"), "su06", ("nodes",)),
    "name-child": (_name(_NAME % b"jane<b/>.evil"), "su06", ("schema", "text")),
    "name-markup": (_name(_NAME % b"&lt;b&gt;jane"), "su22", ("subject",)),
    "name-empty": (_name(_NAME % b" "), "su22", ("subject",)),
    "name-transient": (_name((_NAME % b"jane").replace(b"persistent", b"transient")), "su22", ("subject",)),
    "name-two": (_name(_NAME % b"jane" + _NAME % b"eve"), "su21", ("encryption_form",)),
    "name-is-an-assertion": (_name(f'<saml:Assertion xmlns:saml="{SAML}"/>'.encode()), "su01", ("assertion_place",)),
    "name-text": (_name(b"jane"), "su21", ("encryption_form",)),
    "name-doctype": (_name(b"<!DOCTYPE x>" + _NAME % b"jane"), "su07", ("doctype",)),
    "name-elsewhere": (_moved_name, "su21", ("encryption_form", "schema")),
}


def _by(**how: str) -> Make:
    def forge(edge: SamlEdge) -> bytes:
        return edge.idp.encrypts(**how).response(edge.asked)

    return forge


def _all() -> Iterator[Variant]:
    for name, (make, words) in CLEAR.items():
        yield variant("su21", name, _clear(make), *words)
    for name, (change, words) in CHANGED.items():
        yield variant("su21", name, _changed(change), *words)
        yield variant("su21", name, _changed(change), *words, "signature", signs=("Response",))
    for name, (make, attack, words) in NAMES.items():
        for signs in (("Assertion",), ("Response",)):
            yield variant(attack, f"encrypted-{name}", make, *words, signs=signs)
    yield variant("su21", "encrypted-rsa-1-5", _by(transport=f"{XENC}rsa-1_5"), "encryption_algorithm")
    yield variant("su21", "encrypted-3des", _by(cipher=f"{XENC}tripledes-cbc"), "encryption_algorithm")
    yield variant("su21", "encrypted-not-signed-at-all", _by(), "unsigned", signs=())


ENCRYPTED = tuple(_all())
