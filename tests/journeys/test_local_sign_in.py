"""E-mail, password, code: and into an application, or to the tenant's own page."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tenants.audit import Event
from tests import factories
from tests.support import steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def authorize_path(home, app, **more):
    asked = {
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uris[0],
        "response_type": "code",
        "scope": "openid email",
        "state": "kept",
        "nonce": "once",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    return f"{home.path}/oidc/authorize?{urlencode(asked | more)}"


def test_address_password_and_code_lead_home(home, ada, browser):
    browser.open(f"{home.path}/")
    assert browser.path == f"{home.path}/sign-in"
    browser.submit(email=ada.email)
    assert browser.path == f"{home.path}/sign-in/password"
    assert ada.email in browser.words
    browser.submit(password=ada.password)
    assert browser.path == f"{home.path}/sign-in/totp"
    browser.submit(code=steps.fresh_code(home, ada))
    assert browser.at == f"{home.path}/"
    assert "Signed in with Password, Authenticator app" in browser.words
    assert ada.email in browser.words


def test_sign_in_is_in_the_audit_log(home, ada, browser):
    steps.sign_in(browser, home, ada)
    (event,) = steps.events(home, Event.LOGIN_SUCCEEDED)
    assert (event.account_id, event.address, event.connection_id) == (ada.id, "127.0.0.1", None)
    assert event.detail == {"method": "local", "proofs": "pwd otp"}


def test_from_an_application_and_back_to_it(home, ada, browser):
    app = factories.application(home)
    browser.open(authorize_path(home, app))
    assert browser.path == f"{home.path}/sign-in"
    assert f"to continue to {app.name}" in browser.words
    steps.prove(browser.submit(email=ada.email), home, ada)
    assert browser.foreign
    assert browser.foreign.startswith(f"{app.redirect_uris[0]}?")
    answer = dict(parse_qsl(urlsplit(browser.foreign).query))
    assert answer["state"] == "kept"
    assert answer["code"]
    assert answer["iss"] == home.url
    (event,) = steps.events(home, Event.LOGIN_SUCCEEDED)
    assert event.application_id == app.id


def test_signed_in_person_goes_straight_through(home, ada, browser):
    app = factories.application(home)
    steps.sign_in(browser, home, ada)
    browser.open(authorize_path(home, app))
    assert browser.foreign
    assert len(browser.hops) <= 3


def test_policy_of_the_forms_names_the_application(home, ada, browser):
    """CSP: the POST of the code ends, by redirects, at the application."""
    app = factories.application(home)
    browser.open(authorize_path(home, app)).submit(email=ada.email).submit(password=ada.password)
    assert f"form-action 'self' https://app.{home.domain};" in browser.response.headers["Content-Security-Policy"]


def test_wrong_password_is_said_at_its_field(home, ada, browser):
    browser.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password="not it at all")
    assert browser.status == 403
    assert "The e-mail address or the password is not right." in browser.words
    assert "Error:" in browser.title
    (event,) = steps.events(home, Event.LOGIN_REFUSED)
    assert (event.cause, event.address) == ("credentials_invalid", "127.0.0.1")
    assert event.detail["email"] == ada.email
    steps.prove(browser, home, ada)
    assert browser.at == f"{home.path}/"


def test_wrong_code_is_said_at_its_field(home, ada, browser):
    browser.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    browser.submit(code="000000" if ada.code(home.now) != "000000" else "111111")
    assert browser.status == 403
    assert "This code is not right." in browser.words
    browser.submit(code=steps.fresh_code(home, ada))
    assert browser.at == f"{home.path}/"


def test_address_is_one_however_it_is_written(home, browser):
    ada = factories.account(home, f"Ada.Lovelace@{home.domain}")
    browser.open(f"{home.path}/sign-in").submit(email=f"  ADA.lovelace@{home.domain.upper()}. ")
    steps.prove(browser, home, ada)
    assert browser.at == f"{home.path}/"


def test_what_is_no_address_is_said_at_its_field(home, browser):
    browser.open(f"{home.path}/sign-in").submit(email="ada@@example.com")
    assert browser.status == 400
    assert "An e-mail address has exactly one @" in browser.words
    assert browser.page.forms[0].fields["email"].value == "ada@@example.com"


def test_not_you_leads_back_to_another_address(home, ada, browser):
    other = factories.account(home)
    browser.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    browser.follow("Not you?")
    assert browser.path == f"{home.path}/sign-in"
    browser.submit(email=other.email)
    assert browser.path == f"{home.path}/sign-in/password"
    steps.prove(browser, home, other)
    assert other.email in browser.words


def test_second_sign_in_ends_the_first_session(home, ada, browser):
    """Also when the first is minutes old: SQLite lets one writer in, and a session's use is written down."""
    steps.sign_in(browser, home, ada)
    first = browser.cookie("sid")
    other = factories.account(home)
    home.broker.ports.clock.advance(minutes=5)
    steps.sign_in(browser, home, other)
    assert browser.at == f"{home.path}/"
    assert other.email in browser.words
    assert browser.cookie("sid") != first


