"""Attacks on a person's own page (security.md: SF-09, SF-10, SF-11, LC-11, AC-13)."""

import json

import pytest

from broker.account.password import OWN_PASSWORD_LIMIT
from broker.guard import FRESH_FOR
from broker.session import Proof
from tenants.accounts import Account
from tenants.audit import Event
from tenants.credentials import Credential
from tenants.passkeys import Passkey
from tenants.sessions import BrowserSession
from tests import factories
from tests.peers.authenticator import Authenticator
from tests.support import steps
from tests.support.own_page import changes, elsewhere, facts_to, give_codes, grow_stale, is_over, mails_to, of_kind, post_own
from tests.support.passkeys import options_on
from tests.support.posted import posted
from tests.support.routes import csrf_token, of_nobody, places
from tests.support.rows import passkey, stored
from tests.support.wiring import ORIGIN

PROVEN_FIRST = {"/password", "/app", "/app/remove", "/recovery-codes", "/passkeys/add", "/factors/reset"}
ABOUT_ONE_PASSKEY = {"/passkeys/rename", "/passkeys/remove"}


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def held(home, who):
    """All that could be changed of somebody."""
    account = stored(home, Account, id=who.id)[0]
    secrets = {(row.id, row.secret_hash, row.secret_sealed) for row in stored(home, Credential, account_id=who.id)}
    keys = {(row.id, row.label) for row in stored(home, Passkey, account_id=who.id)}
    columns = (account.email, account.email_key, account.role, account.is_email_verified, account.state, account.name)
    return columns, secrets, keys


def own_posts(app):
    return sorted(
        {
            place.path
            for place in places(app, of_nobody(app))
            if place.endpoint.startswith("account.") and place.method == "POST"
        }
    )


# LC-11 and SF-10: a stale proof changes nothing


@pytest.mark.parametrize("path", sorted(PROVEN_FIRST | ABOUT_ONE_PASSKEY))
def test_sf10_stale_session_changes_nothing_and_is_asked_again(home, ada, at_home, path):
    give_codes(home, ada)
    row = passkey(home, ada.id)
    other, before = elsewhere(home, ada), held(home, ada)
    where = f"{path}?passkey={row.id}" if path in ABOUT_ONE_PASSKEY else path
    grow_stale(home)
    form = {"password": ada.password, "new_password": steps.CHOSEN, "repeat_password": steps.CHOSEN, "label": "mine"}
    post_own(at_home, home, where, **form)
    assert "Taking you to your sign-in" in at_home.words
    assert held(home, ada) == before
    assert not is_over(home, other)
    assert changes(home) == []
    at_home.wait()
    assert at_home.path == f"{home.path}/sign-in"
    assert at_home.open(f"{home.path}/account{where}").path == f"{home.path}/sign-in"


def test_sf10_list_of_what_is_asked_again_is_whole(app):
    """A new address that changes something has to be in it. A mailed code is a proof that is given there and then."""
    free = {"/address", "/sessions/end", "/sessions/end-others", "/password/mail", "/applications/withdraw"}
    assert {path.removeprefix("/account") for path in own_posts(app)} == PROVEN_FIRST | ABOUT_ONE_PASSKEY | free


def test_sf10_proof_counts_for_ten_minutes(home, ada, browser):
    browser.client.set_cookie(**factories.cookie_of(home, factories.session(home, ada)))
    home.broker.ports.clock.advance(seconds=FRESH_FOR.total_seconds() - 1)
    assert browser.open(f"{home.path}/account/password").path == f"{home.path}/account/password"
    home.broker.ports.clock.advance(seconds=1)
    assert browser.open(f"{home.path}/account/password").path == f"{home.path}/sign-in"


@pytest.mark.parametrize("methods", [["pwd"], ["pwd", "dev"]], ids=["password alone", "trusted device"])
def test_sf10_no_factor_is_no_fresh_proof(home, ada, browser, methods):
    proofs = [Proof(method, home.now).as_json() for method in methods]
    browser.client.set_cookie(**factories.cookie_of(home, factories.session(home, ada, proofs=proofs)))
    assert browser.open(f"{home.path}/account/app").path == f"{home.path}/sign-in"


def test_sf10_old_factor_beside_a_new_password_is_no_fresh_proof(home, ada, browser):
    old = home.now - FRESH_FOR
    proofs = [Proof("pwd", home.now).as_json(), Proof("otp", old).as_json()]
    browser.client.set_cookie(**factories.cookie_of(home, factories.session(home, ada, proofs=proofs)))
    assert browser.open(f"{home.path}/account/app").path == f"{home.path}/sign-in"


