"""Six-digit codes sent by mail: one at a time for each login transaction, good once and for five minutes.

A row is written whether or not there is an account behind the address, so that nothing depends on it (LC-04).
"""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped


class MailedCode(TenantScoped, Base):
    """The code of one attempt; `id` is the login transaction's, so a new code takes the place of the old one."""

    __tablename__ = "mailed_codes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        Index("ix_mailed_codes_expires_at", "expires_at"),
    )

    account_id: Mapped[str | None] = mapped_column(String(80))
    """None: the address has no account here; the row is there all the same."""
    purpose: Mapped[str] = mapped_column(String(20))
    """`first_login`, `reset` or `factor`."""
    code_hash: Mapped[str] = mapped_column(String(64))
    """A keyed hash: six digits could be found from a plain one."""
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
