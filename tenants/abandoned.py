"""Sign-ins that left for an identity provider and never came back: each leaves an audit row, once.

Nobody refused them, so nothing else tells of them; many of one connection mean that its provider turns people away. One
that began and went nowhere has no outcome to tell.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from tenants.audit import Event, append
from tenants.db import Database, TenantSession
from tenants.statements import scoped
from tenants.transactions import LoginTransaction

BATCH = 500
IS_AWAY = LoginTransaction.state_hash.is_not(None) & LoginTransaction.finished_at.is_(None)
"""A return takes the state away, and so does another way that is chosen; what ends an attempt sets its end."""
_TAKE_STATE = scoped(
    update(LoginTransaction)
    .where(LoginTransaction.id == bindparam("id_hash"), IS_AWAY)
    .values(state_hash=None, upstream_sealed=None)
    .returning(*LoginTransaction.__table__.c)
)
"""The row that comes back is ours to write about; whoever takes it second gets none."""


def note_abandoned(database: Database, now: datetime) -> int:
    """One batch of those whose time ended, tenant by tenant in short transactions. Returns how many there were."""
    is_over = IS_AWAY & (LoginTransaction.expires_at < now)
    if not database.has_row(LoginTransaction, is_over):
        return 0
    query = select(LoginTransaction.tenant_id, LoginTransaction.id).where(is_over).limit(BATCH)
    with database.platform("sign-ins that did not come back are looked for", now) as session:
        found = sorted((row.tenant_id, row.id) for row in session.execute(query))
    for tenant_id, keys in groupby(found, key=lambda one: one[0]):
        with database.tenant(tenant_id).writing() as mine:
            _note(mine, (key for _tenant, key in keys), now)
    return len(found)


def _note(session: TenantSession, keys: Iterable[str], now: datetime) -> None:
    for key in keys:
        row = session.one(_TAKE_STATE, id_hash=key)
        # A test has its own record.
        if row is not None and row.test_id is None:
            _append(session, row, now)


def _append(session: TenantSession, row: Row[Any], now: datetime) -> None:
    append(
        session,
        Event.LOGIN_ABANDONED,
        at=now,
        reference=row.reference,
        connection_id=row.connection_id,
        application_id=row.application_id,
        detail={"method": row.method, "email": row.email, "began": row.created_at.isoformat(timespec="seconds")},
    )
