"""All peers of the demo, each on its port. A new one is a function that makes its site and a row in `make_peers`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from broker.demo.application import make_application
from broker.demo.code_flow.authorization import Registration
from broker.demo.entra.site import make_entra
from broker.demo.entra.tokens import Signer as EntraSigner
from broker.demo.google.site import make_google
from broker.demo.google.tokens import Signer as GoogleSigner
from broker.demo.helper import make_helper
from broker.demo.kept import KeptSecrets
from broker.demo.mailbox import Mailbox, make_mailbox_site
from broker.demo.places import ENTRA_CLIENT, GOOGLE_CLIENT, SHARED_CLIENT, Places
from broker.demo.relying_party import Client
from broker.demo.saml.requests import ServiceProvider
from broker.demo.saml.site import make_company_login
from broker.demo.saml_application import make_saml_application
from broker.demo.saml_party import IdentityProvider
from broker.ports import Clock

BROKER = "SSO Broker"
ORGANIZATIONS = {"acme": "Acme Group", "lumen": "Lumen Studio", "union": "Union Works"}


def make_peers(places: Places, kept: KeptSecrets, clock: Clock, mailbox: Mailbox) -> dict[str, Flask]:
    """Address → site."""
    return {
        places.entra: make_entra(
            places.entra,
            Registration(ENTRA_CLIENT, kept.entra_client, BROKER, (f"{places.tenant('acme')}/callback/entra",)),
            EntraSigner(kept.entra_signing_key, places.entra),
            clock,
            Registration(SHARED_CLIENT, kept.entra_shared, BROKER, (f"{places.broker}/callback/entra",)),
        ),
        places.google: make_google(
            Registration(GOOGLE_CLIENT, kept.google_client, BROKER, (f"{places.tenant('union')}/callback/google",)),
            GoogleSigner(kept.google_signing_key, places.google),
            clock,
        ),
        places.works: make_company_login(places.works, _union_works(places), kept.works_keys, clock),
        places.travel: make_application(
            "Travel Expenses",
            "travel",
            [
                _client(places, "acme", "travel", "client_secret_basic", kept.travel_at_acme),
                _client(places, "lumen", "travel", "client_secret_post", kept.travel_at_lumen),
                _client(places, "union", "travel", "client_secret_basic", kept.travel_at_union),
            ],
        ),
        places.desk: make_application(
            "Desk Reservation", "desk", [_client(places, slug, "desk", "none") for slug in ORGANIZATIONS]
        ),
        places.payroll: make_application("Payroll", "payroll", [_client(places, "acme", "payroll", "none")]),
        places.shifts: make_saml_application(
            "Shift Planner", "shifts", [_provider(places, slug) for slug in ("acme", "union")], kept.shifts_key
        ),
        places.kudos: make_application(
            "Kudos Wall", "kudos", [_client(places, slug, "kudos", "none") for slug in ("acme", "lumen")]
        ),
        places.mailbox: make_mailbox_site(mailbox),
        places.helper: make_helper(places, kept.totp_seeds, clock),
    }


def _client(places: Places, slug: str, client_id: str, auth: str, secret: str | None = None) -> Client:
    return Client(slug, ORGANIZATIONS[slug], places.tenant(slug), client_id, auth, secret)


def _provider(places: Places, slug: str) -> IdentityProvider:
    base = places.tenant(slug)
    return IdentityProvider(slug, ORGANIZATIONS[slug], f"{base}/saml/idp/metadata", f"{base}/")


def _union_works(places: Places) -> ServiceProvider:
    """How the company login knows the broker."""
    base = f"{places.tenant('union')}/saml/works"
    return ServiceProvider(ORGANIZATIONS["union"], f"{base}/metadata", f"{base}/acs", f"{base}/slo")


class _QuietHandler(WSGIRequestHandler):
    """Errors are logged, requests are not: the terminal belongs to the table of what to open."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return


@contextmanager
def serving(sites: Mapping[str, Flask]) -> Iterator[None]:
    """Serve each site at its address, in threads, until the block ends."""
    servers = [_server(address, site) for address, site in sites.items()]
    threads = [Thread(target=server.serve_forever, daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def _server(address: str, site: Flask) -> BaseWSGIServer:
    host, _, port = address.removeprefix("http://").partition(":")
    return make_server(host, int(port), site, threaded=True, request_handler=_QuietHandler)
