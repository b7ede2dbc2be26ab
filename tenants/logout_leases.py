"""For the worker: sessions whose end is still to be passed on, and deliveries that are due, across tenants."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, tuple_, update

from tenants.db import Database
from tenants.logouts import LogoutDelivery
from tenants.sessions import BrowserSession

BATCH = 20
LEASE = timedelta(minutes=1)
"""Longer than all that are leased together may take. A process that is killed meanwhile leaves a delivery that is due again
then; an application may be told twice."""

_ROW: Any = LogoutDelivery.__table__
_SESSION: Any = BrowserSession.__table__


@dataclass(frozen=True, slots=True)
class Leased:
    """A delivery that this process, and no other, makes until its lease ends."""

    id: str
    tenant_id: str
    application_id: str
    session_id: str
    account_id: str
    channel: str
    facts: dict[str, Any]
    created_at: datetime
    tries: int


def ended_sessions(db: Database, now: datetime) -> list[tuple[str, str]]:
    """Tenant and id of some sessions that are over, and whose applications have not been told. Looks before it crosses
    tenants."""
    found: list[tuple[str, str]] = []
    for is_over in (_SESSION.c.ended_at.is_not(None), _SESSION.c.expires_at <= now):
        condition = _SESSION.c.told_at.is_(None) & is_over
        if db.has_row(BrowserSession, condition):
            with db.platform("the end of sessions is passed on", now) as platform:
                rows = platform.execute(select(_SESSION.c.tenant_id, _SESSION.c.id).where(condition).limit(BATCH))
                found += [(row.tenant_id, row.id) for row in rows]
    return list(dict.fromkeys(found))


def lease(db: Database, channels: Collection[str], now: datetime, limit: int) -> list[Leased]:
    """Up to `limit` deliveries that are due by these channels, oldest first."""
    is_due = (_ROW.c.next_try_at <= now) & or_(*(_ROW.c.channel == channel for channel in channels))
    if not db.has_row(LogoutDelivery, is_due):
        return []
    keys = _ROW.primary_key.columns
    due = select(*keys).where(is_due).order_by(_ROW.c.next_try_at).limit(limit)
    batch = due.with_for_update(skip_locked=True).cte("batch")
    taken = (
        update(_ROW)
        .where(tuple_(*keys).in_(select(*batch.c)), is_due)
        .values(next_try_at=now + LEASE, tries=_ROW.c.tries + 1)
        .returning(*_ROW.c)
    )
    with db.platform("applications are told that a session is over", now) as platform:
        rows: Sequence[Any] = platform.execute(taken).all()
    return [
        Leased(
            id=row.id,
            tenant_id=row.tenant_id,
            application_id=row.application_id,
            session_id=row.session_id,
            account_id=row.account_id,
            channel=row.channel,
            facts=dict(row.facts),
            created_at=row.created_at,
            tries=row.tries,
        )
        for row in sorted(rows, key=lambda row: row.created_at)
    ]
