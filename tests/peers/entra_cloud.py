"""What a simulated Entra has beyond single directories: the authority of all organizations, admin consent, and Graph."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from werkzeug.wrappers import Request, Response

from tests.peers.people import Person


class FakeGraph:
    """Graph for the people of one directory. `seen` are the calls, each with its method."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.pages: list[list[str]] = [[]]
        self.status = 200
        self.profile: dict[str, Any] = {}
        self.next: str | None = None
        """Where the first page says that the second is, if not at Graph."""
        self.seen: list[str] = []

    def answer(self, request: Request) -> Response:
        self.seen.append(f"{request.method} {request.full_path.rstrip('?')}")
        if self.status != 200:
            return _json({"error": {"code": "Authorization_RequestDenied"}}, self.status)
        if request.path == "/v1.0/me":
            return _json(self.profile)
        if request.method == "POST" and request.get_json() != {"securityEnabledOnly": False}:
            return _json({"error": {"code": "BadRequest"}}, 400)
        number = int(request.args.get("page", "0"))
        page: dict[str, Any] = {"value": self.pages[number]}
        if number + 1 < len(self.pages):
            page["@odata.nextLink"] = self.next or f"{self.origin}{request.path}?page={number + 1}"
        return _json(page)


class Multitenant:
    """A registration that all directories can use: which of them the person belongs to is decided at sign-in."""

    origin: str
    seen: dict[str, dict[str, str]]
    hits: Any

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.issuer = f"{self.origin}/{{tenantid}}/v2.0"
        self.chosen = str(uuid4())
        """The directory of whoever signs in."""
        self.consent_says: str | None = None
        """What the browser brings back as directory, if not the truth."""
        self._refusal: dict[str, str] = {}

    def claims(self, person: Person, asked: dict[str, Any]) -> dict[str, Any]:
        usual: dict[str, Any] = super().claims(person, asked)  # type: ignore[misc]  # of the directory that it is mixed into
        return usual | {"iss": f"{self.origin}/{self.chosen}/v2.0", "tid": self.chosen} | person.claims

    def refuses_consent(self, error: str, description: str) -> None:
        self._refusal = {"error": error, "error_description": description}

    def consent(self, url: str) -> str:
        """Where the browser is sent after an admin has accepted."""
        self.hits["adminconsent"] += 1
        asked = dict(parse_qsl(urlsplit(url).query))
        self.seen["adminconsent"] = asked | {"path": urlsplit(url).path}
        said = {"admin_consent": "True", "state": asked["state"]}
        said |= self._refusal or {"tenant": self.consent_says or self.chosen, "scope": asked["scope"]}
        return f"{asked['redirect_uri']}?{urlencode(said)}"


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
