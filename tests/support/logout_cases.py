"""Messages about signing out that are not as they have to be, each with the word that refuses it (SU-23)."""

import base64
from datetime import timedelta
from typing import Any

from lxml import etree

from tests.peers.saml import FakeProvider
from tests.peers.xml_signing import saml_key

Message = str | dict[str, str]
"""A query, or the fields of a form."""


def wrong_messages(idp: FakeProvider) -> dict[str, tuple[Message, str]]:
    side, strange = idp.logout, saml_key(7)
    long_ago = (idp.clock.now() - timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    good, form = side.in_address(side.request()), side.in_form(side.request())
    return {
        "unsigned": (side.in_address(side.request(), is_signed=False), "unsigned"),
        "signed by a stranger": (side.in_address(side.request(), strange), "signature"),
        "another person after signing": (good.replace("SAMLRequest=", "SAMLRequest=AA"), "signature"),
        "another relay state": (good.replace("RelayState=here", "RelayState=there"), "signature"),
        "SHA-1": (good.replace("rsa-sha256", "rsa-sha1"), "signature_algorithm"),
        "another family of keys": (good.replace("rsa-sha256", "ecdsa-sha256"), "signature"),
        "a signature that is none": (f"{good.partition('&Signature=')[0]}&Signature=%25", "base64"),
        "a parameter twice": (f"{good}&RelayState=there", "repeated"),
        "request and answer at once": (f"{good}&SAMLResponse=AA", "root"),
        "another encoding": (f"{good}&SAMLEncoding=urn:x", "encoding"),
        "of another issuer": (side.in_address(side.request(issuer="https://evil.example")), "issuer"),
        "for another place": (side.in_address(side.request(Destination="https://evil.example/slo")), "destination"),
        "for no place": (side.in_address(side.request(Destination=None)), "destination"),
        "made long ago": (side.in_address(side.request(IssueInstant=long_ago)), "time"),
        "ended": (side.in_address(side.request(NotOnOrAfter=long_ago)), "time"),
        "another version": (side.in_address(side.request(Version="1.1")), "version"),
        "without an id": (side.in_address(side.request(ID=None)), "schema"),
        "two names": (side.in_address(_twice(side.request(), "NameID")), "root"),
        "signed inside as well": (side.in_address(_inside(form)), "signature_place"),
        "more sessions than there can be": (side.in_address(side.request(sids=tuple(map(str, range(101))))), "size"),
        "a long relay state": (side.in_address(side.request(), relay_state="r" * 1001), "size"),
        "nothing": ("", "root"),
        "posted unsigned": (side.in_form(side.request(), is_signed=False), "unsigned"),
        "posted, signed by a stranger": (side.in_form(side.request(), strange), "signature"),
        "posted, changed after signing": (_changed(form), "signature"),
        "posted, wrapped": (_posted(etree.tostring(_wrapped(side.request(), form))), "signature_place"),
        "posted, a document type": (_posted(b"<!DOCTYPE x><x/>"), "doctype"),
        "posted, no base64": ({"SAMLRequest": "%%%"}, "base64"),
        "posted, an assertion instead": (_posted(b"<Assertion xmlns='urn:oasis:names:tc:SAML:2.0:assertion'/>"), "root"),
    }


def _inside(form: dict[str, str]) -> Any:
    return etree.fromstring(base64.b64decode(form["SAMLRequest"]))


def _twice(root: Any, name: str) -> Any:
    first = next(root.iter(f"{{*}}{name}"))
    first.addnext(etree.fromstring(etree.tostring(first)))
    return root


def _changed(form: dict[str, str]) -> dict[str, str]:
    document = base64.b64decode(form["SAMLRequest"]).replace(b"</saml:NameID>", b"x</saml:NameID>")
    return form | {"SAMLRequest": base64.b64encode(document).decode()}


def _wrapped(outer: Any, form: dict[str, str]) -> Any:
    """A signed request inside another one, whose own signature it seems to be."""
    outer.insert(1, _inside(form))
    return outer


def _posted(document: bytes) -> dict[str, str]:
    return {"SAMLRequest": base64.b64encode(document).decode()}
