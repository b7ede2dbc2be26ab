"""Our own messages of single logout to service providers (Core, 3.7): requests, and answers that say what is so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lxml import etree
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from broker.downstream.saml.assertions import new_xml_id
from broker.downstream.saml.places import entity_id, signing_key
from broker.saml_xml.logout import SESSION_INDEX
from broker.saml_xml.names import put_name
from broker.saml_xml.sending import in_address, in_form, new_message
from broker.saml_xml.xml import STATUS, STATUS_CODE, STATUS_CODES, SUCCESS, Element, written
from broker.signin.dispatch import hand_over, post_over

_LIFE = timedelta(minutes=5)
PARTIAL, UNKNOWN = ("Responder", "PartialLogout"), ("Requester", "UnknownPrincipal")


@dataclass(frozen=True, slots=True)
class Sending:
    """Where a message goes, and how."""

    url: str
    is_posted: bool


def place_in(places: Mapping[str, str], *, prefers_post: bool = False) -> Sending | None:
    """One of the addresses that are registered, by binding; None: there is none."""
    for binding in ("post", "redirect") if prefers_post else ("redirect", "post"):
        if binding in places:
            return Sending(places[binding], binding == "post")
    return None


def wish_of(name: Mapping[str, Any], session_indexes: Sequence[str], to: Sending, now: datetime) -> Element:
    """A LogoutRequest for what one application was told in one session. Its id is new."""
    root = new_message("LogoutRequest", new_xml_id(), to.url, entity_id(), now, NotOnOrAfter=written(now + _LIFE))
    put_name(root, **name)
    for one in session_indexes:
        etree.SubElement(root, SESSION_INDEX).text = one
    return root


def answer_to(request_id: str, failed: tuple[str, str] | None, to: Sending, now: datetime) -> Element:
    """A LogoutResponse; `failed`: the two levels of its status, where it is no success."""
    root = new_message("LogoutResponse", new_xml_id(), to.url, entity_id(), now, InResponseTo=request_id)
    status = etree.SubElement(root, STATUS)
    if failed is None:
        etree.SubElement(status, STATUS_CODE, {"Value": SUCCESS})
    else:
        outer = etree.SubElement(status, STATUS_CODE, {"Value": f"{STATUS_CODES}{failed[0]}"})
        etree.SubElement(outer, STATUS_CODE, {"Value": f"{STATUS_CODES}{failed[1]}"})
    return root


def sent(field: str, root: Element, relay_state: str, to: Sending, name: str, *, by_page: bool) -> Response:
    """`by_page`: a page goes on by itself, as the policy of a form's page would stop a redirect elsewhere."""
    if to.is_posted:
        return post_over(to.url, name, in_form(field, root, relay_state, signing_key()))
    address = in_address(field, root, to.url, relay_state, signing_key())
    return hand_over(address, name) if by_page else redirect(address, 303)
