"""Mails that could not be delivered yet, or not at all: shown to the operator without their words, and tried again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_, update

from tenants.db import Database, PlatformSession
from tenants.outbox import LIFE, OutboxMail, PlatformMail
from tenants.tenants import Tenant

AT_MOST = 500
"""How many mails a list has, the newest first."""
_TABLES: tuple[Any, ...] = (OutboxMail.__table__, PlatformMail.__table__)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A mail that nobody has got: to whom, which message and why."""

    id: str
    tenant: str | None
    """Slug; None: the platform's own."""
    to_address: str
    message: str
    created_at: datetime
    tries: int
    next_try_at: datetime | None
    failed_at: datetime | None
    last_error: str


def undelivered(db: Database, now: datetime, *, is_given_up: bool = False) -> list[Undelivered]:
    """What waits and what was given up, newest first; or the latter alone."""
    with db.platform("mails that were not delivered are listed", now) as session:
        found = [mail for table in _TABLES for mail in _of(session, table, is_given_up)]
    return sorted(found, key=lambda mail: (mail.created_at, mail.id), reverse=True)[:AT_MOST]


def _of(session: PlatformSession, table: Any, is_given_up: bool) -> Iterator[Undelivered]:
    failed = table.c.failed_at.is_not(None)
    which = failed if is_given_up else failed | table.c.next_try_at.is_not(None)
    query = select(table).where(which).order_by(table.c.created_at.desc()).limit(AT_MOST)
    slugs = {row.id: row.slug for row in session.execute(select(Tenant.id, Tenant.slug))}
    for row in session.execute(query).mappings():
        yield Undelivered(
            id=row["id"],
            tenant=slugs.get(row.get("tenant_id")),
            to_address=row["to_address"],
            message=row["message"],
            created_at=row["created_at"],
            tries=row["tries"],
            next_try_at=row["next_try_at"],
            failed_at=row["failed_at"],
            last_error=row["last_error"],
        )


def retry(db: Database, mail_id: str, now: datetime) -> bool:
    """Have a mail that was given up sent at once. False: there is none, or it is too old to say anything."""
    # Not `tries`: each lease has a number that no other one had.
    values = {"next_try_at": now, "failed_at": None}
    with db.platform("a mail that was given up is sent again", now) as session:
        return any(
            session.execute(
                update(table)
                .where(table.c.id == mail_id, table.c.failed_at.is_not(None), table.c.created_at > now - LIFE)
                .values(values)
            ).rowcount  # type: ignore[attr-defined]  # an UPDATE has it
            for table in _TABLES
        )


def forget_facts(db: Database, now: datetime, batch: int) -> int:
    """Of mails that were refused and can't be sent again. Returns how many there were."""
    table: Any = OutboxMail.__table__
    key = tuple_(*table.primary_key.columns)
    over = (
        select(*table.primary_key.columns)
        .where(table.c.created_at <= now - LIFE, table.c.next_try_at.is_(None), table.c.content_sealed.is_not(None))
        .limit(batch)
    )
    with db.platform("facts of old mails are removed", now) as session:
        done = session.execute(update(table).where(key.in_(over)).values(content_sealed=None))
        return int(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE has it
