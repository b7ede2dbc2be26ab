"""How each connection fares: last success, last failure with its cause, and what runs out when (requirements.md, U7)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Row, String, bindparam, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.causes import Cause
from tenants.connections import CONNECTION_STATE, Connection
from tenants.db import TenantSession
from tenants.statements import scoped, scoped_upsert

NOTED_EVERY = timedelta(minutes=1)
"""How often one process writes down that a connection works."""
AILING = 3
"""So many failures in a row are no accident."""
OF_THE_CONNECTION = frozenset(
    {
        Cause.UPSTREAM_UNREACHABLE,
        Cause.UPSTREAM_RESPONSE_INVALID,
        Cause.CONSENT_MISSING,
        Cause.CONNECTION_MISCONFIGURED,
    }
)
"""Causes that say something about a connection. What one person may not do says nothing about the others."""


class ConnectionHealth(TenantScoped, Base):
    """One row for each connection that was used; `id` is the connection's."""

    __tablename__ = "connection_health"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"),
    )

    last_success_at: Mapped[datetime | None]
    last_failure_at: Mapped[datetime | None]
    last_failure_cause: Mapped[str | None] = mapped_column(String(40))
    last_failure_detail: Mapped[str | None] = mapped_column(String(300))
    last_reference: Mapped[str | None] = mapped_column(String(9))
    failures: Mapped[int] = mapped_column(default=0)
    """Since the last success."""
    unproven: Mapped[int] = mapped_column(default=0, server_default="0")
    """Failures since then that only a browser has told of: anybody can forge those, so they count apart."""
    unproven_at: Mapped[datetime | None]
    unproven_detail: Mapped[str | None] = mapped_column(String(300))
    unproven_reference: Mapped[str | None] = mapped_column(String(9))


class SentNotice(TenantScoped, Base):
    """A warning that was mailed: the same one is not mailed again."""

    __tablename__ = "sent_notices"
    __table_args__ = (
        Index("uq_sent_notices_subject", "tenant_id", "subject", unique=True),
        Index("ix_sent_notices_sent_at", "sent_at"),
    )

    subject: Mapped[str] = mapped_column(String(200))
    """What it was about: connection, thing, its end, days before."""
    sent_at: Mapped[datetime]


_ROW = ConnectionHealth.__table__
_NOTE_SUCCESS = scoped_upsert(
    _ROW,
    ["id"],
    insert={"id": bindparam("connection"), "last_success_at": bindparam("now"), "failures": 0, "unproven": 0},
    update={"last_success_at": bindparam("now"), "failures": 0, "unproven": 0},
)
_NOTE_FAILURE = scoped_upsert(
    _ROW,
    ["id"],
    insert={
        "id": bindparam("connection"),
        "last_failure_at": bindparam("now"),
        "last_failure_cause": bindparam("why"),
        "last_failure_detail": bindparam("told"),
        "last_reference": bindparam("seen_as"),
        "failures": 1,
        "unproven": 0,
    },
    update={
        "last_failure_at": bindparam("now"),
        "last_failure_cause": bindparam("why"),
        "last_failure_detail": bindparam("told"),
        "last_reference": bindparam("seen_as"),
        "failures": _ROW.c.failures + 1,
    },
)
_NOTE_UNPROVEN = scoped_upsert(
    _ROW,
    ["id"],
    insert={
        "id": bindparam("connection"),
        "failures": 0,
        "unproven": 1,
        "unproven_at": bindparam("now"),
        "unproven_detail": bindparam("told"),
        "unproven_reference": bindparam("seen_as"),
    },
    update={
        "unproven": _ROW.c.unproven + 1,
        "unproven_at": bindparam("now"),
        "unproven_detail": bindparam("told"),
        "unproven_reference": bindparam("seen_as"),
    },
)
HEALTH = scoped(
    select(
        Connection.id,
        Connection.key,
        Connection.label,
        Connection.kind,
        Connection.is_enabled,
        Connection.version,
        Connection.is_file_managed,
        *(column for column in _ROW.c if column.name not in {"tenant_id", "id"}),
    )
    .select_from(Connection)
    .outerjoin(ConnectionHealth, (ConnectionHealth.id == Connection.id) & (ConnectionHealth.tenant_id == Connection.tenant_id))
    .order_by(Connection.position, Connection.key)
)
"""Every connection of the tenant, with what is known of its health."""
NOTICE = scoped(select(SentNotice.id).where(SentNotice.subject == bindparam("about")))
ADD_NOTICE = scoped(insert(SentNotice))


def note_success(session: TenantSession, connection_id: str, now: datetime) -> None:
    """Somebody signed in by it."""
    session.run(_NOTE_SUCCESS, connection=connection_id, now=now)


def note_failure(session: TenantSession, connection_id: str, cause: Cause, detail: str, reference: str, now: datetime) -> None:
    """It did not work, for a reason of `OF_THE_CONNECTION`. `detail` is one printable line."""
    # The reason may name a connection that was removed a moment ago.
    if session.one(CONNECTION_STATE, connection_id=connection_id) is not None:
        values = {"now": now, "why": cause.value, "told": detail[:300], "seen_as": reference}
        session.run(_NOTE_FAILURE, connection=connection_id, **values)


def note_unproven(session: TenantSession, connection_id: str, cause: Cause, detail: str, reference: str, now: datetime) -> None:
    """The same for what somebody's browser brought, and nobody has vouched for."""
    if session.one(CONNECTION_STATE, connection_id=connection_id) is not None:
        values = {"now": now, "told": f"{cause.value}: {detail}"[:300], "seen_as": reference}
        session.run(_NOTE_UNPROVEN, connection=connection_id, **values)


def is_ailing(row: Row[Any]) -> bool:
    """Has it failed several times since it last worked? `row` is one of HEALTH."""
    return (row.failures or 0) >= AILING
