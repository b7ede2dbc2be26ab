"""A forgotten password (L4): by a mailed code or a link, past the second factor, to a new password and a new sign-in."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from broker.factors import recovery_code
from tenants.accounts import Account
from tenants.audit import Event
from tenants.credentials import Credential
from tenants.invitations import RESET_LIFE, RESET_LINK, make_link
from tests import factories
from tests.factories import Someone
from tests.support import steps
from tests.support.by_mail import ask, choose, enrol, newest_code, prove_address
from tests.support.posted import text_of


@pytest.fixture
def home(post):
    return factories.tenant(post.broker)


@pytest.fixture
def ada(home):
    return factories.account(home, f"ada@{home.domain}")


def renewed(ada) -> Someone:
    return Someone(ada.id, ada.email, steps.CHOSEN, ada.seed)


def credentials(home, who) -> dict[str, Credential]:
    with home.db.reading() as db:
        return {row.kind: row for row in db.scalars(select(Credential).where(Credential.account_id == who.id))}


def reset_link(home, who) -> str:
    with home.db.writing() as db:
        return f"{home.path}/activate/{make_link(db, who.id, RESET_LINK, home.now, RESET_LIFE)}"


def test_person_gets_from_the_password_page_to_the_application(post, home, ada):
    app = factories.application(home)
    before = credentials(home, ada)
    browser = post.browser()
    browser.open(f"{home.path}/oidc/authorize?response_type=code&client_id={app.client_id}&scope=openid"
                 f"&redirect_uri={app.redirect_uris[0]}&code_challenge={'x' * 43}&code_challenge_method=S256")  # fmt: skip
    browser.submit(email=ada.email).submit(password="I have forgotten it")
    browser.follow("Forgot your password?")
    assert browser.path == f"{home.path}/reset"
    assert browser.page.forms[0].fields["email"].value == ada.email
    browser.submit(email=ada.email).submit(code=newest_code(post, ada.email))
    assert browser.path == f"{home.path}/sign-in/totp"
    browser.submit(code=steps.fresh_code(home, ada))
    assert browser.path == f"{home.path}/reset/password"
    assert "Step 1 of 2" not in browser.words
    choose(browser)
    assert browser.path == f"{home.path}/reset/done"
    assert "Your password is changed" in browser.words

    browser.follow("Sign in")
    assert browser.page.forms[0].fields["email"].value == ada.email
    steps.prove(browser.submit(email=ada.email), home, renewed(ada))
    assert browser.foreign.startswith(f"{app.redirect_uris[0]}?code=")
    after = credentials(home, ada)
    assert after["totp"].id == before["totp"].id
    assert after["password"].id != before["password"].id
    (event,) = steps.events(home, Event.CREDENTIAL_CHANGED)
    assert (event.account_id, event.detail) == (ada.id, {"what": "password", "by": "you"})
    assert "password" in text_of(post.mails_to(ada.email)[1]).lower()


def test_old_password_no_longer_works(post, home, ada):
    browser = prove_address(post, post.browser(), home, ada.email)
    choose(browser.submit(code=steps.fresh_code(home, ada)))
    browser.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    assert browser.status == 403


def test_recovery_code_will_do_for_the_app(post, home, ada):
    with post.app.test_request_context(), home.db.writing() as db:
        codes = recovery_code.new_codes()
        recovery_code.store(db, ada.id, codes, home.now)
    browser = prove_address(post, post.browser(), home, ada.email)
    browser.follow("Other ways to prove it is you").follow("Recovery code")
    browser.submit(code=codes[0])
    assert browser.path == f"{home.path}/reset/password"
    choose(browser)
    assert browser.path == f"{home.path}/reset/done"


def test_imported_account_without_an_invitation_mail_starts_here(post, home):
    """L1. It is a reset all the same: it does not sign in by itself."""
    nothing = {"with_password": False, "with_totp": False, "activated_at": None}
    jo = factories.account(home, f"jo@{home.domain}", state="invited", is_local_enabled=True, **nothing)
    browser = prove_address(post, post.browser(), home, jo.email)
    assert browser.path == f"{home.path}/reset/password"
    choose(browser)
    someone = enrol(browser, home, jo.email)
    assert browser.path == f"{home.path}/first-login/done"
    assert not steps.is_signed_in(browser, home)
    with home.db.reading() as db:
        row = db.get_one(Account, (home.id, jo.id))
    assert (row.state, row.last_login_at) == ("active", None)
    assert steps.sign_in(browser, home, someone).at == f"{home.path}/"


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"state": "disabled"}, "Your account is switched off"),
        ({"state": "deactivated"}, "Your invitation has run out"),
        ({"state": "inactive"}, "Nobody signed in with it for 365 days"),
        ({"state": "expired"}, "Your access has ended"),
        ({"is_local_enabled": False}, "You have no password here"),
    ],
    ids=["disabled", "deactivated", "inactive", "expired", "no right"],
)
def test_mail_names_the_cause_and_the_contacts_instead_of_a_code(post, home, columns, words):
    email = factories.account(home, f"bo@{home.domain}", **columns).email
    browser = ask(post.browser(), home, email)
    assert (browser.status, browser.path) == (200, f"{home.path}/reset/code")
    (mail,) = post.mails_to(email)
    assert words in text_of(mail)
    assert f"help@{home.domain}" in text_of(mail)


def test_unknown_address_gets_no_mail(post, home):
    browser = ask(post.browser(), home, f"nobody@{home.domain}")
    assert browser.path == f"{home.path}/reset/code"
    assert post.mails_to(f"nobody@{home.domain}") == []


def test_account_switched_off_after_the_code_is_told_so(post, home, ada):
    browser = ask(post.browser(), home, ada.email)
    code = newest_code(post, ada.email)
    home.change(Account, ada.id, state="disabled")
    browser.submit(code=code)
    assert "Your account is switched off" in browser.words


def test_link_proves_the_address_and_goes_on_with_the_factor(post, home, ada):
    browser = post.browser().open(reset_link(home, ada))
    assert "Choose a new password" in browser.words
    browser.submit(press="Start")
    assert browser.path == f"{home.path}/sign-in/totp"
    browser.submit(code=steps.fresh_code(home, ada))
    choose(browser)
    assert browser.path == f"{home.path}/reset/done"
    with home.db.reading() as db:
        assert db.get_one(Account, (home.id, ada.id)).is_email_verified is False
    assert steps.sign_in(browser, home, renewed(ada)).at == f"{home.path}/"


def test_link_works_once_and_for_half_an_hour(post, home, ada):
    link, browser = reset_link(home, ada), post.browser()
    home.broker.ports.clock.advance(minutes=29)
    browser.open(link).submit(press="Start").submit(code=steps.fresh_code(home, ada))
    choose(browser)
    assert browser.status == 410
    later = reset_link(home, ada)
    browser.open(later).submit(press="Start").submit(code=steps.fresh_code(home, ada))
    assert choose(browser).path == f"{home.path}/reset/done"
    assert browser.open(later).status == 410
    assert "This link no longer works" in browser.words


def test_link_that_has_run_out_says_so(post, home, ada):
    link = reset_link(home, ada)
    home.broker.ports.clock.advance(minutes=30)
    assert post.browser().open(link).status == 410


def test_newer_link_of_whatever_kind_ends_the_older_one(post, home, ada):
    older, browser = reset_link(home, ada), post.browser()
    with home.db.writing() as db:
        make_link(db, ada.id, "invitation", home.now, timedelta(days=30))
    assert browser.open(older).status == 410


def test_link_works_where_no_mail_server_is(broker, browser):
    """An operator may hand it out."""
    home = factories.tenant(broker)
    ada = factories.account(home)
    browser.open(reset_link(home, ada)).submit(press="Start").submit(code=steps.fresh_code(home, ada))
    assert choose(browser).path == f"{home.path}/reset/done"


def test_done_page_that_is_opened_again_leads_to_a_sign_in(post, home):
    browser = post.browser().open(f"{home.path}/reset/done")
    assert browser.follow("Sign in").path == f"{home.path}/sign-in"
    browser.open(f"{home.path}/first-login/done")
    assert browser.follow("Sign in").path == f"{home.path}/sign-in"


def test_weak_password_is_refused_and_nothing_is_spent(post, home, ada):
    browser = prove_address(post, post.browser(), home, ada.email)
    browser.submit(code=steps.fresh_code(home, ada))
    choose(browser, "password")
    assert (browser.status, browser.path) == (400, f"{home.path}/reset/password")
    choose(browser)
    assert browser.path == f"{home.path}/reset/done"


def test_address_typed_anew_needs_its_own_code(post, home, ada):
    """What was proven for one address opens nothing for another one."""
    bo = factories.account(home)
    browser = prove_address(post, post.browser(), home, ada.email)
    tx = steps.tx_of(browser)
    browser.open(f"{home.path}/reset?tx={tx}").submit(email=bo.email)
    assert browser.path == f"{home.path}/reset/code"
    assert browser.open(f"{home.path}/reset/password?tx={tx}").status == 400
