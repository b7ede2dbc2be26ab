"""A simulated OpenID Provider that really speaks and really signs, with knobs for misbehaviour.

    peer = OidcPeer("https://idp.example", clock)
    issuer = peer.issuer()                      # an issuer of its own for each test
    back = issuer.approve(start.url, Person())  # what the browser brings to the callback
    issuer.wrong_nonce()                        # from now on

`OidcPeer` is a WSGI app: hand it to `PeerHttp.open`, to `Browser(others=…)`, or to `served` for a socket.
"""

import base64
import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from markupsafe import escape
from werkzeug.wrappers import Request, Response

from tests.peers import signing
from tests.peers.people import Person
from tests.support.clock import FakeClock

CLIENT_SECRET = "peer: secret/+%ü"
"""With every character that has to be encoded on its way."""


class FakeIssuer:
    """One issuer. Knobs change what comes after; `seen` and `hits` tell what was asked of it."""

    def __init__(self, issuer: str, base: str, clock: FakeClock, client_id: str = "broker") -> None:
        self.issuer = issuer
        self.base = base
        self.clock = clock
        self.client_id = client_id
        self.client_secret = CLIENT_SECRET
        self.client_key: tuple[str, str] | None = None
        self.keys = [signing.rsa_key()]
        self.hits: Counter[str] = Counter()
        self.seen: dict[str, dict[str, str]] = {}
        self.person = Person()
        self._codes: dict[str, dict[str, Any]] = {}
        self._used: set[str] = set()
        self._access: dict[str, Person] = {}
        self._document: dict[str, Any] = {}
        self._claims: dict[str, Any] = {}
        self._header: dict[str, Any] = {}
        self._userinfo: dict[str, Any] = {}
        self._redirect: dict[str, str | None] = {}
        self._error: dict[str, str] = {}
        self._token_reply: dict[str, Any] = {}
        self._sign: Callable[[dict[str, Any]], str] = self._signed
        self._replies: dict[str, Callable[[], Response]] = {}

    # What it is

    def document(self) -> dict[str, Any]:
        described = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.base}/authorize",
            "token_endpoint": f"{self.base}/token",
            "jwks_uri": f"{self.base}/jwks",
            "userinfo_endpoint": f"{self.base}/userinfo",
            "end_session_endpoint": f"{self.base}/logout",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "none"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **self._document,
        }
        return {name: value for name, value in described.items() if value is not None}

    def claims(self, person: Person, asked: dict[str, Any]) -> dict[str, Any]:
        now = int(self.clock.now().timestamp())
        return {
            "iss": self.issuer,
            "sub": person.subject,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 3600,
            "auth_time": now,
            "nonce": asked.get("nonce"),
            **person.profile(),
        }

    # Knobs: each returns the issuer

    def describes(self, **changes: Any) -> "FakeIssuer":
        """Change the discovery document; None leaves a member out."""
        self._document.update(changes)
        return self

    def says(self, **claims: Any) -> "FakeIssuer":
        """Change claims of the ID token; None leaves one out."""
        self._claims.update(claims)
        return self

    def forgets(self) -> "FakeIssuer":
        """Say in ID tokens what is right again, and send back a code and no error."""
        self._claims.clear()
        self._error.clear()
        return self

    def heads(self, **header: Any) -> "FakeIssuer":
        """Change the header of the ID token; None leaves a parameter out."""
        self._header.update(header)
        return self

    def userinfo_says(self, **claims: Any) -> "FakeIssuer":
        self._userinfo.update(claims)
        return self

    def knows_key(self, public_pem: str, algorithm: str = "RS256") -> "FakeIssuer":
        """From now on the client has to prove itself by this key, and nothing else will do."""
        self.client_key = (public_pem, algorithm)
        return self

    def wrong_nonce(self) -> "FakeIssuer":
        return self.says(nonce="another")

    def aud_other(self) -> "FakeIssuer":
        return self.says(aud="another-client", azp=self.client_id)

    def aud_list(self) -> "FakeIssuer":
        return self.says(aud=[self.client_id, "another-client"], azp=self.client_id)

    def expired(self) -> "FakeIssuer":
        return self.says(exp=int(self.clock.now().timestamp()) - 61)

    def foreign_issuer(self) -> "FakeIssuer":
        return self.says(iss="https://elsewhere.example")

    def unsigned(self) -> "FakeIssuer":
        self._sign = signing.unsigned
        return self

    def hs256(self, secret: bytes | None = None) -> "FakeIssuer":
        """Signed with the published key as if it were a secret, or with `secret`."""
        key = self.keys[0]
        self._sign = lambda claims: signing.keyed_hash(claims, secret or key.public_pem(), kid=key.kid)
        return self

    def signs_with(self, key: signing.PeerKey) -> "FakeIssuer":
        """Sign with a key that is not published."""
        self._sign = lambda claims: key.sign(claims, **self._header)
        return self

    def rotate_key(self, key: signing.PeerKey | None = None) -> "FakeIssuer":
        """A new key signs; the old one stays published."""
        self.keys.insert(0, key or signing.rsa_key(2))
        return self

    def withdraw_key(self) -> "FakeIssuer":
        """The newest key is published no longer."""
        self.keys.pop(0)
        return self

    def unknown_kid(self) -> "FakeIssuer":
        return self.heads(kid="nobody-knows")

    def no_id_token(self) -> "FakeIssuer":
        return self.replies_with(id_token=None)

    def replies_with(self, **members: Any) -> "FakeIssuer":
        """Change members of the token reply; None leaves one out."""
        self._token_reply.update(members)
        return self

    def userinfo_other_sub(self) -> "FakeIssuer":
        return self.userinfo_says(sub="somebody-else")

    def answers(self, place: str, reply: Callable[[], Response]) -> "FakeIssuer":
        """Let `place` (discovery, jwks, token, userinfo) answer with whatever `reply` makes."""
        self._replies[place] = reply
        return self

    def html_reply(self, place: str = "token") -> "FakeIssuer":
        return self.answers(place, lambda: Response("<h1>Welcome</h1>", content_type="text/html"))

    def huge_body(self, place: str = "token") -> "FakeIssuer":
        return self.answers(place, lambda: Response(b" " * 10_000_000, content_type="application/json"))

    def breaks(self, place: str = "token", status: int = 503) -> "FakeIssuer":
        return self.answers(place, lambda: Response("out of order", status))

    def recovers(self) -> "FakeIssuer":
        """Answer as before `answers` and its relatives."""
        self._replies.clear()
        return self

    def iss_param(self, issuer: str | None) -> "FakeIssuer":
        """Change the `iss` parameter of the authorization response; None leaves it out."""
        self._redirect["iss"] = issuer
        return self

    def error_callback(self, error: str, description: str = "") -> "FakeIssuer":
        """Send the browser back with an error instead of a code."""
        self._error = {"error": error, **({"error_description": description} if description else {})}
        return self

    # The browser's part

    def approve(self, url: str, person: Person | None = None) -> str:
        """What the browser is redirected to after `person` has agreed; `url` is where it was sent."""
        self.hits["authorize"] += 1
        asked = dict(parse_qsl(urlsplit(url).query))
        self.seen["authorize"] = asked
        answer: dict[str, str | None] = {"state": asked["state"], "iss": self.issuer}
        if self._error:
            answer |= self._error
        else:
            answer["code"] = secrets.token_urlsafe(16)
            self._codes[answer["code"]] = {**asked, "person": person or self.person}
        answer |= self._redirect
        query = urlencode({name: value for name, value in answer.items() if value is not None})
        return f"{asked['redirect_uri']}?{query}"

    def sign_out(self, url: str) -> str:
        """Where the browser is sent after signing out here; `url` is where it came to (RP-Initiated Logout 1.0)."""
        self.hits["logout"] += 1
        asked = dict(parse_qsl(urlsplit(url).query))
        self.seen["logout"] = asked
        return f"{asked['post_logout_redirect_uri']}?{urlencode({'state': asked['state']})}"

    def logout_token(self, person: Person | None = None, key: signing.PeerKey | None = None, **changes: Any) -> str:
        """As it should be (Back-Channel Logout 1.0, 2.4); None leaves a claim out, `typ` is of the header."""
        now, typ = int(self.clock.now().timestamp()), changes.pop("typ", "logout+jwt")
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_hex(8),
            "sub": (person or self.person).subject,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **changes,
        }
        return (key or self.keys[0]).sign({name: value for name, value in claims.items() if value is not None}, typ=typ)

    # The product's part

    def answer(self, place: str, request: Request) -> Response:
        self.hits[place] += 1
        if place in self._replies:
            return self._replies[place]()
        if place == "discovery":
            return _json(self.document())
        if place == "jwks":
            return _json({"keys": [key.jwk() for key in self.keys]})
        if place == "userinfo":
            return self._userinfo_reply(request)
        return self._token(request)

    def _token(self, request: Request) -> Response:
        form = request.form.to_dict()
        self.seen["token"] = form
        if not self._is_client(request, form):
            return self.token_error("invalid_client", status=401)
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"] or not _proves(form, asked):
            return self.token_error("invalid_grant")
        access = secrets.token_urlsafe(16)
        self._access[access] = asked["person"]
        claims = {**self.claims(asked["person"], asked), "at_hash": signing.half_hash(access), **self._claims}
        token = self._sign({name: value for name, value in claims.items() if value is not None})
        reply = {"access_token": access, "token_type": "Bearer", "id_token": token, **self._token_reply}
        return _json({name: value for name, value in reply.items() if value is not None})

    def token_error(self, error: str, status: int = 400) -> Response:
        return _json({"error": error}, status)

    def _is_client(self, request: Request, form: dict[str, str]) -> bool:
        if self.client_key is None:
            return self._client(request, form) == (self.client_id, self.client_secret)
        self.seen["client"] = {"method": "private_key_jwt"}
        pem, algorithm = self.client_key
        claims = signing.client_assertion(
            form, pem, algorithm, self.client_id, self.document()["token_endpoint"], self.clock.now()
        )
        if claims is None or claims["jti"] in self._used:
            return False
        self._used.add(claims["jti"])
        return True

    def _client(self, request: Request, form: dict[str, str]) -> tuple[str | None, str | None]:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            self.seen["client"] = {"method": "client_secret_post"}
            return form.get("client_id"), form.get("client_secret")
        self.seen["client"] = {"method": "client_secret_basic"}
        name, _, secret = base64.b64decode(value).decode("ascii").partition(":")
        return unquote_plus(name), unquote_plus(secret)

    def _userinfo_reply(self, request: Request) -> Response:
        person = self._access.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if person is None:
            return Response(status=401)
        claims = {"sub": person.subject, **person.profile(), **self._userinfo}
        return _json({name: value for name, value in claims.items() if value is not None})

    def _signed(self, claims: dict[str, Any]) -> str:
        return self.keys[0].sign(claims, **self._header)


