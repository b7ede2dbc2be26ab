"""Identities: an account's link to one upstream subject. Keyed by (connection, issuer, subject), never by e-mail."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, Index, String, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.accounts import Account
from tenants.base import Base, TenantScoped
from tenants.connections import Connection
from tenants.credentials import FACTS_OF_ACCOUNT, IS_FACTOR_OF_ACCOUNT, IS_PASSKEY_OF_ACCOUNT, Credential
from tenants.passkeys import Passkey
from tenants.statements import scoped


class Identity(TenantScoped, Base):
    """One upstream subject that is one account here, with its own record of use."""

    __tablename__ = "identities"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"),
        Index("uq_identities_subject", "tenant_id", "connection_id", "issuer", "subject", unique=True),
        Index("ix_identities_account", "tenant_id", "account_id"),
    )

    account_id: Mapped[str] = mapped_column(String(80))
    connection_id: Mapped[str] = mapped_column(String(80))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(254))
    profile: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the provider said last: `groups` (absent: unknown), what they were worth here (`given`), `position`, `phone`."""
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]
    last_address: Mapped[str | None] = mapped_column(String(45))
    login_count: Mapped[int] = mapped_column(default=0)
    linked_by: Mapped[str | None] = mapped_column(String(63))
    """Where the account was proven for this link, by which way: `local`, or a connection's key."""


IDENTITY_AND_ACCOUNT = scoped(
    select(
        Identity.id.label("identity_id"),
        Identity.profile,
        Identity.linked_by,
        Connection.is_enabled.label("connection_is_enabled"),
        Connection.version.label("connection_version"),
        *FACTS_OF_ACCOUNT,
    )
    .join(Connection, (Connection.tenant_id == Identity.tenant_id) & (Connection.id == Identity.connection_id))
    .join(Account, (Account.tenant_id == Identity.tenant_id) & (Account.id == Identity.account_id))
    .outerjoin(Credential, IS_FACTOR_OF_ACCOUNT)
    .outerjoin(Passkey, IS_PASSKEY_OF_ACCOUNT)
    .where(
        Identity.connection_id == bindparam("connection_id"),
        Identity.issuer == bindparam("issuer"),
        Identity.subject == bindparam("subject"),
    )
    .limit(1)
)
"""Whose identity this is, with all that admission asks of the account, and whether the connection is on now."""
SUBJECT_OF_ACCOUNT = scoped(
    select(Identity.id)
    .where(Identity.account_id == bindparam("account_id"), Identity.connection_id == bindparam("connection_id"))
    .limit(1)
)
IDENTITY_IS_THERE = scoped(select(Identity.id).where(Identity.id == bindparam("identity")))
ADD_IDENTITY = scoped(insert(Identity))
NOTE_IDENTITY_USE = scoped(
    update(Identity)
    .where(Identity.id == bindparam("identity"))
    .values(last_login_at=bindparam("at"), last_address=bindparam("from_address"), login_count=Identity.login_count + 1)
)
REFRESH_PROFILE = scoped(
    update(Account)
    .where(Account.id == bindparam("account"))
    .values(
        name=bindparam("new_name"),
        name_key=bindparam("new_name_key"),
        surname_key=bindparam("new_surname_key"),
        given_name=bindparam("new_given_name"),
        family_name=bindparam("new_family_name"),
    )
)
"""Profile refresh at every sign-in (requirements.md, U6); the address itself is not changed by a provider."""
KEEP_PROFILE = scoped(
    update(Identity).where(Identity.id == bindparam("identity")).values(profile=bindparam("new_profile", type_=JSON))
)
