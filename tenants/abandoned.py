"""Sign-ins that came to no end: each leaves an audit row, once, that says where it stopped.

Nobody refused them, so nothing else tells of them. Many that left for a provider and did not return mean that it turns people
away. Who only opened the first page, of no application's accord, has not begun anything.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from tenants.audit import EVENTS_BY_REFERENCE, Event, append
from tenants.db import Database, TenantSession
from tenants.statements import scoped
from tenants.transactions import LoginTransaction
from tenants.ways import LOCAL

BATCH = 500
IS_OPEN = LoginTransaction.finished_at.is_(None)
"""What ends an attempt sets its end."""
_IS_AWAY = LoginTransaction.state_hash.is_not(None)
"""A return takes the state away, and so does another way that is chosen."""
_END = scoped(
    update(LoginTransaction)
    .where(LoginTransaction.id == bindparam("id_hash"), IS_OPEN)
    .values(finished_at=bindparam("now"), state_hash=None, upstream_sealed=None, pending_sealed=None)
    .returning(*LoginTransaction.__table__.c)
)
"""The row that comes back is ours to write about; whoever takes it second gets none."""


def note_abandoned(database: Database, now: datetime) -> int:
    """One batch of those whose time ended, tenant by tenant in short transactions. Returns how many there were."""
    is_over = IS_OPEN & (LoginTransaction.expires_at < now)
    if not database.has_row(LoginTransaction, is_over):
        return 0
    query = select(LoginTransaction.tenant_id, LoginTransaction.id, _IS_AWAY.label("is_away")).where(is_over).limit(BATCH)
    with database.platform("sign-ins that came to no end are looked for", now) as session:
        found = sorted((row.tenant_id, row.id, bool(row.is_away)) for row in session.execute(query))
    for tenant_id, rows in groupby(found, key=lambda one: one[0]):
        with database.tenant(tenant_id).writing() as mine:
            _note(mine, ((key, is_away) for _tenant, key, is_away in rows), now)
    return len(found)


def _note(session: TenantSession, keys: Iterable[tuple[str, bool]], now: datetime) -> None:
    for key, is_away in keys:
        row = session.one(_END, id_hash=key, now=now)
        if row is not None and _is_to_tell(session, row, is_away):
            _append(session, row, _stopped_at(row, is_away), now)


def _is_to_tell(session: TenantSession, row: Row[Any], is_away: bool) -> bool:
    """A test has its own record, and who was refused was told of then."""
    if row.test_id is not None or row.purpose != "sign_in":
        return False
    if is_away:
        return True
    has_begun = row.application_id or row.email or row.method
    return bool(has_begun) and not any(event.cause for event in session.all(EVENTS_BY_REFERENCE, reference=row.reference))


def _stopped_at(row: Row[Any], is_away: bool) -> str:
    if is_away:
        return "the provider"
    if row.proofs:
        return "the step after the first proof"
    if row.method == LOCAL and row.email:
        return "the password"
    return "the choice of a way" if row.email else "the first page"


def _append(session: TenantSession, row: Row[Any], stopped_at: str, now: datetime) -> None:
    append(
        session,
        Event.LOGIN_ABANDONED,
        at=now,
        reference=row.reference,
        connection_id=row.connection_id,
        application_id=row.application_id,
        detail={
            "method": row.method,
            "email": row.email,
            "began": row.created_at.isoformat(timespec="seconds"),
            "stopped at": stopped_at,
        },
    )
