"""Attacks by way of Google, through the product's own pages (security.md, OU-10, OU-11, OU-13)."""

import pytest

from tenants.accounts import Account
from tenants.audit import Event
from tests import factories
from tests.peers.google import workspace_person
from tests.peers.people import Person
from tests.support import steps
from tests.support.linking import ASKS


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def way(home, google_peer):
    made = steps.google_way(home, google_peer)
    steps.listed(home, way=made, proven=True)
    made.idp.person = workspace_person(f"jane@{home.domain}", "Jane")
    return made


def accounts(home) -> list[Account]:
    with home.db.reading() as db:
        return db.query(Account).all()


def test_ou13_domain_resold_is_a_new_person_with_an_old_address(home, way, browser, new_browser):
    """hd and e-mail follow the domain's new owner; only `sub` tells the two apart."""
    assert steps.enter(browser, home, way).at == f"{home.path}/"
    way.idp.person = workspace_person(f"jane@{home.domain}", "New Jane")
    other = new_browser()
    steps.enter(other, home, way)
    assert other.status == 403
    assert "This address belongs to another account" in other.words
    event = steps.event_of(other, home)
    assert (event.cause, event.detail["reasons"]) == ("link_required", "address_taken identity_conflict")
    assert (event.detail["subject"], event.detail["email"]) == (way.idp.person.subject, f"jane@{home.domain}")
    assert len(accounts(home)) == 1
    assert not steps.is_signed_in(other, home)


@pytest.mark.parametrize(
    "claims",
    [{"hd": None}, {"hd": "elsewhere.example"}, {"hd": "*"}, {"hd": {"acme": 1}}, {"hd": None, "email": "jane@gmail.com"}],
    ids=["no hd, company address", "another hd, our address", "a wildcard", "no text", "a private mailbox"],
)
def test_ou13_hd_missing_or_other_is_refused_every_time(home, way, browser, new_browser, claims):
    assert steps.enter(browser, home, way).at == f"{home.path}/"
    way.idp.says(**claims)
    for _ in range(2):
        other = new_browser()
        steps.enter(other, home, way)
        assert other.status == 403
        assert steps.event_of(other, home).cause == "upstream_tenant_mismatch"
        assert not steps.is_signed_in(other, home)
    assert len(accounts(home)) == 1


def test_ou13_known_person_who_left_the_workspace_stays_out(home, way, browser, new_browser):
    """The subject is known, but the account has been taken out of the Workspace."""
    assert steps.enter(browser, home, way).at == f"{home.path}/"
    way.idp.personal()
    other = new_browser()
    steps.enter(other, home, way)
    assert "That is a personal account" in other.words
    assert len(steps.events(home, Event.LOGIN_SUCCEEDED)) == 1


def test_ou13_account_known_at_another_way_is_not_entered_by_google(home, way, oidc_peer, browser, new_browser):
    sso = steps.oidc_way(home, oidc_peer)
    victim = factories.account(home, f"jane@{home.domain}")
    steps.notice(home)
    steps.enter(browser, home, way)
    assert ASKS in browser.words
    assert [event.cause for event in steps.events(home) if event.cause] == ["link_required"]
    sso.idp.person = Person(f"jane@{home.domain}", subject=way.idp.person.subject)
    other = new_browser()
    steps.enter(other, home, sso)
    assert not steps.is_signed_in(other, home)
    assert [account.id for account in accounts(home)] == [victim.id]


@pytest.mark.parametrize("verified", [False, "true", 1, "1"], ids=repr)
def test_ou11_address_that_google_has_not_verified_makes_no_account(home, way, browser, verified):
    way.idp.says(email_verified=verified)
    steps.enter(browser, home, way)
    assert steps.event_of(browser, home).cause == "email_unverified"
    assert accounts(home) == []


def test_ou11_word_that_is_missing_is_no_word(home, google_peer, browser):
    """Nobody proved the domain here, so it would be Google's word alone."""
    way = steps.google_way(home, google_peer)
    steps.listed(home)
    way.idp.person = workspace_person(f"jane@{home.domain}")
    way.idp.says(email_verified=None)
    steps.enter(browser, home, way)
    assert steps.event_of(browser, home).cause == "email_unverified"


def test_ou08_older_spelling_is_taken_with_googles_own_name_only(home, way, browser):
    way.idp.says(iss="accounts.google.com.evil.example")
    steps.enter(browser, home, way)
    event = steps.event_of(browser, home)
    assert (event.cause, event.detail["detail"]) == ("upstream_response_invalid", "iss")
