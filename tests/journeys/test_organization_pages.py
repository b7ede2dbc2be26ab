"""What an organization's pages say about themselves: name, contacts, and on errors a reference and the time."""

import re

import pytest

from tenants.organizations import Contact
from tests import factories
from tests.support import steps

REFERENCE = re.compile(r"[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}")


@pytest.fixture
def home(broker):
    made = factories.tenant(broker)
    made.add(Contact(id="cnt_2", organization_id=made.root, position=2, label="Studio desk", phone="+32 2 555 01 00"))
    return made


def failed(browser, home):
    """Any error that a person can meet."""
    return browser.open(f"{home.path}/sign-in/totp?tx=none")


def test_pages_carry_the_name_and_every_contact(home, browser):
    browser.open(f"{home.path}/sign-in")
    assert f"{home.canary} Group" in browser.title
    assert f"Desk {home.canary}" in browser.words
    assert "Studio desk +32 2 555 01 00" in browser.words


def test_error_pages_end_with_contacts_reference_and_time(home, browser):
    failed(browser, home)
    assert "Still not working?" in browser.words
    assert f"help@{home.domain}" in browser.words
    assert "+32 2 555 01 00" in browser.words
    assert REFERENCE.fullmatch(steps.reference_of(browser))
    assert f"Time {home.now:%-d %b %Y, %H:%M} UTC" in browser.words


def test_reference_finds_the_audit_event(home, browser):
    failed(browser, home)
    event = steps.event_of(browser, home)
    assert (event.cause, event.event, event.at) == ("flow_expired", "login.refused", home.now)


def test_one_attempt_has_one_reference(home, browser):
    ada = factories.account(home, state="disabled")
    browser.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password="not it at all")
    browser.submit(password=ada.password)
    with home.db.reading() as db:
        found = db.all(steps.EVENTS_BY_REFERENCE, reference=steps.reference_of(browser))
    assert {event.cause for event in found} == {"credentials_invalid", "account_disabled"}


def test_reference_of_one_tenant_finds_nothing_at_another(broker, home, browser):
    failed(browser, home)
    other = factories.tenant(broker)
    with other.db.reading() as db:
        assert db.all(steps.EVENTS_BY_REFERENCE, reference=steps.reference_of(browser)) == []


def test_unknown_page_has_the_look_of_the_organization(home, browser):
    browser.open(f"{home.path}/nothing/here")
    assert browser.status == 404
    assert f"{home.canary} Group" in browser.title
    browser.follow("Your applications")
    assert browser.path == f"{home.path}/sign-in"


def test_unknown_organization_says_so_without_anybodys_name(home, browser):
    browser.open("/t/nobody-here/sign-in")
    assert browser.status == 404
    assert "We don’t know this organization" in browser.words
    assert home.canary not in browser.text
