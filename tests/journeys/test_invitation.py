"""An invitation: from the link to the first sign-in, and everything that can come between."""

import pytest

from tenants.accounts import Account
from tenants.addresses import normalise_address
from tenants.audit import Event
from tenants.invitations import Invitee, invite
from tests import factories
from tests.factories import Home, Someone
from tests.support import steps

GOOD = steps.CHOSEN


def invited(home: Home, email: str | None = None, **invitee: object) -> tuple[str, str]:
    """Path of a fresh link, and the address that it is for."""
    address = normalise_address(email or f"jo@{home.domain}")
    with home.db.writing() as db:
        token, _ = invite(db, Invitee(address, **invitee), home.now)
    return f"{home.path}/activate/{token}", address.text


def choose(browser, password=GOOD):
    return browser.submit(new_password=password, repeat_password=password)


def app_code(browser, home) -> str:
    return Someone("", "", GOOD, steps.seed_on(browser)).code(home.now)


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def test_whole_set_up_ends_signed_in(home, browser):
    link, email = invited(home, name="Jo Park")
    browser.open(link)
    assert email in browser.words
    browser.submit(press="Start")
    assert browser.path == f"{home.path}/activate/password"
    assert "At least 8 characters" in browser.words
    choose(browser)
    assert browser.path == f"{home.path}/activate/app"
    assert "<svg" in browser.text
    assert "apps.apple.com" in browser.text
    someone = Someone("", email, GOOD, steps.seed_on(browser))
    steps.prove_app(browser, app_code(browser, home))
    assert browser.path == f"{home.path}/activate/done"
    assert "Your account is set up" in browser.words
    browser.follow("Continue")
    assert browser.at == f"{home.path}/"
    assert "Jo Park" in browser.words
    assert [event.detail.get("proofs") for event in steps.events(home, Event.LOGIN_SUCCEEDED)] == ["pwd otp"]

    browser.forget_cookies()
    steps.sign_in(browser, home, someone)
    assert browser.at == f"{home.path}/"
    with home.db.reading() as db:
        account = db.get_one(Account, (home.id, steps.events(home, Event.ACCOUNT_ACTIVATED)[0].account_id))
    assert (account.state, account.activated_at is not None, account.last_login_at is not None) == ("active", True, True)


def test_opened_link_can_be_opened_again(home, browser, new_browser):
    link, _ = invited(home)
    for _ in range(3):
        assert browser.open(link).status == 200
    choose(browser.submit(press="Start"))
    browser.open(link).submit(press="Start")
    assert browser.path == f"{home.path}/activate/password"
    assert new_browser().open(link).status == 200


def test_abandoned_half_way_it_starts_over(home, browser):
    link, _ = invited(home)
    choose(browser.open(link).submit(press="Start"))
    first = steps.seed_on(browser)
    choose(browser.open(link).submit(press="Start"), "Quiet.Lantern#7")
    assert steps.seed_on(browser) != first
    steps.prove_app(browser, app_code(browser, home))
    assert browser.path == f"{home.path}/activate/done"
    assert len(steps.events(home, Event.ACCOUNT_ACTIVATED)) == 1


def test_step_can_be_taken_again(home, browser):
    """Back to the password, and on: the app keeps the secret that was scanned."""
    link, _ = invited(home)
    choose(browser.open(link).submit(press="Start"))
    scanned, tx = steps.seed_on(browser), steps.tx_of(browser)
    choose(browser.open(f"{home.path}/activate/password?tx={tx}"), "Quiet.Lantern#7")
    assert steps.seed_on(browser) == scanned


def test_two_browsers_one_wins(home, browser, new_browser):
    link, _ = invited(home)
    other = new_browser()
    for one in (browser, other):
        choose(one.open(link).submit(press="Start"))
    steps.prove_app(browser, app_code(browser, home))
    assert browser.path == f"{home.path}/activate/done"
    other.submit(code=app_code(other, home))
    assert other.status == 400
    assert "For your safety it has ended." in other.words
    assert other.open(link).status == 410
    assert "This link no longer works" in other.words
    assert not steps.is_signed_in(other, home)
    assert steps.is_signed_in(browser, home)


def test_used_link_says_so(home, browser):
    link, _ = invited(home)
    choose(browser.open(link).submit(press="Start"))
    browser.submit(code=app_code(browser, home))
    browser.open(link)
    assert browser.status == 410
    assert "It was used before, replaced by a newer one, or has run out." in browser.words


def test_link_that_nobody_made_says_the_same(home, browser):
    browser.open(f"{home.path}/activate/nobody-made-this")
    assert browser.status == 410
    assert "This link no longer works" in browser.words


def test_link_runs_out(home, browser):
    link, _ = invited(home)
    home.broker.ports.clock.advance(days=30)
    browser.open(link)
    assert browser.status == 403
    assert "Your invitation has run out" in browser.words
    assert steps.event_of(browser, home).cause == "account_not_activated"


