"""SU-07 and SU-26: what a parser can be made to do, and what is no document at all."""

import base64
import gzip
from collections.abc import Callable, Iterator

from tests.attacks.forged.variant import Make, Variant, variant
from tests.peers.saml_messages import PROTOCOL, SAML
from tests.support.saml_edge import SamlEdge

LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + number, b"&%c;" % (97 + number) * 10) for number in range(9)
)


def _before(text: bytes) -> Make:
    return lambda edge: text + edge.response()


def _bytes(change: Callable[[bytes], bytes]) -> Make:
    return lambda edge: change(edge.response())


def _text(change: Callable[[str], str]) -> Make:
    """What stands in the form."""
    return lambda edge: change(base64.b64encode(edge.response()).decode())


DOCTYPES: dict[str, tuple[Make, tuple[str, ...]]] = {
    "dtd-empty": (_before(b"<!DOCTYPE x>"), ("doctype",)),
    "dtd-internal": (_before(b'<!DOCTYPE x [<!ENTITY e "x">]>'), ("doctype",)),
    "dtd-external": (_before(b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'), ("doctype",)),
    "dtd-file": (_before(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'), ("doctype",)),
    "dtd-parameter": (_before(b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]>'), ("doctype",)),
    "dtd-laughs": (_before(LAUGHS + b"]>"), ("doctype",)),
    "dtd-attribute": (_before(b"<!DOCTYPE x [<!ATTLIST x ID ID #IMPLIED>]>"), ("doctype",)),
    "dtd-utf16": (_bytes(lambda data: ("<!DOCTYPE x>" + data.decode()).encode("utf-16")), ("encoding",)),
    "entity-undefined": (_bytes(lambda data: data.replace(b"ada@", b"&e;@", 1)), ("xml",)),
    "xinclude": (
        _bytes(
            lambda data: data.replace(
                b"<samlp:Status>",
                f'<samlp:Extensions xmlns:samlp="{PROTOCOL}"><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" '
                'href="file:///etc/passwd"/></samlp:Extensions><samlp:Status>'.encode(),
                1,
            )
        ),
        (),
    ),
    "instruction-before": (_before(b'<?xml-stylesheet href="http://127.0.0.1:9/x"?>'), ("nodes",)),
    "comment-before": (_before(b"<!-- x -->"), ("nodes",)),
    "comment-behind": (_bytes(lambda data: data + b"<!-- x -->"), ("nodes",)),
}


def _response(inside: bytes) -> bytes:
    return (
        f'<samlp:Response xmlns:samlp="{PROTOCOL}" xmlns:saml="{SAML}" ID="_r" Version="2.0">'.encode()
        + inside
        + b"</samlp:Response>"
    )


def _attributes(count: int) -> bytes:
    return b"<samlp:Status " + b" ".join(b'a%d="1"' % number for number in range(count)) + b"/>"


def _namespaces(count: int) -> bytes:
    return b"<samlp:Status " + b" ".join(b'xmlns:n%d="urn:%d"' % (number, number) for number in range(count)) + b"/>"


HEAVY: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "dos-size": (_response(b" " * 140_000), ("size",)),
    "dos-deep": (_response(b"<a>" * 200 + b"</a>" * 200), ("nodes",)),
    "dos-deeper": (_response(b"<a>" * 15_000 + b"</a>" * 15_000), ("xml",)),
    "dos-nodes": (_response(b"<a/>" * 30_000), ("nodes",)),
    "dos-attributes": (_response(_attributes(9_000)), ("nodes",)),
    "dos-namespaces": (_response(_namespaces(5_000)), ("status",)),
    "dos-text": (_response(b"<samlp:Status>" + b"x" * 120_000 + b"</samlp:Status>"), ("status",)),
    "dos-long-name": (_response(b"<" + b"a" * 60_000 + b"/>"), ("root", "xml")),
    "dos-assertions": (_response(b"<samlp:Status/>" + b"<saml:Assertion/>" * 2_000), ("assertion_place",)),
    "dos-signatures": (
        _response(b"<samlp:Status/>" + b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>' * 2_000),
        ("root", "signature_place"),
    ),
    "dos-ids": (_response(b"".join(b'<a ID="_%d"/>' % number for number in range(2_900))), ("root",)),
}
ENCODINGS: dict[str, tuple[Make, tuple[str, ...]]] = {
    "encoding-utf16": (_bytes(lambda data: data.decode().encode("utf-16")), ("encoding",)),
    "encoding-utf16-bare": (_bytes(lambda data: data.decode().encode("utf-16-le")), ("encoding", "xml")),
    "encoding-latin1": (_before(b'<?xml version="1.0" encoding="ISO-8859-1"?>'), ("encoding",)),
    "encoding-utf7": (_before(b"<?xml version='1.0' encoding='UTF-7'?>"), ("encoding",)),
    "encoding-ebcdic": (_before(b'<?xml version="1.0" encoding="IBM037"?>'), ("encoding",)),
    "encoding-utf8": (_before(b'<?xml version="1.0" encoding="utf-8"?>\n'), ()),
    "encoding-invalid": (_bytes(lambda data: data.replace(b"ada@", b"\xff\xfeada@", 1)), ("encoding",)),
    "encoding-overlong": (_bytes(lambda data: data.replace(b"ada@", b"\xc0\xbcada@", 1)), ("encoding",)),
    "encoding-nul": (_bytes(lambda data: data.replace(b"ada@", b"\x00ada@", 1)), ("xml",)),
    "encoding-gzip": (_bytes(gzip.compress), ("encoding",)),
    "encoding-xml11": (_before(b'<?xml version="1.1"?>'), ()),
    "base64-junk": (_text(lambda text: f"!!{text}"), ("base64",)),
    "base64-junk-inside": (_text(lambda text: f"{text[:100]}*{text[100:]}"), ("base64",)),
    "base64-no-padding": (_text(lambda text: (text.rstrip("=") + "A")[: len(text) - len(text) % 4 - 1]), ("base64",)),
    "base64-urlsafe": (_text(lambda text: f"-_{text[2:]}"), ("base64",)),
    "base64-spaces": (_text(lambda text: text.replace("P", " ", 1)), ("base64",)),
    "base64-not-ascii": (_text(lambda text: f"é{text}"), ("base64",)),
    "base64-lines": (_text(lambda text: "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))), ()),
    "empty": (_text(lambda text: ""), ("xml",)),
    "word": (_text(lambda text: "null"), ("encoding",)),
    "html": (_bytes(lambda data: b"<html><body>Error</body></html>"), ("root",)),
    "json": (_bytes(lambda data: b'{"error": 1}'), ("xml",)),
}


def _as_it_is(data: bytes) -> Make:
    def make(edge: SamlEdge) -> bytes:
        return data

    return make


def _all() -> Iterator[Variant]:
    for name, (make, words) in DOCTYPES.items():
        yield variant("su07", name, make, *words)
    for name, (data, words) in HEAVY.items():
        yield variant("su26", name, _as_it_is(data), *words)
    for name, (make, words) in ENCODINGS.items():
        yield variant("su26", name, make, *words)


DOCUMENTS = tuple(_all())
