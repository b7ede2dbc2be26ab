"""Our own messages of single logout: what a session remembers for it, our request, our answer (Core, 3.7)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from lxml import etree

from broker.saml_xml.keys import OwnKey
from broker.saml_xml.logout import SESSION_INDEX, Wish, name_of
from broker.saml_xml.sending import in_address, in_form, new_message
from broker.saml_xml.xml import (
    NAME_ID,
    SKEW,
    STATUS,
    STATUS_CODE,
    SUCCESS,
    Element,
    moment,
    text_of,
    written,
)
from broker.upstream.kind import Start, UpstreamSession
from broker.upstream.saml_parts.checks import Expected, Message
from broker.upstream.saml_parts.provider import Provider

_ATTRIBUTES = ("Format", "NameQualifier", "SPNameQualifier")
_LIFE = timedelta(minutes=5)
_MAX_HINT = 2000


def session_of(message: Message, expected: Expected, *, keeps_hint: bool) -> UpstreamSession:
    """What of a sign-in is remembered for its end. The provider's end of it is believed by the provider's clock."""
    statement = message.one("AuthnStatement")
    sid = statement.get("SessionIndex") or None
    end = moment(statement.get("SessionNotOnOrAfter"), "SessionNotOnOrAfter")
    name_id = message.one("Subject").find(NAME_ID)
    if name_id is None:
        return UpstreamSession(sid, end and end + SKEW)
    hint = {name: name_id.get(name) for name in _ATTRIBUTES if name_id.get(name)} | {"NameID": text_of(name_id)}
    if sid:
        hint["SessionIndex"] = sid
    keeps = keeps_hint and sum(map(len, hint.values())) <= _MAX_HINT
    name = name_of(name_id, expected.issuer, expected.audience)
    return UpstreamSession(sid, end and end + SKEW, name, hint if keeps else {})


def ask(
    provider: Provider, hint: Mapping[str, str], us: str, relay_state: str, key: OwnKey, at: datetime, new_id: str
) -> Start | None:
    """Our LogoutRequest; None where the provider has no address for it, or nothing is known to name the person by."""
    binding = next((name for name in ("redirect", "post") if name in provider.slo), None)
    if binding is None or "NameID" not in hint:
        return None
    destination = provider.slo[binding]
    root = new_message("LogoutRequest", new_id, destination, us, at, NotOnOrAfter=written(at + _LIFE))
    name_id = etree.SubElement(root, NAME_ID, {name: hint[name] for name in _ATTRIBUTES if name in hint})
    name_id.text = hint["NameID"]
    if "SessionIndex" in hint:
        etree.SubElement(root, SESSION_INDEX).text = hint["SessionIndex"]
    started = _sent("SAMLRequest", root, destination, relay_state, key, is_posted=binding == "post")
    return Start(started.url, {"request_id": new_id}, started.form)


def answer(provider: Provider, wish: Wish, us: str, key: OwnKey, at: datetime, new_id: str) -> Start | None:
    """Our LogoutResponse, by the way that the request came if that has an address; None: there is nowhere to send it."""
    ways = ("post", "redirect") if wish.is_posted else ("redirect", "post")
    binding = next((name for name in ways if name in provider.slo_answers), None)
    if binding is None:
        return None
    destination = provider.slo_answers[binding]
    root = new_message("LogoutResponse", new_id, destination, us, at, InResponseTo=wish.id)
    etree.SubElement(etree.SubElement(root, STATUS), STATUS_CODE, {"Value": SUCCESS})
    return _sent("SAMLResponse", root, destination, wish.relay_state, key, is_posted=binding == "post")


def _sent(field: str, root: Element, destination: str, relay_state: str, key: OwnKey, *, is_posted: bool) -> Start:
    if is_posted:
        return Start(destination, {}, in_form(field, root, relay_state, key))
    return Start(in_address(field, root, destination, relay_state, key))
