"""Passkeys: public keys that an account's devices hold the private half of (Web Authentication, level 3)."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped


class Passkey(TenantScoped, Base):
    """One passkey. `credential_id` and `public_key` (COSE) are base64url, as the browser and the library give them."""

    __tablename__ = "passkeys"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        Index("uq_passkeys_credential_id", "tenant_id", "credential_id", unique=True),
        Index("ix_passkeys_account", "tenant_id", "account_id"),
    )

    account_id: Mapped[str] = mapped_column(String(80))
    credential_id: Mapped[str] = mapped_column(String(1400))
    public_key: Mapped[str]
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    """The authenticator's counter; one that goes back speaks of a copy (SF-08)."""
    aaguid: Mapped[str] = mapped_column(String(36), default="")
    transports: Mapped[list[str]] = mapped_column(default=list)
    is_synced: Mapped[bool] = mapped_column(default=False)
    """Whether a provider keeps it for all devices of the person."""
    label: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_address: Mapped[str | None] = mapped_column(String(45))
    use_count: Mapped[int] = mapped_column(default=0)
