"""A seeded mutator: good responses with one to four changes that chance makes, in their bytes or in their tree.

A mutant must not be taken for anything that the true provider did not say, and must not end in anything but a refusal.
"""

import base64
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from time import process_time
from typing import Any

from lxml import etree

from broker.upstream.kind import Assertion
from tenants.causes import UpstreamFailure
from tests.attacks.forged.variant import BASES, VICTIM, assertion_of, evil_twin
from tests.peers.saml_messages import DS, PROTOCOL, SAML
from tests.support.saml_edge import SamlEdge

SNIPPETS = (
    b"<!-- -->",
    b"<?x y?>",
    b"<![CDATA[victim]]>",
    b"<!DOCTYPE x>",
    b"&amp;",
    b"&#0;",
    b"victim",
    b' ID="_x"',
    b"</saml:Assertion>",
    b"<saml:Assertion>",
    b'xmlns:saml="urn:x"',
    b"\x00",
    b"\xef\xbb\xbf",
)
VALUES = (VICTIM, "", " ", "victim@acme.example", "https://evil.example", "2099-01-01T00:00:00Z", "_evil", "#_evil")
NAMES = (f"{{{SAML}}}Assertion", f"{{{DS}}}Signature", f"{{{DS}}}Object", f"{{{PROTOCOL}}}Extensions", f"{{{SAML}}}Advice")


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant; `word` says why it was refused, `wrong` what must not have happened.

    Neither: it was taken for what it was before the changes. `seconds`: CPU time that our side took.
    """

    mutant: bytes
    word: str = ""
    wrong: str = ""
    seconds: float = 0.0


class Mutator:
    """Some good responses to one request each, and any number of mutants of them."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - to be repeated
        self.bases = [_base(signs, encrypts) for signs in BASES for encrypts in (False, True)]

    def run(self, count: int) -> Iterator[Outcome]:
        for _ in range(count):
            edge, good, truth = self._chance.choice(self.bases)
            mutant = self.mutated(good)
            start = process_time()
            outcome = _judged(edge, mutant, truth)
            yield replace(outcome, seconds=process_time() - start)

    def mutated(self, good: bytes) -> bytes:
        data = good
        for _ in range(self._chance.choice((1, 1, 1, 2, 2, 3, 4))):
            by_tree = self._chance.random() < 0.6
            data = self._in_tree(data) if by_tree else self._chance.choice(_BYTE_CHANGES)(self._chance, data)
        return data

    def _in_tree(self, data: bytes) -> bytes:
        try:
            document = etree.fromstring(data)
        except etree.XMLSyntaxError:
            return data
        self._chance.choice(_TREE_CHANGES)(self._chance, document)
        return etree.tostring(document)


def _base(signs: tuple[str, ...], encrypts: bool) -> tuple[SamlEdge, bytes, Assertion]:
    edge = SamlEdge.opened()
    edge.idp.signs_parts(*signs)
    if encrypts:
        edge.idp.encrypts()
    good = edge.response()
    return edge, good, edge.finish(good)


def _judged(edge: SamlEdge, mutant: bytes, truth: Assertion) -> Outcome:
    try:
        said = edge.finish(encoded=base64.b64encode(mutant).decode())
    except UpstreamFailure as failure:
        return Outcome(mutant, word=failure.detail)
    except Exception as error:
        return Outcome(mutant, wrong=f"broke with {type(error).__name__}: {error}")
    return Outcome(mutant, wrong="" if said == truth else f"was taken for {said.subject}, {said.email}")


# Changes of bytes

Chance = random.Random


def _flip(chance: Chance, data: bytes) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes((data[at] ^ (1 << chance.randrange(8)),)) + data[at + 1 :]


def _cut(chance: Chance, data: bytes) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randrange(1, 200) :] or b"<"


def _repeat(chance: Chance, data: bytes) -> bytes:
    start, to = chance.randrange(len(data)), chance.randrange(len(data))
    return data[:to] + data[start : start + chance.randrange(1, 2_000)] + data[to:]


def _insert(chance: Chance, data: bytes) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + chance.choice(SNIPPETS) + data[at:]


def _replace_name(chance: Chance, data: bytes) -> bytes:
    return data.replace(b"Ada", b"Eve").replace(b"ada@", b"eve@") if chance.random() < 0.5 else data.replace(b"_", b"-", 1)


_BYTE_CHANGES: tuple[Callable[[Chance, bytes], bytes], ...] = (_flip, _cut, _repeat, _insert, _replace_name)

# Changes of the tree


def _nodes(document: Any) -> list[Any]:
    return [node for node in document.iter() if isinstance(node.tag, str)]


def _move(chance: Chance, document: Any) -> None:
    node, to = chance.choice(_nodes(document)), chance.choice(_nodes(document))
    if node is not document and node not in to.iterancestors() and node is not to:
        to.insert(chance.randrange(len(to) + 1), node)


def _copy(chance: Chance, document: Any) -> None:
    node, to = chance.choice(_nodes(document)), chance.choice(_nodes(document))
    to.insert(chance.randrange(len(to) + 1), deepcopy(node))


def _drop(chance: Chance, document: Any) -> None:
    node = chance.choice(_nodes(document))
    if node is not document:
        node.getparent().remove(node)


def _set_text(chance: Chance, document: Any) -> None:
    chance.choice(_nodes(document)).text = chance.choice(VALUES)


def _set_attribute(chance: Chance, document: Any) -> None:
    node = chance.choice(_nodes(document))
    names = list(node.attrib) or ["ID"]
    node.set(chance.choice(names), chance.choice(VALUES))


def _drop_attribute(chance: Chance, document: Any) -> None:
    node = chance.choice(_nodes(document))
    if node.attrib:
        del node.attrib[chance.choice(list(node.attrib))]


def _rename(chance: Chance, document: Any) -> None:
    chance.choice(_nodes(document)).tag = chance.choice(NAMES)


def _wrap(chance: Chance, document: Any) -> None:
    node = chance.choice(_nodes(document))
    if node is document:
        return
    wrapper = etree.Element(chance.choice(NAMES))
    node.getparent().replace(node, wrapper)
    wrapper.append(node)


def _twin(chance: Chance, document: Any) -> None:
    """An evil assertion anywhere, with or without the signature."""
    original = assertion_of(document)
    if original is None or original.find(f".//{{{SAML}}}NameID") is None:
        return
    evil = evil_twin(original, same_id=chance.random() < 0.5)
    signature = original.find(f"{{{DS}}}Signature")
    if signature is not None and chance.random() < 0.5:
        evil.insert(1, deepcopy(signature) if chance.random() < 0.5 else signature)
    to = chance.choice(_nodes(document))
    to.insert(chance.randrange(len(to) + 1), evil)


_TREE_CHANGES: tuple[Callable[[Chance, Any], None], ...] = (
    _move,
    _copy,
    _drop,
    _set_text,
    _set_attribute,
    _drop_attribute,
    _rename,
    _wrap,
    _twin,
)
