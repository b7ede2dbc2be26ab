"""Attacks on first login and reset (security.md, IR; RT-04 where it asks for an address)."""

import pytest

from tenants.accounts import Account
from tenants.audit import Event
from tenants.credentials import Credential
from tenants.ids import new_id
from tenants.invitations import RESET_LIFE, RESET_LINK, make_link
from tenants.mailed_codes import (
    CODES_FOR_ADDRESS,
    CODES_FOR_NETWORK,
    CODES_FOR_TENANT,
    MailedCode,
)
from tenants.outbox import OutboxMail
from tenants.throttles import counter_key
from tests import factories
from tests.attacks.test_lc_local import people, without_what_differs
from tests.support import rows, steps
from tests.support.by_mail import FLOWS, app_code, ask, choose, exhaust, newest_code, prove_address
from tests.support.mails import link_in
from tests.support.posted import text_of
from tests.support.rows import stored


@pytest.fixture
def home(post):
    return factories.tenant(post.broker)


@pytest.fixture
def ada(home):
    return factories.account(home, f"ada@{home.domain}")


# IR-01 … IR-03


def test_ir01_links_and_forms_keep_the_stored_address(post, home, ada):
    browser = post.browser().open(f"{home.path}/reset", X_Forwarded_Host="evil.example", Forwarded="host=evil.example")
    assert "evil.example" not in browser.text
    browser.submit(email=ada.email)
    assert "evil.example" not in text_of(post.mails_to(ada.email)[0])


def test_ir02_reset_link_of_twenty_at_once_sets_one_password(post, home, ada):
    with home.db.writing() as db:
        token = make_link(db, ada.id, RESET_LINK, home.now, RESET_LIFE)
    ready = []
    for _ in range(5):
        browser = post.browser().open(f"{home.path}/activate/{token}").submit(press="Start")
        ready.append(browser.submit(code=steps.fresh_code(home, ada)))
    steps.at_once([lambda one=one: choose(one) for one in ready])
    assert [one.path for one in ready].count(f"{home.path}/reset/done") == 1
    assert {one.status for one in ready} <= {200, 400, 410}
    assert len(steps.events(home, Event.CREDENTIAL_CHANGED)) == 1


def test_ir02_reset_link_lives_for_half_an_hour():
    assert RESET_LIFE.total_seconds() <= 1800


def test_ir03_reset_skips_no_factor_and_signs_nobody_in(post, home, ada):
    browser = prove_address(post, post.browser(), home, ada.email)
    tx = steps.tx_of(browser)
    token = browser.page.forms[0].fields["csrf_token"].value
    new = {"tx": tx, "csrf_token": token, "new_password": steps.CHOSEN, "repeat_password": steps.CHOSEN}
    browser.post(f"{home.path}/reset/password", new)
    assert browser.path == f"{home.path}/sign-in/totp"
    for page in ("app", "password"):
        browser.open(f"{home.path}/reset/{page}?tx={tx}")
        assert browser.path == f"{home.path}/sign-in/totp" or browser.status == 400, page
    browser.post(f"{home.path}/reset/app", {"tx": tx, "csrf_token": token, "code": "123456"})
    assert browser.status == 400
    assert not steps.events(home, Event.CREDENTIAL_CHANGED)
    browser.open(f"{home.path}/sign-in/totp?tx={tx}").submit(code=steps.fresh_code(home, ada))
    choose(browser)
    assert not steps.is_signed_in(browser, home)
    assert not steps.events(home, Event.LOGIN_SUCCEEDED)


def test_ir03_mail_is_no_second_factor_of_a_reset_even_where_it_is_one_of_a_sign_in(post):
    home = factories.tenant(post.broker, email_factor=True)
    ada = factories.account(home)
    browser = prove_address(post, post.browser(), home, ada.email)
    tx = steps.tx_of(browser)
    assert "Other ways to prove it is you" not in browser.words
    assert browser.open(f"{home.path}/sign-in/email-code?tx={tx}").status == 403


