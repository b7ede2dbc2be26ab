"""Domains in the console: listed, proven by a record, leading somewhere; what is refused and why."""

import pytest

from tenants.audit import Event
from tenants.connections import Connection
from tenants.domain_challenges import DomainChallenge
from tenants.domains import Domain
from tests import factories
from tests.support import domains, steps
from tests.support.console import as_admin
from tests.support.meanwhile import after_look
from tests.support.rows import stored


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home, role="owner")


@pytest.fixture
def at_console(browser, home, ada):
    return as_admin(browser, home, ada)


def listed(at_console, home, name):
    at_console.open(f"{home.path}/console/add-domain").submit(name=name, press="Add the domain")
    return stored(home, Domain)[0]


def test_domain_is_listed_proven_by_its_record_and_leads_to_its_connection(home, at_console, oidc_peer):
    way = steps.oidc_way(home, oidc_peer)
    row = listed(at_console, home, f" {home.domain.upper()} ")
    assert (row.name, row.is_allowed) == (home.domain, True)
    assert f"_sso-broker.{home.domain}" in at_console.words
    assert stored(home, DomainChallenge)[0].token in at_console.words
    at_console.submit(press="Check now")
    assert "The record is not there yet" in at_console.words
    domains.publish(home)
    at_console.submit(press="Check now")
    assert "the domain is proven" in at_console.words
    at_console.submit(connection=way.key, press="Save")
    assert "Saved." in at_console.words
    assert f"{home.domain} Proven by its record To Acme SSO" in at_console.follow("Domains").words
    changes = [one.detail for one in steps.events(home, Event.CONFIGURATION_CHANGED)]
    assert [one["before connection"] for one in changes if one.get("after connection") == way.key] == ["-"]
    at_console.open(f"{home.path}/console/domains/{row.id}").submit(press="Take the proof back")
    assert "The proof was taken back." in at_console.words
    assert domains.proof_of(home) is None


def test_ac09_enforcing_takes_a_test_of_ones_own_that_worked(home, at_console, oidc_peer):
    way = steps.janes_way(home, oidc_peer)
    (row,) = stored(home, Domain)
    path = f"{home.path}/console/domains/{row.id}"
    at_console.open(path).submit(routing="enforce", press="Save")
    assert (at_console.status, "Test Acme SSO first" in at_console.words) == (409, True)
    assert not stored(home, Domain)[0].is_enforced
    at_console.open(f"{home.path}/console/connections/{way.key}").submit(press="Test sign-in")
    steps.go_along(at_console)
    assert at_console.title.startswith("The test sign-in worked")
    at_console.open(path).submit(routing="enforce", press="Save")
    assert "Saved." in at_console.words
    assert stored(home, Domain)[0].is_enforced


def test_rt05_public_domain_may_be_listed_and_proves_nothing(home, at_console, oidc_peer):
    way = steps.oidc_way(home, oidc_peer)
    row = listed(at_console, home, "gmail.com")
    assert stored(home, DomainChallenge) == []
    assert "Anybody gets an address at this domain" in at_console.words
    at_console.submit(connection=way.key, press="Save")
    assert (at_console.status, "can’t be sent anywhere" in at_console.words) == (409, True)
    token = at_console.page.forms[-1].fields["csrf_token"].value
    for what in ("begin", "check"):
        at_console.post(f"{home.path}/console/domains/{row.id}/proof", {"csrf_token": token, "what": what})
        assert (at_console.status, "nobody's to prove" in at_console.words) == (409, True)


def test_rt05_domain_of_another_tenant_is_a_conflict_that_names_nobody(broker, home, at_console):
    other = factories.tenant(broker)
    domains.prove(other, home.domain)
    listed(at_console, home, home.domain)
    domains.publish(home)
    at_console.submit(press="Check now")
    assert "another organization has proven this domain" in at_console.words
    assert other.slug not in at_console.text
    assert domains.proof_of(home).tenant_id == other.id


@pytest.mark.parametrize("typed", ["", "acme", "a@b.example", "http://x.example", "x..example", "*.*.example", "é" * 300])
def test_names_that_are_none_are_said_at_the_field(home, at_console, typed):
    at_console.open(f"{home.path}/console/add-domain").submit(name=typed, press="Add the domain")
    assert (at_console.status, at_console.title.startswith("Error: ")) == (400, True)
    assert stored(home, Domain) == []


def test_second_of_two_is_told_and_a_file_keeps_its_own(home, at_console):
    row = listed(at_console, home, home.domain)
    home.change(Domain, row.id, is_allowed=False)
    at_console.submit(press="Save")
    assert (at_console.status, "changed this meanwhile" in at_console.words) == (409, True)
    home.change(Domain, row.id, is_file_managed=True)
    token = at_console.page.forms[-1].fields["csrf_token"].value
    seen = at_console.page.forms[-1].fields["seen"].value
    for path, sent in (("", {"seen": seen, "allowed": "yes"}), ("/remove", {})):
        at_console.post(f"{home.path}/console/domains/{row.id}{path}", {"csrf_token": token} | sent)
        assert (at_console.status, "A file manages this" in at_console.words) == (403, True)
    assert [one.is_allowed for one in stored(home, Domain)] == [False]


def test_connection_that_was_deleted_meanwhile_is_told_as_any_change_of_others(home, at_console):
    way = factories.connection(home)
    steps.notice(home)
    listed(at_console, home, home.domain)

    def delete():
        with home.db.writing() as db:
            db.delete(db.get_one(Connection, (home.id, way.id)))

    with after_look(home, "sessions", delete):
        at_console.submit(connection=way.key, press="Save")
    assert (at_console.status, "changed this meanwhile" in at_console.words) == (409, True)
    assert stored(home, Domain)[0].connection_id is None


def test_domain_goes_from_the_list(home, at_console):
    listed(at_console, home, home.domain)
    at_console.follow("Take off the list …").submit(press="Take it off the list")
    assert "List the domains of your people" in at_console.words
    assert stored(home, Domain) == []
