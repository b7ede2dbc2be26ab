"""A set-up link: one connection for somebody of a customer's IT department, and nothing else (requirements.md, C6)."""

import re

import pytest

from tenants.audit import Event
from tenants.connections import Connection
from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.console import as_admin
from tests.support.rows import stored


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home, role="owner")


@pytest.fixture
def handed_over(home, ada, browser):
    """The link, and the browser of the admin who made it."""
    as_admin(browser, home, ada).open(f"{home.path}/console/add-connection/oidc")
    browser.submit(press="Hand over to your IT department")
    link = re.search(r'data-value="([^"]*/set-up/[^"]+)"', browser.text)[1]
    return link, browser


def test_it_configures_one_connection_tests_it_and_switches_nothing_on(home, ada, handed_over, new_browser, oidc_peer):
    link, admin = handed_over
    factories.account(home, f"jane@{home.domain}")
    issuer = oidc_peer.issuer()
    issuer.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    steps.notice(home)
    guest = new_browser().open(link)
    assert f"{home.url}/callback/oidc" in guest.words
    assert "Sign out" not in guest.words
    guest.submit(
        {"issuer": issuer.issuer, "client_id": issuer.client_id, "client_secret": issuer.client_secret},
        press="Save and test sign-in",
    )
    steps.go_along(guest)
    assert guest.title.startswith("The test sign-in worked")
    assert guest.cookie("sid") is None
    guest.open(link)
    assert "The last test sign-in worked" in guest.words
    assert issuer.client_secret not in guest.text
    assert "One is stored." in guest.words
    (row,) = stored(home, Connection)
    assert (row.is_enabled, row.version, row.provisioning) == (False, 0, "invited")
    admin.open(f"{home.path}/console/connections/oidc").submit(press="Switch on")
    assert "It is on." in admin.words
    told = [one.event for one in steps.events(home) if one.event.startswith("setup_link")]
    assert told == [Event.SETUP_LINK_MADE, Event.SETUP_LINK_OPENED]
    by = {one.detail["by"] for one in steps.events(home, Event.CONNECTION_TESTED)}
    assert {text.partition("_")[0] for text in by} == {"sul"}
    admin.open(f"{home.path}/console/connections/oidc/versions/2")
    assert "Made by A set-up link" in admin.words


def test_what_is_typed_wrongly_is_said_and_a_provider_that_is_not_there_too(home, handed_over, new_browser):
    link, _admin = handed_over
    steps.notice(home)
    guest = new_browser().open(link)
    guest.submit({"issuer": "http://x.example", "client_id": "x", "client_secret": "y"}, press="Save and test sign-in")
    assert (guest.status, guest.title.startswith("Error: ")) == (400, True)
    guest.submit({"issuer": "https://169.254.169.254", "client_id": "x", "client_secret": "y"}, press="Save and test sign-in")
    assert guest.status in {400, 409}
    guest.open(link).submit(
        {"issuer": "https://x.example", "client_id": "x", "client_secret": "y"}, press="Save and finish later"
    )
    assert "Saved as a draft." in guest.words


@pytest.mark.parametrize("ending", ["revoked", "a week old", "taken over by a file"])
def test_link_that_is_over_opens_and_saves_nothing(home, handed_over, new_browser, ending):
    link, admin = handed_over
    steps.notice(home)
    guest = new_browser().open(link)
    token = guest.page.forms[0].fields["csrf_token"].value
    if ending == "revoked":
        admin.open(f"{home.path}/console/connections/oidc/links").submit(press="revoke")
        assert "The link opens nothing any more." in admin.words
        assert steps.events(home, Event.SETUP_LINK_REVOKED)
    elif ending == "a week old":
        home.broker.ports.clock.advance(days=7, seconds=1)
    else:
        home.change(Connection, stored(home, Connection)[0].id, is_file_managed=True)
    sent = {"csrf_token": token, "issuer": "https://evil.example", "client_id": "x", "client_secret": "y", "later": "yes"}
    assert guest.post(link, sent).status == 410
    assert "This set-up link no longer works" in guest.open(link).words
    assert stored(home, Connection)[0].options == {}


def test_ac10_link_changes_no_more_than_its_page_asks_for(home, handed_over, new_browser):
    link, _admin = handed_over
    steps.notice(home)
    guest = new_browser().open(link)
    token = guest.page.forms[0].fields["csrf_token"].value
    sent = {"csrf_token": token, "issuer": "https://x.example", "client_id": "x", "client_secret": "y", "later": "yes"}
    more = {
        "label": "Evil",
        "provisioning": "just_in_time",
        "linking": "proven",
        "networks": "",
        "key": "other",
        "enabled": "yes",
    }
    guest.post(link, sent | more | {"response_mode": "form_post", "group_rules": "x"})
    (row,) = stored(home, Connection)
    assert (row.label, row.provisioning, row.is_enabled, row.key) == ("Company login", "invited", False, "oidc")
    assert row.options == {"issuer": "https://x.example", "client_id": "x"}


def test_it_opens_no_console_and_no_other_connection(home, handed_over, new_browser):
    link, _admin = handed_over
    other = factories.connection(home, "other")
    steps.notice(home)
    guest = new_browser().open(link)
    assert other.label not in guest.words
    assert guest.open(f"{home.path}/console/connections/oidc").path == f"{home.path}/sign-in"


def test_list_of_links_says_how_far_they_came(home, handed_over):
    _link, admin = handed_over
    admin.open(f"{home.path}/console/connections/oidc").follow("Hand over to your IT department")
    assert "Not opened yet" in admin.words
    admin.submit(press="Make a link")
    assert "Send this link to who looks after the identity provider" in admin.words
