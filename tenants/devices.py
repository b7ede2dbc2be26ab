"""Devices on which an account has signed in with its password: known, and perhaps trusted for a time.

A known device has a budget of tries of its own, so nobody can lock a person out of it from elsewhere (LC-03). A trusted
one is not asked for the second factor again, where the tenant's policy allows that.
"""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped


class Device(TenantScoped, Base):
    """One browser of one account; the cookie's value is kept as SHA-256 only."""

    __tablename__ = "devices"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        Index("uq_devices_token_hash", "tenant_id", "token_hash", unique=True),
        Index("ix_devices_account", "tenant_id", "account_id"),
        Index("ix_devices_expires_at", "expires_at"),
    )

    account_id: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    trusted_until: Mapped[datetime | None]
    """Until then the second factor is not asked here; None: it always is."""
