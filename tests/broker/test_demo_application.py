"""The sample application by itself: what it does when an organization is silent, or lies."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, jsonify
from joserfc import jwt
from joserfc.jwk import RSAKey

from broker.demo.application import make_application
from broker.demo.peers import serving
from broker.demo.relying_party import Client
from broker.system import SystemClock
from tests.browser import Browser
from tests.support.demo import free_ports

ORIGIN = "http://127.0.0.1:8002"
KEY = RSAKey.generate_key(2048, auto_kid=True)
OTHER_KEY = RSAKey.generate_key(2048, {"kid": KEY.kid})


@dataclass
class Organization:
    """An OpenID Provider of few words, with knobs for lies."""

    issuer: str
    nonce: str = ""
    signs_with: RSAKey = field(default_factory=lambda: KEY)
    sub: str = "acc_1"
    sub_of_userinfo: str = "acc_1"
    has_id_token: bool = True
    more: dict[str, Any] = field(default_factory=dict)

    def site(self) -> Flask:
        site = Flask("organization")
        site.add_url_rule("/.well-known/openid-configuration", "discovery", self.discovery)
        site.add_url_rule("/jwks", "jwks", lambda: jsonify(keys=[KEY.as_dict(private=False)]))
        site.add_url_rule("/token", "token", self.token, methods=["POST"])
        site.add_url_rule("/userinfo", "userinfo", lambda: jsonify(sub=self.sub_of_userinfo, name="Ada Lovelace"))
        return site

    def discovery(self) -> Any:
        endpoints = {name: f"{self.issuer}/{name.partition('_')[0]}" for name in ("token_endpoint", "userinfo_endpoint")}
        return jsonify(
            issuer=self.issuer,
            authorization_endpoint=f"{self.issuer}/authorize",
            end_session_endpoint=f"{self.issuer}/logout",
            jwks_uri=f"{self.issuer}/jwks",
            id_token_signing_alg_values_supported=["RS256"],
            **endpoints,
        )

    def token(self) -> Any:
        tokens = {"access_token": "at", "token_type": "Bearer", "refresh_token": "rt", "expires_in": 60}
        if self.has_id_token:
            tokens["id_token"] = jwt.encode({"alg": "RS256", "kid": KEY.kid}, self.claims(), self.signs_with)
        return jsonify(tokens)

    def claims(self) -> dict[str, Any]:
        now = int(SystemClock().now().timestamp())
        claims = {"iss": self.issuer, "aud": "travel", "sub": self.sub, "iat": now, "exp": now + 60}
        return claims | {"nonce": self.nonce} | self.more


@pytest.fixture
def organization() -> Iterator[Organization]:
    origin = f"http://127.0.0.1:{free_ports()}"
    made = Organization(origin)
    with serving({origin: made.site()}):
        yield made


def browser_at(issuer: str) -> Browser:
    return Browser(
        make_application("Travel Expenses", "travel", [Client("acme", "Acme Group", issuer, "travel", "none")]), ORIGIN
    )


def sign_in(organization: Organization, browser: Browser | None = None, **answer: str) -> Browser:
    """To the organization and back with a code."""
    browser = browser or browser_at(organization.issuer)
    browser.open("/sign-in/acme?login_hint=ada@acme.example&max_age=5&unknown=1")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(browser.at).query).items()}
    organization.nonce = asked["nonce"]
    back = {"code": "c", "state": asked["state"], "iss": organization.issuer} | answer
    return browser.open("/callback/acme?" + "&".join(f"{name}={value}" for name, value in back.items() if value))


def test_person_sees_the_claims(organization: Organization) -> None:
    organization.more = {"groups": ["A", "B"], "amr": [], "auth_time": 1795294360}
    browser = sign_in(organization)
    assert browser.path == "/"
    assert "Ada Lovelace" in browser.words
    assert "groups A, B" in browser.words
    assert "amr none" in browser.words
    assert "auth_time 1795294360 (21 Nov 2026, 20:52:40 UTC)" in browser.words


def test_conditions_are_handed_on_and_nothing_else(organization: Organization) -> None:
    browser = browser_at(organization.issuer).open("/sign-in/acme?prompt=login&max_age=0&login_hint=a@b.example&scope=x")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(browser.at).query).items()}
    assert (asked["prompt"], asked["max_age"], asked["login_hint"]) == ("login", "0", "a@b.example")
    assert asked["scope"] == "openid profile email groups offline_access"
    assert asked["code_challenge_method"] == "S256"


@pytest.mark.parametrize(
    ("lie", "answer", "error"),
    [
        ({}, {"iss": ""}, "issuer_mismatch"),
        ({}, {"iss": "http://evil.example"}, "issuer_mismatch"),
        ({}, {"state": "guess"}, "mismatching_state"),
        ({}, {"error": "access_denied", "code": ""}, "access_denied"),
        ({"has_id_token": False}, {}, "id_token_missing"),
        ({"sub_of_userinfo": "acc_2"}, {}, "subject_mismatch"),
        ({"signs_with": OTHER_KEY}, {}, "id_token_invalid"),
        ({"more": {"nonce": "other"}}, {}, "id_token_invalid"),
        ({"more": {"exp": 1}}, {}, "id_token_invalid"),
    ],
)
def test_lie_is_told_and_signs_nobody_in(
    organization: Organization, lie: dict[str, Any], answer: dict[str, str], error: str
) -> None:
    for name, value in lie.items():
        setattr(organization, name, value)
    browser = sign_in(organization, **answer)
    assert browser.status == 400
    assert error in browser.words
    assert "Welcome" in browser.open("/").words


def test_refreshed_token_of_somebody_else_is_refused(organization: Organization) -> None:
    browser = sign_in(organization)
    organization.sub = organization.sub_of_userinfo = "acc_2"
    browser.submit(press="Refresh")
    assert "subject_mismatch" in browser.words


def test_refresh_without_a_new_id_token_keeps_the_old_one(organization: Organization) -> None:
    browser = sign_in(organization)
    organization.has_id_token = False
    browser.submit(press="Refresh").submit(press="Sign out")
    query = parse_qs(urlsplit(browser.foreign).query)
    assert query["id_token_hint"][0].count(".") == 2
    assert query["post_logout_redirect_uri"] == [f"{ORIGIN}/signed-out"]


def test_organization_that_does_not_answer_is_named() -> None:
    browser = browser_at(f"http://127.0.0.1:{free_ports()}").open("/sign-in/acme")
    assert browser.status == 400
    assert "no_answer" in browser.words


def test_unknown_organization_is_not_found() -> None:
    assert browser_at(ORIGIN).open("/sign-in/nobody").status == 404


@pytest.mark.parametrize("path", ["/refresh", "/sign-out"])
def test_whoever_is_not_signed_in_is_told_so(path: str) -> None:
    browser = browser_at(ORIGIN).post(path)
    assert browser.status == 400
    assert "Nobody is signed in here" in browser.words


# Told that a session is over


def logout_token(organization: Organization, key: RSAKey = KEY, **changes: Any) -> str:
    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    at = int(SystemClock().now().timestamp())
    usual: dict[str, Any] = {
        "iss": organization.issuer,
        "aud": "travel",
        "iat": at,
        "exp": at + 60,
        "jti": "1",
        "sid": "ses_1",
        "events": event,
    }
    claims = {name: value for name, value in (usual | changes).items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": KEY.kid, "typ": "logout+jwt"}, claims, key)


def test_session_that_the_organization_ended_is_over_here(organization: Organization) -> None:
    organization.more = {"sid": "ses_1"}
    browser = sign_in(organization)
    for wrong in (
        logout_token(organization, OTHER_KEY),
        logout_token(organization, aud="else"),
        logout_token(organization, exp=1),
        logout_token(organization, nonce="n"),
        logout_token(organization, events={}),
        "nonsense",
        "",
    ):
        assert browser.post("/told/acme", {"logout_token": wrong}).status == 400
    assert browser.post("/told/acme", {"logout_token": logout_token(organization, sid="ses_2")}).status == 200
    assert "Ada Lovelace" in browser.open("/").words
    assert browser.post("/told/acme", {"logout_token": logout_token(organization)}).status == 200
    assert "Welcome to" in browser.open("/").words
