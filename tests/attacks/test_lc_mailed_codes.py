"""Attacks on mailed codes, first login and reset (security.md, LC-07 to LC-09)."""

import pytest
from sqlalchemy import select

from tenants.audit import Event
from tenants.credentials import Credential
from tenants.devices import Device
from tenants.identities import Identity
from tenants.invitations import RESET_LIFE, RESET_LINK, make_link
from tenants.mailed_codes import (
    CODES_FOR_ADDRESS,
    MAX_TRIES,
    TRIES_FOR_ADDRESS,
    MailedCode,
)
from tenants.outbox import OutboxMail
from tenants.throttles import Throttle, counter_key
from tests import factories
from tests.support import rows, steps
from tests.support.by_mail import app_code, ask, choose, enrol, exhaust, newest_code, prove_address, wrong_code
from tests.support.rows import stored


@pytest.fixture
def home(post):
    return factories.tenant(post.broker)


@pytest.fixture
def ada(home):
    return factories.account(home, f"ada@{home.domain}")


# LC-07: guessing


def test_lc07_code_dies_at_the_fifth_wrong_try(post, home, ada):
    browser = ask(post.browser(), home, ada.email)
    code = newest_code(post, ada.email)
    for number in range(MAX_TRIES):
        assert browser.submit(code=wrong_code(code)).status == 403
        assert ("too often" in browser.words) == (number == MAX_TRIES - 1)
    browser.submit(code=code)
    assert browser.status == 403
    assert "This code was typed wrongly too often. Send a new one below." in browser.words
    browser.submit(press="Send a new code").submit(code=newest_code(post, ada.email))
    assert browser.path == f"{home.path}/sign-in/totp"


def test_lc07_new_codes_give_three_times_five_tries_an_hour_and_thirty_a_day(post, home, ada):
    judged = []
    for _ in range(4):
        browsers = [ask(post.browser(), home, ada.email) for _ in range(CODES_FOR_ADDRESS.cap + 1)]
        assert [browser.status for browser in browsers] == [200, 200, 200, 429]
        for browser in browsers[:-1]:
            for _ in range(MAX_TRIES + 1):
                if browser.status != 429:
                    browser.submit(code="000000")
        judged.append(sum(row.tries for row in stored(home, MailedCode)))
        home.broker.ports.clock.advance(hours=1)
    # A try of a code that is dead counts as well.
    assert judged == [15, 25, 25, 25]
    assert max(judged) <= TRIES_FOR_ADDRESS.cap


def test_lc07_chance_of_guessing_a_code_in_a_day_is_three_in_a_hundred_thousand():
    """Each try is at one code of a million, however the tries are spread over codes."""
    a_day = TRIES_FOR_ADDRESS.window.total_seconds() / 86_400
    assert TRIES_FOR_ADDRESS.cap / a_day / 10**6 <= 3e-5
    an_hour = CODES_FOR_ADDRESS.window.total_seconds() / 3600
    assert CODES_FOR_ADDRESS.cap / an_hour <= 3
    assert MAX_TRIES <= 5


def test_lc07_tries_from_many_browsers_and_networks_are_one_budget(post, home, ada):
    exhaust(home, counter_key("mailed-code", ada.email), TRIES_FOR_ADDRESS)
    for _ in range(2):
        browser = ask(post.browser(), home, ada.email.upper())
        browser.submit(code=newest_code(post, ada.email))
        assert browser.status == 429
        assert "Codes by mail are paused until" in browser.words
    assert len(steps.events(home, Event.THROTTLED)) == 2


def test_lc07_no_code_is_tried_at_the_expense_of_another_address(post, home, ada):
    """One to whom nothing can be sent now, so that the code before it stays: its tries would come on top."""
    browser = ask(post.browser(), home, ada.email)
    code, tx = newest_code(post, ada.email), steps.tx_of(browser)
    other = f"other@{home.domain}"
    exhaust(home, counter_key("code-address", other), CODES_FOR_ADDRESS)
    assert browser.open(f"{home.path}/reset?tx={tx}").submit(email=other).status == 429
    browser.open(f"{home.path}/reset/code?tx={tx}").submit(code=code)
    assert browser.status == 403
    assert not steps.events(home, Event.CODE_USED)


# LC-08: a code is good for its browser, its flow, its time, once


def test_lc08_code_is_nothing_in_another_browser(post, home, ada):
    browser, thief = ask(post.browser(), home, ada.email), post.browser()
    code, tx = newest_code(post, ada.email), steps.tx_of(browser)
    token = ask(thief, home, f"thief@{home.domain}").page.forms[0].fields["csrf_token"].value
    thief.post(f"{home.path}/reset/code", {"tx": tx, "csrf_token": token, "code": code})
    assert thief.status == 400
    assert ask(thief, home, ada.email).submit(code=code).status == 403
    assert browser.submit(code=code).path == f"{home.path}/sign-in/totp"


def test_lc08_code_of_one_flow_is_nothing_in_another(post, home, ada):
    browser = ask(post.browser(), home, ada.email, "reset")
    code = newest_code(post, ada.email)
    assert ask(browser, home, ada.email, "first-login").submit(code=code).status == 403
    tx = steps.tx_of(browser)
    token = browser.page.forms[0].fields["csrf_token"].value
    browser.post(f"{home.path}/reset/code", {"tx": tx, "csrf_token": token, "code": code})
    assert browser.status == 400


def test_lc08_code_is_nothing_after_five_minutes(post, home, ada):
    browser = ask(post.browser(), home, ada.email)
    code = newest_code(post, ada.email)
    home.broker.ports.clock.advance(minutes=5)
    assert browser.submit(code=code).status == 403
    assert steps.events(home, Event.CODE_USED) == []


