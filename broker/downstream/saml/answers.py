"""An answer on its way: posted to a registered address by the browser, at once where scripts run, else by a button."""

import base64
from collections.abc import Sequence

from flask import g, request
from werkzeug.wrappers import Response

from broker.downstream.saml.asked import Asked
from broker.downstream.saml.assertions import refusal_of
from broker.downstream.saml.denied import Denied
from broker.saml_xml.xml import Element, serialised
from broker.signin.dispatch import post_over
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.audit import Event
from tenants.causes import Cause, ProtocolFault
from tenants.db import TenantSession
from tenants.return_addresses import check_return_address
from tenants.snapshot import ApplicationConfig


def posted(application: ApplicationConfig, acs: str, relay_state: str, message: Element) -> Response:
    """SD-01: the only thing that sends a response. The comparison with what is registered is part of it.

    The page's policy lets its one form go on from there to any https address: many service providers redirect to another
    host of theirs, and browsers hold the policy against that as well.
    """
    saml = application.saml
    if saml is None or acs not in [one.url for one in saml.acs]:
        raise ProtocolFault(Cause.RETURN_ADDRESS_MISMATCH, "this address is not registered", application_id=application.id)
    try:
        check_return_address(acs)
    except ValueError as error:
        raise ProtocolFault(Cause.RETURN_ADDRESS_MISMATCH, f"the registered address {error}") from error
    fields = {"SAMLResponse": base64.b64encode(serialised(message)).decode()}
    page = post_over(acs, application.name, fields | ({"RelayState": relay_state} if relay_state else {}))
    g.form_targets = (acs, "https:") if acs.startswith("https:") else (acs,)
    page.headers["Cache-Control"] = "no-store"
    return page


def refused(application: ApplicationConfig, asked: Asked, denied: Denied) -> ProtocolFault:
    """To be raised: the application is told, and the audit log why."""
    now = the_broker().ports.clock.now()
    answer = posted(application, asked.acs, asked.relay_state, refusal_of(asked.acs, asked.request_id, denied, now))
    error = f"{denied.code}/{denied.subcode}"
    return ProtocolFault(denied.cause, f"{error}: {denied.detail}", redirect=answer, application_id=application.id)


def note_opened(db: TenantSession, application: ApplicationConfig, account_id: str, kept_back: Sequence[str]) -> None:
    """In the caller's transaction. `kept_back`: attributes that it was not told."""
    audit.append(
        db,
        Event.APPLICATION_OPENED,
        at=the_broker().ports.clock.now(),
        account_id=account_id,
        application_id=application.id,
        address=client_address(),
        user_agent=request.user_agent.string,
        detail={"kept_back": " ".join(kept_back), "detail": "nobody has proven the address"} if kept_back else {},
    )
