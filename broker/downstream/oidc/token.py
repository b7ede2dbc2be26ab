"""The token endpoint (RFC 6749, 3.2; OpenID Connect Core 1.0, 3.1.3 and 12)."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256

from flask import Response, g

from broker.downstream.oidc import tokens
from broker.downstream.oidc.answers import json_answer
from broker.downstream.oidc.asked import SCOPES, scopes_of
from broker.downstream.oidc.claims import (
    access_token_claims,
    access_token_life,
    client_token_claims,
    id_token_claims,
    needs_groups,
)
from broker.downstream.oidc.clients import authenticate_client
from broker.downstream.oidc.grants import Granted, redeem_code, rotate_refresh
from broker.downstream.oidc.parameters import Parameters
from broker.wiring import the_broker
from tenants.accounts import GROUPS_OF_ACCOUNT
from tenants.applications import GrantType
from tenants.causes import Cause, ProtocolFault
from tenants.snapshot import ApplicationConfig

PARAMETERS = (
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
)
_ACCESS_TOKEN_ALGORITHM = "ES256"


def token() -> Response:
    """Trade a code or a refresh token for tokens. Everything that fails is raised as ProtocolFault."""
    form = Parameters.of_form()
    if repeated := form.repeated(PARAMETERS):
        raise ProtocolFault(Cause.REQUEST_INVALID, f"{repeated[0]} came more than once")
    application = authenticate_client(form)
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise ProtocolFault(Cause.REQUEST_INVALID, "grant_type is missing", application_id=application.id)
    if grant_type not in GRANTS:
        raise ProtocolFault(
            Cause.REQUEST_INVALID,
            f"grant_type has to be one of {', '.join(GRANTS)}",
            error="unsupported_grant_type",
            application_id=application.id,
        )
    if grant_type not in application.grant_types:
        raise ProtocolFault(
            Cause.REQUEST_INVALID,
            f"this client may not use {grant_type}",
            error="unauthorized_client",
            application_id=application.id,
        )
    return json_answer(GRANTS[grant_type](form, application))


def _of_code(form: Parameters, application: ApplicationConfig) -> dict[str, object]:
    return issue_tokens(redeem_code(form, application))


def _of_refresh(form: Parameters, application: ApplicationConfig) -> dict[str, object]:
    return issue_tokens(rotate_refresh(form, application))


def _of_client(form: Parameters, application: ApplicationConfig) -> dict[str, object]:
    """RFC 6749, 4.4: for what the client does by itself. Scopes about people are nothing without one; no refresh token."""
    may = [word for word in scopes_of(application) if word not in SCOPES]
    asked = (form.get("scope") or " ".join(may)).split()
    if not set(asked) <= set(may):
        raise ProtocolFault(
            Cause.REQUEST_INVALID,
            "a scope that this client does not have by itself",
            error="invalid_scope",
            application_id=application.id,
        )
    now, scope = the_broker().ports.clock.now(), [word for word in may if word in asked]
    claims = client_token_claims(application, now, scope)
    return {
        "access_token": tokens.sign(claims, tokens.ACCESS_TOKEN, _ACCESS_TOKEN_ALGORITHM),
        "token_type": "Bearer",
        "expires_in": int(access_token_life(application).total_seconds()),
        "scope": " ".join(scope),
    }


GRANTS: dict[str, Callable[[Parameters, ApplicationConfig], dict[str, object]]] = {
    GrantType.CODE.value: _of_code,
    GrantType.REFRESH.value: _of_refresh,
    GrantType.CLIENT.value: _of_client,
}


def issue_tokens(granted: Granted) -> dict[str, object]:
    """Sign what was granted (RFC 6749, 5.1; Core, 3.1.3.3)."""
    now = the_broker().ports.clock.now()
    application, person = granted.application, granted.person
    access_token = tokens.sign(
        access_token_claims(person, application, now, granted.scope), tokens.ACCESS_TOKEN, _ACCESS_TOKEN_ALGORITHM
    )
    issued: dict[str, object] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": int(access_token_life(application).total_seconds()),
        "scope": " ".join(granted.scope),
    }
    if GrantType.REFRESH.value in application.grant_types:
        issued["refresh_token"] = granted.refresh_token
    if "openid" in granted.scope:
        issued["id_token"] = _id_token(granted, access_token_hash(access_token))
    return issued


def _id_token(granted: Granted, at_hash: str) -> str:
    application, person = granted.application, granted.person
    groups: list[str] = []
    if needs_groups(person, application, granted.scope, "id_token"):
        with g.db.reading() as db:
            groups = [row.value for row in db.all(GROUPS_OF_ACCOUNT, account_id=person.account_id)]
    claims = id_token_claims(
        person,
        application,
        the_broker().ports.clock.now(),
        nonce=granted.nonce,
        at_hash=at_hash,
        scope=granted.scope,
        groups=groups,
    )
    return tokens.sign(claims, tokens.ID_TOKEN, application.id_token_alg)


def access_token_hash(access_token: str) -> str:
    """`at_hash` (Core, 3.1.3.6): both of our algorithms go with SHA-256."""
    return urlsafe_b64encode(sha256(access_token.encode("ascii")).digest()[:16]).rstrip(b"=").decode()
