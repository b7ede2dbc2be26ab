"""Sessions at the moment of signing in (security.md, SE-01 and SE-03)."""

import pytest

from tests import factories
from tests.support import steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def test_se01_each_sign_in_has_a_new_session_and_the_old_one_is_dead(home, ada, browser, new_browser):
    browser.open(f"{home.path}/sign-in")
    steps.sign_in(browser, home, ada)
    first = browser.cookie("sid")
    thief = new_browser()
    thief.client.set_cookie(f"{home.slug}-sid", first, path=home.path, domain="localhost")
    assert steps.is_signed_in(thief, home)
    steps.sign_in(browser, home, ada)
    assert browser.cookie("sid") != first
    assert not steps.is_signed_in(thief, home)


def test_se01_session_of_one_person_is_dead_when_another_signs_in(home, ada, browser, new_browser):
    steps.sign_in(browser, home, ada)
    first = browser.cookie("sid")
    steps.sign_in(browser, home, factories.account(home))
    thief = new_browser()
    thief.client.set_cookie(f"{home.slug}-sid", first, path=home.path, domain="localhost")
    assert not steps.is_signed_in(thief, home)


def test_se01_cookie_that_somebody_planted_is_never_taken_over(home, ada, browser, new_browser):
    browser.client.set_cookie(f"{home.slug}-sid", "planted", path=home.path, domain="localhost")
    steps.sign_in(browser, home, ada)
    assert browser.cookie("sid") != "planted"
    thief = new_browser()
    thief.client.set_cookie(f"{home.slug}-sid", "planted", path=home.path, domain="localhost")
    assert not steps.is_signed_in(thief, home)


def test_se03_new_password_ends_the_other_sessions(home, ada, browser, new_browser):
    others = [new_browser() for _ in range(2)]
    for one in others:
        steps.sign_in(one, home, ada)
        assert steps.is_signed_in(one, home)
    factories.invitation(home, "known-token", ada.id)
    browser.submit(code=steps.set_up(browser, home, "known-token").code(home.now))
    assert steps.is_signed_in(browser, home)
    assert not any(steps.is_signed_in(one, home) for one in others)
