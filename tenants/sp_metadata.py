"""Metadata of service providers that is followed by its address: the last good copy, and what became of the last try.

The twin of tenants/saml_metadata.py. What a copy says is written into the application itself; the row here remembers
where it came from and when to ask again. `id` is the application's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.db import Database
from tenants.saml_metadata import BATCH, LEASE
from tenants.statements import scoped


class SpMetadata(TenantScoped, Base):
    """Where a service provider's metadata is, and what was last read there."""

    __tablename__ = "sp_metadata"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "id"], ["applications.tenant_id", "applications.id"], ondelete="CASCADE"),
        Index("ix_sp_metadata_due_at", "due_at"),
    )

    url: Mapped[str] = mapped_column(String(2000))
    document: Mapped[str]
    """The last good copy, which the application stands for."""
    fetched_at: Mapped[datetime]
    checked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """When it is asked next; whoever asks moves it on first."""
    failures: Mapped[int] = mapped_column(default=0)
    fault: Mapped[str | None] = mapped_column(String(300))
    """What was wrong with the last try; None: nothing."""
    proposed: Mapped[str | None]
    """A copy that is not taken without an admin's word."""
    proposed_at: Mapped[datetime | None]
    proposed_why: Mapped[str | None] = mapped_column(String(300))


_COPY: Any = SpMetadata.__table__
SP_METADATA_OF = scoped(select(*_COPY.c).where(SpMetadata.id == bindparam("application")))
ADD_SP_METADATA = scoped(insert(SpMetadata))
CHANGE_SP_METADATA = scoped(
    update(SpMetadata).where(SpMetadata.id == bindparam("application"), SpMetadata.checked_at == bindparam("seen_at"))
)
"""Sets the columns that it is run with, unless another process has asked, or an admin has decided, meanwhile."""
FORGET_SP_METADATA = scoped(delete(SpMetadata).where(SpMetadata.id == bindparam("application")))


def lease_due_sp(db: Database, now: datetime) -> Sequence[tuple[str, str]]:
    """Tenant and application of some addresses that are due, for this process alone. Looks before it crosses tenants."""
    if not db.has_row(SpMetadata, SpMetadata.due_at <= now):
        return ()
    key, is_due = tuple_(_COPY.c.tenant_id, _COPY.c.id), _COPY.c.due_at <= now
    due = select(_COPY.c.tenant_id, _COPY.c.id).where(is_due).order_by(_COPY.c.due_at).limit(BATCH)
    batch = due.with_for_update(skip_locked=True).cte("batch")
    taken = (
        update(_COPY)
        .where(key.in_(select(batch.c.tenant_id, batch.c.id)), is_due)
        .values(due_at=now + LEASE)
        .returning(_COPY.c.tenant_id, _COPY.c.id)
    )
    with db.platform("metadata of service providers is asked for", now) as session:
        return [(row.tenant_id, row.id) for row in session.execute(taken)]
