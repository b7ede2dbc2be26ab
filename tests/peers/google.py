"""A simulated Google: one issuer for everybody, with its addresses, its claims and a Workspace behind each account.

google = peer.client()                # an OAuth client of our own for each test, which the peer knows it by
google.person = workspace_person("ada@acme.example")
"""

import secrets
from collections.abc import Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.peers.oidc import FakeIssuer
from tests.peers.people import Person
from tests.support.clock import FakeClock

GOOGLE = "https://accounts.google.com"
TOKENS = "https://oauth2.googleapis.com"
KEYS = "https://www.googleapis.com"
PLACES = {
    "/.well-known/openid-configuration": "discovery",
    "/oauth2/v3/certs": "jwks",
    "/token": "token",
    "/o/oauth2/v2/auth": "authorize",
}


def workspace_person(email: str, given: str = "Ada", family: str = "Lovelace", *, hd: str | None = None, **more: Any) -> Person:
    """Somebody of the Workspace of their address, or of `hd` where that is another."""
    claims = {"hd": hd or email.partition("@")[2], "groups": None}
    return Person(email, given, family, claims=claims, **more)


class FakeGoogle(FakeIssuer):
    """What Google is to one OAuth client."""

    def __init__(self, peer: "GooglePeer") -> None:
        super().__init__(peer.origin, peer.origin, peer.clock, f"{secrets.token_hex(6)}.apps.googleusercontent.com")
        self.peer = peer
        self.keys = peer.keys or self.keys
        self.person = workspace_person("ada@acme.example")

    def document(self) -> dict[str, Any]:
        """The token endpoint and the keys are on other hosts than the issuer."""
        return {
            **super().document(),
            "issuer": self.peer.origin,
            "authorization_endpoint": f"{self.peer.origin}/o/oauth2/v2/auth",
            "token_endpoint": f"{self.peer.tokens}/token",
            "jwks_uri": f"{self.peer.certificates}/oauth2/v3/certs",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            **self._document,
        }

    def claims(self, person: Person, asked: dict[str, Any]) -> dict[str, Any]:
        """Google sends no `auth_time`, and the client twice."""
        return {**super().claims(person, asked), "azp": self.client_id, "auth_time": None}

    def legacy_issuer(self) -> "FakeGoogle":
        """The older spelling, without a scheme."""
        self.says(iss=self.issuer.partition("://")[2])
        return self

    def personal(self) -> "FakeGoogle":
        self.says(hd=None)
        return self

    def foreign_workspace(self) -> "FakeGoogle":
        self.says(hd="elsewhere.example")
        return self


class GooglePeer:
    """A WSGI app for all of Google's hosts. Clients are told apart by their id; keys are the same for all."""

    def __init__(self, clock: FakeClock, origin: str = GOOGLE, tokens: str = TOKENS, certificates: str = KEYS) -> None:
        self.clock = clock
        self.origin, self.tokens, self.certificates = origin, tokens, certificates
        self.keys: list[Any] = []
        self._clients: dict[str, FakeGoogle] = {}
        self._any = FakeGoogle(self)
        self.keys = self._any.keys

    def client(self, client_id: str | None = None) -> FakeGoogle:
        """A new OAuth client, or what from now on plays the one with this id."""
        made = FakeGoogle(self)
        made.client_id = client_id or made.client_id
        self._clients[made.client_id] = made
        return made

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Response:
        place = PLACES.get(request.path)
        client = self._clients.get(request.values.get("client_id", ""), self._any)
        if place is None:
            return Response("nothing here", 404)
        if place == "authorize":
            return Response(status=302, headers={"Location": client.approve(request.url)})
        return client.answer(place, request)
