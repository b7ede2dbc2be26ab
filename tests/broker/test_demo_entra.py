"""The demo's simulated Entra by itself: what it checks, what it says, and that a stranger's client gets in."""

import base64
import hashlib
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import pytest
import requests
from authlib.integrations.flask_client import OAuth
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from broker.demo.code_flow.authorization import Registration
from broker.demo.entra.site import make_entra
from broker.demo.entra.switches import SWITCHES
from broker.demo.entra.tokens import Signer
from broker.demo.peers import serving
from broker.demo.people import DIRECTORY_PEOPLE
from broker.demo.places import DIRECTORY, OTHER_DIRECTORY, PERSONAL_DIRECTORY
from broker.system import SystemClock
from broker.upstream.entra_errors import read_entra_error
from tenants.causes import Cause
from tests.browser import Browser
from tests.support.clock import FakeClock
from tests.support.demo import free_ports

ORIGIN = "http://127.0.0.1:8001"
CALLBACK = "http://localhost:8000/t/acme/callback/entra"
SECRET = "a secret: with + and %"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
JANE, OMAR = DIRECTORY_PEOPLE[0], DIRECTORY_PEOPLE[1]
GUEST = DIRECTORY_PEOPLE[-1]

REQUEST = {
    "client_id": "broker",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid profile email",
    "state": "state-1",
    "nonce": "nonce-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
CAUSES = {
    "refuse": Cause.UPSTREAM_DENIED,
    "no_consent": Cause.CONSENT_MISSING,
    "admin_consent": Cause.CONSENT_MISSING,
    "not_assigned": Cause.UPSTREAM_NOT_ASSIGNED,
    "blocked": Cause.UPSTREAM_ACCOUNT_BLOCKED,
    "conditional_access": Cause.UPSTREAM_POLICY_BLOCKED,
    "unavailable": Cause.UPSTREAM_UNREACHABLE,
}


@pytest.fixture(scope="module")
def signing_key() -> dict[str, object]:
    return dict(RSAKey.generate_key(2048, private=True, auto_kid=True).as_dict(private=True))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def entra(signing_key: dict[str, object], clock: FakeClock) -> Flask:
    registration = Registration("broker", SECRET, "SSO Broker", (CALLBACK,))
    return make_entra(ORIGIN, registration, Signer(signing_key, ORIGIN), clock)


@pytest.fixture
def browser(entra: Flask) -> Browser:
    return Browser(entra, ORIGIN)


def authorize(**changes: str) -> str:
    return f"/{DIRECTORY}/oauth2/v2.0/authorize?{urlencode(REQUEST | changes)}"


def answer_of(browser: Browser) -> dict[str, str]:
    """What came back to the application."""
    assert browser.foreign is not None, browser
    assert browser.foreign.startswith(f"{CALLBACK}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(browser.foreign).query).items()}


def code_for(browser: Browser, person: str = JANE.id, switch: str = "normal", **changes: str) -> str:
    browser.open(authorize(**changes)).submit(press=person, switch=switch)
    return answer_of(browser)["code"]


def redeem(browser: Browser, code: str, **changes: str) -> dict[str, object]:
    fitting = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": "broker",
        "client_secret": SECRET,
        "code_verifier": VERIFIER,
    }
    browser.post(f"/{DIRECTORY}/oauth2/v2.0/token", fitting | changes)
    return json.loads(browser.text)


def claims_of(browser: Browser, tokens: dict[str, object]) -> dict[str, object]:
    keys = KeySet.import_key_set(json.loads(browser.open(f"/{DIRECTORY}/discovery/v2.0/keys").text))
    return jwt.decode(str(tokens["id_token"]), keys, algorithms=["RS256"]).claims


def test_discovery_names_the_issuer_of_the_directory(browser: Browser) -> None:
    found = json.loads(browser.open(f"/{DIRECTORY}/v2.0/.well-known/openid-configuration").text)
    assert found["issuer"] == f"{ORIGIN}/{DIRECTORY}/v2.0"
    assert found["token_endpoint"] == f"{ORIGIN}/{DIRECTORY}/oauth2/v2.0/token"


def test_picked_person_comes_back_with_a_code_for_a_signed_token(browser: Browser, clock: FakeClock) -> None:
    tokens = redeem(browser, code_for(browser))
    claims = claims_of(browser, tokens)
    now = int(clock.now().timestamp())
    assert claims | {"sub": ""} == {
        "iss": f"{ORIGIN}/{DIRECTORY}/v2.0",
        "aud": "broker",
        "sub": "",
        "ver": "2.0",
        "tid": DIRECTORY,
        "oid": JANE.id,
        "preferred_username": JANE.email,
        "email": JANE.email,
        "xms_edov": True,
        "name": "Jane Doe",
        "given_name": "Jane",
        "family_name": "Doe",
        "groups": ["Finance", "Travellers"],
        "roles": ["Approver"],
        "nonce": "nonce-1",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "auth_time": now,
    }


def test_keys_are_public_and_name_their_issuer(browser: Browser) -> None:
    (key,) = json.loads(browser.open(f"/{DIRECTORY}/discovery/v2.0/keys").text)["keys"]
    assert key["issuer"] == f"{ORIGIN}/{DIRECTORY}/v2.0"
    assert not {"d", "p", "q", "dp", "dq", "qi"} & key.keys()


def test_scopes_decide_about_name_and_address(browser: Browser) -> None:
    claims = claims_of(browser, redeem(browser, code_for(browser, scope="openid")))
    assert not {"name", "email", "given_name"} & claims.keys()


def test_hinted_person_stands_first(browser: Browser) -> None:
    browser.open(authorize(login_hint=OMAR.email.upper()))
    assert browser.page.forms[0].buttons[0].value == OMAR.id


def test_hint_at_a_stranger_is_told(browser: Browser) -> None:
    browser.open(authorize(login_hint="who@else.example"))
    assert "who@else.example isn’t in this directory" in browser.words


@pytest.mark.parametrize(("key", "cause"), CAUSES.items(), ids=CAUSES)
def test_switch_sends_an_error_that_the_broker_understands(browser: Browser, key: str, cause: Cause) -> None:
    browser.open(authorize()).submit(press=JANE.id, switch=key)
    answer = answer_of(browser)
    failure = read_entra_error(answer)
    assert answer["state"] == "state-1"
    assert failure is not None
    assert failure.cause is cause
    assert failure.facts["trace_id"]


@pytest.mark.parametrize(
    ("switch", "changed"),
    [
        ("wrong_directory", {"tid": OTHER_DIRECTORY, "iss": f"{ORIGIN}/{OTHER_DIRECTORY}/v2.0"}),
        ("personal", {"tid": PERSONAL_DIRECTORY, "iss": f"{ORIGIN}/{PERSONAL_DIRECTORY}/v2.0"}),
        ("guest", {"idp": f"https://sts.windows.net/{OTHER_DIRECTORY}/"}),
        ("unverified", {"xms_edov": False}),
        ("two_factors", {"amr": ["pwd", "mfa"]}),
    ],
)
def test_switch_changes_what_the_token_says(browser: Browser, switch: str, changed: dict[str, object]) -> None:
    normal = claims_of(browser, redeem(browser, code_for(browser)))
    assert claims_of(browser, redeem(browser, code_for(browser, switch=switch))) == normal | changed


def test_every_switch_is_tried_here() -> None:
    tried = {*CAUSES, "normal", "wrong_directory", "personal", "guest", "unverified", "two_factors", "no_answer"}
    assert {switch.key for switch in SWITCHES} == tried


def test_guest_of_the_list_is_at_home_elsewhere(browser: Browser) -> None:
    claims = claims_of(browser, redeem(browser, code_for(browser, GUEST.id)))
    assert claims["idp"] == f"https://sts.windows.net/{OTHER_DIRECTORY}/"
    assert claims["tid"] == DIRECTORY


def test_code_works_once(browser: Browser) -> None:
    code = code_for(browser)
    assert "id_token" in redeem(browser, code)
    assert redeem(browser, code)["error"] == "invalid_grant"


def test_code_does_not_last(browser: Browser, clock: FakeClock) -> None:
    code = code_for(browser)
    clock.advance(minutes=10)
    assert redeem(browser, code)["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "guess"}, "invalid_client"),
        ({"client_id": "stranger"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": "guess"}, "invalid_grant"),
        ({"redirect_uri": f"{CALLBACK}/"}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
    ],
)
def test_token_request_that_does_not_fit_is_refused(browser: Browser, changes: dict[str, str], error: str) -> None:
    answer = redeem(browser, **{"code": code_for(browser)} | changes)
    assert answer["error"] == error
    assert "id_token" not in answer
    assert browser.status == (401 if error == "invalid_client" else 400)


def test_secret_may_come_as_basic_with_encoded_parts(browser: Browser) -> None:
    pair = f"broker:{quote_plus(SECRET)}".encode()
    form = {
        "grant_type": "authorization_code",
        "code": code_for(browser),
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    basic = f"Basic {base64.b64encode(pair).decode()}"
    browser.post(f"/{DIRECTORY}/oauth2/v2.0/token", form, authorization=basic)
    assert "id_token" in json.loads(browser.text)


@pytest.mark.parametrize("changes", [{"client_id": "stranger"}, {"redirect_uri": "http://evil.example/"}])
def test_unknown_application_is_never_redirected_to(browser: Browser, changes: dict[str, str]) -> None:
    browser.open(authorize(**changes))
    assert browser.status == 400
    assert browser.foreign is None
    assert "AADSTS" in browser.words


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_request_that_does_not_fit_goes_back_as_an_error(browser: Browser, changes: dict[str, str], error: str) -> None:
    browser.open(authorize(**changes))
    assert answer_of(browser)["error"] == error


@pytest.mark.parametrize(
    "form",
    [{}, REQUEST, REQUEST | {"person": "nobody"}, REQUEST | {"person": JANE.id, "switch": "?"}, {"person": JANE.id}],
    ids=["empty", "nobody picked", "stranger picked", "unknown switch", "no request"],
)
def test_made_up_form_gets_no_code(browser: Browser, form: dict[str, str]) -> None:
    browser.post(f"/{DIRECTORY}/pick", form)
    assert browser.status == 400
    assert browser.foreign is None


def test_front_page_shows_what_to_register(browser: Browser) -> None:
    browser.open("/")
    assert DIRECTORY in browser.words
    assert CALLBACK in browser.words


# Over real sockets, with Authlib's client


@pytest.fixture
def live(signing_key: dict[str, object]) -> Iterator[str]:
    origin = f"http://127.0.0.1:{free_ports()}"
    registration = Registration("broker", "plain-secret", "Trial", (CALLBACK,))
    with serving({origin: make_entra(origin, registration, Signer(signing_key, origin), SystemClock())}):
        yield origin


def enter(origin: str, auth: str, switch: str) -> dict[str, object]:
    """Sign Omar in with Authlib's Flask client; the checked claims."""
    app = Flask("trial")
    app.secret_key = "trial"
    client = OAuth(app).register(
        "entra",
        server_metadata_url=f"{origin}/{DIRECTORY}/v2.0/.well-known/openid-configuration",
        client_id="broker",
        client_secret="plain-secret",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": auth,
        },
    )
    app.add_url_rule("/go", "go", lambda: client.authorize_redirect(CALLBACK))
    app.add_url_rule("/back", "back", lambda: dict(client.authorize_access_token()["userinfo"]))
    app.testing = True
    visitor = app.test_client()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(visitor.get("/go").location).query).items()}
    form = asked | {"person": OMAR.id, "switch": switch}
    answer = requests.post(f"{origin}/{DIRECTORY}/pick", data=form, allow_redirects=False, timeout=10)
    return visitor.get(f"/back?{urlsplit(answer.headers['Location']).query}").get_json()


@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post"])
def test_authlibs_client_signs_somebody_in(live: str, auth: str) -> None:
    claims = enter(live, auth, "normal")
    assert claims["email"] == OMAR.email
    assert claims["iss"] == f"{live}/{DIRECTORY}/v2.0"


def test_silent_provider_closes_the_connection(live: str) -> None:
    with pytest.raises(requests.ConnectionError):
        enter(live, "client_secret_post", "no_answer")
