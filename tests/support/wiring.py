"""The product as tests run it: settings of a small installation, and ports that a test can hold in its hand."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import Client

from broker.kept import Kept
from broker.ports import HashCost, HttpReply, Ports
from broker.settings import Settings, is_loopback
from broker.system import SystemRandomness
from tenants.causes import Cause, UpstreamFailure
from tests.support.clock import FakeClock
from tests.support.names import FakeDns

ORIGIN = "http://localhost:8000"
ENTRA = "https://entra.example"
"""Where `entra_peer` is."""
SHARED_ENTRA = "5ba7ed00-0000-4000-8000-00000000e47a"
SHARED_GOOGLE = "5ba7ed.apps.googleusercontent.com"
SHARED_SECRET = "peer: secret/+%ü"
"""The operator's registrations at Microsoft and Google."""


def make_settings(database_url: str, **changes: Any) -> Settings:
    """Settings as an installation with many tenants on one host has them; `changes` by name."""
    key = base64.b64encode(hashlib.sha256(b"the master key of the tests").digest()).decode()
    values = {
        "base_url": ORIGIN,
        "database_url": database_url,
        "master_keys": f"test:{key}",
        "allow_shared_origin": True,
        "allow_loopback_http": True,
        "allow_operator_beside_tenants": True,
        "entra_client_id": SHARED_ENTRA,
        "entra_client_secret": SHARED_SECRET,
        "entra_authority_host": ENTRA,
        "entra_graph_host": ENTRA,
        "google_client_id": SHARED_GOOGLE,
        "google_client_secret": SHARED_SECRET,
    }
    return Settings(**(values | changes))


class PeerHttp:
    """The Http port, answered by WSGI apps of this process; an origin that no test opened cannot be reached."""

    def __init__(self) -> None:
        self._apps: dict[str, Any] = {}
        self.requests: list[str] = []
        self.patience: dict[str, float] = {}
        """How long the last request to each address may have taken."""

    def open(self, origin: str, app: Any) -> None:
        """Let `app` answer at `origin` (`https://idp.example`); one origin per test, as answers are kept for a time."""
        self._apps[origin] = app

    def close(self, origin: str) -> None:
        """From now on nobody answers there."""
        self._apps.pop(origin, None)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        xml: bytes | None = None,
        auth: tuple[str, str] | None = None,
        max_bytes: int = 1_000_000,
        timeout: float = 5.0,
    ) -> HttpReply:
        self.requests.append(f"{method} {url}")
        self.patience[url] = timeout
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._apps:
            raise UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, f"nobody answers at {origin}")
        sent = dict(headers or {})
        if auth:
            sent["Authorization"] = f"Basic {base64.b64encode(':'.join(auth).encode()).decode()}"
        if xml is not None:
            sent["Content-Type"] = "text/xml; charset=utf-8"
        data = form if xml is None else xml
        reply = Client(self._apps[origin]).open(
            parts.path or "/", base_url=origin, query_string=parts.query, method=method, data=data, json=json, headers=sent
        )
        body = reply.get_data()
        if len(body) > max_bytes:
            raise UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, f"more than {max_bytes} bytes")
        return HttpReply(reply.status_code, {name.lower(): value for name, value in reply.headers.items()}, body)

    def is_safe_url(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def make_ports(clock: FakeClock) -> Ports:
    """Time stands still, HTTP stays in the process, and a hash costs little: tests make thousands of them."""
    return Ports(
        clock=clock,
        randomness=SystemRandomness(),
        dns=FakeDns(localhost=["127.0.0.1"]),
        http=PeerHttp(),
        kept=Kept(clock),
        hash_cost=HashCost(memory_kib=64, passes=1),
    )
