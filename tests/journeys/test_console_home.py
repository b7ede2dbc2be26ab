"""Home says what needs somebody, draws the sign-ins of the last days, and leads from a failure to its trace."""

from datetime import timedelta

import pytest

from broker.console.chart import chart_of
from tenants.causes import Cause
from tenants.connection_health import note_failure
from tenants.sign_in_days import by_day
from tests import factories
from tests.support import domains, steps
from tests.support.console import as_admin
from tests.support.federation_rows import fetched_metadata
from tests.support.rows import backdoor, door_credential


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home, role="owner")


def test_everything_that_needs_somebody_is_named_with_where_to_go(home, ada, browser, oidc_peer):
    way = steps.oidc_way(home, oidc_peer, secret_expires_at=home.now + timedelta(days=12, hours=1))
    steps.listed(home, way=way)
    fetched_metadata(home, proposed="<x/>", proposed_at=home.now, proposed_why="keys")
    factories.invitation(home, expires_at=home.now + timedelta(days=3))
    with home.db.writing() as db:
        for _ in range(3):
            note_failure(db, way.row.id, Cause.UPSTREAM_UNREACHABLE, "timeout", "K7QF-29XM", home.now)
    as_admin(browser, home, ada)
    for words in (
        "Acme SSO has failed 3 times since it last worked",
        "The client secret of Acme SSO runs out",
        "It ends in 12 days",
        f"counts once they are proven: {home.domain}",
        "It was not taken by itself and waits for your word.",
        "There is no emergency access",
        "Invitations run out this week: 1",
    ):
        assert words in browser.words, words
    browser.follow("See why")
    assert browser.path == f"{home.path}/console/connections/{way.key}"


def test_proof_whose_record_is_gone_and_a_door_that_nobody_tried(home, ada, browser):
    domains.prove(home)
    domains.withdraw(home)
    domains.look(home)
    backdoor(home)
    door_credential(home, ada.id, last_drill_at=home.now - timedelta(days=100))
    as_admin(browser, home, ada)
    assert "The record of a domain is missing" in browser.words
    assert "Emergency access was not tried lately" in browser.words


def test_nothing_needs_anybody_where_all_is_well(home, ada, browser):
    backdoor(home)
    door_credential(home, ada.id, last_drill_at=home.now)
    as_admin(browser, home, ada)
    assert "Nothing needs you." in browser.words


def test_tenant_without_a_way_in_is_led_to_its_first_connection(broker, browser):
    home = factories.tenant(broker, local_enabled=False)
    ada = factories.account(home, role="owner")
    as_admin(browser, home, ada)
    assert "Nobody can sign in yet" in browser.words
    browser.follow("Add a connection")
    assert browser.path == f"{home.path}/console/add-connection"


def test_failures_lead_to_what_stands_behind_their_reference(home, ada, browser, new_browser, oidc_peer):
    way = steps.oidc_way(home, oidc_peer, provisioning="existing")
    stranger = steps.enter(new_browser(), home, way)
    reference = steps.reference_of(stranger)
    as_admin(browser, home, ada)
    assert "in 14 days" in browser.words
    browser.follow(reference)
    assert "account_unknown" in browser.words
    assert browser.path == f"{home.path}/console/audit/reference"


def test_helpdesk_sees_no_settings(home, browser):
    as_admin(browser, home, factories.account(home, role="helpdesk"))
    assert "Ways to sign in" not in browser.words
    assert "emergency access" not in browser.words.lower()


def test_chart_says_in_words_what_it_draws(app, home):
    now = home.now
    with app.test_request_context("/"):
        chart = chart_of(by_day([now] * 130, [now - timedelta(days=1)], now))
        assert "130 worked, 1 failed" in chart.sentence
        assert (chart.total, chart.percent, len(chart.bars)) == (131, 99, 14)
        assert max(bar.worked_height for bar in chart.bars) <= 140
        assert [bar.failed_height for bar in chart.bars][-2] == 1.5
        assert chart_of(by_day([], [], now)) is None


def test_own_key_is_named_only_where_saml_is_used(home, ada, browser):
    factories.connection(home, kind="saml", options={}, is_enabled=False)
    as_admin(browser, home, ada)
    assert "sign for SAML" not in browser.words
