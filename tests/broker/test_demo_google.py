"""The demo's simulated Google by itself: what it checks, and what its switches change."""

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from broker.demo.code_flow.authorization import Registration
from broker.demo.google.site import make_google
from broker.demo.google.switches import SWITCHES
from broker.demo.google.tokens import Signer
from broker.demo.people import GOOGLE_PEOPLE
from broker.upstream.google import read_google_error
from tests.browser import Browser
from tests.support.clock import FakeClock

ORIGIN = "http://127.0.0.1:8005"
CALLBACK = "http://localhost:8000/t/union/callback/google"
VERIFIER = "v" * 43
ROSA = GOOGLE_PEOPLE[0]
ANA = next(person for person in GOOGLE_PEOPLE if not person.workspace)
REQUEST = {
    "client_id": "broker",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid email profile",
    "state": "state-1",
    "nonce": "nonce-1",
    "hd": "union.example",
    "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("="),
    "code_challenge_method": "S256",
}
ERRORS = [switch for switch in SWITCHES if switch.error]
CHANGES = [switch for switch in SWITCHES if switch.claims]


@pytest.fixture(scope="module")
def browser() -> Browser:
    key = dict(RSAKey.generate_key(2048, private=True, auto_kid=True).as_dict(private=True))
    registration = Registration("broker", "secret", "SSO Broker", (CALLBACK,))
    return Browser(make_google(registration, Signer(key, ORIGIN), FakeClock()), ORIGIN)


def picked(browser: Browser, person: str = ROSA.id, switch: str = "normal", **changes: str) -> dict[str, str]:
    """What comes back to the application."""
    browser.open(f"/o/oauth2/v2/auth?{urlencode(REQUEST | changes)}").submit(press=person, switch=switch)
    assert browser.foreign is not None
    assert browser.foreign.startswith(f"{CALLBACK}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(browser.foreign).query).items()}


def claims_of(browser: Browser, code: str) -> dict[str, object]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    browser.post("/token", form | {"client_id": "broker", "client_secret": "secret"})
    token = json.loads(browser.text)["id_token"]
    keys = KeySet.import_key_set(json.loads(browser.open("/oauth2/v3/certs").text))
    return jwt.decode(token, keys, algorithms=["RS256"]).claims


def test_person_of_a_workspace_is_said_to_be_of_it(browser: Browser) -> None:
    claims = claims_of(browser, picked(browser)["code"])
    assert (claims["iss"], claims["sub"], claims["hd"]) == (ORIGIN, ROSA.id, "union.example")
    assert (claims["email"], claims["email_verified"], claims["nonce"]) == (ROSA.email, True, "nonce-1")
    assert "auth_time" not in claims


def test_personal_account_has_no_workspace(browser: Browser) -> None:
    assert "hd" not in claims_of(browser, picked(browser, ANA.id)["code"])


def test_parameter_of_the_request_keeps_nobody_away(browser: Browser) -> None:
    browser.open(f"/o/oauth2/v2/auth?{urlencode(REQUEST)}")
    assert ANA.email in browser.words


@pytest.mark.parametrize("switch", ERRORS, ids=lambda switch: switch.key)
def test_switch_sends_an_error_that_the_broker_understands(browser: Browser, switch) -> None:
    answer = picked(browser, switch=switch.key)
    assert answer["state"] == "state-1"
    failure = read_google_error(answer)
    assert failure is not None
    assert (failure.cause, failure.facts["description"]) == (switch.cause, switch.sentence)


@pytest.mark.parametrize("switch", CHANGES, ids=lambda switch: switch.key)
def test_switch_changes_what_the_token_says(browser: Browser, switch) -> None:
    normal = claims_of(browser, picked(browser)["code"])
    changed = normal | switch.claims
    if switch.key == "older_name":
        changed["iss"] = "127.0.0.1:8005"
    expected = {name: value for name, value in changed.items() if value is not None}
    assert claims_of(browser, picked(browser, switch=switch.key)["code"]) == expected


@pytest.mark.parametrize("changes", [{"client_id": "stranger"}, {"redirect_uri": "http://evil.example/"}])
def test_unknown_application_is_never_redirected_to(browser: Browser, changes: dict[str, str]) -> None:
    browser.open(f"/o/oauth2/v2/auth?{urlencode(REQUEST | changes)}")
    assert (browser.status, browser.foreign) == (400, None)
    assert next(iter(changes.values())) in browser.words


def test_front_page_shows_what_to_register(browser: Browser) -> None:
    assert CALLBACK in browser.open("/").words