def test_ir03_factor_that_was_added_meanwhile_is_not_replaced(post, home):
    ada = factories.account(home, with_totp=False)
    browser = prove_address(post, post.browser(), home, ada.email)
    choose(browser)
    factories.credential(home, ada.id)
    browser.submit(code=app_code(browser, home))
    assert browser.status == 400
    assert len([row for row in stored(home, Credential) if row.account_id == ada.id]) == 2


def test_ir03_passkey_that_policy_no_longer_takes_is_not_passed_over(post):
    home = factories.tenant(post.broker, passkeys=False)
    ada = factories.account(home, with_totp=False)
    rows.passkey(home, ada.id)
    browser = prove_address(post, post.browser(), home, ada.email)
    assert browser.status == 403
    assert "An admin of your organization can reset it" in browser.words
    assert "method_not_allowed" in {event.cause for event in steps.events(home)}


# IR-06: what is proven is the server's to say


def test_ir06_fields_that_somebody_adds_change_nothing(post, home, ada):
    victim = factories.account(home, role="owner")
    browser = prove_address(post, post.browser(), home, ada.email)
    browser.submit(code=steps.fresh_code(home, ada))
    fields = {name: field.value for name, field in browser.page.forms[0].fields.items() if field.value is not None}
    more = {"email": victim.email, "account_id": victim.id, "role": "owner", "invitation_id": new_id("inv")}
    new = {"new_password": steps.CHOSEN, "repeat_password": steps.CHOSEN}
    browser.post(browser.at, fields | more | new)
    (event,) = steps.events(home, Event.CREDENTIAL_CHANGED)
    assert event.account_id == ada.id
    assert steps.sign_in(post.browser(), home, victim).at == f"{home.path}/"


def test_ir06_attempt_of_one_tenant_is_nothing_at_another(post, home, ada):
    other = factories.tenant(post.broker)
    browser = prove_address(post, post.browser(), home, ada.email)
    tx = steps.tx_of(browser)
    assert browser.open(f"{other.path}/reset/password?tx={tx}").status == 400


def test_ir07_account_switched_off_at_the_last_moment_keeps_its_password(post, home, ada):
    browser = prove_address(post, post.browser(), home, ada.email)
    browser.submit(code=steps.fresh_code(home, ada))
    home.change(Account, ada.id, state="disabled")
    choose(browser)
    assert browser.status == 403
    assert not steps.events(home, Event.CREDENTIAL_CHANGED)


# IR-08, IR-11, RT-04: nobody learns who is here


@pytest.mark.parametrize("flow", FLOWS)
def test_ir08_every_address_gets_the_same_bytes_for_the_same_work(post, home, flow, count_statements):
    seen, everybody = {}, people(home)
    ask(post.browser("203.0.113.1"), home, f"first@{home.domain}", flow).submit(code="000000")
    for who, email in everybody.items():
        browser = post.browser("203.0.113.1").open(f"{home.path}/{flow}")
        with count_statements(post.broker.db.engine) as asking:
            browser.submit(email=email)
        page = without_what_differs(browser.text, email)
        with count_statements(post.broker.db.engine) as guessing:
            browser.submit(code="000000")
        with count_statements(post.broker.db.engine) as again:
            browser.submit(press="Send a new code")
        seen[who] = (
            [count.statements for count in (asking, guessing, again)],
            [count.commits for count in (asking, guessing, again)],
            browser.status,
            browser.path,
            page,
            without_what_differs(browser.text, email),
            sorted(name for name, _ in browser.response.headers),
            sorted(cookie.key for cookie in browser.client._cookies.values()),
        )
    assert seen["known"][3] == f"{home.path}/{flow}/code"
    for who, one in seen.items():
        assert one == seen["known"], who


def test_ir08_one_row_and_one_mail_wait_for_every_address(post, home):
    for email in people(home).values():
        ask(post.browser(), home, email)
    assert len(stored(home, MailedCode)) == len(stored(home, OutboxMail)) == 6
    assert len({len(row.content_sealed) for row in stored(home, OutboxMail)}) == 1
    assert [row.account_id is None for row in stored(home, MailedCode)].count(True) == 1


