"""A named shape of forged response."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lxml import etree

from tests.peers.saml_messages import DS, SAML
from tests.support.saml_edge import SamlEdge

VICTIM = "victim"
BASES = (("Assertion",), ("Response",), ("Response", "Assertion"))
"""What the true provider signs, where that makes a difference."""

Make = Callable[[SamlEdge], bytes | str]


@dataclass(frozen=True)
class Variant:
    """`make` gives the document, or as text what stands in the form. `words`: one of them says why it is refused.

    Without words it is taken, and says who the provider said it is.
    """

    attack: str
    name: str
    make: Make
    words: frozenset[str]
    signs: tuple[str, ...] = ("Assertion",)

    def __str__(self) -> str:
        return f"{self.attack}-{self.name}-{'+'.join(self.signs).lower() or 'unsigned'}"


def variant(attack: str, name: str, make: Make, *words: str, signs: tuple[str, ...] = ("Assertion",)) -> Variant:
    return Variant(attack, name, make, frozenset(words), signs)


def changed(change: Callable[[Any], Any]) -> Make:
    """The good, signed document with a change that nobody signed. `change` may return another document."""

    def make(edge: SamlEdge) -> bytes | str:
        document = etree.fromstring(edge.response())
        done = change(document)
        done = document if done is None else done
        return done if isinstance(done, bytes | str) else etree.tostring(done)

    return make


def said(**parts: Any) -> Make:
    """What the true provider signs when it says this. A value may be a function of the edge."""

    def make(edge: SamlEdge) -> bytes:
        given = {name: value(edge) if callable(value) else value for name, value in parts.items()}
        edge.idp.says(**given)
        return edge.response()

    return make


def edited(edit: Callable[[Any], Any]) -> Make:
    """What the true provider signs when its document looks like this."""

    def make(edge: SamlEdge) -> bytes:
        edge.idp.edits(edit)
        return edge.response()

    return make


# Parts of a document


def assertion_of(document: Any) -> Any:
    return document.find(f"{{{SAML}}}Assertion")


def signature_of(element: Any) -> Any:
    return element.find(f"{{{DS}}}Signature")


def every_signature(document: Any) -> list[Any]:
    return list(document.iter(f"{{{DS}}}Signature"))


def part(document: Any, name: str, space: str = SAML) -> Any:
    return next(document.iter(f"{{{space}}}{name}"))


def evil_twin(assertion: Any, *, same_id: bool) -> Any:
    """The same assertion about somebody else, without a signature."""
    evil = deepcopy(assertion)
    evil.tail = None
    for signature in every_signature(evil):
        signature.getparent().remove(signature)
    if not same_id:
        evil.set("ID", "_evil")
    for name in evil.iter(f"{{{SAML}}}NameID"):
        name.text = VICTIM
    for value in evil.iter(f"{{{SAML}}}AttributeValue"):
        if "@" in (value.text or ""):
            value.text = "victim@acme.example"
    return evil
