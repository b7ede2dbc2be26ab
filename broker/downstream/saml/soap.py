"""Telling a service provider of a session's end from server to server (Profiles, 4.4; SOAP binding, Bindings, 3.2).

For sessions that end without their browser, and for applications that take nothing else. It runs in the worker.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import current_app, g
from lxml import etree
from sqlalchemy import Row

from broker.downstream.saml.logout_messages import Sending, wish_of
from broker.downstream.saml.places import signer, signing_key
from broker.downstream.telling import DELIVERY, NotTold
from broker.saml_xml.logout import ANSWER, check_shape
from broker.saml_xml.sending import sign
from broker.saml_xml.verifying import require_schema, verify_message
from broker.saml_xml.xml import (
    ISSUER,
    SIGNATURE,
    STATUS,
    STATUS_CODE,
    STATUS_CODES,
    SUCCESS,
    Element,
    Fault,
    parse,
    serialised,
    text_of,
)
from broker.wiring import Broker
from tenants import logouts
from tenants.causes import BrokerError, UpstreamFailure
from tenants.logout_leases import Leased
from tenants.saml_applications import SamlApplicationConfig
from tenants.saml_logins import ALL_LOGINS_AT, END_LOGINS
from tenants.snapshot import ApplicationConfig, TenantConfig

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_ACTION = {"SOAPAction": '"http://www.oasis-open.org/committees/security"', "Accept": "text/xml"}
UNKNOWN_PRINCIPAL = f"{STATUS_CODES}UnknownPrincipal"
_LARGEST_ANSWER = 64_000
_TRY_AGAIN = frozenset({408, 425, 429})
_TOLD = "told"
"""In the facts of a delivery: the names that it was told before."""


def tell_by_soap(broker: Broker, tenant: TenantConfig, application: ApplicationConfig, delivery: Leased) -> None:
    """Ask it to end what one session opened there. Raises NotTold unless it says that it has."""
    saml = application.saml
    url = saml.slo.get("soap") if saml is not None else None
    if saml is None or url is None:
        raise NotTold("it has no address to be told at any more", is_final=True)
    at = {"session": delivery.session_id, "application": application.id}
    with broker.db.tenant(tenant.id).reading() as db:
        logins = db.all(ALL_LOGINS_AT, **at)
    if not logins:
        raise NotTold("what it was told in this session is not known any more", is_final=True)
    before = frozenset(delivery.facts.get(_TOLD, ()))
    names = {row.name_hash: [one for one in logins if one.name_hash == row.name_hash] for row in logins}
    _tell_names(broker, tenant, saml, url, delivery, {name: rows for name, rows in names.items() if name not in before})
    with broker.db.tenant(tenant.id).writing(is_durable=False) as db:
        db.run(END_LOGINS, now=broker.ports.clock.now(), **at)


def _tell_names(
    broker: Broker,
    tenant: TenantConfig,
    saml: SamlApplicationConfig,
    url: str,
    delivery: Leased,
    names: Mapping[str, Sequence[Row[Any]]],
) -> None:
    """One name after the other, in the time of one delivery. Raises NotTold; the next try begins with what is left."""
    ends_at = broker.ports.clock.now() + DELIVERY
    told: list[str] = []
    try:
        for name, logins in names.items():
            _ask(broker, tenant, saml, url, logins, ends_at)
            told.append(name)
    except NotTold as fault:
        if not told:
            raise
        with broker.db.tenant(tenant.id).writing(is_durable=False) as db:
            facts = {**delivery.facts, _TOLD: [*delivery.facts.get(_TOLD, ()), *told]}
            logouts.note_facts(db, delivery.id, facts)
        raise NotTold(str(fault), is_final=fault.is_final, goes_on=True) from None


def _ask(
    broker: Broker,
    tenant: TenantConfig,
    saml: SamlApplicationConfig,
    url: str,
    logins: Sequence[Row[Any]],
    ends_at: datetime,
) -> None:
    """About one name, with every SessionIndex that went along with it."""
    seconds = (ends_at - broker.ports.clock.now()).total_seconds()
    if seconds <= 0:
        raise NotTold("it answers too slowly: it has yet to be told of other names in this session")
    root = _signed_wish(broker, tenant, url, logins)
    try:
        reply = broker.ports.http.request(
            "POST", url, xml=in_envelope(root), headers=_ACTION, max_bytes=_LARGEST_ANSWER, timeout=seconds
        )
    except UpstreamFailure as failure:
        raise NotTold(f"not reached: {failure.detail}") from None
    if reply.status != 200:
        is_final = 400 <= reply.status < 500 and reply.status not in _TRY_AGAIN
        raise NotTold(f"answered with status {reply.status}", is_final=is_final)
    try:
        _require_done(_answer_in(reply.body), saml, root.get("ID"))
    except Fault as fault:
        raise NotTold(f"its answer is none: {fault}") from None


def _signed_wish(broker: Broker, tenant: TenantConfig, url: str, logins: Sequence[Row[Any]]) -> Element:
    """No request says here whose names and keys are meant."""
    with current_app.app_context():
        g.tenant = tenant
        now = broker.ports.clock.now()
        root = wish_of(logins[0].name_id, [row.id for row in logins], Sending(url, is_posted=True), now)
        try:
            sign(root, signing_key(), signer=signer())
        except BrokerError as error:
            raise NotTold(error.detail) from None
        return root


def in_envelope(message: Element) -> bytes:
    """Bindings, 3.2.2: one message in the body, no header."""
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soap": ENVELOPE})
    etree.SubElement(envelope, f"{{{ENVELOPE}}}Body").append(message)
    return serialised(envelope)


def _answer_in(body: bytes) -> Element:
    """The LogoutResponse, as a document of its own. Raises Fault."""
    found = parse(body).findall(f"{{{ENVELOPE}}}Body/{ANSWER}")
    if len(found) != 1:
        raise Fault("root", "no LogoutResponse in the body")
    return parse(serialised(found[0]))


def _require_done(root: Element, saml: SamlApplicationConfig, asked: str) -> None:
    """It came by the connection that we opened to the application's own address; a signature of it has to hold as well."""
    check_shape(root, "SAMLResponse")
    if root.find(SIGNATURE) is not None:
        verify_message(root, saml.certificates)
    else:
        require_schema(root)
    if root.get("InResponseTo") != asked or text_of(root.find(ISSUER)) != saml.entity_id:
        raise Fault("issuer", "it answers something else")
    code = root.find(STATUS).find(STATUS_CODE)
    codes = [one.get("Value", "") for one in code.iter(STATUS_CODE)]
    # It may have heard before, by the browser or of itself: nobody of this name is signed in there.
    if codes != [SUCCESS] and codes[-1] != UNKNOWN_PRINCIPAL:
        words = " ".join(one.rpartition(":")[2][:100] for one in codes)
        raise NotTold(f"it says that not all of it is over: {words}", is_final=True)
