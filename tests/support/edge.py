"""The product's outside edge with simulated identity providers on real sockets."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import SecretStr

from broker.guarded_http import GuardedHttp
from broker.kept import Kept
from broker.ports import Ports
from broker.system import SystemRandomness
from broker.upstream.entra import EntraOptions
from broker.upstream.google import GoogleOptions
from broker.upstream.kind import Assertion, FlowContext, Kind, ReturnData
from broker.upstream.oidc import OidcOptions
from tests.peers.entra import EntraPeer, FakeDirectory
from tests.peers.google import FakeGoogle, GooglePeer
from tests.peers.oidc import FakeIssuer, OidcPeer
from tests.peers.people import Person
from tests.support.clock import FakeClock
from tests.support.names import FakeDns as FakeDns
from tests.support.served import served

CALLBACK = "https://login.example/t/acme/callback/main"


@cache
def roots() -> ssl.SSLContext:
    """The system's; loading them takes longer than most tests."""
    return ssl.create_default_context()


def guarded_http(
    dns: FakeDns | None = None,
    *,
    clock: FakeClock | None = None,
    networks: Sequence[str] = (),
    loopback: bool = False,
    tls: ssl.SSLContext | None = None,
) -> GuardedHttp:
    return GuardedHttp(
        dns or FakeDns(localhost=["127.0.0.1"]),
        Kept(clock or FakeClock()),
        tls or roots(),
        private_networks=[ip_network(network) for network in networks],
        allow_loopback_http=loopback,
    )


@dataclass
class Edge:
    clock: FakeClock
    ports: Ports
    oidc: OidcPeer
    entra: EntraPeer
    google: GooglePeer

    def context(self, **changes: Any) -> FlowContext:
        """A fresh way to a provider, as the sign-in makes it."""
        fresh = self.ports.randomness.token_urlsafe
        values = {
            "connection": "con_main",
            "callback_url": CALLBACK,
            "state": fresh(32),
            "nonce": fresh(32),
            "verifier": fresh(32),
            "now": self.clock.now(),
        }
        return FlowContext(**(values | changes))

    def sign_in(self, kind: Kind, options: Any, issuer: FakeIssuer, person: Person | None = None, **context: Any) -> Assertion:
        """There and back again."""
        tx = self.context(**context)
        start = kind.start(options, tx, self.ports)
        back = returned(issuer.approve(start.url, person))
        return kind.finish(options, self.context(**_fields(tx), kept=start.keep), back, self.ports)


@contextmanager
def opened_edge() -> Iterator[Edge]:
    clock = FakeClock()
    oidc, entra, google = OidcPeer("", clock), EntraPeer("", clock), GooglePeer(clock)
    with served(oidc) as oidc_port, served(entra) as entra_port, served(google) as google_port:
        oidc.origin = f"http://127.0.0.1:{oidc_port}"
        entra.origin = f"http://127.0.0.1:{entra_port}"
        google.origin = google.tokens = google.certificates = f"http://127.0.0.1:{google_port}"
        dns, kept = FakeDns(), Kept(clock)
        http = GuardedHttp(dns, kept, roots(), allow_loopback_http=True)
        yield Edge(clock, Ports(clock, SystemRandomness(), dns, http, kept), oidc, entra, google)


def oidc_options(issuer: FakeIssuer, **changes: Any) -> OidcOptions:
    values = {"issuer": issuer.issuer, "client_id": issuer.client_id, "client_secret": SecretStr(issuer.client_secret)}
    return OidcOptions(**(values | changes))


def entra_options(directory: FakeDirectory, /, **changes: Any) -> EntraOptions:
    values = {
        "directory": directory.directory,
        "client_id": directory.client_id,
        "client_secret": SecretStr(directory.client_secret),
        "authority_host": directory.origin,
        "graph_host": directory.origin,
    }
    return EntraOptions(**(values | changes))


def google_options(client: FakeGoogle, /, **changes: Any) -> GoogleOptions:
    values = {
        "client_id": client.client_id,
        "client_secret": SecretStr(client.client_secret),
        "domains": ("acme.example",),
        "authority": client.issuer,
    }
    return GoogleOptions(**(values | changes))


def returned(url: str) -> ReturnData:
    """What the browser brings to the callback at `url`."""
    return ReturnData.of("GET", parse_qsl(urlsplit(url).query, keep_blank_values=True))


def _fields(tx: FlowContext) -> dict[str, Any]:
    return {name: getattr(tx, name) for name in tx.__dataclass_fields__ if name != "kept"}
