"""Devices on which an account has signed in with its password: known, and perhaps trusted for a time.

A known device has a budget of tries of its own, so nobody can lock a person out of it from elsewhere (LC-03). A trusted
one is not asked for the second factor again, where the tenant's policy allows that.
"""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.accounts import Account
from tenants.base import Base, TenantScoped
from tenants.statements import scoped


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


_IS_ITS = Device.token_hash.in_(bindparam("tokens", expanding=True))
"""One of those that the browser showed: several people may share one."""
_IS_KNOWN = (_IS_ITS, Device.expires_at > bindparam("now"))
DEVICE_OF_ADDRESS = scoped(
    select(Device.id, Device.account_id, Device.trusted_until)
    .join(Account, (Account.tenant_id == Device.tenant_id) & (Account.id == Device.account_id))
    .where(Account.email_key == bindparam("email_key"), *_IS_KNOWN)
)
DEVICE_OF_ACCOUNT = scoped(
    select(Device.id, Device.account_id, Device.trusted_until).where(Device.account_id == bindparam("account"), *_IS_KNOWN)
)
SEE_DEVICE = scoped(
    update(Device)
    .where(Device.account_id == bindparam("account"), _IS_ITS)
    .values(
        last_seen_at=bindparam("now"),
        expires_at=bindparam("until"),
        address=bindparam("from_address"),
        user_agent=bindparam("agent"),
        trusted_until=func.coalesce(bindparam("trusted", type_=Device.trusted_until.type), Device.trusted_until),
    )
)
"""The row count says whether the device was known. `trusted` None leaves that as it was."""
ADD_DEVICE = scoped(insert(Device))
FORGET_DEVICES = scoped(delete(Device).where(Device.account_id == bindparam("account")))
"""With a password that was set anew and a reset of the factors: no device is known or trusted any more."""
