"""Who calls the token endpoint (RFC 6749, 2.3; OpenID Connect Core 1.0, 9)."""

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from flask import g, request

from broker.downstream.oidc.client_assertions import TYPE, AssertionFault, check_assertion, client_of
from broker.downstream.oidc.parameters import Parameters
from tenants.applications import ClientAuth
from tenants.causes import Cause, ProtocolFault
from tenants.ids import digest, is_same
from tenants.snapshot import ApplicationConfig

_IN_BODY = ("client_secret", "client_assertion", "client_assertion_type")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client showed of itself, and how."""

    method: ClientAuth
    client_id: str
    secret: str | None = field(default=None, repr=False)


def authenticate_client(form: Parameters) -> ApplicationConfig:
    """The application that proved itself the way it is registered for. Raises ProtocolFault(CLIENT_INVALID)."""
    if Parameters.of_query().get("client_secret") is not None:
        # It is in somebody's log by now (RFC 6749, 2.3.1).
        raise _refused("client_secret stood in the address")
    shown = _from_header(form) if "Authorization" in request.headers else _from_body(form)
    application: ApplicationConfig | None = g.tenant.applications.get(shown.client_id)
    if application is None or not application.is_enabled:
        raise _refused("no such client_id here, or switched off")
    if application.client_auth != shown.method:
        raise _refused(f"registered for {application.client_auth}, not {shown.method}", application)
    if shown.method is ClientAuth.JWT:
        _check_assertion(shown.secret or "", application)
    elif shown.method is not ClientAuth.NONE and not _is_secret(shown.secret, application.secret_hash):
        raise _refused("the client secret is not right", application)
    return application


def _check_assertion(assertion: str, application: ApplicationConfig) -> None:
    try:
        check_assertion(assertion, application)
    except AssertionFault as fault:
        raise _refused(str(fault), application) from None


def _from_header(form: Parameters) -> Credentials:
    """`client_secret_basic`: both parts are form-encoded before they are joined (RFC 6749, 2.3.1)."""
    if any(form.get(name) is not None for name in _IN_BODY):
        raise _refused("more than one way of client authentication at once")
    scheme, _, encoded = request.headers["Authorization"].partition(" ")
    if scheme.lower() != "basic":
        raise _refused("the Authorization header has to be Basic")
    try:
        joined = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        client_id, _, secret = (unquote_plus(part, errors="strict") for part in joined.partition(":"))
    except (binascii.Error, ValueError):
        raise _refused("the Authorization header cannot be read") from None
    if form.get("client_id") not in (None, client_id):
        raise _refused("client_id in header and body differ")
    return Credentials(ClientAuth.BASIC, client_id, secret)


def _from_body(form: Parameters) -> Credentials:
    client_id, assertion, secret = form.get("client_id"), form.get("client_assertion"), form.get("client_secret")
    if assertion is not None or form.get("client_assertion_type") is not None:
        return _from_assertion(form, assertion or "")
    if client_id is None:
        raise _refused("no client authentication")
    return Credentials(ClientAuth.NONE if secret is None else ClientAuth.POST, client_id, secret)


def _from_assertion(form: Parameters, assertion: str) -> Credentials:
    """`private_key_jwt` (RFC 7523, 2.2): it says itself of whom it is; `client_id` beside it has to agree."""
    if form.get("client_assertion_type") != TYPE:
        raise _refused(f"client_assertion_type has to be {TYPE}")
    if form.get("client_secret") is not None:
        raise _refused("more than one way of client authentication at once")
    client_id = client_of(assertion)
    if form.get("client_id") not in (None, client_id):
        raise _refused("client_id is not the subject of the client assertion")
    return Credentials(ClientAuth.JWT, client_id, assertion)


def _is_secret(shown: str | None, stored_hash: str | None) -> bool:
    """Compared as hashes in constant time, whatever characters were sent."""
    return shown is not None and stored_hash is not None and is_same(digest(shown), stored_hash)


def _refused(detail: str, application: ApplicationConfig | None = None) -> ProtocolFault:
    return ProtocolFault(Cause.CLIENT_INVALID, detail, application_id=application.id if application else None)
