"""Links that wait for a proof: somebody came back from a provider, and an account with that address exists (OU-21, OU-22)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.statements import scoped


class PendingLink(TenantScoped, Base):
    """One subject that wants to belong to one account; bound to the browser that it came with, and good once."""

    __tablename__ = "pending_links"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"),
        Index("ix_pending_links_account", "tenant_id", "account_id"),
        Index("ix_pending_links_expires_at", "expires_at"),
    )

    transaction_hash: Mapped[str] = mapped_column(String(64))
    """Of the sign-in that it belongs to."""
    browser_hash: Mapped[str] = mapped_column(String(64))
    connection_id: Mapped[str] = mapped_column(String(80))
    connection_version: Mapped[int]
    account_id: Mapped[str] = mapped_column(String(80))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(254))
    proof: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the provider said: `proof`, as one entry of a sign-in's proofs; `is_owner`, whether it vouches for the address;
    and `profile`, as an identity keeps it."""
    session_sealed: Mapped[str | None]
    """What the session needs to know of the one there (broker/came_by.py)."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


_LINK = PendingLink.__table__
_OURS = (
    PendingLink.id == bindparam("link_id"),
    PendingLink.transaction_hash == bindparam("attempt"),
    PendingLink.browser_hash == bindparam("browser"),
    PendingLink.used_at.is_(None),
    PendingLink.expires_at > bindparam("now"),
)
ADD_LINK = scoped(insert(PendingLink))
PENDING_LINK = scoped(select(*_LINK.c).where(*_OURS))
"""In the attempt and the browser that it came with (OU-22)."""
SPEND_LINK = scoped(
    update(PendingLink).where(*_OURS, PendingLink.account_id == bindparam("of_account")).values(used_at=bindparam("now"))
)
"""Good once, for the account that was proven: the row count is the answer."""
DROP_LINK = scoped(update(PendingLink).where(*_OURS).values(used_at=bindparam("now")))
