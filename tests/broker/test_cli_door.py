"""`broker door`: what the operator does about emergency access."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tenants.accounts import Account
from tenants.audit import Event
from tenants.backdoors import Backdoor, DoorCredential
from tenants.door_keeping import look_at_door, overdue
from tenants.ids import digest
from tests import factories
from tests.support import steps
from tests.support.commands import environment, run
from tests.support.rows import backdoor, door_credential, door_holder


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def door(home, database_url):
    """`broker door WHAT TENANT …` for the tenant of the test."""
    variables = environment(database_url)

    def command(what, *arguments):
        return run("door", what, home.slug, *arguments, **variables)

    return command


def row_of(home):
    with home.db.reading() as db:
        return db.scalars(select(Backdoor)).first()


def test_open_prints_the_address_once_and_keeps_its_hash(home, door):
    told = door("open")
    assert told.exit_code == 0
    [link] = told.stdout.splitlines()
    address, _, secret = link.rpartition("/")
    assert address == f"http://localhost:8000{home.path}/door"
    assert (len(secret), row_of(home).secret_hash) == (43, digest(secret))
    assert secret not in told.stderr
    again = door("open")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "Emergency access is open already" in again.stderr
    assert secret not in str([one.detail for one in steps.events(home, Event.DOOR_CHANGED)])


def test_rotate_makes_another_address(home, door):
    assert "Emergency access is closed" in door("rotate").stderr
    first, second = door("open").stdout, door("rotate").stdout
    assert first != second
    assert row_of(home).secret_hash == digest(second.strip().rpartition("/")[2])
    assert {one.detail["what"] for one in steps.events(home, Event.DOOR_CHANGED)} == {"opened", "rotated"}


def test_close_removes_the_door_and_keeps_who_is_marked(home, door):
    factories.connection(home)
    backdoor(home)
    door_holder(home)
    assert door("close").stdout == "The door is closed.\n"
    assert row_of(home) is None
    with home.db.reading() as db:
        assert len(db.scalars(select(DoorCredential)).all()) == 1
    assert door("close").exit_code == 1


def test_grant_prints_a_link_for_a_day(home, door, clock):
    ada = factories.account(home, role="owner")
    told = door("grant", ada.email.upper())
    [link] = told.stdout.splitlines()
    address, _, token = link.rpartition("/")
    assert address == f"http://localhost:8000{home.path}/activate/door"
    assert ", once, until 20" in told.stderr
    with home.db.reading() as db:
        held = db.scalars(select(DoorCredential)).one()
    assert (held.account_id, held.link_hash) == (ada.id, digest(token))
    assert held.link_expires_at - held.created_at == timedelta(hours=24)
    assert token not in told.stderr


def test_another_grant_replaces_the_link_and_marks_nobody_twice(home, door):
    ada = factories.account(home, role="owner")
    tokens = [door("grant", ada.email).stdout.strip().rpartition("/")[2] for _ in range(2)]
    with home.db.reading() as db:
        assert db.scalars(select(DoorCredential)).one().link_hash == digest(tokens[1])


REFUSED = {
    "no admin": ({"role": None}, "Only owners and admins can be marked"),
    "helpdesk": ({"role": "helpdesk"}, "Only owners and admins can be marked"),
    "switched off": ({"role": "admin", "state": "disabled"}, "This account is disabled."),
    "deleted": ({"role": "admin", "state": "deleted"}, "This account is deleted."),
}


@pytest.mark.parametrize(("values", "sentence"), REFUSED.values(), ids=REFUSED)
def test_ac02_only_admins_are_marked(home, door, values, sentence):
    ada = factories.account(home, **values)
    told = door("grant", ada.email)
    assert (told.exit_code, told.stdout) == (1, "")
    assert sentence in told.stderr
    with home.db.reading() as db:
        assert db.scalars(select(DoorCredential)).all() == []


def test_unknown_address_and_tenant_are_told(home, door, database_url):
    assert "There is no account with this address" in door("grant", "nobody@nowhere.example").stderr
    assert "exactly one @" in door("grant", "nobody").stderr
    assert "There is no such tenant." in run("door", "open", "nobody", **environment(database_url)).stderr
    assert "There is no account" in door("revoke", "nobody@nowhere.example").stderr


def test_revoke_deletes_credentials_and_link(home, door):
    factories.connection(home)
    backdoor(home)
    ada = door_holder(home)
    assert door("revoke", ada.email).stdout == f"{ada.email} is no longer marked.\n"
    with home.db.reading() as db:
        assert db.scalars(select(DoorCredential)).all() == []
    assert [one.account_id for one in steps.events(home, Event.DOOR_REVOKED)] == [ada.id]
    assert "This account is not marked." in door("revoke", ada.email).stderr


def test_networks_are_set_shown_and_given_up(home, door):
    assert "The door is closed" in door("networks").stderr
    backdoor(home)
    assert door("networks").stdout == "anywhere\n"
    assert door("networks", "192.0.2.0/24", "2001:db8::/32", "192.0.2.0/24").stdout == "192.0.2.0/24\n2001:db8::/32\n"
    assert row_of(home).networks == ["192.0.2.0/24", "2001:db8::/32"]
    for wrong in ("192.0.2.1/24", "home"):
        assert "A network is an address range" in door("networks", wrong).stderr
    assert "not both" in door("networks", "10.0.0.0/8", "--anywhere").stderr
    assert door("networks", "--anywhere").stdout == "anywhere\n"
    assert row_of(home).networks == []


def test_list_says_how_it_stands(home, door, clock):
    assert door("list").stdout == "The door is closed.\nNobody is marked.\n"
    backdoor(home, networks=["192.0.2.0/24"])
    ada, eve = door_holder(home, f"ada@{home.domain}"), factories.account(home, f"eve@{home.domain}", role="owner")
    door("grant", eve.email)
    home.change(Account, ada.id, role=None)
    told = door("list").stdout.splitlines()
    assert told[0] == "The door is open, from 192.0.2.0/24; last used never."
    assert told[1].startswith(f"ada@{home.domain}: set up, can't use it: no owner or admin")
    assert told[2].startswith(f"eve@{home.domain}: not set up, a link waits until 20")


def test_drill_names_who_has_not_proven_the_door(home, door):
    told = door("drill")
    assert (told.exit_code, told.stdout) == (1, "")
    assert "The door is closed." in told.stderr
    assert "Nobody could use the door." in told.stderr
    backdoor(home)
    ada = door_holder(home)
    told = door("drill")
    assert (told.exit_code, told.stdout) == (1, f"{ada.email}: proven never\n")


def test_drill_ends_well_where_everybody_has(home, door):
    """The command has the real clock."""
    backdoor(home)
    ada = factories.account(home, role="admin")
    with home.db.writing() as db:
        opened = db.scalars(select(Backdoor)).one().opened_at
    door_credential(home, ada.id, password_hash="x", last_drill_at=opened.replace(year=opened.year + 50))
    told = door("drill", "--days", 30)
    assert (told.exit_code, told.stdout) == (0, "Everybody has proven the door within 30 days.\n")


def test_proof_of_the_door_runs_out(home):
    backdoor(home)
    ada = factories.account(home, role="admin")
    door_credential(home, ada.id, password_hash="x", last_drill_at=home.now - timedelta(days=89))
    with home.db.reading() as db:
        state = look_at_door(db, home.now)
    assert overdue(state, home.now) == ()
    assert [one.email for one in overdue(state, home.now + timedelta(days=1))] == [ada.email]


# AC-06


@pytest.mark.parametrize("what", ["close", "revoke"])
def test_ac06_last_way_of_the_last_admin_stays(home, door, what):
    """Local sign-in is not theirs, there is no connection: only the door is left."""
    backdoor(home)
    ada = door_holder(home)
    arguments = [ada.email] if what == "revoke" else []
    told = door(what, *arguments)
    assert told.exit_code == 1
    assert "No owner or admin would have a way in any more." in told.stderr
    assert row_of(home) is not None
    other = factories.account(home, role="owner")
    assert other.id
    assert door(what, *arguments).exit_code == 0
