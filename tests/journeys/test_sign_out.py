"""Signing out here; what applications and providers learn of it is in tests of theirs."""

import pytest

from tenants.audit import Event
from tests import factories
from tests.support import steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def test_sign_out_ends_the_session_and_says_so(home, ada, browser):
    steps.sign_in(browser, home, ada).submit(press="Sign out")
    assert browser.at == f"{home.path}/signed-out"
    assert "You’re signed out" in browser.words
    assert browser.cookie("sid") is None
    assert not steps.is_signed_in(browser, home)
    (event,) = steps.events(home, Event.SIGNED_OUT)
    assert (event.account_id, event.address) == (ada.id, "127.0.0.1")


def test_copy_of_the_cookie_is_dead_too(home, ada, browser, new_browser):
    steps.sign_in(browser, home, ada)
    copy = browser.cookie("sid")
    browser.submit(press="Sign out")
    thief = new_browser()
    thief.client.set_cookie(f"{home.slug}-sid", copy, path=home.path, domain="localhost")
    assert not steps.is_signed_in(thief, home)


def test_sign_in_again_starts_at_the_first_page(home, ada, browser):
    steps.sign_in(browser, home, ada).submit(press="Sign out")
    browser.follow("Sign in again")
    assert browser.path == f"{home.path}/sign-in"
    steps.prove(browser.submit(email=ada.email), home, ada)
    assert browser.at == f"{home.path}/"


def test_other_sessions_of_the_person_go_on(home, ada, browser, new_browser):
    other = steps.sign_in(new_browser(), home, ada)
    steps.sign_in(browser, home, ada).submit(press="Sign out")
    assert steps.is_signed_in(other, home)


def test_another_site_cannot_sign_anybody_out(home, ada, browser):
    steps.sign_in(browser, home, ada)
    browser.post(f"{home.path}/sign-out", {}, origin="https://evil.example")
    assert browser.status == 403
    assert browser.open(f"{home.path}/sign-out").status == 405
    assert steps.is_signed_in(browser, home)


def test_signing_out_twice_is_no_error(home, ada, browser):
    steps.sign_in(browser, home, ada)
    form = {name: field.value for name, field in browser.page.forms[0].fields.items()}
    browser.submit(press="Sign out")
    browser.post(f"{home.path}/sign-out", form)
    assert browser.status in {200, 403}
    assert len(steps.events(home, Event.SIGNED_OUT)) == 1
