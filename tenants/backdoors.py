"""The back door: a tenant's unlisted admin sign-in and its credentials, which are rows of their own."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped


class Backdoor(TenantScoped, Base):
    """The one door of a tenant, id `door`; its secret path is kept as SHA-256 only."""

    __tablename__ = "backdoors"

    secret_hash: Mapped[str] = mapped_column(String(64))
    networks: Mapped[list[str]] = mapped_column(default=list)
    opened_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class DoorCredential(TenantScoped, Base):
    """What one marked admin holds for the back door: never touched by ordinary reset or by T9's deletion."""

    __tablename__ = "door_credentials"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
    )

    account_id: Mapped[str] = mapped_column(String(80))
    password_hash: Mapped[str | None]
    totp_sealed: Mapped[str | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_drill_at: Mapped[datetime | None]
