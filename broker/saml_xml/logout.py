"""Single logout as it comes from the other side (Profiles, 4.4): by Redirect or POST, always signed, read in one order.

The signature comes first: nothing of a stranger is inflated or parsed. Comparisons are of whole texts, with what is
configured and stored (security.md, SU-23).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import unquote, unquote_plus

from broker.saml_xml.arriving import DEFLATE, inflated, raw_values
from broker.saml_xml.gate import ANY_MESSAGE, decoded
from broker.saml_xml.query import verify_query
from broker.saml_xml.verifying import require_schema, verify_message
from broker.saml_xml.xml import (
    EXTENSIONS,
    ISSUER,
    MAX_AGE,
    NAME_ID,
    SAMLP,
    SIGNATURE,
    SKEW,
    STATUS,
    STATUS_CODE,
    SUCCESS,
    UNSPECIFIED_FORMAT,
    Element,
    Fault,
    moment,
    parse,
    text_of,
)

MAX_SESSIONS = 100
MAX_RELAY_STATE = 1000
SESSION_INDEX = f"{{{SAMLP}}}SessionIndex"
REQUEST, ANSWER = f"{{{SAMLP}}}LogoutRequest", f"{{{SAMLP}}}LogoutResponse"
_PARTS = {
    "SAMLRequest": (REQUEST, (ISSUER, SIGNATURE, EXTENSIONS, NAME_ID, SESSION_INDEX)),
    "SAMLResponse": (ANSWER, (ISSUER, SIGNATURE, EXTENSIONS, STATUS)),
}


class Peer(Protocol):
    """The other side, as far as signing out is concerned: an identity provider or an application."""

    @property
    def entity_id(self) -> str: ...

    @property
    def certificates(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Came:
    """A message as the browser brought it. `query` is the address's own, letter by letter; `form` what was posted."""

    query: str
    form: Mapping[str, str] | None
    here: str
    """Our address for such messages, which it has to name."""
    audience: str
    """Our own name at this peer."""
    now: datetime
    is_provider: bool = False
    """Are we the identity provider of the two?"""


@dataclass(frozen=True, slots=True)
class Wish:
    """The other side wants a person's sessions to end. `name`: see `name_of`; without `sids` it means all of them."""

    id: str
    name: str
    sids: tuple[str, ...]
    relay_state: str
    until: datetime
    """From then on its own age refuses it: so long it has to be known as used."""
    is_posted: bool


@dataclass(frozen=True, slots=True)
class Done:
    """The other side answers our own wish."""

    in_response_to: str
    relay_state: str
    is_complete: bool
    """It says that everything ended there."""


def name_of(name_id: Element, provider: str, audience: str) -> str:
    """A NameID as one text: two are the same person where all of it is the same (Core, 2.2.2 and 8.3.7)."""
    parts = (
        text_of(name_id),
        name_id.get("Format", UNSPECIFIED_FORMAT),
        name_id.get("NameQualifier", provider),
        name_id.get("SPNameQualifier", audience),
    )
    return json.dumps(parts)


def hear(peer: Peer, came: Came) -> Wish | Done:
    """What the other side says about signing out. Raises Fault for anything that is not as it has to be."""
    field, root, relay_state = _posted(peer, came.form) if came.form is not None else _redirected(peer, came.query)
    return judged(field, root, relay_state, peer, came)


def judged(field: str, root: Element, relay_state: str, peer: Peer, came: Came) -> Wish | Done:
    """A message of this shape whose signature holds. Raises Fault."""
    if len(relay_state) > MAX_RELAY_STATE:
        raise Fault("size", "RelayState")
    _check_common(root, peer, came)
    if field == "SAMLResponse":
        code = root.find(STATUS).find(STATUS_CODE)
        is_complete = code.get("Value") == SUCCESS and code.find(STATUS_CODE) is None
        return Done(root.get("InResponseTo", ""), relay_state, is_complete)
    _check_end(root, came.now)
    sids = tuple(text_of(one) for one in root.findall(SESSION_INDEX))
    if len(sids) > MAX_SESSIONS:
        raise Fault("size", "SessionIndex")
    sides = (came.audience, peer.entity_id) if came.is_provider else (peer.entity_id, came.audience)
    name = name_of(root.find(NAME_ID), *sides)
    until = _issued(root) + MAX_AGE + 2 * SKEW
    return Wish(root.get("ID"), name, sids, relay_state, until, came.form is not None)


def _posted(peer: Peer, form: Mapping[str, str]) -> tuple[str, Element, str]:
    """Bindings, 3.5: the signature is inside, behind the issuer."""
    field = _field(form)
    root = parse(decoded(form[field]))
    check_shape(root, field)
    if root.find(SIGNATURE) is None:
        raise Fault("unsigned")
    verify_message(root, peer.certificates)
    return field, root, form.get("RelayState", "")


def _redirected(peer: Peer, query: str) -> tuple[str, Element, str]:
    """Bindings, 3.4: the signature is in the address, over the very letters of the query."""
    raw = raw_values(query)
    field = _field(raw)
    if unquote(raw.get("SAMLEncoding", DEFLATE)) != DEFLATE:
        raise Fault("encoding", "SAMLEncoding")
    verify_query(raw, field, peer.certificates)
    root = parse(inflated(unquote(raw[field])))
    check_shape(root, field)
    if root.find(SIGNATURE) is not None:
        raise Fault("signature_place", "a signature inside, where there is one in the address")
    require_schema(root)
    # It is echoed, so it has to be read as the provider's form encoding meant it: a plus is a space there.
    return field, root, unquote_plus(raw.get("RelayState", ""))


def _field(values: Mapping[str, str]) -> str:
    found = [name for name in _PARTS if values.get(name)]
    if len(found) != 1:
        raise Fault("root", "not one message")
    return found[0]


def check_shape(root: Element, field: str) -> None:
    """Core, 3.7.1 and 3.7.2: its parts in their order; only sessions may be several."""
    for check in ANY_MESSAGE:
        check(root)
    tag, order = _PARTS[field]
    tags = [child.tag for child in root]
    if root.tag != tag or any(one not in order for one in tags) or tags != sorted(tags, key=order.index):
        raise Fault("root", str(root.tag)[:100])
    if any(tags.count(one) != 1 for one in (ISSUER, order[3])) or tags.count(SIGNATURE) > 1:
        raise Fault("root", "its parts")


def _check_common(root: Element, peer: Peer, came: Came) -> None:
    """Core, 3.2.1 and 3.2.2. A signed message names its destination (Bindings, 3.4.5.2 and 3.5.5.2)."""
    if root.get("Version") != "2.0":
        raise Fault("version")
    if text_of(root.find(ISSUER)) != peer.entity_id:
        raise Fault("issuer", f"it says {text_of(root.find(ISSUER))[:200]!r}")
    if root.get("Destination") != came.here:
        raise Fault("destination", f"it says {str(root.get('Destination'))[:200]!r}")
    if not came.now - MAX_AGE - SKEW <= _issued(root) <= came.now + SKEW:
        raise Fault("time", "the IssueInstant")


def _check_end(root: Element, now: datetime) -> None:
    """Core, 3.7.1."""
    end = moment(root.get("NotOnOrAfter"), "NotOnOrAfter")
    if end is not None and end <= now - SKEW:
        raise Fault("time", "NotOnOrAfter")


def _issued(root: Element) -> datetime:
    found = moment(root.get("IssueInstant"), "IssueInstant")
    if found is None:
        raise Fault("time", "IssueInstant is missing")
    return found
