"""Our AuthnRequest, signed with the tenant's key: in the address (Bindings, 3.4) or in a form (Bindings, 3.5)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from broker.saml_xml.keys import OwnKey
from broker.saml_xml.sending import in_address, in_form
from broker.saml_xml.xml import BINDINGS, SAML, SAMLP, Element, written
from tenants.causes import Cause, UpstreamFailure

MAX_CONTEXTS = 10
_CONTEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,255}\Z")


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked. `name_id_format` empty: the provider chooses; `is_forced`: not by an older sign-in.

    `contexts`: exactly one of these authentication contexts; empty: none is asked for.
    """

    request_id: str
    destination: str
    issuer: str
    recipient: str
    at: datetime
    name_id_format: str = ""
    is_forced: bool = False
    contexts: tuple[str, ...] = ()


def redirected(asking: Asking, relay_state: str, key: OwnKey) -> str:
    """The provider's address with the request in it."""
    return in_address("SAMLRequest", _request(asking), asking.destination, relay_state, key)


def posted(asking: Asking, relay_state: str, key: OwnKey) -> dict[str, str]:
    """The fields of the form that goes to the provider."""
    return in_form("SAMLRequest", _request(asking), relay_state, key)


def asked_contexts(acr_values: str | None) -> tuple[str, ...]:
    """Those of the words that are URIs, as an authentication context is (Core, 2.7.2.2); an application sends what it likes."""
    return tuple(word for word in (acr_values or "").split() if _CONTEXT.match(word))[:MAX_CONTEXTS]


def signing_key(keys: Sequence[OwnKey]) -> OwnKey:
    """The key that signs now. Raises UpstreamFailure for a tenant that has none yet."""
    for key in keys:
        if key.is_active:
            return key
    raise UpstreamFailure(Cause.CONNECTION_MISCONFIGURED, "the tenant has no SAML key: apply its file once more")


def _request(asking: Asking) -> Element:
    """Core, 3.4.1. No index beside the address. An AuthnContext only where one is wanted: Entra refuses others (75011)."""
    attributes = {
        "ID": asking.request_id,
        "Version": "2.0",
        "IssueInstant": written(asking.at),
        "Destination": asking.destination,
        "AssertionConsumerServiceURL": asking.recipient,
        "ProtocolBinding": f"{BINDINGS}HTTP-POST",
    }
    if asking.is_forced:
        attributes["ForceAuthn"] = "true"
    request = etree.Element(f"{{{SAMLP}}}AuthnRequest", attributes, nsmap={"samlp": SAMLP, "saml": SAML})
    etree.SubElement(request, f"{{{SAML}}}Issuer").text = asking.issuer
    policy = {"AllowCreate": "true"}
    if asking.name_id_format:
        policy["Format"] = asking.name_id_format
    etree.SubElement(request, f"{{{SAMLP}}}NameIDPolicy", policy)
    if asking.contexts:
        wanted = etree.SubElement(request, f"{{{SAMLP}}}RequestedAuthnContext", {"Comparison": "exact"})
        for context in asking.contexts:
            etree.SubElement(wanted, f"{{{SAML}}}AuthnContextClassRef").text = context
    return request
