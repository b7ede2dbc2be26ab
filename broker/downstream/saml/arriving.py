"""A message of a service provider as the browser brought it: its shape first, then whose it is, then its signature.

Nothing is inflated beyond a limit, and nothing reaches a library that could make it work or fetch (security.md, SD-05).
All providers' messages come to one address, so the issuer is read before there is a key to verify with; until then it
chooses a key and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

from flask import request

from broker.saml_xml.arriving import DEFLATE, inflated, raw_values
from broker.saml_xml.gate import ANY_MESSAGE, decoded
from broker.saml_xml.query import verify_query
from broker.saml_xml.verifying import require_schema, verify_message
from broker.saml_xml.xml import ISSUER, NAME_FORMATS, SIGNATURE, Element, Fault, parse, text_of

MAX_RELAY_STATE = 2000
"""Bindings, 3.4.3, says 80 bytes; real ones have been seen with a whole address in them."""
_LARGEST_BODY = 400_000
_LONGEST_QUERY = 100_000
_ENTITY = f"{NAME_FORMATS}entity"


@dataclass(frozen=True, slots=True)
class Arrived:
    """`root` has passed the gate and the schema; nothing of it is believed yet. `raw`: of the address, undecoded."""

    field: str
    root: Element
    relay_state: str
    raw: Mapping[str, str] | None

    @property
    def is_posted(self) -> bool:
        return self.raw is None

    @property
    def issuer(self) -> str:
        """Who says to have sent it; empty where nobody does."""
        element = self.root.find(ISSUER)
        if element is None or element.get("Format", _ENTITY) != _ENTITY:
            return ""
        return text_of(element)

    @property
    def has_signature(self) -> bool:
        """Is there one, whoever's and wherever?"""
        inside = self.root.find(SIGNATURE) is not None
        return inside or (self.raw is not None and bool(self.raw.get("Signature") or self.raw.get("SigAlg")))

    def verify(self, certificates: Sequence[str]) -> None:
        """Raises Fault unless it is signed with one of these keys (PEM), in the way of its binding."""
        if self.raw is None:
            if self.root.find(SIGNATURE) is None:
                raise Fault("unsigned")
            verify_message(self.root, certificates)
            return
        if self.root.find(SIGNATURE) is not None:
            raise Fault("signature_place", "a signature inside, where there is one in the address")
        verify_query(self.raw, self.field, certificates)


def arrived(fields: Sequence[str], tags: Mapping[str, str]) -> Arrived:
    """The message of this request: one of `fields`, with the root that `tags` says. Raises Fault."""
    found = _posted(fields) if request.method == "POST" else _redirected(fields)
    for check in ANY_MESSAGE:
        check(found.root)
    if found.root.tag != tags[found.field]:
        raise Fault("root", str(found.root.tag)[:100])
    require_schema(found.root)
    if len(found.relay_state) > MAX_RELAY_STATE:
        raise Fault("size", "RelayState")
    return found


def _posted(fields: Sequence[str]) -> Arrived:
    """Bindings, 3.5."""
    request.max_content_length = _LARGEST_BODY
    form = request.form
    field = _one(fields, form)
    if any(len(form.getlist(name)) > 1 for name in (field, "RelayState")):
        raise Fault("repeated")
    return Arrived(field, parse(decoded(form[field])), form.get("RelayState", ""), None)


def _redirected(fields: Sequence[str]) -> Arrived:
    """Bindings, 3.4. RelayState is echoed, so it is read as form encoding means it: a plus is a space there."""
    query = request.query_string.decode("latin-1")
    if len(query) > _LONGEST_QUERY:
        raise Fault("size", "the address")
    raw = raw_values(query)
    field = _one(fields, raw)
    if unquote(raw.get("SAMLEncoding", DEFLATE)) != DEFLATE:
        raise Fault("encoding", "SAMLEncoding")
    return Arrived(field, parse(inflated(unquote(raw[field]))), unquote_plus(raw.get("RelayState", "")), raw)


def _one(fields: Sequence[str], values: Mapping[str, str]) -> str:
    found = [name for name in fields if values.get(name)]
    if len(found) != 1:
        raise Fault("root", "not one message")
    return found[0]