def test_link_that_runs_out_during_the_set_up_does_not_finish(home, browser):
    link, _ = invited(home)
    home.broker.ports.clock.advance(days=29, hours=23, minutes=50)
    choose(browser.open(link).submit(press="Start"))
    home.broker.ports.clock.advance(minutes=15)
    browser.submit(code=app_code(browser, home))
    assert browser.status == 410
    assert not steps.events(home, Event.ACCOUNT_ACTIVATED)


def test_newer_link_ends_the_older_one(home, browser):
    older, _ = invited(home)
    newer, _ = invited(home)
    assert browser.open(older).status == 410
    assert browser.open(newer).status == 200


def test_invited_again_weeks_later_it_works(home, browser):
    invited(home)
    home.broker.ports.clock.advance(days=40)
    link, _ = invited(home)
    choose(browser.open(link).submit(press="Start"))
    steps.prove_app(browser, app_code(browser, home))
    assert browser.path == f"{home.path}/activate/done"


def test_wrong_code_can_be_typed_again(home, browser):
    link, _ = invited(home)
    choose(browser.open(link).submit(press="Start"))
    seed = steps.seed_on(browser)
    browser.submit(code="12345")
    assert browser.status == 403
    assert "This code is not right." in browser.words
    assert steps.seed_on(browser) == seed
    steps.prove_app(browser, app_code(browser, home))
    assert browser.path == f"{home.path}/activate/done"


def test_set_up_that_took_too_long_names_the_link(home, browser):
    link, _ = invited(home)
    choose(browser.open(link).submit(press="Start"))
    code = app_code(browser, home)
    home.broker.ports.clock.advance(minutes=61)
    browser.submit(code=code)
    assert browser.status == 400
    assert "Open the link of your invitation again" in browser.words
    assert browser.open(link).status == 200


def test_app_page_asks_for_the_password_first(home, browser):
    link, _ = invited(home)
    browser.open(link).submit(press="Start")
    tx = steps.tx_of(browser)
    browser.open(f"{home.path}/activate/app?tx={tx}")
    assert browser.status == 400


def test_account_that_is_switched_off_is_not_set_up(home, browser):
    link, _ = invited(home)
    choose(browser.open(link).submit(press="Start"))
    code = app_code(browser, home)
    with home.db.writing() as db:
        db.query(Account).one().state = "disabled"
    browser.submit(code=code)
    assert browser.status == 403
    assert "Your account is switched off" in browser.words


def test_two_entries_must_be_the_same(home, browser):
    link, _ = invited(home)
    browser.open(link).submit(press="Start")
    browser.submit(new_password=GOOD, repeat_password=GOOD + "x")
    assert browser.status == 400
    assert "The two entries are not the same." in browser.words


@pytest.mark.parametrize(
    ("preset", "shown", "refused", "kept"),
    [
        pytest.param(
            "nist",
            ["At least 8 characters", "At most 128 characters", "Not one of the passwords that many people use"],
            ["short1!", "Password1!", "qwertyuiop", "x" * 129],
            ["vague otter lantern", "grüße aus der küche", "日本語の長い合言葉です"],
            id="nist",
        ),
        pytest.param(
            "l5b",
            ["At most 16 characters", "3 of these four", "Only the letters A to Z"],
            ["vagueotterlan", "Vague Otter 42", "Vague.@otter42", "Vague-Otter-Lantern42", "Grüße-Otter42"],
            ["Vague-Otter_42", "vague{otter}7"],
            id="8 to 16, three of four classes",
        ),
        pytest.param(
            "l5c",
            ["At least 8 characters", "A lower-case letter, an upper-case letter and a digit"],
            ["vague-otter-42", "VAGUE-OTTER-42", "Vague-Otter-xy", "Vg4-o"],
            ["Vague otter 42 🦦"],
            id="lower, upper, digit",
        ),
    ],
)
def test_password_rules_are_shown_and_kept(broker, browser, preset, shown, refused, kept):
    home = factories.tenant(broker, password=preset)
    link, _ = invited(home)
    browser.open(link).submit(press="Start")
    for sentence in shown:
        assert sentence in browser.words
    for password in refused:
        choose(browser, password)
        assert (browser.status, browser.path) == (400, f"{home.path}/activate/password"), password
    for password in kept:
        tx = steps.tx_of(choose(browser, password))
        assert browser.path == f"{home.path}/activate/app", password
        browser.open(f"{home.path}/activate/password?tx={tx}")


def test_password_must_not_hold_what_everybody_knows_of_the_person(home, browser):
    link, _ = invited(home, f"josephine@{home.domain}", name="Josephine Park")
    browser.open(link).submit(press="Start")
    choose(browser, "josephine-otter-42")
    assert browser.status == 400
    assert "Without your name, your e-mail address or your organization’s name" in browser.words


def test_invitation_of_an_active_account_replaces_what_it_had(home, browser, new_browser):
    ada = factories.account(home)
    older = new_browser()
    steps.sign_in(older, home, ada)
    link, _ = invited(home, ada.email)
    choose(browser.open(link).submit(press="Start"))
    browser.submit(code=app_code(browser, home))
    assert steps.is_signed_in(browser, home)
    assert not steps.is_signed_in(older, home)
    older.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    assert older.status == 403
