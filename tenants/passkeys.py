"""Passkeys: public keys that an account's devices hold the private half of (Web Authentication, level 3)."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, String, bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.statements import scoped


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


PASSKEY_OF_CREDENTIAL = scoped(
    select(Passkey.id, Passkey.account_id, Passkey.public_key).where(Passkey.credential_id == bindparam("credential"))
)
PASSKEYS_OF_ACCOUNT = scoped(
    select(*Passkey.__table__.c)
    .where(Passkey.account_id == bindparam("account"))
    .order_by(Passkey.created_at, Passkey.id)
    .limit(100)
)
ADD_PASSKEY = scoped(insert(Passkey))
"""Its failure is the answer: the authenticator's key stands here already, whoever's it is."""
_IS_AHEAD = or_(
    Passkey.sign_count < bindparam("count"),
    # Authenticators that do not count say zero for ever (Web Authentication, 6.1.1).
    (Passkey.sign_count == 0) & (bindparam("count") == 0),
)
USE_PASSKEY = scoped(
    update(Passkey)
    .where(Passkey.id == bindparam("passkey_id"), _IS_AHEAD)
    .values(
        sign_count=bindparam("count"),
        is_synced=bindparam("synced"),
        last_used_at=bindparam("at"),
        last_address=bindparam("address"),
        use_count=Passkey.use_count + 1,
    )
)
"""One winner for each value of the counter: the row count says whether this answer was ahead of all before it."""
RENAME_PASSKEY = scoped(
    update(Passkey)
    .where(Passkey.id == bindparam("passkey_id"), Passkey.account_id == bindparam("account"))
    .values(label=bindparam("new_label"))
)
DROP_PASSKEY = scoped(delete(Passkey).where(Passkey.id == bindparam("passkey_id"), Passkey.account_id == bindparam("account")))
DROP_PASSKEYS_OF_ACCOUNT = scoped(delete(Passkey).where(Passkey.account_id == bindparam("account")))
