"""Attacks on recovery codes and on the weaker factors (security.md, SF-05 to SF-07, OP-08)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from broker.factors import recovery_code
from tenants.accounts import Account
from tenants.audit import AuditEvent, Event
from tenants.credentials import SPEND_RECOVERY_CODE, Credential, CredentialKind
from tenants.ids import digest
from tenants.throttles import DEVICE_TOTP_LIMIT, RECOVERY_LIMIT, TOTP_LIMIT
from tests import factories
from tests.broker.test_question import attempt
from tests.support import steps
from tests.support.by_mail import prove_address
from tests.support.mails import code_in
from tests.support.passkeys import device_of
from tests.support.recovery import codes_of

WRONG = "ZZZZ-ZZZZ-ZZZZ-ZZZZ"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def behind_password(browser, home, who, page="recovery-code"):
    browser.open(f"{home.path}/sign-in/again").submit(email=who.email).submit(password=who.password)
    return browser.open(f"{home.path}/sign-in/{page}?tx={steps.tx_of(browser)}")


# SF-05: no way down


def test_sf05_mailed_code_is_no_factor_where_policy_does_not_say_so(post):
    home = factories.tenant(post.broker)
    ada = factories.account(home)
    browser = behind_password(post.browser(), home, ada, "email-code")
    assert (browser.status, steps.event_of(browser, home).cause) == (403, "method_not_allowed")
    assert post.mails_to(ada.email) == []


@pytest.mark.parametrize("role", ["owner", "admin", "helpdesk", "auditor"])
def test_sf05_mailed_code_is_never_a_factor_of_those_who_have_a_role(post, role):
    home = factories.tenant(post.broker, email_factor=True)
    ada = factories.account(home, role=role)
    browser = behind_password(post.browser(), home, ada, "email-code")
    assert browser.status == 403
    assert post.mails_to(ada.email) == []


def test_sf05_mailed_code_stops_counting_when_its_owner_gets_a_role_meanwhile(post):
    home = factories.tenant(post.broker, email_factor=True)
    ada = factories.account(home)
    browser = behind_password(post.browser(), home, ada, "email-code").submit(press="Send the code")
    (mail,) = post.mails_to(ada.email)
    home.change(Account, ada.id, role="admin")
    browser.submit(code=code_in(mail))
    assert browser.status == 403
    assert not steps.is_signed_in(browser, home)


def test_sf05_mailed_code_alone_is_none_for_whoever_has_no_factor_yet(post):
    home = factories.tenant(post.broker, email_factor=True)
    ada = factories.account(home, with_totp=False)
    browser = post.browser().open(f"{home.path}/sign-in/again").submit(email=ada.email).submit(password=ada.password)
    assert (browser.status, steps.event_of(browser, home).cause) == (403, "factor_enrolment_required")


def test_sf05_reset_takes_no_second_mail_for_a_factor(post):
    """Behind a mailed code, another mailed code proves nothing more."""
    home = factories.tenant(post.broker, email_factor=True)
    ada = factories.account(home)
    codes_of(home, ada)
    browser = prove_address(post, post.browser(), home, ada.email)
    browser.follow("Other ways to prove it is you")
    assert "Code by e-mail" not in browser.words
    assert browser.open(browser.url.replace("/factor?", "/email-code?")).status == 403


@pytest.mark.parametrize("page", ["factor", "totp", "recovery-code", "email-code"])
def test_sf03_no_factor_page_opens_before_the_first_step(home, ada, browser, page):
    codes_of(home, ada)
    device_of(home, ada)
    browser.open(f"{home.path}/sign-in/again").submit(email=ada.email)
    url = f"{home.path}/sign-in/{page}?tx={steps.tx_of(browser)}"
    token = browser.page.forms[0].fields["csrf_token"].value
    assert browser.open(url).status == 400
    if page != "factor":
        assert browser.post(url, {"csrf_token": token, "code": "000000"}).status == 400


# SF-06, SF-07: recovery codes


def test_sf06_of_fifty_uses_at_once_one_gets_the_code(home, ada):
    """Without the throttle in front. On two processes: tests/attacks/test_races.py."""
    values = {"account": ada.id, "code_hash": digest(codes_of(home, ada)[0].replace("-", "")), "at": home.now}

    def spend() -> int:
        with home.db.writing() as db:
            return db.run(SPEND_RECOVERY_CODE, address="192.0.2.1", **values)

    assert sorted(steps.at_once([spend] * 50)) == [0] * 49 + [1]


def test_sf06_of_sign_ins_at_once_with_one_code_one_succeeds(home, ada, new_browser):
    code = codes_of(home, ada)[0]
    browsers = [behind_password(new_browser(), home, ada) for _ in range(5)]
    steps.at_once([lambda one=one: one.submit(code=code) for one in browsers])
    assert len(steps.events(home, Event.LOGIN_SUCCEEDED)) == 1


def test_sf06_code_of_another_account_is_none(home, ada, browser):
    codes_of(home, factories.account(home))
    own = codes_of(home, ada)
    with home.db.writing() as db:
        for row in db.scalars(select(Credential).where(Credential.secret_hash == digest(own[0].replace("-", "")))):
            if row.account_id == ada.id:
                db.delete(row)
    assert behind_password(browser, home, ada).submit(code=own[0]).status == 403


def test_sf07_codes_have_80_bits_and_no_letters_that_look_alike(app, home, browser):
    with attempt(app, home, browser):
        codes = [code for _ in range(50) for code in recovery_code.new_codes()]
    letters = set("".join(codes)) - {"-"}
    assert len(set(codes)) == 500
    assert len(letters) == 32
    assert not letters & set("01IO")
    assert all([len(part) for part in code.split("-")] == [4, 4, 4, 4] for code in codes)


def test_sf07_codes_are_stored_hashed_and_shown_once(home, browser, capfd):
    jo = factories.account(home, state="invited", with_password=False, with_totp=False, is_local_enabled=True)
    factories.invitation(home, "a-token-of-jo", jo.id)
    someone = steps.set_up(browser, home, "a-token-of-jo", jo.email)
    tx = steps.tx_of(browser)
    browser.submit(code=someone.code(home.now))
    codes = steps.codes_on(browser)
    assert len(codes) == 10
    for url in (browser.url, f"{home.path}/activate/app?tx={tx}", f"{home.path}/activate/done?tx={tx}", f"{home.path}/"):
        assert not steps.codes_on(browser.open(url))
    with home.db.reading() as db:
        rows = [repr(vars(row)) for row in (*db.scalars(select(Credential)), *db.scalars(select(AuditEvent)))]
    kept = "".join([*rows, *capfd.readouterr()])
    assert all(code not in kept and code.replace("-", "") not in kept for code in codes)


def test_sf07_new_codes_end_the_old_ones(app, home, ada, browser):
    old = codes_of(home, ada)
    with attempt(app, home, browser), home.db.writing() as db:
        new = recovery_code.new_codes()
        recovery_code.store(db, ada.id, new, home.now)
        assert recovery_code.left(db, ada.id) == 10
    behind_password(browser, home, ada)
    assert browser.submit(code=old[0]).status == 403
    assert browser.submit(code=new[0]).at == f"{home.path}/"


def test_sf07_sets_made_at_once_leave_one(app, home, ada, browser):
    with attempt(app, home, browser):
        sets = [recovery_code.new_codes() for _ in range(6)]

    def keep(codes: list[str]) -> Callable[[], None]:
        def run() -> None:
            with home.db.writing() as db:
                recovery_code.store(db, ada.id, codes, home.now)

        return run

    steps.at_once([keep(codes) for codes in sets])
    with home.db.reading() as db:
        rows = db.scalars(select(Credential).where(Credential.kind == CredentialKind.RECOVERY_CODE.value)).all()
    assert len(rows) == 10


# OP-08: the same limits, whatever is guessed and wherever


def test_op08_recovery_codes_are_throttled_across_attempts_and_browsers(home, ada, new_browser):
    code = codes_of(home, ada)[0]
    for _ in range(RECOVERY_LIMIT.free):
        assert behind_password(new_browser(), home, ada).submit(code=WRONG).status == 403
    last = behind_password(new_browser(), home, ada).submit(code=code)
    assert last.status == 429
    home.broker.ports.clock.advance(minutes=20)
    assert behind_password(new_browser(), home, ada).submit(code=code).at == f"{home.path}/"


def test_op08_mailed_codes_are_throttled_across_attempts(post):
    home = factories.tenant(post.broker, email_factor=True)
    ada = factories.account(home)
    seen = []
    for _ in range(4):
        browser = behind_password(post.browser(), home, ada, "email-code")
        seen.append(browser.submit(press="Send the code").status)
    assert seen == [200, 200, 200, 429]


def test_sf02_guesses_of_a_day_find_a_code_with_less_than_one_in_ten_thousand():
    """Three codes of a million are good at a time; somebody who has the cookie of a known device has its tries as well."""
    tries = TOTP_LIMIT.cap + DEVICE_TOTP_LIMIT.cap
    assert 1 - (1 - 3 / 10**6) ** tries <= 1e-4