def test_sf10_code_by_mail_changes_no_factor(home, ada, browser):
    """It is weaker than what it would replace (SF-05)."""
    proofs = [Proof(method, home.now).as_json() for method in ("pwd", "mail")]
    browser.client.set_cookie(**factories.cookie_of(home, factories.session(home, ada, proofs=proofs)))
    browser.open(f"{home.path}/account/app")
    assert browser.status == 403
    assert "A code by mail is not enough for this" in browser.words


def test_sf10_proof_of_somebody_else_does_not_do(home, ada, at_home):
    mallory = factories.account(home)
    session = stored(home, BrowserSession, account_id=ada.id)[0]
    grow_stale(home)
    at_home.open(f"{home.path}/account/app")
    steps.prove(at_home.submit(email=mallory.email), home, mallory)
    assert at_home.status == 403
    assert "That is another account" in at_home.words
    assert stored(home, BrowserSession, account_id=mallory.id) == []
    assert stored(home, BrowserSession, id=session.id)[0].ended_at is None
    assert at_home.open(f"{home.path}/").path == f"{home.path}/"
    assert ada.email in at_home.words


@pytest.mark.parametrize("path", ["/app/remove", "/passkeys/remove"])
def test_sf10_last_factor_beside_a_password_stays(home, ada, at_home, path):
    row = passkey(home, ada.id)
    if path == "/passkeys/remove":
        post_own(at_home, home, "/app/remove")
        assert of_kind(home, ada, "totp") == []
    else:
        post_own(at_home, home, f"/passkeys/remove?passkey={row.id}")
        assert stored(home, Passkey, account_id=ada.id) == []
    give_codes(home, ada)
    before = held(home, ada)
    post_own(at_home, home, f"{path}?passkey={row.id}")
    assert held(home, ada) == before


def test_sf10_of_two_factors_removed_at_once_one_stays(home, ada, new_browser):
    row = passkey(home, ada.id)
    browsers = [new_browser(), new_browser()]
    for one in browsers:
        one.client.set_cookie(**factories.cookie_of(home, factories.session(home, ada)))
        one.open(f"{home.path}/account")
    tokens = [one.page.forms[0].fields["csrf_token"].value for one in browsers]
    paths = ["/app/remove", f"/passkeys/remove?passkey={row.id}"]
    steps.at_once(
        [
            lambda one=one, token=token, path=path: one.post(f"{home.path}/account{path}", {"csrf_token": token})
            for one, token, path in zip(browsers, tokens, paths, strict=True)
        ]
    )
    assert len(of_kind(home, ada, "totp")) + len(stored(home, Passkey, account_id=ada.id)) == 1


def test_sf10_passkey_that_policy_lets_nobody_use_is_no_factor_that_could_stay(broker, browser):
    home = factories.tenant(broker, passkeys=False)
    ada = factories.account(home)
    passkey(home, ada.id)
    steps.sign_in(browser, home, ada)
    post_own(browser, home, "/app/remove")
    assert len(of_kind(home, ada, "totp")) == 1
    assert "It is your only second factor" in browser.open(f"{home.path}/account/app/remove").words


def test_sf10_every_loss_is_mailed_and_ends_the_others(home, ada, at_home):
    row = passkey(home, ada.id)
    for number, path in enumerate([f"/passkeys/remove?passkey={row.id}", "/recovery-codes"], start=1):
        give_codes(home, ada, 1)
        other = elsewhere(home, ada)
        post_own(at_home, home, path)
        assert is_over(home, other), path
        assert mails_to(home, ada).count("credential_changed") == number, path


def test_lc11_password_is_not_changed_without_the_current_one(home, ada, at_home):
    before = held(home, ada)
    for current in ("", "not it at all", steps.CHOSEN[:-1]):
        post_own(at_home, home, "/password", password=current, new_password=steps.CHOSEN, repeat_password=steps.CHOSEN)
        assert at_home.status == 403
    assert held(home, ada) == before
    assert {event.cause for event in steps.events(home, Event.LOGIN_REFUSED)} == {"credentials_invalid"}