def test_ir11_right_code_of_nobody_opens_nothing(post, home, monkeypatch):
    """Were it guessed: it is answered like a wrong one."""
    monkeypatch.setattr(type(post.broker.ports.randomness), "randbelow", lambda _self, _limit: 123456)
    browser = ask(post.browser(), home, f"nobody@{home.domain}").submit(code="123456")
    assert browser.status == 403
    assert "This code is not right. Check the newest mail from us." in browser.words


def test_ir11_account_without_the_right_gets_nowhere_even_with_the_code(post, home, monkeypatch):
    monkeypatch.setattr(type(post.broker.ports.randomness), "randbelow", lambda _self, _limit: 123456)
    sso = factories.account(home, with_password=False, is_local_enabled=False)
    browser = ask(post.browser(), home, sso.email).submit(code="123456")
    assert browser.status == 403
    assert "Use another way to sign in" in browser.words


# IR-09: mail bombing


def test_ir09_one_address_gets_three_mails_an_hour(post, home, ada):
    statuses = [ask(post.browser(), home, spelling).status for spelling in (ada.email, ada.email.upper()) * 3]
    assert statuses == [200, 200, 200, 429, 429, 429]
    assert len(post.mails_to(ada.email)) == 3
    home.broker.ports.clock.advance(hours=1)
    assert ask(post.browser(), home, ada.email).status == 200


def test_ir09_page_says_when_and_keeps_what_was_typed(post, home, ada):
    exhaust(home, counter_key("code-address", ada.email), CODES_FOR_ADDRESS)
    browser = ask(post.browser(), home, ada.email)
    assert (browser.status, browser.path) == (429, f"{home.path}/reset")
    assert "The next code can be sent at" in browser.words
    assert browser.page.forms[0].fields["email"].value == ada.email
    assert steps.events(home, Event.THROTTLED)


def test_ir09_code_that_is_still_good_is_not_ended_by_a_refused_one(post, home, ada):
    browser = ask(post.browser(), home, ada.email).submit(press="Send a new code")
    post.work()
    browser.submit(press="Send a new code")
    code = newest_code(post, ada.email)
    browser.submit(press="Send a new code")
    assert browser.status == 429
    assert browser.submit(code=code).path == f"{home.path}/sign-in/totp"


@pytest.mark.parametrize("what", ["network", "tenant"])
def test_ir09_networks_and_tenants_have_their_share_too(post, home, ada, what):
    browser = post.browser()
    key, limit = ("code-tenant", CODES_FOR_TENANT) if what == "tenant" else ("code-network", CODES_FOR_NETWORK)
    exhaust(home, counter_key(key, "" if what == "tenant" else browser.address), limit)
    assert ask(browser, home, ada.email).status == 429
    assert ask(post.browser(), home, f"other@{home.domain}").status == (429 if what == "tenant" else 200)
    assert post.mails_to(ada.email) == []


def test_ir09_many_at_once_do_not_slip_past_the_limit(post, home, ada):
    browsers = [post.browser().open(f"{home.path}/reset") for _ in range(12)]
    steps.at_once([lambda one=one: one.submit(email=ada.email) for one in browsers])
    assert [one.status for one in browsers].count(200) <= 3
    assert len(post.mails_to(ada.email)) <= 3


def test_ir10_what_was_typed_goes_into_no_other_mail(post, home, ada):
    """The address is the account's own; nothing else of the form reaches the mail."""
    browser = post.browser().open(f"{home.path}/reset")
    fields = {name: field.value for name, field in browser.page.forms[0].fields.items() if field.value is not None}
    browser.post(f"{home.path}/reset", fields | {"email": ada.email.upper(), "subject": "evil", "code": "999999"})
    (mail,) = post.mails_to(ada.email)
    assert "evil" not in str(mail)
    assert "999999" not in text_of(mail)


def test_ir08_mail_with_a_link_has_the_tenants_own_address(post, home):
    off = factories.account(home, with_password=False, is_local_enabled=False)
    factories.connection(home)
    steps.notice(home)
    ask(post.browser(), home, off.email)
    (mail,) = post.mails_to(off.email)
    assert link_in(mail).startswith(home.url)
