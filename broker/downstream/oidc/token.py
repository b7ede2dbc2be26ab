"""The token endpoint (RFC 6749, 3.2; OpenID Connect Core 1.0, 3.1.3 and 12)."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256

from flask import Response

from broker.downstream.oidc import tokens
from broker.downstream.oidc.claims import ACCESS_TOKEN_LIFE, access_token_claims, id_token_claims
from broker.downstream.oidc.clients import authenticate_client
from broker.downstream.oidc.grants import Granted, redeem_code, rotate_refresh
from broker.downstream.oidc.parameters import Parameters
from broker.wiring import the_broker
from tenants.causes import Cause, ProtocolFault
from tenants.snapshot import ApplicationConfig

GRANTS: dict[str, Callable[[Parameters, ApplicationConfig], Granted]] = {
    "authorization_code": redeem_code,
    "refresh_token": rotate_refresh,
}
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
            "grant_type has to be authorization_code or refresh_token",
            error="unsupported_grant_type",
            application_id=application.id,
        )
    return _answer(issue_tokens(GRANTS[grant_type](form, application)))


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
        "expires_in": int(ACCESS_TOKEN_LIFE.total_seconds()),
        "scope": " ".join(granted.scope),
        "refresh_token": granted.refresh_token,
    }
    if "openid" in granted.scope:
        claims = id_token_claims(person, application, now, nonce=granted.nonce, at_hash=access_token_hash(access_token))
        issued["id_token"] = tokens.sign(claims, tokens.ID_TOKEN, application.id_token_alg)
    return issued


def access_token_hash(access_token: str) -> str:
    """`at_hash` (Core, 3.1.3.6): both of our algorithms go with SHA-256."""
    return urlsafe_b64encode(sha256(access_token.encode("ascii")).digest()[:16]).rstrip(b"=").decode()


def _answer(body: dict[str, object]) -> Response:
    response = Response(json.dumps(body), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response
