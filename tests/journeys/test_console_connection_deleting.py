"""Deleting a connection in the console: what it says before, what goes, what stays, and what stands against it."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tenants.accounts import Account, Grant
from tenants.applications import Application
from tenants.audit import Event
from tenants.connections import Connection
from tenants.domains import Domain
from tenants.identities import Identity
from tenants.ids import new_id
from tenants.moves import Move
from tenants.organizations import Organization
from tenants.sessions import BrowserSession
from tenants.tenants import TenantSettings
from tests import factories
from tests.support import rows, steps
from tests.support.console import as_admin
from tests.support.meanwhile import after_look
from tests.support.rows import stored


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def at_console(browser, home):
    return as_admin(browser, home, factories.account(home, role="owner"))


def off(home, **values):
    row = factories.connection(home, "old", is_enabled=False, label="Old login", **values)
    steps.notice(home)
    return row


def address(home):
    return f"{home.path}/console/connections/old/delete"


def test_what_goes_with_a_connection_is_told_before_and_goes(home, at_console):
    row = off(home)
    jane = factories.account(home, with_password=False)
    ada = factories.account(home)
    # Her part has no e-mail and password.
    part = rows.organization(home)
    home.change(Organization, part.id, policy_overrides={"local_enabled": False})
    eve = factories.account(home, organization_id=part.id)
    for who in (jane, ada, eve):
        factories.identity(home, who.id, row.id)
    home.add(Grant(id=new_id("gra"), account_id=jane.id, kind="group", value="staff", source=row.id))
    factories.domain(home, home.domain, connection_id=row.id)
    factories.application(home, name="Travel", accepted_connections=["local", "old"])
    opened = factories.session(home, jane, method="old").row
    steps.notice(home)
    at_console.open(f"{home.path}/console/connections/old").follow("Delete …")
    told = ("3 people are linked", "no other way to sign in: 2.", f"any more: {home.domain}.", "rules of Travel.")
    assert [one for one in told if one not in at_console.words] == []
    at_console.submit(typed="new")
    assert (at_console.status, len(stored(home, Connection))) == (400, 1)
    at_console.submit(typed="old")
    assert "The connection is deleted." in at_console.words
    assert (stored(home, Connection), stored(home, Identity), stored(home, Grant, source=row.id)) == ([], [], [])
    (domain,) = stored(home, Domain)
    assert (domain.connection_id, domain.is_enforced) == (None, False)
    assert stored(home, Application, name="Travel")[0].accepted_connections == ["local"]
    assert len(stored(home, Account)) == 4
    (event,) = steps.events(home, Event.CONFIGURATION_REMOVED)
    assert (event.connection_id, event.detail["before label"], event.detail["before people linked"]) == (
        row.id,
        "Old login",
        "3",
    )
    assert f"secret-{home.canary}" not in str(event.detail)
    # Whoever gets the key anew gets none of its sessions (TI-04).
    assert stored(home, BrowserSession, id=opened.id)[0].ended_at is not None


def test_what_changed_since_the_page_was_shown_is_told_first(home, at_console):
    row = off(home)
    at_console.open(address(home))
    factories.identity(home, connection_id=row.id)
    at_console.submit(typed="old")
    assert (at_console.status, "Somebody else changed this meanwhile." in at_console.words) == (409, True)
    assert len(stored(home, Connection)) == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_nobody_changes_who_leads_to_it_while_it_is_deleted(home, at_console):
    """Otherwise what they write is lost. (SQLite has one writer at a time.)"""
    row = off(home)
    factories.domain(home, home.domain, connection_id=row.id)
    factories.application(home, name="Travel", accepted_connections=["local", "old"])
    steps.notice(home)
    at_console.open(address(home))
    held = []

    def others():
        for model in (Domain, Application):
            try:
                with home.db.writing() as db:
                    db.scalars(select(model).with_for_update(nowait=True)).all()
            except OperationalError:
                held.append(model)

    with after_look(home, "applications", others):
        at_console.submit(typed="old")
    assert (held, at_console.words.count("The connection is deleted.")) == ([Domain, Application], 1)


def moving(home, row):
    other = factories.connection(home)
    home.add(Move(id=new_id("mov"), from_id=row.id, to_id=other.id, created_at=home.now))


def owner_by(home, row, account_id):
    home.add(Grant(id=new_id("gra"), account_id=account_id, kind="role", value="owner", source=row.id))
    home.change(Account, account_id, own_role=None)


def no_way(home, row):
    """E-mail and password off, no other connection: the session of now is all that is left."""
    settings = stored(home, TenantSettings)[0]
    home.change(TenantSettings, settings.id, policy={"local_enabled": False})


CASES = {
    "it is on": (lambda home, row: home.change(Connection, row.id, is_enabled=True), "This connection is on."),
    "an application accepts nothing else": (
        lambda home, row: factories.application(home, name="Travel", accepted_connections=["old"]),
        "Travel accepts this way in alone",
    ),
    "a file sends a domain to it": (
        lambda home, row: factories.domain(home, home.domain, connection_id=row.id, is_file_managed=True),
        "A tenants file sends",
    ),
    "a domain enforces it": (
        lambda home, row: factories.domain(home, home.domain, connection_id=row.id, is_enforced=True),
        "set that domain to preferred, or lead it elsewhere, first.",
    ),
    "people are moving from it": (moving, "End that move first."),
    "the last owner has the role from it": (
        lambda home, row: [
            home.add(
                Grant(id=new_id("gra"), account_id=stored(home, Account)[0].id, kind="role", value="owner", source=row.id)
            ),
            home.change(Account, stored(home, Account)[0].id, own_role=None),
        ],
        "Give that role to somebody first.",
    ),
    "ac06 nobody has another way in": (no_way, "It is the last way in of your owners and admins"),
}


@pytest.mark.parametrize("case", CASES)
def test_connection_stays_where(home, at_console, case):
    make, said = CASES[case]
    row = off(home)
    make(home, row)
    steps.notice(home)
    at_console.open(address(home))
    if said not in at_console.words:
        at_console.submit(typed="old")
        assert at_console.status == 409
    assert said in at_console.words
    with home.db.reading() as db:
        assert db.scalars(select(Connection.key).where(Connection.id == row.id)).all() == ["old"]


def test_enforcement_is_lifted_at_the_domain_alone(home, at_console):
    """Deleting what it leads to would let passwords of its people count again, without a word of it."""
    row = off(home)
    at_console.open(address(home))
    listed = factories.domain(home, home.domain, connection_id=row.id, is_enforced=True)
    at_console.submit(typed="old")
    assert (at_console.status, stored(home, Domain)[0].is_enforced, len(stored(home, Connection))) == (409, True, 1)
    at_console.open(address(home)).follow("Go to the domains")
    assert at_console.at == f"{home.path}/console/domains"
    at_console.open(f"{home.path}/console/domains/{listed.id}").submit(routing="prefer")
    steps.notice(home)
    assert "The connection is deleted." in at_console.open(address(home)).submit(typed="old").words


def test_what_a_file_manages_is_not_deleted(home, at_console):
    off(home, is_file_managed=True)
    assert at_console.open(address(home)).status == 403
    assert "Delete …" not in at_console.open(f"{home.path}/console/connections/old").text
