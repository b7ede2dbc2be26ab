"""A person's own page: what it shows, and changing how one signs in."""

import re
from types import SimpleNamespace

import pytest
from flask import g

from broker.account.activity import changed_words, words_of
from broker.account.overview import FEW_CODES
from tenants.audit import Event, append
from tenants.devices import Device
from tenants.own import EVENTS_SHOWN
from tenants.sessions import BrowserSession
from tests import factories
from tests.support import steps
from tests.support.own_page import changes, elsewhere, give_codes, grow_stale, is_over
from tests.support.rows import device, passkey, stored


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def open_own(browser, home, path=""):
    return browser.open(f"{home.path}/account{path}")


# The page


def test_home_leads_to_it(home, at_home):
    assert at_home.follow("Security").at == f"{home.path}/account"
    assert at_home.response.headers["Cache-Control"] == "no-store"


def test_it_shows_what_there_is(home, ada, at_home):
    elsewhere(home, ada)
    passkey(home, ada.id, label="Laptop")
    words = open_own(at_home, home).words
    for expected in (
        ada.email,
        f"Ada {home.canary}",
        "Password Changed",
        "from 127.0.0.1",
        "Authenticator app Added",
        "Passkey “Laptop”",
        "never used",
        "Chrome on Windows 192.0.2.7 · since",
        "This one",
        "You signed in with e-mail and password",
        "You have no recovery codes.",
    ):
        assert expected in words


def test_who_is_not_signed_in_signs_in_first_and_comes_back(home, ada, browser):
    open_own(browser, home)
    assert browser.path == f"{home.path}/sign-in"
    steps.prove(browser.submit(email=ada.email), home, ada)
    assert browser.at == f"{home.path}/account"


def test_emergency_access_opens_none_of_it(home, ada, browser):
    browser.client.set_cookie(**factories.cookie_of(home, factories.session(home, ada, method="door")))
    assert open_own(browser, home).at.startswith(f"{home.path}/console")


def test_person_of_a_provider_sees_their_identity_and_no_password(broker, oidc_peer, browser):
    home = factories.tenant(broker, local_enabled=False)
    way = steps.janes_way(home, oidc_peer)
    steps.enter(browser, home, way)
    words = open_own(browser, home).words
    assert f"{way.label} jane@{home.domain} · linked" in words
    assert "Password" not in words
    assert "Add a passkey" not in words
    assert "You signed in with Acme SSO" in words
    assert open_own(browser, home, "/password").path == f"{home.path}/account"


def test_applications_of_a_session_are_named(home, ada, at_home):
    app = factories.application(home)
    at_home.open(
        f"{home.path}/oidc/authorize?client_id={app.client_id}&redirect_uri={app.redirect_uris[0]}&response_type=code"
        "&scope=openid&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    )
    assert f"· {app.name}" in open_own(at_home, home).words
    assert f"You opened {app.name}" in at_home.words


def test_few_codes_are_told_before_they_run_out(home, ada, at_home):
    give_codes(home, ada, FEW_CODES)
    assert f"Few recovery codes are left: {FEW_CODES}." in open_own(at_home, home).words
    give_codes(home, ada)
    assert "recovery codes are left" not in open_own(at_home, home).words


def test_older_events_are_a_page_further(home, ada, at_home):
    home.broker.ports.clock.advance(minutes=1)
    with home.db.writing() as db:
        for number in range(EVENTS_SHOWN + 5):
            detail = {"what": f"thing {number}"}
            append(db, Event.CREDENTIAL_CHANGED, at=home.now, account_id=ada.id, detail=detail, address=f"192.0.2.{number}")
    first = shown_numbers(open_own(at_home, home))
    assert len(first) == EVENTS_SHOWN
    at_home.follow("Older")
    assert at_home.path == f"{home.path}/account/activity"
    second = shown_numbers(at_home)
    assert first | second == set(range(EVENTS_SHOWN + 5))
    assert first & second == set()
    assert "Older" not in at_home.words


def shown_numbers(browser):
    """The last parts of the network addresses on the page."""
    return {int(number) for number in re.findall(r"192\.0\.2\.(\d+)", browser.words)}


def test_every_event_has_words(app, home):
    with app.test_request_context():
        g.tenant = home.broker.snapshots.find_by_slug(home.slug)
        for event in Event:
            row = SimpleNamespace(event=event.value, cause="factor_invalid", detail={}, connection_id=None, application_id=None)
            words = words_of(row)
            assert words != event.value, event
        assert words_of(SimpleNamespace(event="of.another.version")) == "of.another.version"
        refused = SimpleNamespace(event=Event.ACCESS_REFUSED.value, cause="role_missing", application_id=None)
        assert words_of(refused) == "A page for admins was not opened for you"
        sentences = {changed_words(what) for what in ("password", "totp_added", "totp_removed", "recovery_codes", "else")}
        assert len(sentences) == 5


# Sessions


def test_another_session_is_ended(home, ada, at_home):
    other, third = elsewhere(home, ada), elsewhere(home, ada)
    page = open_own(at_home, home).page
    forms = [one for one in page.forms if "session" in one.fields]
    form = next(one for one in forms if one.fields["session"].value == other.row.id)
    at_home.post(form.action, {"csrf_token": form.fields["csrf_token"].value, "session": other.row.id})
    assert "That browser was signed out." in at_home.words
    assert (is_over(home, other), is_over(home, third)) == (True, False)


def test_all_other_sessions_are_ended_and_trust_with_them(home, ada, at_home):
    other = elsewhere(home, ada)
    trusted = device(home, ada.id, trusted_until=home.now.replace(year=2099))
    open_own(at_home, home).submit(press="Sign out everywhere else")
    assert "You were signed out everywhere else." in at_home.words
    assert is_over(home, other)
    assert stored(home, Device, id=trusted.id)[0].trusted_until is None
    assert at_home.path == f"{home.path}/account"


def test_naming_this_session_signs_out(home, at_home, ada):
    elsewhere(home, ada)
    page = open_own(at_home, home).page
    form = next(one for one in page.forms if "session" in one.fields)
    sessions = {one.fields["session"].value for one in page.forms if "session" in one.fields}
    mine = next(row for row in stored(home, BrowserSession, account_id=ada.id) if row.id not in sessions)
    at_home.post(form.action, {"csrf_token": form.fields["csrf_token"].value, "session": mine.id})
    assert at_home.path == f"{home.path}/signed-out"


# Fresh proof


def change(browser, home, who, new=steps.CHOSEN, again=None, current=None):
    open_own(browser, home, "/password")
    return browser.submit(password=who.password if current is None else current, new_password=new, repeat_password=again or new)


def test_stale_proof_is_renewed_and_leads_back(home, ada, at_home):
    session = at_home.cookie("sid")
    grow_stale(home)
    open_own(at_home, home, "/password")
    assert at_home.path == f"{home.path}/sign-in"
    assert at_home.page.forms[0].fields["email"].value == ada.email
    steps.prove(at_home.submit(email=ada.email), home, ada)
    assert at_home.path == f"{home.path}/account/password"
    assert at_home.cookie("sid") != session
    change(at_home, home, ada)
    assert changes(home) == ["password"]


def test_person_of_a_provider_proves_it_there(broker, oidc_peer, browser):
    home = factories.tenant(broker, local_enabled=False)
    way = steps.janes_way(home, oidc_peer)
    steps.enter(browser, home, way)
    grow_stale(home)
    open_own(browser, home, "/app")
    assert any("prompt=login" in hop for hop in browser.hops)
    assert browser.path == f"{home.path}/account/app"
