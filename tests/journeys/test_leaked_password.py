"""A right password that is known from a leak (`on_breach`), and the range service at choosing one and at signing in."""

from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from broker import create_app
from tenants.audit import Event
from tenants.credentials import Credential
from tenants.devices import Device
from tenants.outbox import OutboxMail
from tenants.passwords import normalise_password
from tests import factories
from tests.browser import Browser
from tests.support import rows, steps
from tests.support.ranges import RangeService, sha1
from tests.support.wiring import ORIGIN, make_ports, make_settings

LEAKED = "Jamestkirk7769h"
UNHEARD = "quiet otter 7 lanterns"
RANGES = "https://ranges.example"


def somebody(home, password=LEAKED):
    ada = factories.account(home, with_password=False, is_local_enabled=True)
    factories.credential(home, ada.id, secret_hash=home.broker.hasher.hash(normalise_password(password)))
    return replace(ada, password=password)


def mails(home, who) -> list[str]:
    with home.db.reading() as db:
        found = db.scalars(select(OutboxMail).where(OutboxMail.to_address == who.email).order_by(OutboxMail.created_at))
        return [mail.message for mail in found]


def events(home, *wanted: Event) -> list[str]:
    return [event.event for event in steps.events(home) if event.event in set(wanted)]


def at_code(browser, home, who):
    """Behind the password, before the code."""
    browser.open(f"{home.path}/sign-in").submit(email=who.email)
    browser.submit(password=who.password)
    assert browser.path == f"{home.path}/sign-in/totp", browser
    return browser


def choose(browser, password, again=None):
    return browser.submit(new_password=password, repeat_password=again or password)


def test_a_tenant_that_does_not_ask_is_not_told(broker, browser):
    home = factories.tenant(broker)
    ada = somebody(home)
    assert steps.sign_in(browser, home, ada).path == f"{home.path}/"
    assert events(home, Event.PASSWORD_COMPROMISED) == []
    assert mails(home, ada) == []


def test_warning_is_mailed_and_audited_once_and_nobody_is_held_up(broker, new_browser):
    home = factories.tenant(broker, on_breach="warn")
    ada = somebody(home)
    for _ in range(2):
        assert steps.sign_in(new_browser(), home, ada).path == f"{home.path}/"
    assert events(home, Event.PASSWORD_COMPROMISED) == ["password.compromised"]
    assert mails(home, ada).count("password_leaked") == 1


@pytest.mark.parametrize("on_breach", ["warn", "change"])
def test_good_password_is_not_spoken_of(broker, browser, on_breach):
    home = factories.tenant(broker, on_breach=on_breach)
    ada = somebody(home, UNHEARD)
    assert steps.sign_in(browser, home, ada).path == f"{home.path}/"
    assert events(home, Event.PASSWORD_COMPROMISED) == []


def test_a_new_password_is_chosen_before_the_sign_in_goes_on(broker, new_browser):
    home, browser = factories.tenant(broker, on_breach="change"), new_browser()
    ada, elsewhere = somebody(home), factories.session
    other = elsewhere(home, ada)
    at_code(browser, home, ada).submit(code=steps.fresh_code(home, ada))
    assert browser.path == f"{home.path}/sign-in/new-password"
    assert "Your password is known from a data leak" in browser.words
    assert not steps.is_signed_in(new_browser(), home)
    choose(browser, LEAKED)
    assert (browser.status, browser.path) == (400, f"{home.path}/sign-in/new-password")
    assert "Not one of the passwords that many people use" in browser.words
    assert choose(browser, steps.CHOSEN, "something else").status == 400
    assert choose(browser, steps.CHOSEN).path == f"{home.path}/"
    changed = [event.detail for event in steps.events(home, Event.CREDENTIAL_CHANGED)]
    assert changed == [{"what": "password", "by": "you"}]
    assert "credential_changed" in mails(home, ada)
    assert "password_leaked" not in mails(home, ada)
    with home.db.reading() as db:
        assert db.get_one(type(other.row), (home.id, other.row.id)).ended_at is not None
        row = db.scalars(select(Credential).where(Credential.account_id == ada.id, Credential.kind == "password")).one()
    assert row.compromised_at is None
    assert row.created_at == home.now


def test_lc12_leaked_password_with_an_old_hash_is_found_and_changed_at_once(broker, new_browser):
    """Its hash is renewed by the same sign-in."""
    home, browser = factories.tenant(broker, on_breach="change"), new_browser()
    ada = factories.account(home, with_password=False, is_local_enabled=True)
    outdated = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(LEAKED)
    factories.credential(home, ada.id, secret_hash=outdated)
    steps.sign_in(browser, home, replace(ada, password=LEAKED))
    assert events(home, Event.PASSWORD_COMPROMISED) == ["password.compromised"]
    assert choose(browser, steps.CHOSEN).path == f"{home.path}/"


def test_after_the_change_the_new_password_works_and_the_old_one_does_not(broker, new_browser):
    home = factories.tenant(broker, on_breach="change")
    ada = somebody(home)
    choose(steps.sign_in(new_browser(), home, ada), steps.CHOSEN)
    browser = new_browser().open(f"{home.path}/sign-in").submit(email=ada.email)
    assert browser.submit(password=LEAKED).status == 403
    assert steps.sign_in(new_browser(), home, replace(ada, password=steps.CHOSEN)).path == f"{home.path}/"


