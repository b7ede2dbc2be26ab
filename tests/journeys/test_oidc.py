"""Signing in with an OpenID Provider: who gets in, and what the others read and can do."""

import pytest

from tenants.accounts import Account
from tenants.audit import Event
from tests import factories
from tests.peers.people import Person
from tests.support import steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def way(home, oidc_peer):
    return steps.oidc_way(home, oidc_peer)


@pytest.fixture
def jane(home, way):
    way.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    return way.idp.person


def test_first_sign_in_makes_the_account_and_the_second_finds_it(home, way, jane, browser, new_browser):
    steps.listed(home, way=way, proven=True)
    steps.enter(browser, home, way)
    assert browser.at == f"{home.path}/"
    assert "Signed in with Acme SSO" in browser.words
    steps.enter(new_browser(), home, way)
    first, second = steps.events(home, Event.LOGIN_SUCCEEDED)
    assert first.account_id == second.account_id
    assert first.detail == {"method": "sso", "proofs": "fed"}


def test_button_takes_the_person_there(home, way, jane, browser):
    steps.listed(home, way=way, proven=True)
    browser.open(f"{home.path}/sign-in").submit(press=way.key)
    assert "Taking you to Acme SSO" in browser.words
    assert steps.go_along(browser).at == f"{home.path}/"


def test_account_that_exists_already_must_not_be_taken_over(home, way, jane, browser):
    steps.listed(home, way=way, proven=True)
    factories.account(home, jane.email)
    way.change(linking="never")
    steps.enter(browser, home, way)
    assert browser.status == 403
    assert "You already have an account" in browser.words
    assert f"An account with the address {jane.email} exists" in browser.words
    browser.follow("Other ways to sign in")
    assert browser.submit(email=jane.email).path == f"{home.path}/callback/{way.key}" or browser.status == 200


def test_stranger_where_only_accounts_enter(home, oidc_peer, browser):
    way = steps.oidc_way(home, oidc_peer, provisioning="existing")
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"jane@{home.domain}")
    steps.enter(browser, home, way)
    assert browser.status == 403
    assert f"You signed in to Acme SSO as jane@{home.domain}, but nobody has given this address access." in browser.words
    assert steps.event_of(browser, home).detail["reasons"] == "create_off"
    browser.follow("Use another account")
    assert way.idp.seen["authorize"]["prompt"] == "select_account"


def test_domain_that_is_not_on_the_list(home, way, browser):
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person("jane@elsewhere.example")
    steps.enter(browser, home, way)
    assert browser.status == 403
    assert "does not accept addresses at elsewhere.example." in browser.words
    assert steps.event_of(browser, home).cause == "domain_not_allowed"


@pytest.mark.parametrize("verified", [False, "true", None], ids=["said not to be", "said in a text", "not said"])
def test_address_that_nobody_vouches_for(home, way, browser, verified):
    steps.listed(home, way=way)
    way.idp.person = Person(f"jane@{home.domain}", email_verified=verified)
    steps.enter(browser, home, way)
    assert browser.status == 403
    assert "Your address isn’t confirmed" in browser.words
    assert steps.event_of(browser, home).cause == "email_unverified"


def test_no_address_at_all(home, way, browser):
    steps.listed(home, way=way, proven=True)
    way.idp.says(email=None, email_verified=None)
    steps.enter(browser, home, way)
    assert browser.status == 403
    assert "You have no account here yet" in browser.words
    assert "None" not in browser.words


def test_known_person_without_an_address_still_gets_in(home, way, jane, browser):
    steps.listed(home, way=way, proven=True)
    steps.enter(browser, home, way)
    browser.forget_cookies()
    way.idp.says(email=None, email_verified=None, name=None, given_name=None, family_name=None)
    steps.enter(browser, home, way)
    assert browser.at == f"{home.path}/"
    assert "Jane Doe" in browser.words


