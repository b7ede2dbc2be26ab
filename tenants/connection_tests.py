"""Test sign-ins: a link that works once, and what came back, claim by claim. A test opens no session (AC-09)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.audit import Event, append
from tenants.base import Base, TenantScoped
from tenants.causes import Cause
from tenants.connection_versions import ConnectionVersion, VersionState, state_after_test
from tenants.connections import Connection
from tenants.db import TenantSession
from tenants.ids import digest, new_id, new_secret
from tenants.statements import scoped
from tenants.transactions import LoginTransaction
from tenants.version_keeping import find_version

TEST = "test"
"""Purpose of the attempt."""
LINK_LIFE = timedelta(minutes=30)
KEEP = timedelta(days=30)
"""What a test has shown is there for so long; it names a person."""


class ConnectionTest(TenantScoped, Base):
    """One test of one version of a connection. `result` is redacted: no token, no one-time value."""

    __tablename__ = "connection_tests"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"),
        Index("uq_connection_tests_token_hash", "tenant_id", "token_hash", unique=True),
        Index("ix_connection_tests_connection", "tenant_id", "connection_id", "created_at"),
        Index("ix_connection_tests_expires_at", "expires_at"),
    )

    connection_id: Mapped[str] = mapped_column(String(80))
    number: Mapped[int]
    """Of the version that is tested."""
    token_hash: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cause: Mapped[str | None] = mapped_column(String(40))
    """Why it failed; None beside a `finished_at`: it would have let somebody in."""
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)


_ROW = ConnectionTest.__table__
TEST_BY_TOKEN = scoped(select(*_ROW.c).where(ConnectionTest.token_hash == bindparam("token")))
TEST_BY_ID = scoped(select(*_ROW.c).where(ConnectionTest.id == bindparam("test_id")))
START_TEST = scoped(
    update(ConnectionTest)
    .where(
        ConnectionTest.token_hash == bindparam("token"),
        ConnectionTest.started_at.is_(None),
        ConnectionTest.expires_at > bindparam("now"),
    )
    .values(started_at=bindparam("now"))
    .returning(*_ROW.c)
)
"""A link is good for one test: the row is the answer."""
TEST_OF_ATTEMPT = scoped(
    select(*_ROW.c)
    .join(
        LoginTransaction,
        (LoginTransaction.tenant_id == ConnectionTest.tenant_id) & (LoginTransaction.test_id == ConnectionTest.id),
    )
    .where(
        LoginTransaction.id == bindparam("id_hash"),
        LoginTransaction.browser_hash == bindparam("browser"),
        LoginTransaction.expires_at > bindparam("now"),
    )
)
"""What a test has shown is for the browser that took it."""
_FINISH_TEST = scoped(
    update(ConnectionTest)
    .where(ConnectionTest.id == bindparam("test_id"), ConnectionTest.finished_at.is_(None))
    .values(finished_at=bindparam("now"), cause=bindparam("why"), result=bindparam("found"))
    .returning(*_ROW.c)
)


def begin_test(session: TenantSession, connection: Connection, number: int, by: str, now: datetime) -> tuple[str, datetime]:
    """A link for one test of a version: its token, which is kept nowhere, and until when it is good."""
    token, expires_at = new_secret(), now + LINK_LIFE
    session.add(
        ConnectionTest(
            id=new_id("tst"),
            connection_id=connection.id,
            number=number,
            token_hash=digest(token),
            made_by=by,
            created_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    return token, expires_at


def version_to_test(connection: Connection, versions: list[ConnectionVersion]) -> int:
    """The newest that waits to come into force, else the one that is."""
    waiting = (VersionState.DRAFT, VersionState.TESTED)
    newer = [one.number for one in versions if one.state in waiting and one.number > connection.version]
    return max(newer, default=connection.version)


def note_outcome(
    session: TenantSession, test_id: str, cause: Cause | None, result: Mapping[str, Any], reference: str, now: datetime
) -> None:
    """Write down what a test has shown: nothing else changes, but that a draft which passed counts as tested."""
    why = cause.value if cause else None
    row = session.one(_FINISH_TEST, test_id=test_id, now=now, why=why, found=dict(result))
    if row is None:
        return
    version = find_version(session, row.connection_id, row.number)
    if version is not None and cause is None:
        version.state = state_after_test(VersionState(version.state), passed=True).value
        version.tested_at = now
    detail = {"version": row.number, "by": row.made_by, "outcome": result.get("act", ""), "detail": result.get("detail", "")}
    append(
        session,
        Event.CONNECTION_TESTED,
        at=now,
        cause=why,
        reference=reference,
        connection_id=row.connection_id,
        detail=detail,
    )


def list_tests(session: TenantSession, connection: Connection, count: int) -> list[ConnectionTest]:
    """The newest tests of a connection."""
    ours = select(ConnectionTest).where(ConnectionTest.connection_id == connection.id)
    newest = ours.order_by(ConnectionTest.created_at.desc(), ConnectionTest.id).limit(count)
    return list(session.scalars(newest))


def has_passed(session: TenantSession, connection_id: str, number: int, by: str) -> bool:
    """Has this person tested this very version, and it worked (AC-09)? Their tests are known for thirty days."""
    wanted = (
        ConnectionTest.connection_id == connection_id,
        ConnectionTest.number == number,
        ConnectionTest.made_by == by,
        ConnectionTest.finished_at.is_not(None),
        ConnectionTest.cause.is_(None),
    )
    return session.scalars(select(ConnectionTest.id).where(*wanted).limit(1)).first() is not None
