"""All peers of the demo, each on its port. A new one is a function that makes its site and a row in `make_peers`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from broker.demo.application import make_application
from broker.demo.entra.authorization import Registration
from broker.demo.entra.site import make_entra
from broker.demo.entra.tokens import Signer
from broker.demo.helper import make_helper
from broker.demo.kept import KeptSecrets
from broker.demo.places import ENTRA_CLIENT, Places
from broker.demo.relying_party import Client
from broker.ports import Clock


def make_peers(places: Places, kept: KeptSecrets, clock: Clock) -> dict[str, Flask]:
    """Address → site."""
    return {
        places.entra: make_entra(
            places.entra,
            Registration(
                ENTRA_CLIENT,
                kept.entra_client,
                "SSO Broker",
                (f"{places.tenant('acme')}/callback/entra",),
            ),
            Signer(kept.entra_signing_key, places.entra),
            clock,
        ),
        places.travel: make_application(
            "Travel Expenses",
            "travel",
            [
                Client("acme", "Acme Group", places.tenant("acme"), "travel", "client_secret_basic", kept.travel_at_acme),
                Client(
                    "lumen",
                    "Lumen Studio",
                    places.tenant("lumen"),
                    "travel",
                    "client_secret_post",
                    kept.travel_at_lumen,
                ),
            ],
        ),
        places.desk: make_application(
            "Desk Reservation",
            "desk",
            [
                Client("acme", "Acme Group", places.tenant("acme"), "desk", "none"),
                Client("lumen", "Lumen Studio", places.tenant("lumen"), "desk", "none"),
            ],
        ),
        places.helper: make_helper(places, kept.totp_seeds, clock),
    }


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