@pytest.mark.parametrize(
    ("misbehave", "cause", "status", "heading"),
    [
        (lambda idp: idp.error_callback("access_denied", "<b>no</b>"), "upstream_denied", 403, "Acme SSO didn’t let you in"),
        (lambda idp: idp.error_callback("unheard_of"), "upstream_denied", 403, "Acme SSO didn’t let you in"),
        (lambda idp: idp.error_callback("temporarily_unavailable"), "upstream_unreachable", 503, "Acme SSO doesn’t answer"),
        (lambda idp: idp.error_callback("consent_required"), "consent_missing", 403, "Acme SSO needs an approval first"),
        (lambda idp: idp.error_callback("invalid_scope"), "connection_misconfigured", 403, "isn’t set up correctly"),
        (lambda idp: idp.unsigned(), "upstream_response_invalid", 403, "The answer of Acme SSO can’t be trusted"),
        (lambda idp: idp.html_reply(), "upstream_response_invalid", 403, "The answer of Acme SSO can’t be trusted"),
        (lambda idp: idp.huge_body(), "upstream_unreachable", 503, "Acme SSO doesn’t answer"),
    ],
    ids=["denied", "unheard of", "busy", "no consent", "our scope", "unsigned", "a page for a token", "huge"],
)
def test_refusal_names_its_cause(home, way, jane, browser, misbehave, cause, status, heading):
    steps.listed(home, way=way, proven=True)
    misbehave(way.idp)
    steps.enter(browser, home, way)
    assert (browser.status, heading in browser.words) == (status, True)
    assert steps.event_of(browser, home).cause == cause
    assert not steps.is_signed_in(browser, home)


def test_login_required_there_is_a_page_here(home, way, browser):
    way.idp.error_callback("login_required")
    steps.enter(browser, home, way)
    assert browser.status == 401
    assert "has to ask you first" in browser.words


def test_invited_person_enters_by_the_provider_only_with_an_identity(home, way, jane, browser):
    """Linking is off: an invited account is one that exists already."""
    steps.listed(home, way=way, proven=True)
    factories.account(home, jane.email, state="invited", with_password=False, is_local_enabled=True, with_totp=False)
    steps.enter(browser, home, way)
    assert "You already have an account" in browser.words


def test_identity_of_an_invited_account_accepts_the_invitation(home, way, jane, browser):
    steps.listed(home, way=way, proven=True)
    someone = factories.account(home, jane.email, state="invited", with_password=False, with_totp=False, activated_at=None)
    factories.identity(home, someone.id, way.row.id, issuer=way.idp.issuer, subject=jane.subject)
    steps.enter(browser, home, way)
    assert browser.at == f"{home.path}/"
    with home.db.reading() as db:
        account = db.query(Account).one()
    assert (account.state, account.activated_at) == ("active", home.now)


def test_first_sign_ins_at_once_make_one_account(home, way, jane, new_browser):
    """Two tabs, one person: both get in, as the same."""
    steps.listed(home, way=way, proven=True)
    browsers = [new_browser().stop_at(way.origin) for _ in range(6)]
    backs = [way.idp.approve(steps.enter(browser, home, way).foreign, jane) for browser in browsers]
    steps.at_once([lambda one=one, back=back: one.open(back) for one, back in zip(browsers, backs, strict=True)])
    assert [browser.at for browser in browsers] == [f"{home.path}/"] * 6
    assert len(steps.events(home, Event.ACCOUNT_CREATED)) == 1


def test_options_that_no_longer_open_are_a_misconfiguration(home, way, browser):
    way.change(secrets_sealed="broken")
    steps.enter(browser, home, way)
    assert browser.status == 403
    assert "This way to sign in isn’t set up correctly" in browser.words


def test_unknown_connection_is_an_unknown_page(home, browser):
    browser.open(f"{home.path}/callback/nothing?state=x")
    assert browser.status == 404
    assert "There is nothing here" in browser.words
