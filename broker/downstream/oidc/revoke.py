"""Revocation (RFC 7009): a client gives a token back. What hangs on the same grant ends with it.

An access token of a person names its grant, which UserInfo asks at each use: so revoking one is immediate, and ends its
refresh token too (RFC 7009, 2.1). One without a person is remembered as revoked until it runs out.
"""

from datetime import UTC, datetime
from typing import Any

from flask import Response, g

from broker.downstream.oidc import tokens
from broker.downstream.oidc.clients import authenticate_client
from broker.downstream.oidc.grants import split_refresh
from broker.downstream.oidc.introspect import PARAMETERS
from broker.downstream.oidc.parameters import Parameters
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.audit import Event
from tenants.causes import Cause, ProtocolFault
from tenants.db import TenantSession
from tenants.sessions import GRANT_BY_HANDLE, PERSON_OF_GRANT, REVOKE_GRANT
from tenants.snapshot import ApplicationConfig
from tenants.used_tokens import USE_TOKEN, used_token_id


def revoke() -> Response:
    """The endpoint. A token that is none is as good as revoked (RFC 7009, 2.2)."""
    form = Parameters.of_form()
    if repeated := form.repeated(PARAMETERS):
        raise ProtocolFault(Cause.REQUEST_INVALID, f"{repeated[0]} came more than once")
    application = authenticate_client(form)
    token = form.get("token")
    if token is None:
        raise ProtocolFault(Cause.REQUEST_INVALID, "token is missing", application_id=application.id)
    if parts := split_refresh(token):
        _revoke_refresh(*parts, application)
    elif (claims := tokens.read(token, tokens.ACCESS_TOKEN)) is not None:
        _revoke_access(claims, application)
    response = Response(status=200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _revoke_refresh(handle: str, secret: str, application: ApplicationConfig) -> None:
    with g.db.reading() as db:
        grant = db.one(GRANT_BY_HANDLE, handle=handle)
    # One that was rotated away is still its owner's; what it names is the family.
    if grant is None or grant.refresh_hash is None:
        return
    if grant.application_id != application.id:
        raise _foreign(application)
    _end(grant.id, grant.account_id, application)


def _revoke_access(claims: dict[str, Any], application: ApplicationConfig) -> None:
    if claims.get("client_id") != application.client_id:
        raise _foreign(application)
    if "gid" not in claims:
        until = datetime.fromtimestamp(claims["exp"], UTC)
        with g.db.writing() as db:
            db.run(
                USE_TOKEN,
                token_id=used_token_id("access", application.id, claims["jti"]),
                application=application.id,
                until=until,
            )
        return
    with g.db.reading() as db:
        person = db.one(PERSON_OF_GRANT, grant_id=claims["gid"])
    if person is not None:
        _end(person.grant_id, person.account_id, application)


def _end(grant_id: str, account_id: str, application: ApplicationConfig) -> None:
    now = the_broker().ports.clock.now()
    with g.db.writing() as db:
        if db.run(REVOKE_GRANT, grant_id=grant_id, now=now):
            _note(db, account_id, application, now)


def _note(db: TenantSession, account_id: str, application: ApplicationConfig, now: datetime) -> None:
    audit.append(
        db,
        Event.GRANT_REVOKED,
        at=now,
        account_id=account_id,
        application_id=application.id,
        address=client_address(),
        detail={"by": "application"},
    )


def _foreign(application: ApplicationConfig) -> ProtocolFault:
    """RFC 7009, 2.1."""
    detail = "the token was issued to another client"
    return ProtocolFault(Cause.GRANT_INVALID, detail, application_id=application.id)
