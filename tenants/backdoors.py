"""The back door: a tenant's unlisted admin sign-in and its credentials, which are rows of their own.

Nothing here is reached by a reset, by an invitation or by switching local sign-in off (requirements.md, T7, T9).
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, String, bindparam, delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.accounts import Account
from tenants.base import Base, TenantScoped
from tenants.statements import scoped

DOOR_ID = "door"
"""A tenant has one door at most, so its row has a fixed id."""


class Backdoor(TenantScoped, Base):
    """The one door of a tenant, id `door`; its secret path is kept as SHA-256 only."""

    __tablename__ = "backdoors"

    secret_hash: Mapped[str] = mapped_column(String(64))
    networks: Mapped[list[str]] = mapped_column(default=list)
    """Address ranges that it may be used from; empty: anywhere."""
    opened_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class DoorCredential(TenantScoped, Base):
    """A marked admin, and what they hold for the back door once they have set it up by the operator's one-time link."""

    __tablename__ = "door_credentials"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        Index("uq_door_credentials_account", "tenant_id", "account_id", unique=True),
        Index("uq_door_credentials_link_hash", "tenant_id", "link_hash", unique=True),
    )

    account_id: Mapped[str] = mapped_column(String(80))
    password_hash: Mapped[str | None]
    totp_sealed: Mapped[str | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    """The last accepted time step of the app: a code never works twice (RFC 6238, 5.2)."""
    link_hash: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of the token of the link that is good now; it goes together with the writing of the credentials."""
    link_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    set_up_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_drill_at: Mapped[datetime | None]
    """When they last proved that they get in: every sign-in by the door is such a proof."""


DOOR = scoped(select(Backdoor.secret_hash, Backdoor.networks).where(Backdoor.id == DOOR_ID))
DOOR_CREDENTIAL_OF_ADDRESS = scoped(
    select(
        Account.id.label("account_id"),
        Account.email,
        Account.name,
        Account.state,
        Account.role,
        Account.expires_at,
        DoorCredential.id.label("credential_id"),
        DoorCredential.password_hash,
        DoorCredential.totp_sealed,
        DoorCredential.last_step,
    )
    .join(
        DoorCredential,
        (DoorCredential.tenant_id == Account.tenant_id) & (DoorCredential.account_id == Account.id),
    )
    .where(Account.email_key == bindparam("email_key"))
)
SPEND_DOOR_STEP = scoped(
    update(DoorCredential)
    .where(
        DoorCredential.id == bindparam("credential_id"),
        or_(DoorCredential.last_step.is_(None), DoorCredential.last_step < bindparam("step")),
    )
    .values(last_step=bindparam("step"), last_used_at=bindparam("at"), last_drill_at=bindparam("at"))
)
"""One winner for each time step: the row count says whether this request was it."""
NOTE_DOOR_USE = scoped(update(Backdoor).where(Backdoor.id == DOOR_ID).values(last_used_at=bindparam("at")))
DOOR_LINK = scoped(
    select(DoorCredential.id, DoorCredential.account_id, DoorCredential.link_expires_at).where(
        DoorCredential.link_hash == bindparam("token_hash")
    )
)
SET_UP_DOOR_CREDENTIAL = scoped(
    update(DoorCredential)
    .where(
        DoorCredential.id == bindparam("credential_id"),
        DoorCredential.link_hash == bindparam("spent_hash"),
        DoorCredential.link_expires_at > bindparam("at"),
    )
    .values(
        link_hash=None,
        link_expires_at=None,
        password_hash=bindparam("new_hash"),
        totp_sealed=bindparam("new_seed"),
        last_step=bindparam("step"),
        set_up_at=bindparam("at"),
    )
)
"""Spends the link and writes what it was for in one step: exactly one set-up wins."""
DROP_DOOR_CREDENTIAL = scoped(delete(DoorCredential).where(DoorCredential.account_id == bindparam("account")))
