"""Set-up links: somebody of a customer's IT department configures one connection, and nothing else (requirements.md, C6)."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.audit import Event, append
from tenants.base import Base, TenantScoped
from tenants.connections import Connection
from tenants.db import TenantSession
from tenants.ids import digest, new_id, new_secret
from tenants.statements import scoped

LIFE = timedelta(days=7)
KEEP = timedelta(days=30)
"""How long one that is over is still listed."""
OPENED_EVERY = timedelta(hours=1)
MOST_SHOWN = 20
PREFIX = "sul"


class SetupLink(TenantScoped, Base):
    """One link. Its token is kept as SHA-256; what it does is noted under its id."""

    __tablename__ = "setup_links"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"),
        Index("uq_setup_links_token_hash", "tenant_id", "token_hash", unique=True),
        Index("ix_setup_links_connection", "tenant_id", "connection_id", "created_at"),
        Index("ix_setup_links_expires_at", "expires_at"),
    )

    connection_id: Mapped[str] = mapped_column(String(80))
    product: Mapped[str] = mapped_column(String(63))
    """Key of the assistant whose page it shows."""
    token_hash: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_opened_at: Mapped[datetime | None]
    last_saved_at: Mapped[datetime | None]


_ROW = SetupLink.__table__
_LIVE = (SetupLink.revoked_at.is_(None), SetupLink.expires_at > bindparam("now"))
LINK_BY_TOKEN = scoped(
    select(*_ROW.c, Connection.key.label("connection_key"), Connection.is_file_managed)
    .join(Connection, (Connection.id == SetupLink.connection_id) & (Connection.tenant_id == SetupLink.tenant_id))
    .where(SetupLink.token_hash == bindparam("token"), *_LIVE)
)
_NOTE_OPENED = scoped(
    update(SetupLink)
    .where(
        SetupLink.id == bindparam("link_id"),
        or_(SetupLink.last_opened_at.is_(None), SetupLink.last_opened_at < bindparam("before")),
    )
    .values(last_opened_at=bindparam("now"))
)
_NOTE_SAVED = scoped(
    update(SetupLink).where(SetupLink.id == bindparam("link_id"), *_LIVE).values(last_saved_at=bindparam("now"))
)
_REVOKE = scoped(
    update(SetupLink)
    .where(SetupLink.id == bindparam("link_id"), SetupLink.connection_id == bindparam("connection"), *_LIVE)
    .values(revoked_at=bindparam("now"))
)
LINKS_OF = scoped(
    select(*_ROW.c)
    .where(SetupLink.connection_id == bindparam("connection"))
    .order_by(SetupLink.created_at.desc(), SetupLink.id)
    .limit(MOST_SHOWN)
)


def make_link(session: TenantSession, connection: Connection, product: str, by: str, now: datetime) -> tuple[str, datetime]:
    """A link's token, which is kept nowhere, and until when it is good."""
    token, row_id, expires_at = new_secret(), new_id(PREFIX), now + LIFE
    session.add(
        SetupLink(
            id=row_id,
            connection_id=connection.id,
            product=product,
            token_hash=digest(token),
            made_by=by,
            created_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    _note(session, Event.SETUP_LINK_MADE, connection.id, row_id, by, now)
    return token, expires_at


def revoke_link(session: TenantSession, connection_id: str, link_id: str, by: str, now: datetime) -> bool:
    """It opens nothing from now on. False: there is no such link that was good."""
    if not session.run(_REVOKE, link_id=link_id, connection=connection_id, now=now):
        return False
    _note(session, Event.SETUP_LINK_REVOKED, connection_id, link_id, by, now)
    return True


def note_opened(session: TenantSession, connection_id: str, link_id: str, now: datetime) -> None:
    """Somebody has opened it; written down once an hour."""
    if session.run(_NOTE_OPENED, link_id=link_id, now=now, before=now - OPENED_EVERY):
        _note(session, Event.SETUP_LINK_OPENED, connection_id, link_id, link_id, now)


def take_save(session: TenantSession, link_id: str, now: datetime) -> bool:
    """May somebody save by it now? It may have been revoked a moment ago: the row count is the answer."""
    return bool(session.run(_NOTE_SAVED, link_id=link_id, now=now))


def _note(session: TenantSession, event: Event, connection_id: str, link_id: str, by: str, now: datetime) -> None:
    append(session, event, at=now, connection_id=connection_id, detail={"link": link_id, "by": by})
