"""Choosing between second factors, and signing in with each of them (requirements.md, L6 and L7)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tenants.audit import Event
from tenants.credentials import Credential, CredentialKind
from tests import factories
from tests.support import steps
from tests.support.mails import code_in
from tests.support.passkeys import add_passkey, at_passkey, device_of, options_on, show
from tests.support.posted import posted
from tests.support.recovery import codes_of

OTHER = "Other ways to prove it is you"


@pytest.fixture(scope="module")
def post(database_url, clock):
    with posted(database_url, clock, base_url="http://localhost:8000") as made:
        yield made


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def behind_password(browser, home, who):
    return browser.open(f"{home.path}/sign-in/again").submit(email=who.email).submit(password=who.password)


def proofs(home):
    return steps.events(home, Event.LOGIN_SUCCEEDED)[-1].detail["proofs"]


def offered(browser):
    return [
        link.label.partition(" ")[0] for link in browser.page.links if "/sign-in/" in link.href and "/language" not in link.href
    ]


# The choice


def test_only_factor_is_asked_for_without_a_choice(home, ada, browser):
    behind_password(browser, home, ada)
    assert browser.path == f"{home.path}/sign-in/totp"
    assert OTHER not in browser.words


def test_all_factors_are_one_click_away(home, ada, browser):
    device_of(home, ada)
    codes_of(home, ada)
    behind_password(browser, home, ada).follow(OTHER)
    assert browser.path == f"{home.path}/sign-in/factor"
    assert offered(browser) == ["Passkey", "Authenticator", "Recovery"]
    assert browser.follow("Authenticator app").path == f"{home.path}/sign-in/totp"
    browser.follow(OTHER).follow("Recovery code")
    assert browser.path == f"{home.path}/sign-in/recovery-code"


@pytest.mark.parametrize(
    ("app_used", "passkey_used", "step"),
    [(None, None, "passkey"), (5, None, "totp"), (5, 1, "passkey"), (1, 5, "totp"), (None, 5, "passkey")],
)
def test_factor_that_was_used_last_is_asked_for_first_and_else_the_stronger(home, browser, app_used, passkey_used, step):
    ada = factories.account(home, with_totp=False)
    app = factories.credential(home, ada.id, seed=ada.seed)
    home.change(Credential, app.id, last_used_at=days_ago(home, app_used))
    add_passkey(home, ada, device_of(home, factories.account(home)), last_used_at=days_ago(home, passkey_used))
    assert behind_password(browser, home, ada).path == f"{home.path}/sign-in/{step}"


def days_ago(home, days):
    return None if days is None else home.now - timedelta(days=days)


def test_account_with_a_passkey_alone_needs_no_app(home, browser):
    ada = factories.account(home, with_totp=False)
    device = device_of(home, ada)
    behind_password(browser, home, ada)
    assert show(browser, device.get(options_on(browser))).at == f"{home.path}/"
    assert proofs(home) == "pwd hwk"
    assert "Signed in with Password, Passkey" in browser.words


# Recovery codes


def test_recovery_code_signs_in_once(home, ada, browser, new_browser):
    codes = codes_of(home, ada)
    behind_password(browser, home, ada).follow(OTHER).follow("Recovery code")
    assert browser.submit(code=codes[3]).at == f"{home.path}/"
    assert proofs(home) == "pwd rec"
    again = behind_password(new_browser(), home, ada).follow(OTHER).follow("Recovery code").submit(code=codes[3])
    assert again.status == 403
    assert "This recovery code is not right, or was used before." in again.words
    assert again.submit(code=codes[4]).at == f"{home.path}/"


@pytest.mark.parametrize("dash", ["-", " ", "", " – "], ids=["dashes", "spaces", "nothing", "long dashes"])
def test_recovery_code_is_read_as_it_was_written_down(home, ada, browser, dash):
    code = codes_of(home, ada)[0].lower().replace("-", dash)
    behind_password(browser, home, ada).follow(OTHER).follow("Recovery code").submit(code=f" {code} ")
    assert browser.at == f"{home.path}/"


def test_set_up_ends_with_ten_codes_that_work(home, browser, new_browser):
    factories.invitation(home, "a-token-of-jo", account_id=(jo := invited(home)).id)
    someone = steps.set_up(browser, home, "a-token-of-jo", jo.email)
    browser.submit(code=someone.code(home.now))
    codes = steps.codes_on(browser)
    assert (len(codes), len(set(codes))) == (10, 10)
    assert browser.response.headers["Cache-Control"] == "no-store"
    assert browser.follow("I have saved them").path == f"{home.path}/activate/done"
    fresh = behind_password(new_browser(), home, someone).follow(OTHER).follow("Recovery code")
    assert fresh.submit(code=codes[0]).at == f"{home.path}/"


def invited(home):
    return factories.account(home, state="invited", with_password=False, with_totp=False, is_local_enabled=True)


def test_codes_that_are_used_up_are_offered_no_more(home, ada, browser):
    codes_of(home, ada)
    with home.db.writing() as db:
        for row in db.scalars(select(Credential).where(Credential.kind == CredentialKind.RECOVERY_CODE.value)):
            row.last_used_at = home.now
    assert OTHER not in behind_password(browser, home, ada).words


# Codes by mail


def test_mailed_code_signs_in_where_policy_allows_it(post, clock):
    home = factories.tenant(post.broker, email_factor=True)
    ada = factories.account(home)
    browser = behind_password(post.browser(), home, ada).follow(OTHER).follow("Code by e-mail")
    assert f"{ada.email[0]}•••@{home.domain}" in browser.words
    assert post.mails_to(ada.email) == []
    browser.submit(press="Send the code")
    (mail,) = post.mails_to(ada.email)
    browser.submit(code="000000" if code_in(mail) != "000000" else "111111")
    assert "This code is not right. Check the newest mail from us." in browser.words
    browser.submit(press="Send a new code")
    newest = post.mails_to(ada.email)[-1]
    assert browser.submit(code=code_in(newest)).at == f"{home.path}/"
    assert proofs(home) == "pwd mail"


# The whole sign-in


def test_passkey_is_a_whole_sign_in(home, ada, browser):
    device = device_of(home, ada)
    at_passkey(browser, home)
    assert browser.path == f"{home.path}/sign-in/passkey"
    assert '"allowCredentials": []' in options_on(browser)
    assert show(browser, device.get(options_on(browser))).at == f"{home.path}/"
    (event,) = steps.events(home, Event.LOGIN_SUCCEEDED)
    assert (event.account_id, event.detail["method"], event.detail["proofs"]) == (ada.id, "local", "hwk")


def test_passkey_signs_in_whatever_address_was_typed(home, ada, browser):
    device = device_of(home, ada)
    browser.open(f"{home.path}/sign-in/again").submit(email=f"somebody@{home.domain}")
    browser.open(f"{home.path}/sign-in/passkey?tx={steps.tx_of(browser)}")
    assert show(browser, device.get(options_on(browser))).at == f"{home.path}/"
    assert steps.events(home, Event.LOGIN_SUCCEEDED)[-1].account_id == ada.id


def test_page_without_a_script_says_so_and_leads_back(home, browser):
    at_passkey(browser, home)
    assert "This browser has no passkeys, or scripts are off." in browser.words
    assert browser.follow("Other ways to sign in").path == f"{home.path}/sign-in"
