"""An application as its users see it in a real browser: a link to sign in, and a page that says who has come."""

from collections.abc import Iterable
from html import escape
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from werkzeug.wrappers import Request, Response

from tests.factories import Home
from tests.support.relying_party import RelyingParty


class ApplicationSite:
    """A WSGI app at `origin`, registered at one tenant."""

    def __init__(self, app: Flask, home: Home) -> None:
        self.origin = f"https://app.{home.domain}"
        self.party = RelyingParty.of(app, home)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        page = self._arrived(request) if request.path == "/callback" else self._front()
        return Response(f"<!doctype html><title>App</title>{page}", content_type="text/html")(environ, start_response)

    def _front(self) -> str:
        return f'<a href="{escape(self._asking())}">Sign in</a>'

    def _asking(self) -> str:
        asked = self.party.request(scope="openid email profile")
        return f"{self.party.home.url}/oidc/authorize?{urlencode(asked)}"

    def _arrived(self, request: Request) -> str:
        if "code" not in request.args:
            return f"<p>{escape(request.args.get('error', 'nothing came'))}</p>"
        tokens = self.party.redeem(request.args["code"]).json
        self.party.claims(tokens["id_token"])  # its signature is proven
        return f"<p>Signed in as {escape(self.party.userinfo(tokens['access_token']).json['email'])}</p>"