def test_lc11_current_password_is_not_guessed_at_an_open_session(home, ada, at_home):
    form = {"new_password": steps.CHOSEN, "repeat_password": steps.CHOSEN}
    for _ in range(OWN_PASSWORD_LIMIT.free):
        assert post_own(at_home, home, "/password", password="not it at all", **form).status == 403
    assert post_own(at_home, home, "/password", password=ada.password, **form).status == 429
    assert changes(home) == []


def test_lc11_of_two_changes_at_once_one_wins(home, ada, new_browser):
    browsers = [new_browser() for _ in range(4)]
    for one in browsers:
        one.client.set_cookie(**factories.cookie_of(home, factories.session(home, ada)))
        one.open(f"{home.path}/account/password")
    steps.at_once(
        [
            lambda one=one, number=number: one.submit(
                password=ada.password, new_password=f"{steps.CHOSEN}{number}", repeat_password=f"{steps.CHOSEN}{number}"
            )
            for number, one in enumerate(browsers)
        ]
    )
    assert changes(home) == ["password"]


# SF-09 and AC-13: nothing about oneself but what the pages offer

CLAIMS = {
    "email": "mallory@evil.example",
    "email_key": "mallory@evil.example",
    "to": "mallory@evil.example",
    "role": "owner",
    "is_email_verified": "1",
    "email_verified": "true",
    "is_local_enabled": "0",
    "state": "active",
    "tenant_id": "ten_x",
    "account": "acc_x",
    "account_id": "acc_x",
    "name": "Mallory",
    "is_operator": "1",
}


def test_ac13_no_own_address_takes_role_or_verification(app, home, ada, at_home):
    before = held(home, ada)[0]
    for path in own_posts(app):
        post_own(at_home, home, path.removeprefix("/account"), **CLAIMS)
        if at_home.open(f"{home.path}/account").path != f"{home.path}/account":
            steps.sign_in(at_home, home, ada)
    assert held(home, ada)[0] == before


def test_sf09_mails_go_to_the_stored_address_whatever_is_sent(database_url, clock):
    with posted(database_url, clock) as post:
        home, at_home = factories.tenant(post.broker), post.browser()
        ada = factories.account(home)
        steps.sign_in(at_home, home, ada)
        check_that_mail_goes_to_the_stored_address(home, ada, at_home)


def check_that_mail_goes_to_the_stored_address(home, ada, at_home):
    post_own(at_home, home, "/password/mail", **CLAIMS)
    assert facts_to(home, ada, "reset_link")["token"]
    assert stored(home, Account, id=ada.id)[0].email == ada.email


def test_sf10_passkey_of_somebody_else_is_not_there(home, ada, at_home):
    theirs = passkey(home, factories.account(home).id, label="Theirs")
    for path in ABOUT_ONE_PASSKEY:
        assert post_own(at_home, home, f"{path}?passkey={theirs.id}", label="Mine").status == 404
        assert at_home.open(f"{home.path}/account{path}?passkey={theirs.id}").status == 404
    assert stored(home, Passkey, id=theirs.id)[0].label == "Theirs"


def test_sf10_session_of_somebody_else_goes_on(home, ada, at_home):
    theirs = elsewhere(home, factories.account(home))
    post_own(at_home, home, "/sessions/end", session=theirs.row.id)
    post_own(at_home, home, "/sessions/end-others")
    assert not is_over(home, theirs)


def test_sf10_passkey_answer_counts_once_and_for_its_own_challenge(home, ada, at_home):
    at_home.open(f"{home.path}/account/passkeys/add")
    form = next(one for one in at_home.page.forms if "answer" in one.fields)
    sent = {name: form.fields[name].value for name in ("csrf_token", "tx")} | {"label": "mine"}
    other = json.loads(options_on(at_home)) | {"challenge": "AAAA"}
    assert at_home.post(form.action, sent | {"answer": Authenticator(ORIGIN).create(json.dumps(other))}).status == 403
    answer = Authenticator(ORIGIN).create(options_on(at_home))
    assert at_home.post(form.action, sent | {"answer": answer}).path == f"{home.path}/account"
    assert stored(home, Passkey, account_id=ada.id) == []


def test_se10_token_guards_every_own_address(app, home, ada):
    """As SE-10 walks them: here that the list is not empty."""
    client = app.test_client()
    client.set_cookie(**factories.cookie_of(home, factories.session(home, ada)))
    assert csrf_token(client, home, "/account/password")
    for path in own_posts(app):
        assert client.post(f"{home.path}{path}", base_url=ORIGIN).status_code == 403, path
