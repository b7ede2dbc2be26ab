"""Introspection (RFC 7662): whether a token is good now. A client is told of its own tokens only, by its own proof."""

from datetime import datetime
from typing import Any

from flask import Response, g
from sqlalchemy import Row

from broker.downstream.oidc import tokens
from broker.downstream.oidc.answers import json_answer
from broker.downstream.oidc.clients import authenticate_client
from broker.downstream.oidc.grants import revoked_because, split_refresh
from broker.downstream.oidc.parameters import Parameters
from broker.wiring import the_broker
from tenants.applications import ClientAuth
from tenants.causes import Cause, ProtocolFault
from tenants.ids import digest
from tenants.sessions import GRANT_BY_HANDLE, PERSON_OF_GRANT
from tenants.snapshot import ApplicationConfig
from tenants.subjects import subject_of
from tenants.used_tokens import USED_TOKEN, used_token_id

PARAMETERS = ("token", "token_type_hint", "client_id", "client_secret", "client_assertion", "client_assertion_type")
_NOTHING: dict[str, Any] = {"active": False}
"""All that is said of a token that is wrong, foreign or over (RFC 7662, 2.2)."""


def introspect() -> Response:
    """The endpoint. Wrong requests are raised as ProtocolFault."""
    form = Parameters.of_form()
    if repeated := form.repeated(PARAMETERS):
        raise ProtocolFault(Cause.REQUEST_INVALID, f"{repeated[0]} came more than once")
    application = authenticate_client(form)
    if application.client_auth == ClientAuth.NONE:
        raise ProtocolFault(Cause.CLIENT_INVALID, "only a client that proves itself is told", application_id=application.id)
    token = form.get("token")
    if token is None:
        raise ProtocolFault(Cause.REQUEST_INVALID, "token is missing", application_id=application.id)
    return json_answer(_said_of(token, application, the_broker().ports.clock.now()))


def _said_of(token: str, application: ApplicationConfig, now: datetime) -> dict[str, Any]:
    if parts := split_refresh(token):
        return _of_refresh(*parts, application, now)
    claims = tokens.read(token, tokens.ACCESS_TOKEN)
    if claims is None or claims.get("client_id") != application.client_id or claims["exp"] <= now.timestamp():
        return _NOTHING
    if "gid" in claims:
        person = _person(claims["gid"])
        if person is None or revoked_because(person, now) is not None:
            return _NOTHING
        about = {"username": person.email, "sid": person.session_id}
    else:
        about = {}
        with g.db.reading() as db:
            if db.one(USED_TOKEN, token_id=used_token_id("access", application.id, claims["jti"])):
                return _NOTHING
    told = {name: claims[name] for name in ("scope", "client_id", "sub", "aud", "iss", "exp", "iat", "jti")}
    return {"active": True, "token_type": "Bearer"} | told | about


def _of_refresh(handle: str, secret: str, application: ApplicationConfig, now: datetime) -> dict[str, Any]:
    with g.db.reading() as db:
        grant = db.one(GRANT_BY_HANDLE, handle=handle)
        is_own = grant is not None and grant.application_id == application.id and grant.refresh_hash == digest(secret)
        person = db.one(PERSON_OF_GRANT, grant_id=grant.id) if grant is not None and is_own else None
    if grant is None or person is None or revoked_because(person, now) is not None:
        return _NOTHING
    return {
        "active": True,
        "scope": grant.scope,
        "client_id": application.client_id,
        "sub": subject_of(g.tenant.pairwise_salt, application, person.account_id),
        "iss": g.tenant.issuer,
        "exp": int(person.grant_expires_at.timestamp()),
        "username": person.email,
        "sid": person.session_id,
    }


def _person(grant_id: str) -> Row[Any] | None:
    with g.db.reading() as db:
        found: Row[Any] | None = db.one(PERSON_OF_GRANT, grant_id=grant_id)
    return found
