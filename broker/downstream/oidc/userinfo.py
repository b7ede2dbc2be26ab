"""The UserInfo endpoint (OpenID Connect Core 1.0, 5.3; RFC 6750)."""

import json
from typing import Any

from flask import Response, g, request
from sqlalchemy import Row

from broker.downstream.oidc import tokens
from broker.downstream.oidc.claims import needs_groups, userinfo_address, userinfo_claims
from broker.downstream.oidc.grants import revoked_because
from broker.downstream.oidc.parameters import Parameters
from broker.wiring import the_broker
from tenants.accounts import GROUPS_OF_ACCOUNT
from tenants.causes import Cause, ProtocolFault
from tenants.db import TenantSession
from tenants.sessions import PERSON_OF_GRANT
from tenants.snapshot import ApplicationConfig

USERINFO = "userinfo+jwt"
"""A type of its own: an ID token it is not (RFC 8725, 3.11)."""


def userinfo() -> Response:
    """What the access token's scope allows to be told of its person, as it is now."""
    claims = _require_token(_bearer_token())
    scope = str(claims["scope"]).split()
    now = the_broker().ports.clock.now()
    groups: list[str] | None = None
    with g.db.reading() as db:
        person = db.one(PERSON_OF_GRANT, grant_id=claims["gid"])
        known = g.tenant.application_by_id(person.application_id) if person is not None else None
        if person is not None and known is not None and needs_groups(person, known, scope, "userinfo"):
            groups = _groups(db, person)
    reason = revoked_because(person, now) if person is not None else "the grant is gone"
    if person is None or reason is not None:
        raise ProtocolFault(Cause.TOKEN_INVALID, reason or "")
    g.tenant = the_broker().snapshots.at_least(g.tenant, person.config_version)
    application = _require_application(person.application_id)
    if groups is None and needs_groups(person, application, scope, "userinfo"):
        # Its rules have just changed.
        with g.db.reading() as db:
            groups = _groups(db, person)
    return _answer(userinfo_claims(person, application, scope, groups or []), application)


def _groups(db: TenantSession, person: Row[Any]) -> list[str]:
    return [row.value for row in db.all(GROUPS_OF_ACCOUNT, account_id=person.account_id)]


def _answer(told: dict[str, Any], application: ApplicationConfig) -> Response:
    """Core, 5.3.2: plain, or signed for this very application where it is set up so."""
    if application.userinfo_alg is None:
        body, kind = json.dumps(told), "application/json"
    else:
        claims = told | {"iss": g.tenant.issuer, "aud": application.client_id}
        body, kind = tokens.sign(claims, USERINFO, application.userinfo_alg), "application/jwt"
    response = Response(body, mimetype=kind)
    response.headers["Cache-Control"] = "no-store"
    return response


def _bearer_token() -> str:
    """From the header, or from a posted form; never from the address (RFC 6750, 2)."""
    scheme, _, in_header = request.headers.get("Authorization", "").partition(" ")
    in_form = None
    if request.method == "POST" and request.mimetype == "application/x-www-form-urlencoded":
        in_form = Parameters.of_form().get("access_token")
    if scheme and in_form is not None:
        raise ProtocolFault(Cause.REQUEST_INVALID, "the access token came in two ways at once")
    if scheme and scheme.lower() != "bearer":
        raise ProtocolFault(Cause.TOKEN_INVALID, "the Authorization header has to be Bearer")
    token = in_header.strip() if scheme else in_form
    if not token:
        raise ProtocolFault(Cause.TOKEN_INVALID, "there is no access token")
    return token


def _require_token(token: str) -> dict[str, Any]:
    """RFC 9068, 4: signed here as an access token, for this place, not yet expired."""
    claims = tokens.read(token, tokens.ACCESS_TOKEN)
    if claims is None or claims["aud"] != userinfo_address():
        raise ProtocolFault(Cause.TOKEN_INVALID, "the access token is not one of ours")
    if claims["exp"] <= the_broker().ports.clock.now().timestamp():
        raise ProtocolFault(Cause.TOKEN_INVALID, "the access token has expired")
    if "openid" not in str(claims["scope"]).split():
        raise ProtocolFault(Cause.TOKEN_INVALID, "openid was not granted", error="insufficient_scope", status=403)
    return claims


def _require_application(application_id: str) -> ApplicationConfig:
    application: ApplicationConfig | None = g.tenant.application_by_id(application_id)
    if application is None or not application.is_enabled:
        raise ProtocolFault(Cause.TOKEN_INVALID, "the application was switched off", application_id=application_id)
    return application
