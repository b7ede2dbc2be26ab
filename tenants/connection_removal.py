"""Deleting a connection that is off: what goes with it, what stands against it, and doing it.

Its address is free again afterwards, and another connection may get its key: so nothing that stays may know it by that key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from tenants.accounts import Grant
from tenants.admins import has_reachable_admin
from tenants.applications import Application
from tenants.connections import Connection
from tenants.db import TenantSession
from tenants.domains import Domain
from tenants.grants import ROLE, withdraw_grants
from tenants.identities import Identity
from tenants.last_admin import load_admins
from tenants.moves import IS_OPEN, Move
from tenants.only_ways import MOST_COUNTED, people_without
from tenants.sessions import END_SESSIONS_OF_METHOD
from tenants.version_keeping import VersionError

_MOST = 1000


@dataclass(frozen=True, slots=True)
class Leaving:
    """What goes with a connection, counted up to MOST_COUNTED."""

    identities: int
    shut_out: int
    """People who come by it and by nothing else that is on."""
    domains: tuple[str, ...]
    """Those that lead to it."""
    is_enforced: bool
    """Does one of them refuse every other way in? Then it stays."""
    applications: tuple[str, ...]
    """Names of those whose rules name it beside other ways."""
    objection: str | None
    """Why it can't be deleted now."""


def leaving_with(db: TenantSession, row: Connection, *, locks: bool = False) -> Leaving:
    """Seven statements. `locks`: in a transaction that has locked the connection; who leads to it stays, too, until its end."""
    theirs = select(Identity.id).where(Identity.connection_id == row.id).limit(MOST_COUNTED + 1)
    domains, applications = _domains(db, row, locks=locks), _applications(db, row, locks=locks)
    return Leaving(
        identities=len(db.scalars(theirs).all()),
        shut_out=people_without(db, row.id),
        domains=tuple(one.name for one in domains),
        is_enforced=any(one.is_enforced for one in domains),
        applications=tuple(one.name for one in applications),
        objection=_objection(db, row, domains, applications),
    )


def remove_connection(db: TenantSession, row: Connection, now: datetime) -> None:
    """Away with it: its versions, tests, links and identities, what it gave to people, and who leads to it.

    In the caller's transaction, which has locked it. Raises VersionError.
    """
    domains, applications = _domains(db, row, locks=True), _applications(db, row, locks=True)
    objection = _objection(db, row, domains, applications) or _last_of_all(db, row, now)
    if objection:
        raise VersionError(objection)
    withdraw_grants(db, row.id, now)
    kept = select(Grant.id).where(Grant.source == row.id, Grant.kind == ROLE).limit(1)
    if db.scalars(kept).first() is not None:
        raise VersionError("The role of the last owner or admin comes from it. Give that role to somebody first.")
    for domain in domains:
        domain.connection_id = None
    for application in applications:
        application.accepted_connections = [one for one in application.accepted_connections if one != row.key]
    db.run(END_SESSIONS_OF_METHOD, way=row.key, now=now)
    db.flush()
    db.delete(row)
    db.flush()


def _objection(
    db: TenantSession, row: Connection, domains: Sequence[Domain], applications: Sequence[Application]
) -> str | None:
    if row.is_enabled:
        return "This connection is on. Switch it off first."
    if (leads := _of_domains(domains)) is not None:
        return leads
    if alone := [one.name for one in applications if one.accepted_connections == [row.key]]:
        return f"{alone[0]} accepts this way in alone, and would accept every one without it. Change its rules first."
    if kept := [one.name for one in applications if one.is_file_managed]:
        return f"A tenants file names it as a way into {kept[0]}: change that there first."
    moving = select(Move.id).where(IS_OPEN, or_(Move.from_id == row.id, Move.to_id == row.id)).limit(1)
    if db.scalars(moving).first() is not None:
        return "People are moving between this connection and another one. End that move first."
    return None


def _of_domains(domains: Sequence[Domain]) -> str | None:
    """What was enforced is never lifted by the way: passwords of its people would count again."""
    if kept := [one.name for one in domains if one.is_file_managed]:
        return f"A tenants file sends {kept[0]} to it: change that there first."
    if kept := [one.name for one in domains if one.is_enforced]:
        return f"It is enforced for {kept[0]}: set that domain to preferred, or lead it elsewhere, first."
    return None


def _last_of_all(db: TenantSession, row: Connection, now: datetime) -> str | None:
    """Where no owner or admin can come in as it is, this may be what lets one in again (security.md, AC-06)."""
    admins = load_admins(db)
    others = select(Connection.id).where(Connection.id != row.id, Connection.version > 0).limit(1)
    if has_reachable_admin(admins.people.values(), admins.ways, now) or db.scalars(others).first() is not None:
        return None
    return "It is the last way in of your owners and admins, though it is off. Give them another one first."


def _domains(db: TenantSession, row: Connection, *, locks: bool) -> list[Domain]:
    theirs = select(Domain).where(Domain.connection_id == row.id).order_by(Domain.name).limit(_MOST)
    return list(db.scalars(theirs.with_for_update() if locks else theirs))


def _applications(db: TenantSession, row: Connection, *, locks: bool) -> list[Application]:
    """A list in a column is looked through here: no index has it, and a tenant has few applications."""
    every = select(Application).order_by(Application.name).limit(_MOST)
    found = db.scalars(every.with_for_update() if locks else every)
    return [one for one in found if row.key in one.accepted_connections]
