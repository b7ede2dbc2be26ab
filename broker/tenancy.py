"""From host and path to the tenant: the only place that reads a tenant from a URL.

`Entrance` stands in front of Flask and works on text alone: it takes forwarded headers from named proxies only, and
sorts the request into one of three URL spaces. `""` is the platform (finder, health); `operator` is the operator
console; `tenant` is a tenant's, with `/t/<slug>` moved to SCRIPT_NAME, so that both forms of address run the same
views. `open_tenant` then finds the tenant and opens its database; nothing later chooses a tenant again.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from string import punctuation
from typing import Any
from urllib.parse import quote

from flask import Flask, g, redirect, request
from werkzeug.routing import MapAdapter
from werkzeug.wrappers import Request, Response

from broker.forms import BoundedRequest
from broker.settings import Settings
from broker.snapshots import Snapshots
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.snapshot import TenantConfig

TENANT_SPACE = "tenant"
OPERATOR_SPACE = "operator"
SPACE = "broker.space"
SLUG = "broker.slug"
HOST = "broker.host"
"""What `Entrance` has found out, by its names in the environment: URL space, slug in the path, host."""
_SLUG_FORM = re.compile(r"[a-z][a-z0-9-]{0,62}")
_HOST_FORM = re.compile(r"[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\]")
_LONGEST_HOST = 300
"""What is longer is no host, and is not kept (IN-08)."""
_WELL_KNOWN = "/.well-known/oauth-authorization-server/t/"
_HEALTH_PATHS = frozenset({"/healthz", "/readyz"})

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]


class Entrance:
    """WSGI middleware: who really asks, at which address, in which URL space."""

    def __init__(self, application: Wsgi, settings: Settings) -> None:
        self._application = application
        self._settings = settings
        self._proxies = [ipaddress.ip_network(proxy, strict=False) for proxy in settings.trusted_proxies]

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if self._is_trusted(environ.get("REMOTE_ADDR", "")):
            self._take_forwarded(environ)
        if not environ.get("QUERY_STRING", "").isascii():
            # Bytes that no address has (RFC 3986, 2): escaped they can be read, and are as odd as they were.
            environ["QUERY_STRING"] = quote(environ["QUERY_STRING"], safe=punctuation, encoding="latin-1")
        environ["wsgi.url_scheme"] = "https" if self._settings.is_https else "http"
        environ[HOST] = host_of(environ.get("HTTP_HOST", ""))
        # No address has a zero byte, and PostgreSQL takes none as text: it becomes a letter that names nothing (RT-10).
        environ["PATH_INFO"] = environ.get("PATH_INFO", "").replace("\x00", "\xef\xbf\xbd")
        self._sort(environ)
        return whole(self._application, environ, start_response)

    def _sort(self, environ: Environ) -> None:
        environ[SPACE], environ[SLUG] = "", None
        path = environ.get("PATH_INFO", "")
        if environ[HOST] in self._settings.health_hosts and path in _HEALTH_PATHS:
            return
        if environ[HOST] == (self._settings.operator_host or self._settings.main_host) and _is_operators(path):
            environ[SPACE] = OPERATOR_SPACE
        elif environ[HOST] and environ[HOST] == self._settings.operator_host != self._settings.main_host:
            # A host of its own: nothing else is there.
            environ[SPACE] = OPERATOR_SPACE
        elif environ[HOST] != self._settings.main_host:
            environ[SPACE] = TENANT_SPACE
        elif path.startswith("/t/"):
            slug, slash, rest = path.removeprefix("/t/").partition("/")
            _enter(environ, slug, slash + rest or "/")
        elif path.startswith(_WELL_KNOWN):
            # RFC 8414, 3.1: of an issuer with a path, this stands in front of it.
            _enter(environ, path.removeprefix(_WELL_KNOWN), _WELL_KNOWN.removesuffix("/t/"))

    def _is_trusted(self, address: str) -> bool:
        if not self._proxies:
            return False
        try:
            peer = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(peer in proxy for proxy in self._proxies)

    def _take_forwarded(self, environ: Environ) -> None:
        """The client is the last address in X-Forwarded-For that is not one of our proxies; the rest may be invented."""
        hops = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        while hops and self._is_trusted(hops[-1]):
            hops.pop()
        if hops and _is_address(hops[-1]):
            environ["REMOTE_ADDR"] = hops[-1]
        if host := environ.get("HTTP_X_FORWARDED_HOST"):
            environ["HTTP_HOST"] = host.rpartition(",")[2].strip()


def whole(application: Wsgi, environ: Environ, start_response: Any) -> Iterable[bytes]:
    """The answer in one piece where its length is known, as servers send that at once; else as it comes."""
    told: list[tuple[str, str]] = []

    def listen(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        told[:] = headers
        return start_response(status, headers, exc_info)

    parts = application(environ, listen)
    if isinstance(parts, list) or not any(name == "Content-Length" for name, _value in told):
        return parts
    try:
        return [b"".join(parts)]
    finally:
        close: Callable[[], None] | None = getattr(parts, "close", None)
        if close is not None:
            close()


def _enter(environ: Environ, slug: str, path: str) -> None:
    environ[SPACE], environ[SLUG] = TENANT_SPACE, slug
    environ["SCRIPT_NAME"] = f"/t/{slug}"
    environ["PATH_INFO"] = path


class TenantFlask(Flask):
    """Flask with three URL spaces. The space was decided in front of it, not by werkzeug's host matching."""

    request_class = BoundedRequest

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """As it is: nothing here is a coroutine, and to look for one costs each request a tenth of a hello."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        if request is None:
            return super().create_url_adapter(request)
        environ = request.environ
        return self.url_map.bind(
            server_name="localhost",
            script_name=environ.get("SCRIPT_NAME") or "/",
            subdomain=environ.get(SPACE, ""),
            url_scheme=environ["wsgi.url_scheme"],
            default_method=request.method,
            path_info=environ.get("PATH_INFO", ""),
            query_args=environ.get("QUERY_STRING", ""),
        )


def host_of(header: str) -> str:
    """Host name of a Host header in lower case without its port; empty where it is no host name."""
    return _host_of(header) if len(header) <= _LONGEST_HOST else ""


@lru_cache(maxsize=1024)
def _host_of(header: str) -> str:
    name = header.strip().lower()
    if not name.endswith("]"):
        name, colon, port = name.rpartition(":") if ":" in name else (name, "", "")
        if colon and not port.isdigit():
            return ""
    return name if _HOST_FORM.fullmatch(name) else ""


def open_tenant() -> Response | None:
    """Find the tenant of this request and open its database as `g.tenant` and `g.db`.

    Raises Refusal with TENANT_UNKNOWN or TENANT_SUSPENDED. A page asked for at an address that is not the tenant's
    canonical one is sent to that one.
    """
    here, environ, broker = g._get_current_object(), request.environ, the_broker()
    here.tenant = None
    # Style sheets are nobody's: the page that says "unknown organization" needs them as well.
    if environ[SPACE] != TENANT_SPACE or request.endpoint == "tenant_look.asset":
        return None
    tenant = _find_tenant(environ, broker.snapshots)
    if tenant is None:
        raise Refusal(Cause.TENANT_UNKNOWN, "no tenant at this address")
    if not is_canonical(tenant, environ):
        return _to_canonical(tenant)
    here.tenant = tenant
    here.db = broker.db.tenant(tenant.id)
    if tenant.is_suspended:
        raise Refusal(Cause.TENANT_SUSPENDED)
    return None


def cookie_scope() -> tuple[str, str]:
    """Prefix of cookie names and their path at this address (design.md, section 3). Needs no database."""
    environ = request.environ
    slug, secure = environ.get(SLUG), environ["wsgi.url_scheme"] == "https"
    if slug:
        return (f"__Secure-{slug}-" if secure else f"{slug}-"), f"/t/{slug}"
    return ("__Host-" if secure else ""), "/"


def operator_cookie() -> str:
    """Name of the cookie of an operator's session. It opens nothing in a tenant, and a tenant's nothing there."""
    return f"{cookie_scope()[0]}operator"


def session_cookie_name() -> str:
    """Name of the cookie of whoever is signed in at this address."""
    return operator_cookie() if request.environ[SPACE] == OPERATOR_SPACE else f"{cookie_scope()[0]}sid"


def tenant_url(path: str) -> str:
    """An absolute address of the tenant, from its stored origin and never from the request."""
    return f"{g.tenant.base_url}{path}"


def client_address() -> str:
    """The network address of whoever asks, as text."""
    return request.remote_addr or ""


def is_canonical(tenant: TenantConfig, environ: Environ) -> bool:
    """Is this asked at the tenant's one address that counts?"""
    if tenant.canonical_host is None:
        return bool(environ[SLUG] == tenant.slug)
    return bool(environ[HOST] == tenant.canonical_host)


def _find_tenant(environ: Environ, snapshots: Snapshots) -> TenantConfig | None:
    slug = environ[SLUG]
    if slug is None:
        return snapshots.find_by_host(environ[HOST]) if environ[HOST] else None
    return snapshots.find_by_slug(slug) if _SLUG_FORM.fullmatch(slug) else None


def _to_canonical(tenant: TenantConfig) -> Response:
    if request.method not in {"GET", "HEAD"}:
        raise Refusal(Cause.TENANT_UNKNOWN, "not the canonical address of this tenant")
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    return redirect(f"{tenant.base_url}{quote(request.path)}{query}", 302)


def _is_operators(path: str) -> bool:
    return path == "/operator" or path.startswith("/operator/")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
