"""A simulated Microsoft Entra: directories under one authority, with its paths, claims, keys and error texts."""

import json
from typing import Any, ClassVar
from uuid import uuid4

from werkzeug.wrappers import Request, Response

from tests.peers import signing
from tests.peers.entra_cloud import FakeGraph, Multitenant
from tests.peers.oidc import FakeIssuer, OidcPeer
from tests.peers.people import Person
from tests.support.clock import FakeClock

PERSONAL_DIRECTORY = "9188040d-6c67-4c5b-b112-36a304b66dad"
TRACE = "0f3e9c1a-1111-4a4a-9b9b-aaaaaaaaaaaa"
CORRELATION = "7b2d8e4f-2222-4c4c-8d8d-bbbbbbbbbbbb"


def described(number: int, text: str = "Something was refused.") -> str:
    """An `error_description` as Entra writes it."""
    return f"AADSTS{number}: {text} Trace ID: {TRACE} Correlation ID: {CORRELATION} Timestamp: 2021-03-02 09:00:00Z"


class FakeDirectory(FakeIssuer):
    def __init__(self, origin: str, directory: str, clock: FakeClock) -> None:
        super().__init__(f"{origin}/{directory}/v2.0", f"{origin}/{directory}", clock, client_id=str(uuid4()))
        self.origin = origin
        self.directory = directory
        self.graph = FakeGraph(origin)
        self._refusals_left = 0

    def document(self) -> dict[str, Any]:
        return {
            **super().document(),
            "authorization_endpoint": f"{self.base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{self.base}/oauth2/v2.0/token",
            "jwks_uri": f"{self.base}/discovery/v2.0/keys",
            "end_session_endpoint": f"{self.base}/oauth2/v2.0/logout",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "authorization_response_iss_parameter_supported": None,
            **self._document,
        }

    def claims(self, person: Person, asked: dict[str, Any]) -> dict[str, Any]:
        """`iat` and `nbf` lie five minutes back, as in Entra's own tokens."""
        then = int(self.clock.now().timestamp()) - 300
        return {
            "ver": "2.0",
            "iss": self.issuer,
            "sub": f"pairwise-{person.subject}",
            "aud": self.client_id,
            "iat": then,
            "nbf": then,
            "exp": then + 3900,
            "nonce": asked.get("nonce"),
            "tid": self.directory,
            "oid": oid_of(person),
            "name": f"{person.given_name} {person.family_name}",
            "given_name": person.given_name,
            "family_name": person.family_name,
            "email": person.email,
            "preferred_username": person.email,
            "groups": list(person.groups),
            "uti": "one-time",
            **person.claims,
        }

    def approve(self, url: str, person: Person | None = None) -> str:
        self._redirect.setdefault("iss", None)
        sent = super().approve(url, person)
        self._refusals_left -= 1
        if not self._refusals_left:
            self._error.clear()
        return sent

    def recovers_after(self, times: int) -> "FakeDirectory":
        """Refuses so many times and no more."""
        self._refusals_left = times
        return self

    def guest(self) -> "FakeDirectory":
        self.says(idp=f"https://sts.windows.net/{uuid4()}/")
        return self

    def personal(self) -> "FakeDirectory":
        self.says(tid=PERSONAL_DIRECTORY, iss=f"{self.origin}/{PERSONAL_DIRECTORY}/v2.0")
        return self

    def foreign_directory(self) -> "FakeDirectory":
        """A person of another directory, with a token that is whole in itself: all directories share their keys."""
        other = str(uuid4())
        self.says(tid=other, iss=f"{self.origin}/{other}/v2.0")
        return self

    def overage(self) -> "FakeDirectory":
        """More groups than a token holds."""
        place = {"src1": {"endpoint": "https://graph.microsoft.com/v1.0/users/x/getMemberObjects"}}
        self.says(groups=None, _claim_names={"groups": "src1"}, _claim_sources=place)
        return self

    def token_error(self, error: str, status: int = 400, number: int | None = None) -> Response:
        number = number or {"invalid_client": 7000215, "invalid_grant": 70008}[error]
        body = {
            "error": error,
            "error_description": described(number),
            "error_codes": [number],
            "trace_id": TRACE,
            "correlation_id": CORRELATION,
        }
        return Response(json.dumps(body), status, content_type="application/json")

    def refuses(self, error: str, number: int) -> "FakeDirectory":
        """Send the browser back with an error and its number."""
        self.error_callback(error, described(number))
        return self


class FakeApplication(Multitenant, FakeDirectory):
    """One at the authority of all organizations."""

    def __init__(self, origin: str, clock: FakeClock) -> None:
        super().__init__(origin, "organizations", clock)


class EntraPeer(OidcPeer):
    places: ClassVar[dict[str, str]] = {
        "/v2.0/.well-known/openid-configuration": "discovery",
        "/discovery/v2.0/keys": "jwks",
        "/oauth2/v2.0/token": "token",
        "/userinfo": "userinfo",
        "/oauth2/v2.0/authorize": "authorize",
        "/oauth2/v2.0/logout": "logout",
    }

    def __init__(self, origin: str, clock: FakeClock) -> None:
        super().__init__(origin, clock)
        self._applications: dict[str, FakeApplication] = {}
        self._published: dict[str, Any] | None = None
        self._key = signing.rsa_key()

    def directory(self, directory: str | None = None) -> FakeDirectory:
        """A new directory with its own app registration of ours."""
        directory = directory or str(uuid4())
        made = FakeDirectory(self.origin, directory, self.clock)
        self.add(directory, made)
        return made

    def application(self, client_id: str | None = None) -> FakeApplication:
        """A new registration for all directories, or what from now on plays the one with this id."""
        made = FakeApplication(self.origin, self.clock)
        made.client_id, made.keys = client_id or made.client_id, [self._key]
        self._applications[made.client_id] = made
        return made

    def publish(self, keys: dict[str, Any] | None) -> None:
        """What the authority of all organizations has as its keys; None: the usual ones."""
        self._published = keys

    def _respond(self, request: Request) -> Response:
        name, _, rest = request.path.removeprefix("/").partition("/")
        if name == "v1.0":
            return self._graph(request)
        application = self._applications.get(request.values.get("client_id", ""))
        if rest == "v2.0/adminconsent":
            return Response(status=302, headers={"Location": application.consent(request.url)} if application else {})
        if name == "organizations" and rest == "discovery/v2.0/keys" and self._published:
            return Response(json.dumps(self._published), content_type="application/json")
        if name == "organizations":
            self._issuers[name] = application or self._issuers.get(name) or self.application()
        return super()._respond(request)

    def _graph(self, request: Request) -> Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        issuers = (*self._issuers.values(), *self._applications.values())
        asked = next((one for one in issuers if token in one._access), None)
        return asked.graph.answer(request) if isinstance(asked, FakeDirectory) else Response(status=401)


def oid_of(person: Person) -> str:
    """The person's object id: their subject as a GUID."""
    whole = person.subject.ljust(32, "0")
    return f"{whole[:8]}-{whole[8:12]}-{whole[12:16]}-{whole[16:20]}-{whole[20:32]}"