class OidcPeer:
    """One origin with many issuers. `places` maps the end of a path to what is asked there."""

    places: ClassVar[dict[str, str]] = {
        "/.well-known/openid-configuration": "discovery",
        "/jwks": "jwks",
        "/token": "token",
        "/userinfo": "userinfo",
        "/authorize": "authorize",
        "/logout": "logout",
    }

    def __init__(self, origin: str, clock: FakeClock) -> None:
        self.origin = origin
        self.clock = clock
        self.requests: list[str] = []
        self._issuers: dict[str, FakeIssuer] = {}

    def issuer(self, name: str | None = None) -> FakeIssuer:
        """A new issuer, at `{origin}/{name}`."""
        name = name or secrets.token_hex(6)
        base = f"{self.origin}/{name}"
        return self.add(name, FakeIssuer(base, base, self.clock))

    def add(self, name: str, issuer: FakeIssuer) -> FakeIssuer:
        self._issuers[name] = issuer
        return issuer

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        self.requests.append(f"{request.method} {request.path}")
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Response:
        name, _, rest = request.path.removeprefix("/").partition("/")
        place = self.places.get(f"/{rest}")
        issuer = self._issuers.get(name)
        if issuer is None or place is None:
            return Response("nothing here", 404)
        if place == "authorize":
            return _sent_back(issuer.approve(request.url), issuer.seen["authorize"].get("response_mode"))
        if place == "logout":
            return Response(status=302, headers={"Location": issuer.sign_out(request.url)})
        return issuer.answer(place, request)


def _sent_back(url: str, response_mode: str | None) -> Response:
    """OAuth 2.0 Form Post Response Mode, 2: in a form that the page sends by itself."""
    if response_mode != "form_post":
        return Response(status=302, headers={"Location": url})
    action, _, query = url.partition("?")
    fields = "".join(f'<input type="hidden" name="{n}" value="{escape(v)}">' for n, v in parse_qsl(query))
    page = f'<form method="post" action="{escape(action)}">{fields}<button>Continue</button></form>'
    return Response(page, content_type="text/html")


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")


def _proves(form: dict[str, str], asked: dict[str, Any]) -> bool:
    """RFC 7636, 4.6. Who starts without a challenge proves nothing."""
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return asked.get("code_challenge_method") == "S256" and signing.encoded(digest).decode() == asked["code_challenge"]
