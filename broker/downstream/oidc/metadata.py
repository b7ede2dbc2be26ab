"""What the provider can do and its public keys, as bytes kept for each version of the tenant's configuration."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from flask import g, request
from werkzeug.wrappers import Response

from broker.downstream.oidc.asked import SCOPES
from broker.downstream.oidc.checks import PROMPTS
from broker.downstream.oidc.claims import CLAIMS_OF_SCOPE
from broker.downstream.oidc.classes import CLASSES
from broker.downstream.oidc.client_assertions import ALGORITHMS as ASSERTION_ALGORITHMS
from broker.downstream.oidc.keys import ALGORITHMS, public_jwk, token_keys
from broker.downstream.oidc.token import GRANTS
from broker.tenancy import tenant_url
from broker.wiring import the_broker
from tenants.applications import ClientAuth, SubjectType

_FRESH = "public, max-age=300"
_TOKEN_CLAIMS = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "acr", "amr", "sid", "jti")


@dataclass(frozen=True, slots=True)
class _Document:
    body: bytes
    etag: str


def metadata() -> Response:
    """OpenID Connect Discovery 1.0, 3 and 4; the same for RFC 8414."""
    return _kept("oidc.metadata", _metadata)


def key_set() -> Response:
    """RFC 7517, 5: the keys that sign, and those that signed what may still be around."""
    return _kept("oidc.key_set", lambda: {"keys": [public_jwk(key) for key in token_keys(g.tenant)]})


def _metadata() -> dict[str, Any]:
    return _places() | _abilities()


def _places() -> dict[str, Any]:
    names = {
        "authorization_endpoint": "authorize",
        "token_endpoint": "token",
        "userinfo_endpoint": "userinfo",
        "jwks_uri": "jwks",
        "end_session_endpoint": "logout",
        "introspection_endpoint": "introspect",
        "revocation_endpoint": "revoke",
        "pushed_authorization_request_endpoint": "par",
    }
    return {"issuer": g.tenant.issuer} | {name: tenant_url(f"/oidc/{place}") for name, place in names.items()}


def _abilities() -> dict[str, Any]:
    methods = [method.value for method in ClientAuth]
    confidential = [method for method in methods if method != ClientAuth.NONE]
    return {
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": list(GRANTS),
        "subject_types_supported": [kind.value for kind in SubjectType],
        "acr_values_supported": list(CLASSES),
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "userinfo_signing_alg_values_supported": list(ALGORITHMS),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(PROMPTS),
        "display_values_supported": ["page"],
        "ui_locales_supported": list(g.tenant.branding.languages.offered),
        "claim_types_supported": ["normal"],
        "claims_supported": [*_TOKEN_CLAIMS, *(name for names in CLAIMS_OF_SCOPE.values() for name in names)],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        # Said outright, because silence means yes (Discovery, 3). What was pushed is named by it all the same.
        "request_uri_parameter_supported": False,
        "require_pushed_authorization_requests": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def _kept(name: str, make: Callable[[], dict[str, Any]]) -> Response:
    document = the_broker().snapshots.keep(g.tenant, name, lambda: _document(make()))
    response = Response(document.body, mimetype="application/json")
    response.headers["Cache-Control"] = _FRESH
    response.set_etag(document.etag)
    return response.make_conditional(request)


def _document(content: dict[str, Any]) -> _Document:
    body = json.dumps(content, separators=(",", ":")).encode()
    return _Document(body, sha256(body).hexdigest()[:32])