@pytest.mark.parametrize(
    ("values", "heading"),
    [
        ({"state": "disabled"}, "Your account is switched off"),
        ({"state": "deactivated"}, "Your invitation has run out"),
        ({"state": "inactive"}, "Your account is switched off"),
        ({"is_local_enabled": False}, "Use another way to sign in"),
    ],
    ids=["disabled", "never activated", "unused for too long", "no right to sign in locally"],
)
def test_right_password_is_told_why_it_does_not_help(home, browser, values, heading):
    ada = factories.account(home, **values)
    browser.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    assert browser.status == 403
    assert heading in browser.words
    event = steps.event_of(browser, home)
    assert event.account_id == ada.id


def test_expired_account_is_told_so(home, browser):
    ada = factories.account(home, expires_at=home.now)
    browser.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    assert "Your access has ended" in browser.words


def test_account_without_an_app_needs_a_new_invitation(home, browser):
    ada = factories.account(home, with_totp=False)
    browser.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    assert "One more step to protect your account" in browser.words


def test_attempt_that_took_too_long_starts_again_towards_the_same_place(home, ada, browser):
    app = factories.application(home)
    browser.open(authorize_path(home, app)).submit(email=ada.email)
    home.broker.ports.clock.advance(minutes=21)
    browser.submit(password=ada.password)
    assert browser.status == 400
    assert "This sign-in took too long" in browser.words
    browser.follow("Start again")
    assert f"to continue to {app.name}" in browser.words
    steps.prove(browser.submit(email=ada.email), home, ada)
    assert browser.foreign.startswith(app.redirect_uris[0])


def test_attempt_that_ended_by_wrong_tries_starts_again_towards_the_same_place(home, ada, browser):
    app = factories.application(home)
    browser.open(authorize_path(home, app)).submit(email=ada.email)
    for _ in range(10):
        home.broker.ports.clock.advance(seconds=60)
        browser.submit(password="not it at all")
    assert "For your safety it has ended" in browser.words
    browser.follow("Start again")
    assert f"to continue to {app.name}" in browser.words


def test_finished_attempt_cannot_be_finished_twice(home, ada, browser):
    browser.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    page = browser.at
    browser.submit(code=steps.fresh_code(home, ada))
    browser.open(page)
    assert "This sign-in took too long" in browser.words


def test_links_by_connection_key_take_the_local_way_too(home, ada, browser):
    browser.open(f"{home.path}/sign-in")
    tx = steps.tx_of(browser)
    for way in (f"/sign-in/go/local?tx={tx}", f"/sign-in/choose?tx={tx}&way=local&other=1"):
        browser.open(f"{home.path}{way}")
        assert browser.status == 200
        assert "email" in browser.page.forms[0].fields
