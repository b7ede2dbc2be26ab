"""What lies beyond this machine for a real browser: sites by their host, all behind one TLS socket on loopback."""

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from tests.support.certificates import Authority
from tests.support.served import served

PROVIDERS = ("login.microsoftonline.com", "accounts.google.com")
"""Real names that a connection can't be set up without; everything else that a test opens ends in `.example`."""


class Internet:
    """A WSGI app of apps: `internet.open("https://app.acme.example", site)`."""

    def __init__(self) -> None:
        self.port = 0
        self._sites: dict[str, Any] = {}

    def open(self, origin: str, site: Any) -> None:
        """Let `site` answer at `origin`, for browsers that don't look at certificates."""
        self._sites[urlsplit(origin).netloc] = site

    @property
    def rules(self) -> str:
        """For Chromium: where names lead. Nothing beyond this machine is reached."""
        names = [f"MAP {name} 127.0.0.1:{self.port}" for name in ("*.example", *PROVIDERS)]
        return ", ".join((*names, "MAP * ~NOTFOUND", "EXCLUDE localhost", "EXCLUDE 127.0.0.1"))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        site = self._sites.get(environ["HTTP_HOST"]) or Response("nobody is here", 404)
        answer: Iterable[bytes] = site(environ, start_response)
        return answer


@contextmanager
def opened_internet(folder: Path) -> Iterator[Internet]:
    """One that is served."""
    made = Internet()
    tls: ssl.SSLContext = Authority().server_context("internet.example", folder)
    with served(made, tls) as made.port:
        yield made
