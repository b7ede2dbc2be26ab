"""Scripts of other origins (CORS, Fetch 3.2): only where a browser application needs it, and only from origins that an
application has registered. No cookie is ever part of it: none of these places reads one.
"""

from collections.abc import Iterable

from flask import Response, g, request

from broker.wiring import the_broker
from tenants.applications import ClientAuth
from tenants.snapshot import ApplicationConfig, TenantConfig

_FOR_ALL = frozenset({"back_channel.metadata", "back_channel.rfc8414", "back_channel.key_set", "back_channel.userinfo"})
_FOR_PUBLIC = frozenset({"back_channel.token", "back_channel.revoke"})
"""Where who calls has to prove itself: no script can keep a secret, so these are for clients without one."""
_FOR_SCRIPTS = _FOR_ALL | _FOR_PUBLIC
_METHODS = "GET, POST"
_HEADERS = "Authorization, Content-Type"
_FRESH_SECONDS = "600"


def allow_scripts(response: Response) -> Response:
    """Complete an answer of the back channel, the preflight's among them."""
    asked, tenant = request._get_current_object(), g.get("tenant")  # type: ignore[attr-defined]  # a proxy
    if asked.endpoint not in _FOR_SCRIPTS or tenant is None:
        return response
    response.headers.add("Vary", "Origin")
    origin = asked.headers.get("Origin")
    if origin is None or origin not in _origins(tenant, only_public=asked.endpoint in _FOR_PUBLIC):
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = _HEADERS
        response.headers["Access-Control-Max-Age"] = _FRESH_SECONDS
    return response


def _origins(tenant: TenantConfig, *, only_public: bool) -> frozenset[str]:
    name = "oidc.origins.public" if only_public else "oidc.origins"
    return the_broker().snapshots.keep(tenant, name, lambda: frozenset(_registered(tenant.applications.values(), only_public)))


def _registered(applications: Iterable[ApplicationConfig], only_public: bool) -> Iterable[str]:
    for application in applications:
        if application.is_enabled and (not only_public or application.client_auth == ClientAuth.NONE):
            yield from application.cors_origins
