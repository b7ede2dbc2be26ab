"""Linking, group rules and the roles that they give, as a tenants file has them."""

from datetime import UTC, datetime

from sqlalchemy import select

from tenants.accounts import Account
from tenants.connections import Connection
from tenants.grants import replace_grants
from tenants.group_rules import Given
from tenants.identities import Identity
from tests.support.manifests import CONNECTION, JANE, LOCAL_ON, SMALL, Desk

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULES = '\n[[tenants.$t.connections.partners.groups]]\nfrom = "it"\nrole = "admin"\ngroup = "IT"\n'
CHIEF = '\n[tenants.$t.accounts."chief@$t.example"]\nrole = "owner"\nstate = "active"\nlocal = true\n'


def granted(desk: Desk, *, role: str = "admin") -> None:
    """Jane signed in by the connection and got what its rules give."""
    with desk.db.tenant(desk.row.id).writing() as db:
        jane, way = jane_of(db), db.scalars(select(Connection)).one()
        replace_grants(db, jane.id, way.id, Given(frozenset({"IT"}), role), NOW)


def jane_of(db) -> Account:
    return db.scalars(select(Account).where(Account.email.like("jane@%"))).one()


def roles(desk: Desk) -> tuple[str | None, str | None]:
    with desk.session() as db:
        jane = jane_of(db)
        return jane.role, jane.own_role


def test_linking_and_rules_are_kept_as_the_file_says(desk: Desk) -> None:
    desk.apply(SMALL + CONNECTION + 'provisioning = "invited"\nlinking = "proven"\n' + RULES)
    with desk.session() as db:
        row = db.scalars(select(Connection)).one()
        assert (row.provisioning, row.linking) == ("invited", "proven")
        assert row.group_rules == [{"from": "it", "group": "IT", "role": "admin"}]
    assert desk.apply(SMALL + CONNECTION) == ["change tenants.$t.connections.partners (groups, linking, provisioning)"]
    with desk.session() as db:
        assert db.scalars(select(Connection.linking)).one() == "ask"


def test_granted_role_stands_beside_the_files_own(desk: Desk) -> None:
    file = LOCAL_ON + CONNECTION + RULES + CHIEF + JANE
    desk.apply(file)
    granted(desk)
    assert roles(desk) == ("admin", None)
    assert desk.apply(file) == []
    own = file.replace(JANE, JANE + 'role = "helpdesk"\n')
    assert desk.apply(own) == ['change tenants.$t.accounts."jane@$t.example" (role)']
    assert roles(desk) == ("admin", "helpdesk")
    granted(desk, role="auditor")
    assert roles(desk) == ("helpdesk", "helpdesk")


def test_connection_that_is_switched_off_or_removed_takes_its_roles_along(desk: Desk) -> None:
    file = LOCAL_ON + CHIEF + JANE + CONNECTION
    desk.apply(file + RULES)
    granted(desk)
    desk.apply(file + "enabled = false\n" + RULES)
    assert roles(desk) == (None, None)
    desk.apply(file + RULES)
    granted(desk)
    desk.apply(LOCAL_ON + CHIEF + JANE, prune=True)
    assert roles(desk) == (None, None)


def test_ac10_file_without_the_rule_takes_the_role_back_at_once(desk: Desk) -> None:
    file = LOCAL_ON + CHIEF + JANE + CONNECTION
    desk.apply(file + RULES)
    granted(desk)
    with desk.db.tenant(desk.row.id).writing() as db:
        jane, way = jane_of(db), db.scalars(select(Connection)).one()
        names = {"issuer": "https://idp.example", "subject": "jane", "profile": {"groups": ["it"]}}
        db.add(Identity(id="idn_jane", account_id=jane.id, connection_id=way.id, created_at=NOW, **names))
    desk.apply(file + RULES.replace("IT", "Information"))
    assert roles(desk) == ("admin", None)
    desk.apply(file + RULES.replace('role = "admin"', ""))
    assert roles(desk) == (None, None)


def test_account_that_is_removed_leaves_no_role_behind(desk: Desk) -> None:
    file = LOCAL_ON + CONNECTION + RULES + CHIEF
    desk.apply(file + JANE)
    granted(desk)
    desk.apply(file, prune=True)
    desk.apply(file + JANE)
    assert roles(desk) == (None, None)
