"""SAML metadata that is fetched: the last good copy, what was proposed, and who has fetched ours (SU-24)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.db import Database
from tenants.leasing import lease_rows
from tenants.statements import scoped

BATCH = 20
LEASE = timedelta(minutes=15)
"""So long nobody else asks an address that is being asked."""


class FetchedMetadata(TenantScoped, Base):
    """What a connection's metadata address last said; `id` is the connection's."""

    __tablename__ = "fetched_metadata"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"),
        Index("ix_fetched_metadata_due_at", "due_at"),
    )

    url: Mapped[str] = mapped_column(String(2000))
    document: Mapped[str | None]
    """The last good copy."""
    fetched_at: Mapped[datetime | None]
    checked_at: Mapped[datetime]
    """When it was last asked, or decided about: an answer to what was asked before that comes too late."""
    due_at: Mapped[datetime]
    """When it is asked next; whoever asks moves it on first."""
    failures: Mapped[int] = mapped_column(default=0)
    """In a row, for the pause between two tries."""
    fault: Mapped[str | None] = mapped_column(String(300))
    """What was wrong with the last try; None: nothing."""
    proposed: Mapped[str | None]
    """A copy that is not taken without an admin's word."""
    proposed_at: Mapped[datetime | None]
    proposed_why: Mapped[str | None] = mapped_column(String(300))
    rejected_mark: Mapped[str | None] = mapped_column(String(64))
    """What an admin has refused already: it is not proposed again."""


class MetadataReading(TenantScoped, Base):
    """Somebody has fetched our metadata for a connection while this key stood in it."""

    __tablename__ = "metadata_readings"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"),
        Index("uq_metadata_readings_key", "tenant_id", "connection_id", "kid", unique=True),
    )

    connection_id: Mapped[str] = mapped_column(String(80))
    kid: Mapped[str] = mapped_column(String(80))
    read_at: Mapped[datetime]
    address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(300))


_COPY: Any = FetchedMetadata.__table__
_READING: Any = MetadataReading.__table__
_AS_SEEN = (FetchedMetadata.id == bindparam("connection"), FetchedMetadata.checked_at == bindparam("seen_at"))
METADATA_OF = scoped(select(*_COPY.c).where(FetchedMetadata.id == bindparam("connection")))
FETCHED = scoped(select(_COPY.c.id, _COPY.c.url, _COPY.c.document).where(FetchedMetadata.document.is_not(None)))
ADD_METADATA = scoped(insert(FetchedMetadata))
CHANGE_METADATA = scoped(update(FetchedMetadata).where(*_AS_SEEN))
"""Sets the columns that it is run with, unless another process has asked, or an admin has decided, meanwhile."""
DELAY_METADATA = scoped(update(FetchedMetadata).where(FetchedMetadata.id == bindparam("connection")))
DECIDE_METADATA = scoped(
    update(FetchedMetadata)
    .where(FetchedMetadata.id == bindparam("connection"), FetchedMetadata.proposed_at == bindparam("shown_at"))
    .values(checked_at=bindparam("decided_at"))
)
"""An admin's word is about the very proposal that was shown, and no refresh that is under way undoes it."""
FORGET_METADATA = scoped(delete(FetchedMetadata).where(FetchedMetadata.id == bindparam("connection")))
READINGS = scoped(select(*_READING.c).where(MetadataReading.kid == bindparam("key_id")).order_by(MetadataReading.connection_id))
READING = scoped(
    select(MetadataReading.id).where(
        MetadataReading.connection_id == bindparam("connection"), MetadataReading.kid == bindparam("key_id")
    )
)
NOTE_READING = scoped(insert(MetadataReading))
"""Its failure is an answer too: somebody was there before."""


def lease_due(db: Database, now: datetime) -> Sequence[tuple[str, str]]:
    """Tenant and connection of some addresses that are due, for this process alone. Looks before it crosses tenants."""
    return lease_rows(db, FetchedMetadata, LEASE, BATCH, "metadata of identity providers is asked for", now)
