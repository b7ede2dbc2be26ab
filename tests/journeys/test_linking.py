"""Who may enter by a connection, and how an account gets a second way in (requirements.md, U6)."""

import pytest

from tenants.audit import Event
from tenants.sessions import BrowserSession
from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.linking import ASKS, account_row, identities, locally, mailed, offered, proven
from tests.support.rows import stored


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home, f"ada@{home.domain}")


@pytest.fixture
def way(home, ada, oidc_peer):
    """Its domain is proven and listed; Ada has an account that signs in locally."""
    made = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=made, proven=True)
    made.idp.person = Person(ada.email, "Ada", "Byron")
    return made


def test_owner_proves_the_account_once_and_both_ways_work(new_browser, home, ada, way):
    browser = offered(new_browser(), home, way)
    assert ada.email in browser.words
    assert "Acme SSO as well" in browser.words
    assert f"Ada {home.canary}" not in browser.words
    proven(browser, home, ada)
    assert browser.path == f"{home.path}/sign-in/link/confirm"
    browser.submit(press="Link and continue")
    assert browser.at == f"{home.path}/"
    assert [(one.account_id, one.subject) for one in identities(home)] == [(ada.id, way.idp.person.subject)]
    session = stored(home, BrowserSession)[0]
    assert session.method == way.key
    assert [proof["method"] for proof in session.proofs] == ["fed", "pwd", "otp"]
    event = steps.events(home, Event.IDENTITY_LINKED)[0]
    assert (event.account_id, event.connection_id, event.detail["how"]) == (ada.id, way.row.id, "asked")
    assert event.reference == steps.events(home, Event.LOGIN_SUCCEEDED)[0].reference
    assert mailed(home) == [(ada.email, "credential_changed")]
    assert steps.enter(new_browser(), home, way).at == f"{home.path}/"
    assert locally(new_browser(), home, ada).at == f"{home.path}/"


def test_sign_in_goes_on_to_the_application_that_takes_only_the_new_way(new_browser, home, ada, way):
    app = factories.application(home, accepted_connections=[way.key])
    steps.notice(home)
    asked = f"client_id={app.client_id}&redirect_uri={app.redirect_uris[0]}&response_type=code&scope=openid"
    challenge = "code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    browser = new_browser()
    browser.open(f"{home.path}/oidc/authorize?{asked}&{challenge}")
    assert ASKS in browser.words
    proven(browser, home, ada).submit(press="Link and continue")
    assert browser.foreign.startswith(app.redirect_uris[0])


def test_another_connection_proves_the_account_too(new_browser, home, ada, way, oidc_peer):
    other = steps.oidc_way(home, oidc_peer, "partner", label="Partner login")
    factories.identity(home, ada.id, other.row.id, issuer=other.idp.issuer, subject="ada-there")
    other.idp.person = Person("else@partner.example", subject="ada-there")
    steps.notice(home)
    browser = offered(new_browser(), home, way)
    steps.go_along(browser.submit(press="partner"))
    assert browser.path == f"{home.path}/sign-in/link/confirm"
    browser.submit(press="Link and continue")
    assert browser.at == f"{home.path}/"
    assert {one.connection_id for one in identities(home)} >= {way.row.id}
    session = stored(home, BrowserSession)[-1]
    assert [proof["connection"] for proof in session.proofs] == [way.key, "partner"]


def test_nobody_has_to_link(new_browser, home, ada, way):
    browser = proven(offered(new_browser(), home, way), home, ada).submit(press="Continue without linking")
    assert browser.at == f"{home.path}/"
    assert stored(home, BrowserSession)[0].method == "local"
    browser = offered(new_browser(), home, way).submit(press="Not now")
    assert browser.path == f"{home.path}/sign-in"
    assert locally(new_browser(), home, ada).at == f"{home.path}/"
    assert identities(home) == []


def test_linking_never_and_no_way_to_prove_it_say_what_to_do(new_browser, home, ada, way, oidc_peer):
    way.change(linking="never")
    browser = steps.enter(new_browser(), home, way)
    assert "Sign in the way you did before" in browser.words
    assert steps.event_of(browser, home).cause == "link_required"
    alone = factories.tenant(home.broker, local_enabled=False)
    only = steps.oidc_way(alone, oidc_peer)
    only.idp.person = way.idp.person
    factories.account(alone, ada.email)
    steps.notice(alone)
    browser = steps.enter(new_browser(), alone, only)
    assert browser.status == 403
    assert "Sign in the way you did before" in browser.words


def test_invited_account_is_entered_by_whoever_owns_the_address(new_browser, home, way):
    way.change(provisioning="invited", linking="never")
    eve = factories.account(
        home, f"eve@{home.domain}", state="invited", activated_at=None, with_password=False, with_totp=False
    )
    bare = factories.account(home, f"kim@{home.domain}", with_password=False, with_totp=False)
    for who in (eve, bare):
        way.idp.person = Person(who.email, "Eve", "Extern")
        assert steps.enter(new_browser(), home, way).at == f"{home.path}/"
    row = account_row(home, eve)
    assert (row.state, row.is_email_verified, row.activated_at) == ("active", True, home.now)
    assert [event.account_id for event in steps.events(home, Event.ACCOUNT_ACTIVATED)] == [eve.id]
    assert [event.detail["how"] for event in steps.events(home, Event.IDENTITY_LINKED)] == ["invited", "invited"]
    assert {to for to, _message in mailed(home)} == {eve.email, bare.email}
    way.idp.person = Person(f"nobody@{home.domain}")
    assert steps.event_of(steps.enter(new_browser(), home, way), home).cause == "account_unknown"


def test_proven_address_is_linked_without_asking_and_said_by_mail(new_browser, home, ada, way):
    way.change(linking="proven")
    home.change(type(account_row(home, ada)), ada.id, is_email_verified=True)
    assert steps.enter(new_browser(), home, way).at == f"{home.path}/"
    assert steps.events(home, Event.IDENTITY_LINKED)[0].detail["how"] == "proven"
    assert mailed(home) == [(ada.email, "credential_changed")]
    assert locally(new_browser(), home, ada).at == f"{home.path}/"


def test_second_factor_of_the_account_is_asked_for_before_anything_is_linked(new_browser, home, way):
    """An account that has none can't be proven by its password (SF-04)."""
    weak = factories.account(home, f"weak@{home.domain}", with_totp=False)
    way.idp.person = Person(weak.email)
    browser = offered(new_browser(), home, way)
    tx = steps.tx_of(browser)
    browser.submit(press="local").submit(password=weak.password)
    assert "One more step to protect your account" in browser.words
    browser.open(f"{home.path}/sign-in/link/confirm?tx={tx}")
    assert browser.status == 400
    assert identities(home) == []
