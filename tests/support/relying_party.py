"""An application as a stranger writes it: asks for codes, trades them, and checks signatures with its own few lines."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask
from werkzeug.test import Client, TestResponse

from tenants.applications import Application
from tests import factories
from tests.factories import Home, Someone

VERIFIER = "a-verifier-of-the-tests-that-is-long-enough-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SECRET = "a secret with + / = : % and ü"


@dataclass(frozen=True)
class Answer:
    """Where an authorization or logout request ended: a redirect with its parameters, or a page."""

    response: TestResponse

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def location(self) -> str:
        return self.response.headers.get("Location", "")

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.location).query, keep_blank_values=True))

    @property
    def place(self) -> str:
        """The address without its query."""
        return self.location.partition("?")[0]


@dataclass
class RelyingParty:
    """One application at one tenant, and one browser: `signed_in` gives it a live session."""

    app: Flask
    home: Home
    application: Application
    secret: str | None = SECRET
    browser: Client = field(init=False)
    session: factories.OpenSession | None = None

    def __post_init__(self) -> None:
        self.browser = self.app.test_client()

    @classmethod
    def of(cls, app: Flask, home: Home, *, secret: str | None = SECRET, **columns: Any) -> Self:
        """A new application of this tenant; `secret=None`: a public one."""
        if secret is None:
            columns = {"client_auth": "none", "secret_hash": None} | columns
        return cls(app, home, factories.application(home, secret=secret, **columns), secret)

    def signed_in(self, who: Someone | None = None, **columns: Any) -> Self:
        """A session for this browser, by default of a new account without local credentials."""
        who = who or factories.account(self.home, with_password=False, with_totp=False)
        self.session = factories.session(self.home, who, **columns)
        self.browser.set_cookie(**factories.cookie_of(self.home, self.session))
        return self

    def stay(self, minutes: int) -> None:
        """Let time pass and keep the session in use."""
        clock = self.app.extensions["broker"].ports.clock
        for _ in range(0, minutes, 10):
            clock.advance(minutes=10)
            assert "code" in self.authorize(prompt="none").parameters

    def other_application(self, **columns: Any) -> "RelyingParty":
        """A second application in the same browser."""
        other = RelyingParty.of(self.app, self.home, **columns)
        other.browser, other.session = self.browser, self.session
        return other

    # Requests

    def request(self, **changes: str | None) -> dict[str, str]:
        """An authorization request as it should be; `None` leaves a parameter out."""
        usual = {
            "response_type": "code",
            "client_id": self.application.client_id,
            "redirect_uri": self.application.redirect_uris[0],
            "scope": "openid",
            "state": "a state",
            "nonce": "a nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def authorize(self, **changes: str | None) -> Answer:
        return self.get("/oidc/authorize", self.request(**changes))

    def get(self, path: str, query: dict[str, str] | list[tuple[str, str]] | str) -> Answer:
        text = query if isinstance(query, str) else urlencode(query)
        return Answer(self.browser.get(self._path(path), base_url=self._origin, query_string=text))

    def post(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        return Answer(self.browser.post(self._path(path), base_url=self._origin, data=form, headers=headers))

    def follow(self, answer: Answer) -> Answer:
        """Open where an answer of our own place leads."""
        parts = urlsplit(answer.location)
        return Answer(self.browser.get(parts.path, base_url=self._origin, query_string=parts.query))

    def code(self, **changes: str | None) -> str:
        """A fresh code of the live session."""
        answer = self.authorize(**changes)
        assert "code" in answer.parameters, (answer.status, answer.location, answer.response.text[:300])
        return answer.parameters["code"]

    def token(self, headers: dict[str, str] | None = None, **form: str | None) -> TestResponse:
        """The token endpoint, as a program without cookies; authenticated as registered, unless `headers` are given."""
        auth = self.client_auth(form) if headers is None else headers
        body = {name: value for name, value in form.items() if value is not None}
        return self.app.test_client().post(self._path("/oidc/token"), base_url=self._origin, data=body, headers=auth)

    def client_auth(self, form: dict[str, str | None]) -> dict[str, str]:
        """Headers of client authentication; what belongs into the body is put there."""
        method = self.application.client_auth
        if method != "client_secret_basic":
            form.setdefault("client_id", self.application.client_id)
        if method == "client_secret_post":
            form.setdefault("client_secret", self.secret)
        return basic(self.application.client_id, self.secret or "") if method == "client_secret_basic" else {}

    def redeem(self, code: str, **changes: str | None) -> TestResponse:
        usual: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.application.redirect_uris[0],
            "code_verifier": VERIFIER,
        }
        return self.token(**(usual | changes))

    def tokens(self, **changes: str | None) -> dict[str, Any]:
        """A whole authorization with the live session."""
        response = self.redeem(self.code(**changes))
        assert response.status_code == 200, response.text
        return response.json

    def refresh(self, refresh_token: str, **form: str | None) -> TestResponse:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token, **form)

    def userinfo(self, access_token: str) -> TestResponse:
        return self.app.test_client().get(
            self._path("/oidc/userinfo"), base_url=self._origin, headers={"Authorization": f"Bearer {access_token}"}
        )

    def document(self, path: str, **headers: str) -> TestResponse:
        """Something public of the provider."""
        return self.app.test_client().get(self._path(path), base_url=self._origin, headers=headers)

    def claims(self, token: str) -> dict[str, Any]:
        """Of a token whose signature this tenant's key set proves."""
        return verified(token, self.document("/oidc/jwks").json)[1]

    @property
    def _origin(self) -> str:
        parts = urlsplit(self.home.url)
        return f"{parts.scheme}://{parts.netloc}"

    def _path(self, path: str) -> str:
        return f"{self.home.path}{path}"


def basic(client_id: str, secret: str) -> dict[str, str]:
    """RFC 6749, 2.3.1: form-encoded first, then joined."""
    joined = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"Authorization": f"Basic {base64.b64encode(joined.encode()).decode()}"}


def verified(token: str, key_set: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, after exactly one key of the set has proven the signature. AssertionError otherwise."""
    signed, _, signature = token.rpartition(".")
    header, claims = (json.loads(_bytes(part)) for part in signed.split("."))
    keys = [key for key in key_set["keys"] if key["kid"] == header["kid"]]
    assert len(keys) == 1
    assert keys[0]["alg"] == header["alg"]
    try:
        _verify(keys[0], signed.encode(), _bytes(signature))
    except InvalidSignature:
        raise AssertionError("the signature is wrong") from None
    return header, claims


def unsigned(claims: dict[str, Any], **header: str) -> str:
    """A token of nobody: alg none."""
    return f"{_text({'alg': 'none', 'typ': 'JWT'} | header)}.{_text(claims)}."


def at_hash(access_token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode()


def _verify(key: dict[str, str], signed: bytes, signature: bytes) -> None:
    if key["kty"] == "RSA":
        public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
        public.verify(signature, signed, padding.PKCS1v15(), SHA256())
        return
    point = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP256R1()).public_key()
    halves = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    point.verify(encode_dss_signature(*halves), signed, ec.ECDSA(SHA256()))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")


def _text(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
