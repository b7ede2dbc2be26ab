"""The local way where it is closed: switched off, or enforced away (security.md, LC-10 and RT-07)."""

import pytest

from tenants.tenants import TenantSettings
from tests import factories
from tests.attacks.test_lc_local import at_password, guess
from tests.support import steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def test_lc10_every_local_step_is_closed_while_the_method_is_off(broker, browser):
    home = factories.tenant(broker)
    ada = factories.account(home)
    at_password(browser, home, ada.email)
    tx = steps.tx_of(browser)
    token = browser.page.forms[0].fields["csrf_token"].value
    switch_off(home)
    for step, form in (("password", {"password": ada.password}), ("totp", {"code": "123456"})):
        assert browser.open(f"{home.path}/sign-in/{step}?tx={tx}").status >= 400
        browser.post(f"{home.path}/sign-in/{step}", form | {"tx": tx, "csrf_token": token})
        assert browser.status >= 400
    browser.post(f"{home.path}/sign-in", {"connection": "local", "tx": tx, "csrf_token": token})
    assert browser.status == 403
    assert not steps.is_signed_in(browser, home)


def test_lc10_switched_off_between_password_and_code(broker, browser):
    home = factories.tenant(broker)
    ada = factories.account(home)
    guess(browser, home, ada.email, ada.password)
    switch_off(home)
    browser.submit(code=steps.fresh_code(home, ada))
    assert browser.status == 403
    assert steps.event_of(browser, home).cause == "method_not_allowed"
    assert not steps.is_signed_in(browser, home)


def test_lc10_invitation_does_not_open_the_way(broker, browser):
    home = factories.tenant(broker, local_enabled=False)
    factories.invitation(home, "known-token")
    browser.open(f"{home.path}/activate/known-token")
    assert browser.status == 403


def switch_off(home):
    home.change(TenantSettings, "settings", policy={"local_enabled": False})
    steps.notice(home)


def test_rt07_enforced_domain_refuses_the_password_that_is_posted_directly(home, ada, oidc_peer, browser):
    at_password(browser, home, ada.email)
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True, enforce=True)
    browser.submit(password=ada.password)
    assert browser.status == 403
    assert steps.event_of(browser, home).cause == "method_not_allowed"


def test_rt07_enforced_domain_refuses_the_code_that_is_posted_directly(home, ada, oidc_peer, browser):
    guess(browser, home, ada.email, ada.password)
    steps.listed(home, way=steps.oidc_way(home, oidc_peer), proven=True, enforce=True)
    browser.submit(code=steps.fresh_code(home, ada))
    assert browser.status == 403
    assert not steps.is_signed_in(browser, home)


def test_rt07_enforced_domain_refuses_the_button_that_is_not_there(home, ada, oidc_peer, browser):
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True, enforce=True)
    browser.open(f"{home.path}/sign-in")
    tx, token = steps.tx_of(browser), browser.page.forms[0].fields["csrf_token"].value
    steps.go_along(browser.stop_at(way.origin).submit(email=ada.email))
    browser.post(f"{home.path}/sign-in/choose", {"connection": "local", "tx": tx, "csrf_token": token})
    assert browser.status == 403
    browser.open(f"{home.path}/sign-in/password?tx={tx}")
    assert browser.status >= 400


def test_rt07_another_spelling_of_the_domain_is_enforced_too(home, oidc_peer, browser):
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True, enforce=True)
    browser.stop_at(way.origin)
    for domain in (home.domain.upper(), f"{home.domain}.", home.domain.replace("t", "ｔ", 1)):
        steps.type_address(browser, home, f"ada@{domain}")
        assert browser.foreign, domain
