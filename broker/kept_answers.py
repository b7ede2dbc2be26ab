"""Documents that are the same for everybody who asks: provider metadata and key set, answered ahead of Flask.

The first answer to a plain request is made by the view, like any other, and kept whole with the tenant's configuration:
status, headers and bytes. As long as that configuration is in force (broker/snapshots.py), the next plain requests get
the same again. Whatever is asked in a particular way (a condition, a range, from another origin) goes to the view.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from broker.logs import log_request
from broker.snapshots import Snapshots
from broker.tenancy import HOST, SLUG, SPACE, TENANT_SPACE, Environ, Wsgi, is_canonical, whole
from tenants.snapshot import TenantConfig

DOCUMENTS = frozenset({"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/oidc/jwks"})
_PARTICULAR = (
    "HTTP_ORIGIN",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_UNMODIFIED_SINCE",
    "HTTP_IF_RANGE",
    "HTTP_RANGE",
)
"""What an answer to everybody does not look at."""
_OF_THE_MOMENT = frozenset({"date", "set-cookie"})

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, whole."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class KeptAnswers:
    """WSGI middleware behind `Entrance`."""

    def __init__(self, application: Wsgi, snapshots: Snapshots) -> None:
        self._application = application
        self._snapshots = snapshots

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in DOCUMENTS:
            return self._application(environ, start_response)
        began = perf_counter()
        tenant = self._tenant(environ)
        if tenant is None or not _is_plain(environ):
            return self._application(environ, start_response)
        name = f"answer:{environ['PATH_INFO']}"
        answer: Answer | None = self._snapshots.kept(tenant, name)
        if answer is None:
            return self._made(tenant, name, environ, start_response)
        log_request("GET", environ["PATH_INFO"], 200, began, tenant.slug, environ.get("REMOTE_ADDR", ""))
        start_response(answer.status, list(answer.headers))
        return [answer.body]

    def _tenant(self, environ: Environ) -> TenantConfig | None:
        """The one at this address, where that can be said at once and it may be asked here."""
        if environ[SPACE] != TENANT_SPACE:
            return None
        tenant = self._snapshots.at_hand(environ[SLUG], environ[HOST])
        if tenant is None or tenant.is_suspended or not is_canonical(tenant, environ):
            return None
        return tenant

    def _made(self, tenant: TenantConfig, name: str, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """The view's answer, which is kept from now on."""
        told: list[tuple[str, Headers]] = []

        def listen(status: str, headers: Headers, exc_info: Any = None) -> Any:
            told.append((status, headers))
            return start_response(status, headers, exc_info)

        parts = whole(self._application, environ, listen)
        status, headers = told[-1]
        if isinstance(parts, list) and status.startswith("200 "):
            kept = tuple(header for header in headers if header[0].lower() not in _OF_THE_MOMENT)
            self._snapshots.keep(tenant, name, lambda: Answer(status, kept, b"".join(parts)))
        return parts


def _is_plain(environ: Environ) -> bool:
    return bool(environ["REQUEST_METHOD"] == "GET") and not any(header in environ for header in _PARTICULAR)
