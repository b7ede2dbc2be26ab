"""The outbox: mails that wait to be sent, written in the transaction of what caused them (docs/decisions/0005-outbox.md).

A mail's words are made when it is sent; a row says which message it is. A mail of a tenant is a row of the tenant, with
the facts that its words need, sealed. A mail of the platform (the finder's) is a row of a platform table, without facts.

A row waits while `next_try_at` is set. Whoever sends takes a lease: one conditional UPDATE moves `next_try_at` on by
five minutes. A process that is killed meanwhile leaves a row that is due again then: nothing is lost, and only a kill
between the server's receipt and our note of it sends a mail twice.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, bindparam, insert, null, select, tuple_, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.audit import printable
from tenants.base import Base, TenantScoped
from tenants.db import Database, PlatformSession, TenantSession
from tenants.ids import new_id
from tenants.statements import scoped
from tenants.vault import Place, Vault

LEASE = timedelta(minutes=5)
BATCH = 10
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=12)
LIFE = timedelta(days=3)
"""An older mail is not sent any more: what it says has run out, or was asked for again."""


class WaitingMail:
    """The columns that both tables share."""

    to_address: Mapped[str] = mapped_column(String(254))
    message: Mapped[str] = mapped_column(String(40))
    """Which of the messages it is: `finder`, `invitation` …"""
    created_at: Mapped[datetime] = mapped_column(index=True)
    next_try_at: Mapped[datetime | None] = mapped_column(index=True)
    """None: it was sent, or given up."""
    tries: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(String(500), default="")


class OutboxMail(TenantScoped, WaitingMail, Base):
    """A mail of a tenant. Its facts hold codes and links, so they are sealed, and gone once it is sent or too old.

    Of one that was refused they stay for `LIFE`, so that it can be tried again (tenants/undelivered.py).
    """

    __tablename__ = "outbox"

    content_sealed: Mapped[str | None]


class PlatformMail(WaitingMail, Base):
    """A mail that belongs to no tenant. Nothing of a tenant may stand in it."""

    __tablename__ = "platform_outbox"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    language: Mapped[str | None] = mapped_column(String(35))
    """Of the page on which it was asked for."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A mail that this process, and no other, may send until its lease ends."""

    id: str
    tenant_id: str | None
    to_address: str
    message: str
    content_sealed: str | None
    created_at: datetime
    tries: int
    """Which lease this is: a process whose own has ended meanwhile settles nothing."""
    until: datetime
    language: str | None = None
    """For a mail of the platform: the one that it was asked for in."""


_OWN = OutboxMail.__table__
_ADD = scoped(insert(OutboxMail))
_MINE = (_OWN.c.id == bindparam("mail"), _OWN.c.tries == bindparam("lease"), _OWN.c.next_try_at.is_not(None))
_SETTLED: dict[str, Any] = {
    "next_try_at": bindparam("then"),
    "sent_at": bindparam("sent"),
    "failed_at": bindparam("failed"),
    "last_error": bindparam("error"),
}
_KEEP = scoped(update(OutboxMail).where(*_MINE).values(_SETTLED))
_END = scoped(update(OutboxMail).where(*_MINE).values(_SETTLED | {"content_sealed": null()}))


def add_mail(
    session: TenantSession, vault: Vault, to_address: str, message: str, facts: Mapping[str, str], now: datetime
) -> str:
    """Write a mail of this tenant into the caller's transaction: it is sent if, and only if, that commits. Returns its id."""
    mail_id = new_id("mai")
    place = Place(session.tenant_id, OutboxMail.__tablename__, "content_sealed", mail_id)
    session.run(
        _ADD,
        id=mail_id,
        to_address=to_address,
        message=message,
        content_sealed=vault.seal(json.dumps(dict(facts)), place),
        created_at=now,
        next_try_at=now,
        tries=0,
        last_error="",
    )
    return mail_id


def add_platform_mail(session: PlatformSession, to_address: str, message: str, now: datetime, language: str = "") -> str:
    """Write a mail of the platform into the caller's transaction. Returns its id."""
    mail_id = new_id("mai")
    known: dict[str, Any] = {"created_at": now, "next_try_at": now, "language": language or None}
    session.add(PlatformMail(id=mail_id, to_address=to_address, message=message, **known))
    return mail_id