def test_lc08_code_is_good_until_then(post, home, ada):
    browser = ask(post.browser(), home, ada.email)
    code = newest_code(post, ada.email)
    home.broker.ports.clock.advance(minutes=4, seconds=59)
    assert browser.submit(code=code).path == f"{home.path}/sign-in/totp"


def test_lc08_code_is_good_once(post, home, ada):
    browser = ask(post.browser(), home, ada.email)
    code, tx = newest_code(post, ada.email), steps.tx_of(browser)
    token = browser.page.forms[0].fields["csrf_token"].value
    assert browser.submit(code=code).path == f"{home.path}/sign-in/totp"
    browser.post(f"{home.path}/reset/code", {"tx": tx, "csrf_token": token, "code": code})
    assert browser.status == 403
    assert len(steps.events(home, Event.CODE_USED)) == 1


def test_lc08_of_twenty_at_once_one_wins(post, home, ada):
    browser = ask(post.browser(), home, ada.email)
    code = newest_code(post, ada.email)
    twins = [post.browser(browser.address) for _ in range(20)]
    for twin in twins:
        twin.client._cookies.update(browser.client._cookies)
        twin.open(browser.url)
    steps.at_once([lambda twin=twin: twin.submit(code=code) for twin in twins])
    assert [twin.status for twin in twins].count(200) == 1
    assert len(steps.events(home, Event.CODE_USED)) == 1


def test_lc08_code_stands_nowhere_in_clear(post, home, ada, capfd):
    browser = ask(post.browser(), home, ada.email)
    code = newest_code(post, ada.email)
    browser.submit(code=code)
    kept = [str(vars(row)) for model in (MailedCode, OutboxMail, Throttle) for row in stored(home, model)]
    assert len(stored(home, MailedCode)[0].code_hash) == 64
    told = [str(event.detail) for event in steps.events(home)]
    assert all(f"'{code}'" not in text and f"={code}" not in text for text in (*kept, *told))
    assert f'"{code}"' not in "".join(capfd.readouterr())


# LC-09: what somebody had prepared before the owner came


def test_lc09_everything_earlier_ends_with_the_first_set_up(post, home):
    """Somebody had the account to themselves: a password, a passkey's device, a session, a link, a half-done set-up."""
    jo = factories.account(home, f"jo@{home.domain}", state="invited", with_totp=False, is_local_enabled=True)
    opened = factories.session(home, jo)
    device = rows.device(home, jo.id)
    thief = post.browser()
    with home.db.writing() as db:
        older = make_link(db, jo.id, "invitation", home.now, RESET_LIFE)
    seed = steps.set_up(thief, home, older, jo.email)
    half_done = prove_address(post, post.browser(), home, jo.email, "first-login")
    choose(half_done)
    unspent, code = ask(post.browser(), home, jo.email), newest_code(post, jo.email)

    owner = prove_address(post, post.browser(), home, jo.email, "first-login")
    choose(owner)
    enrol(owner, home, jo.email)

    assert thief.submit(code=seed.code(home.now)).status in {400, 410}
    assert half_done.submit(code=app_code(half_done, home)).status == 400
    assert unspent.submit(code=code).status == 403
    assert device.id not in {row.id for row in stored(home, Device)}
    with home.db.reading() as db:
        session = db.get_one(type(opened.row), (home.id, opened.row.id))
        kinds = sorted(row.kind for row in db.scalars(select(Credential).where(Credential.account_id == jo.id)))
    assert session.ended_at == home.now
    assert (kinds.count("password"), kinds.count("totp")) == (1, 1)


@pytest.mark.parametrize("flow", ["first-login", "reset"])
def test_lc09_first_mailed_code_ends_the_identities_that_others_may_have_laid(post, home, flow):
    """Whoever held the invitation's link linked a directory of theirs; then the owner of the mailbox comes."""
    has = {"is_local_enabled": True, "with_totp": flow == "reset", "with_password": flow == "reset"}
    jo = factories.account(home, is_email_verified=False, **has)
    kept = factories.account(home, is_email_verified=True, **has)
    for who in (jo, kept):
        factories.identity(home, who.id)
        owner = prove_address(post, post.browser(), home, who.email, flow)
        if flow == "reset":
            choose(owner.submit(code=steps.fresh_code(home, who)))
        else:
            choose(owner)
            enrol(owner, home, who.email)
    assert [row.account_id for row in stored(home, Identity) if row.account_id in {jo.id, kept.id}] == [kept.id]


def test_lc09_reset_ends_sessions_links_codes_and_half_done_sign_ins(post, home, ada):
    opened = factories.session(home, ada)
    half_way = post.browser().open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    with home.db.writing() as db:
        link = make_link(db, ada.id, RESET_LINK, home.now, RESET_LIFE)
    other, code = ask(post.browser(), home, ada.email), newest_code(post, ada.email)
    browser = prove_address(post, post.browser(), home, ada.email)
    choose(browser.submit(code=steps.fresh_code(home, ada)))
    assert browser.path == f"{home.path}/reset/done"
    assert half_way.submit(code=steps.fresh_code(home, ada)).status == 400
    assert other.submit(code=code).status == 403
    assert post.browser().open(f"{home.path}/activate/{link}").status == 410
    with home.db.reading() as db:
        assert db.get_one(type(opened.row), (home.id, opened.row.id)).ended_at is not None


def test_lc09_of_two_resets_that_are_ready_one_wins(post, home, ada):
    ready = []
    for _ in range(2):
        browser = prove_address(post, post.browser(), home, ada.email)
        ready.append(browser.submit(code=steps.fresh_code(home, ada)))
    steps.at_once([lambda one=one: choose(one) for one in ready])
    assert sorted(one.status for one in ready) == [200, 400]
    assert len([row for row in stored(home, Credential) if row.kind == "password"]) == 1