def test_lc11_whoever_knows_the_leaked_password_alone_changes_nothing(broker, browser):
    home = factories.tenant(broker, on_breach="change")
    ada = somebody(home)
    tx = steps.tx_of(at_code(browser, home, ada))
    page = f"{home.path}/sign-in/new-password?tx={tx}"
    token = browser.page.forms[0].fields["csrf_token"].value
    assert browser.open(page).status == 400
    browser.post(page, {"new_password": steps.CHOSEN, "repeat_password": steps.CHOSEN, "tx": tx, "csrf_token": token})
    assert browser.status == 400
    assert events(home, Event.CREDENTIAL_CHANGED) == []


def test_lc11_without_a_leak_there_is_no_such_page(broker, browser):
    home = factories.tenant(broker, on_breach="change")
    ada = somebody(home, UNHEARD)
    tx = steps.tx_of(at_code(browser, home, ada))
    assert browser.open(f"{home.path}/sign-in/new-password?tx={tx}").status == 400


def test_what_was_begun_with_the_leaked_password_elsewhere_ends(broker, new_browser):
    home, browser, other = factories.tenant(broker, on_breach="change"), new_browser(), new_browser()
    ada = somebody(home)
    steps.sign_in(browser, home, ada)
    at_code(other, home, ada)
    known = rows.device(home, ada.id)
    assert choose(browser, steps.CHOSEN).path == f"{home.path}/"
    assert other.submit(code=steps.fresh_code(home, ada)).status == 400
    assert not steps.is_signed_in(other, home)
    with home.db.reading() as db:
        assert known.id not in {device.id for device in db.scalars(select(Device))}


def test_of_two_changes_at_once_one_wins(broker, new_browser):
    home = factories.tenant(broker, on_breach="change")
    ada = somebody(home)
    browsers = [steps.sign_in(new_browser(), home, ada) for _ in range(3)]
    answers = steps.at_once([lambda one=one: choose(one, steps.CHOSEN).status for one in browsers])
    assert sorted(answers) == [200, 400, 400]
    assert len(events(home, Event.CREDENTIAL_CHANGED)) == 1


# The range service


@pytest.fixture
def asking(database_url, clock) -> Any:
    """A product whose operator has named a range service, and that service."""
    app = create_app(make_settings(database_url, breach_check_url=f"{RANGES}/range"), ports=make_ports(clock))
    broker, service = app.extensions["broker"], RangeService()

    def answer(environ, start_response):
        assert broker.db.links.busy == 0, "asked inside a transaction"
        return service(environ, start_response)

    broker.ports.http.open(RANGES, answer)
    yield app, broker, service
    broker.db.dispose()


def test_lc06_password_that_only_the_service_knows_is_refused_with_its_reason(asking):
    app, broker, service = asking
    home = factories.tenant(broker)
    service.leaked.add(UNHEARD)
    factories.invitation(home, "a-token")
    browser = Browser(app, ORIGIN).open(f"{home.path}/activate/a-token").submit(press="Start")
    assert choose(browser, UNHEARD).status == 400
    assert "Not one of the passwords that many people use" in browser.words
    assert choose(browser, "too short").status == 400
    assert service.paths == [f"/range/{sha1(UNHEARD)[:5]}"], "nothing is sent of what is refused anyway"
    assert choose(browser, steps.CHOSEN).path == f"{home.path}/activate/app"


def test_lc06_without_an_answer_the_own_list_decides_and_the_audit_log_says_so(asking):
    app, broker, service = asking
    home, service.status = factories.tenant(broker), 503
    invited = factories.invitation(home, "a-token").account_id
    browser = Browser(app, ORIGIN).open(f"{home.path}/activate/a-token").submit(press="Start")
    assert choose(browser, LEAKED).status == 400
    assert events(home, Event.BREACH_CHECK_UNAVAILABLE) == []
    assert choose(browser, steps.CHOSEN).path == f"{home.path}/activate/app"
    (event,) = steps.events(home, Event.BREACH_CHECK_UNAVAILABLE)
    assert (event.event, event.account_id) == ("password.breach_check.unavailable", invited)
    assert event.detail == {"detail": "status 503"}


def test_at_sign_in_the_service_is_asked_once_a_day_and_only_where_the_policy_asks(asking):
    app, broker, service = asking
    home, quiet = factories.tenant(broker, on_breach="change"), factories.tenant(broker)
    ada, bob = somebody(home, UNHEARD), somebody(quiet, UNHEARD)
    steps.sign_in(Browser(app, ORIGIN), quiet, bob)
    assert service.asked == []
    for _ in range(2):
        assert steps.sign_in(Browser(app, ORIGIN), home, ada).path == f"{home.path}/"
    assert len(service.asked) == 1
    service.leaked.add(UNHEARD)
    broker.ports.clock.advance(days=1)
    browser = steps.sign_in(Browser(app, ORIGIN), home, ada)
    assert browser.path == f"{home.path}/sign-in/new-password"
    # Found once, it stays found, whether or not anybody can still be asked, and is not taken again.
    service.status, service.leaked = 503, set()
    browser = steps.sign_in(Browser(app, ORIGIN), home, ada)
    assert browser.path == f"{home.path}/sign-in/new-password"
    assert choose(browser, UNHEARD).status == 400
    assert "This is the password that you have now" in browser.words
    assert choose(browser, steps.CHOSEN).path == f"{home.path}/"