def facts_of(mail: Leased, vault: Vault) -> dict[str, str]:
    """What the words of a tenant's mail are made of. Raises VaultError."""
    place = Place(mail.tenant_id or "", OutboxMail.__tablename__, "content_sealed", mail.id)
    facts: dict[str, str] = json.loads(vault.open(mail.content_sealed or "", place))
    return facts


def lease(db: Database, now: datetime) -> list[Leased]:
    """Some mails that are due, oldest first, for this process alone. Looks before it crosses tenants."""
    found: list[Leased] = []
    for model in (OutboxMail, PlatformMail):
        if db.has_row(model, model.next_try_at <= now):
            with db.platform("mail that is due is sent", now) as session:
                found += _lease(session, model, now)
    return found


def _lease(session: PlatformSession, model: type[OutboxMail] | type[PlatformMail], now: datetime) -> list[Leased]:
    table: Any = model.__table__
    key, is_due, until = tuple_(*table.primary_key.columns), table.c.next_try_at <= now, now + LEASE
    # Two processes at once take different rows; were they the same, the condition would hold for the first alone.
    due = select(*table.primary_key.columns).where(is_due).order_by(table.c.next_try_at).limit(BATCH)
    # A subquery of its own might be asked once for each row, and find another batch each time.
    batch = due.with_for_update(skip_locked=True).cte("batch")
    taken = (
        update(table)
        .where(key.in_(select(*batch.c)), is_due)
        .values(next_try_at=until, tries=table.c.tries + 1)
        .returning(*table.c)
    )
    rows = sorted(session.execute(taken).mappings().all(), key=lambda row: row["created_at"])
    return [
        Leased(
            id=row["id"],
            tenant_id=row.get("tenant_id"),
            to_address=row["to_address"],
            message=row["message"],
            content_sealed=row.get("content_sealed"),
            created_at=row["created_at"],
            tries=row["tries"],
            until=until,
            language=row.get("language"),
        )
        for row in rows
    ]


def note_sent(db: Database, mail: Leased, now: datetime) -> bool:
    """The server has it. False: the lease had ended, and another process has settled the mail."""
    return _settle(db, mail, now, sent=now)


def note_dropped(db: Database, mail: Leased, now: datetime) -> bool:
    """There is nothing to say to this address after all."""
    return _settle(db, mail, now)


def note_failed(db: Database, mail: Leased, error: str, now: datetime) -> bool:
    """It was refused for good: not tried again, unless somebody asks for that."""
    return _settle(db, mail, now, failed=now, error=error, keeps_facts=True)


def note_over(db: Database, mail: Leased, error: str, now: datetime) -> bool:
    """Its time is over, so that trying again would say nothing."""
    return _settle(db, mail, now, failed=now, error=error)


def put_off(db: Database, mail: Leased, error: str, now: datetime) -> bool:
    """Try it again later, or give it up where its time is over."""
    then = next_try(mail.created_at, mail.tries, now)
    return _settle(db, mail, now, then=then, failed=None if then else now, error=error, keeps_facts=then is not None)


def next_try(created_at: datetime, tries: int, now: datetime) -> datetime | None:
    """When to try again after so many tries: a minute, then twice as long each time, up to 12 hours. None: never. Pure."""
    pause = min(FIRST_PAUSE * 2 ** min(tries - 1, 20), LONGEST_PAUSE)
    return now + pause if now + pause < created_at + LIFE else None


def _settle(
    db: Database,
    mail: Leased,
    now: datetime,
    *,
    then: datetime | None = None,
    sent: datetime | None = None,
    failed: datetime | None = None,
    error: str = "",
    keeps_facts: bool = False,
) -> bool:
    values = {"then": then, "sent": sent, "failed": failed, "error": printable(error)}
    if mail.tenant_id is not None:
        with db.tenant(mail.tenant_id).writing() as session:
            return session.run(_KEEP if keeps_facts else _END, mail=mail.id, lease=mail.tries, **values) == 1
    table: Any = PlatformMail.__table__
    own = (table.c.id == mail.id, table.c.tries == mail.tries, table.c.next_try_at.is_not(None))
    with db.platform("a mail of the platform is settled", now) as platform:
        changed = platform.execute(update(table).where(*own).values(_SETTLED), values)
        return bool(changed.rowcount == 1)  # type: ignore[attr-defined]  # an UPDATE has it
