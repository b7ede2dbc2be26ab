"""The switch "tell people about their account's state": off, nothing shows; on, the e-mail step says it."""

import pytest

from tests import factories
from tests.attacks.test_lc_local import people, without_what_differs
from tests.support import steps


def test_off_the_pages_are_the_same_bytes_for_everybody(broker, new_browser):
    home = factories.tenant(broker)
    pages = set()
    for email in people(home).values():
        browser = new_browser().open(f"{home.path}/sign-in").submit(email=email)
        first = without_what_differs(browser.text, email)
        browser.submit(password="not it at all")
        pages.add((first, browser.status, without_what_differs(browser.text, email)))
    assert len(pages) == 1


@pytest.mark.parametrize(
    ("values", "cause", "heading"),
    [
        ({"state": "disabled"}, "account_disabled", "Your account is switched off"),
        ({"state": "deactivated"}, "account_not_activated", "Your invitation has run out"),
        ({"state": "inactive"}, "account_inactive", "Nobody has signed in with it for a long time."),
        ({"state": "expired"}, "account_expired", "Your access has ended"),
        ({"state": "deleted"}, "account_unknown", "You have no account here yet"),
        ({"state": "invited"}, "account_not_activated", "Your account isn’t set up yet"),
    ],
    ids=["disabled", "deactivated", "inactive", "expired", "deleted", "invited"],
)
def test_on_the_email_step_tells(broker, browser, values, cause, heading):
    home = factories.tenant(broker, discloses_account_state=True)
    someone = factories.account(home, **values)
    browser.open(f"{home.path}/sign-in").submit(email=someone.email)
    assert browser.status == 403
    assert heading in browser.words
    assert steps.event_of(browser, home).cause == cause


def test_on_an_unknown_address_is_told_and_can_be_corrected(broker, browser):
    home = factories.tenant(broker, discloses_account_state=True)
    ada = factories.account(home)
    browser.open(f"{home.path}/sign-in").submit(email=f"nobody@{home.domain}")
    assert f"Nobody has given the address nobody@{home.domain} access" in browser.words
    assert "signed in to" not in browser.words
    browser.follow("Use another address")
    steps.prove(browser.submit(email=ada.email), home, ada)
    assert browser.at == f"{home.path}/"


def test_on_people_in_good_order_notice_nothing(broker, browser):
    home = factories.tenant(broker, discloses_account_state=True)
    steps.sign_in(browser, home, factories.account(home))
    assert browser.at == f"{home.path}/"


def test_on_time_decides_before_anybody_has_written_it_down(broker, browser):
    home = factories.tenant(broker, discloses_account_state=True)
    someone = factories.account(home, expires_at=home.now)
    browser.open(f"{home.path}/sign-in").submit(email=someone.email)
    assert "Your access has ended" in browser.words
