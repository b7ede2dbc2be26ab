"""Somebody who is signed in shows by a mailed code that their address is their own (T4; LC-08, LC-09)."""

import pytest

from tenants.accounts import Account
from tenants.credentials import Credential
from tenants.identities import Identity
from tests import factories
from tests.support.by_mail import newest_code, wrong_code
from tests.support.own_page import changes, elsewhere, facts_to, is_over
from tests.support.rows import stored
from tests.support.saml_app import SamlApp


@pytest.fixture
def home(post):
    return factories.tenant(post.broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def is_confirmed(home, who):
    return stored(home, Account, id=who.id)[0].is_email_verified


def signed_in(post, home, who, **columns):
    """A browser with a session of theirs, and that session."""
    browser, session = post.browser(), factories.session(home, who, **columns)
    browser.client.set_cookie(**factories.cookie_of(home, session))
    return browser, session


def ask(browser, home):
    browser.open(f"{home.path}/account").follow("Confirm it").submit(press="Send me a code")
    assert "Type" not in browser.title
    assert browser.path == f"{home.path}/account/address"
    return browser


def test_person_comes_from_a_refusal_confirms_and_enters_the_application(post, home):
    way = factories.connection(home)
    jane = factories.account(home, with_password=False, with_totp=False)
    known = factories.identity(home, jane.id, way.id)
    sp = SamlApp.of(post.app, home, name_id="email")
    browser, session = signed_in(post, home, jane, method=way.key, identity_id=known.id)
    sp_query = f"{home.path}/saml/idp/sso?{sp.sp.query(sp.sp.request())}"
    browser.open(sp_query).follow("Confirm my address").submit(press="Send me a code")
    assert jane.email in browser.words
    browser.submit(code=newest_code(post, jane.email))
    assert browser.path == f"{home.path}/account"
    assert "Your address is confirmed" in browser.words
    assert "Not confirmed" not in browser.words
    assert (is_confirmed(home, jane), is_over(home, session), changes(home)) == (True, True, ["address_confirmed"])
    assert sp.read(browser.open(sp_query).text).name_id.text == jane.email
    assert browser.open(f"{home.path}/account/address").path == f"{home.path}/account", "there is nothing to confirm"


def test_lc09_what_others_may_have_laid_into_the_account_ends(post, home, ada):
    trojan, other = factories.identity(home, ada.id), elsewhere(home, ada)
    browser, _session = signed_in(post, home, ada)
    browser.open(f"{home.path}/account/address")
    assert "other ways to sign in are unlinked" in browser.words
    ask(browser, home).submit(code=newest_code(post, ada.email))
    assert (is_over(home, other), stored(home, Identity, id=trojan.id)) == (True, [])
    assert stored(home, Credential, account_id=ada.id), "the way that this session came by stays"


def test_lc09_who_came_by_a_provider_loses_a_password_that_was_there_before(post, home, ada):
    way = factories.connection(home)
    known = factories.identity(home, ada.id, way.id)
    browser, _session = signed_in(post, home, ada, method=way.key, identity_id=known.id)
    browser.open(f"{home.path}/account/address")
    assert "Your password and its second factors go then" in browser.words
    ask(browser, home).submit(code=newest_code(post, ada.email))
    assert (stored(home, Credential, account_id=ada.id), len(stored(home, Identity, id=known.id))) == ([], 1)


def test_ac06_last_own_way_of_an_admin_stays_and_page_and_mail_say_so(post, home):
    """Nobody else could configure the tenant while its provider is down."""
    owner, way = factories.account(home, role="owner"), factories.connection(home)
    known = factories.identity(home, owner.id, way.id)
    browser, _session = signed_in(post, home, owner, method=way.key, identity_id=known.id)
    browser.open(f"{home.path}/account/address")
    said = ("second factors stay", "second factors go")
    assert [one in browser.words for one in said] == [True, False]
    ask(browser, home).submit(code=newest_code(post, owner.email))
    assert (is_confirmed(home, owner), changes(home)) == (True, ["address_confirmed_kept"])
    assert stored(home, Credential, account_id=owner.id)
    assert facts_to(home, owner, "credential_changed")["what"] == "address_confirmed_kept"


def test_lc08_a_code_is_for_the_browser_that_asked_and_for_nothing_else(post, home, ada):
    """Whoever holds a session of the account needs the mailbox as well."""
    thief, _session = signed_in(post, home, ada)
    victim, _other = signed_in(post, home, ada)
    ask(thief, home)
    right = newest_code(post, ada.email)
    ask(victim, home)
    theirs = newest_code(post, ada.email)
    thief.submit(code=wrong_code(right))
    assert (thief.status, "This code is not right" in thief.words) == (403, True)
    if theirs != right:
        thief.submit(code=theirs)
        assert thief.status == 403
    for _ in range(5):
        thief.submit(code=wrong_code(right))
    assert "can’t be used any more" in thief.words
    thief.submit(code=right)
    assert (thief.status, is_confirmed(home, ada)) == (403, False)
    thief.submit(press="Send a new code").submit(press="Send a new code")
    assert (thief.status, "The next code can be sent at" in thief.words) == (429, True)


def test_emergency_access_confirms_nothing(post, home, ada):
    browser, _session = signed_in(post, home, ada, method="door")
    browser.open(f"{home.path}/account/address")
    assert browser.path != f"{home.path}/account/address"


def test_without_a_mail_server_admins_have_to_settle_it(app, broker):
    home = factories.tenant(broker)
    sp = SamlApp.of(app, home, name_id="email")
    sp.signed_in(factories.account(home, with_password=False, with_totp=False))
    page = sp.send(sp.sp.query(sp.sp.request())).text
    assert ("Your admins can settle that" in page, "Confirm my address" in page) == (True, False)
    assert sp.get("/account/address").status_code == 303
