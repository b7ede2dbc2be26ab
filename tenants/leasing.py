"""Rows whose time has come, taken for one process: it moves them on before it does anything about them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, tuple_, update

from tenants.db import Database


def lease_rows(db: Database, model: Any, life: timedelta, batch: int, reason: str, now: datetime) -> Sequence[tuple[str, str]]:
    """Tenant and id of some rows of `model` that are due (`due_at`). Looks before it crosses tenants."""
    if not db.has_row(model, model.due_at <= now):
        return ()
    rows = model.__table__
    key, is_due = tuple_(rows.c.tenant_id, rows.c.id), rows.c.due_at <= now
    due = select(rows.c.tenant_id, rows.c.id).where(is_due).order_by(rows.c.due_at).limit(batch)
    # A subquery of its own might be asked once for each row, and find another batch each time.
    some = due.with_for_update(skip_locked=True).cte("batch")
    taken = (
        update(rows)
        .where(key.in_(select(some.c.tenant_id, some.c.id)), is_due)
        .values(due_at=now + life)
        .returning(rows.c.tenant_id, rows.c.id)
    )
    with db.platform(reason, now) as session:
        return [(row.tenant_id, row.id) for row in session.execute(taken)]
