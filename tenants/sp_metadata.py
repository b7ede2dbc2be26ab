"""Metadata of service providers that is followed by its address: the last good copy, and what became of the last try.

The twin of tenants/saml_metadata.py. What a copy says is written into the application itself; the row here remembers
where it came from and when to ask again. `id` is the application's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.db import Database
from tenants.leasing import lease_rows
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
    return lease_rows(db, SpMetadata, LEASE, BATCH, "metadata of service providers is asked for", now)
