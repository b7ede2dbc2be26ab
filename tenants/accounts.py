"""Accounts: people, and externals, as this tenant knows them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    ForeignKeyConstraint,
    Index,
    String,
    bindparam,
    case,
    column,
    event,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped, sorted_text
from tenants.search_keys import domain_of, name_key, surname_key
from tenants.statements import scoped


class AccountState(StrEnum):
    """The life cycle of an account (requirements.md, A1). `expired` follows from `expires_at` as well."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"
    DEACTIVATED = "deactivated"
    INACTIVE = "inactive"
    EXPIRED = "expired"
    DELETED = "deleted"


ADMIN_ROLES = frozenset({"owner", "admin"})
"""Who may configure the tenant, and go through its back door."""


def _role_of_row(context: Any) -> str | None:
    """A new account's role is its own."""
    role: str | None = context.get_current_parameters().get("role")
    return role


def _name_key_of_row(context: Any) -> str:
    return name_key(context.get_current_parameters().get("name") or "")


def _surname_key_of_row(context: Any) -> str:
    return surname_key(context.get_current_parameters().get("name") or "")


def _domain_of_row(context: Any) -> str:
    return domain_of(context.get_current_parameters().get("email_key") or "")


class Account(TenantScoped, Base):
    """A person here. `id` is what applications get as `sub`; the address may change, the id never does."""

    __tablename__ = "accounts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "organization_id"], ["organizations.tenant_id", "organizations.id"]),
        Index("uq_accounts_email_key", "tenant_id", "email_key", unique=True),
        # For the finder, which knows no tenant.
        Index("ix_accounts_email_key", "email_key"),
        # For the users table: what is searched, and what it is sorted and narrowed by.
        Index("ix_accounts_name", "tenant_id", "name_key", "id"),
        Index("ix_accounts_surname", "tenant_id", "surname_key", "id"),
        Index("ix_accounts_domain", "tenant_id", "email_domain", "id"),
        Index("ix_accounts_last_login", "tenant_id", "last_login_at", "id"),
        Index("ix_accounts_created", "tenant_id", "created_at", "id"),
        Index("ix_accounts_state", "tenant_id", "state", "id"),
        Index("ix_accounts_organization", "tenant_id", "organization_id", "id"),
        *(
            Index(f"ix_accounts_{name}", "tenant_id", *keys, sqlite_where=those, postgresql_where=those)
            for name, keys, those in (
                ("role", ("role", "id"), column("role").is_not(None)),
                ("local", ("id",), column("is_local_enabled", Boolean).is_(True)),
                ("end", ("expires_at", "id"), column("expires_at").is_not(None)),
            )
        ),
    )

    organization_id: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(sorted_text(254))
    """The address as it is looked up: normalised by tenants/addresses.py."""
    is_email_verified: Mapped[bool] = mapped_column(default=False)
    """True only after a mailed code or link, or where the provider owns the domain (requirements.md, T4)."""
    name: Mapped[str] = mapped_column(String(200), default="")
    name_key: Mapped[str] = mapped_column(sorted_text(200), default=_name_key_of_row, nullable=True)
    """`name`, `surname_key` and `email_domain` as they are searched: see tenants/search_keys.py."""
    surname_key: Mapped[str] = mapped_column(sorted_text(200), default=_surname_key_of_row, nullable=True)
    email_domain: Mapped[str] = mapped_column(sorted_text(254), default=_domain_of_row, nullable=True)
    given_name: Mapped[str] = mapped_column(String(100), default="")
    family_name: Mapped[str] = mapped_column(String(100), default="")
    state: Mapped[str] = mapped_column(String(20), default=AccountState.INVITED.value)
    is_local_enabled: Mapped[bool] = mapped_column(default=False)
    role: Mapped[str | None] = mapped_column(String(20))
    """None for ordinary people; `owner`, `admin`, `helpdesk`, `auditor` for those who configure: the stronger of
    `own_role` and what connections have granted (tenants/grants.py)."""
    own_role: Mapped[str | None] = mapped_column(String(20), default=_role_of_row)
    """What was given here: by file, by command or in the console."""
    admin_organization_id: Mapped[str | None] = mapped_column(String(80))
    """The part of the tenant that a role is for: this organization and those below it. None: the whole tenant (T8)."""
    expires_at: Mapped[datetime | None]
    is_file_managed: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str | None] = mapped_column(String(35))
    """In which mails are written to it: of its last choice or sign-in, or as whoever invited it said. None: the tenant's."""
    created_at: Mapped[datetime]
    invited_at: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    state_changed_at: Mapped[datetime | None]
    """When `state` became what it is; a reactivation counts as use from then on (A2)."""
    factors_reset_at: Mapped[datetime | None]
    """When its second factors were last reset, by whomever (requirements.md, L8)."""
    warned_at: Mapped[datetime | None]
    warned_of: Mapped[str | None] = mapped_column(String(20))
    """What the last warning was about: `activation`, `disuse` or `expiry` (A4)."""


@event.listens_for(Account.name, "set")
def _keep_name_keys(account: Account, value: str, _before: object, _initiator: object) -> None:
    account.name_key, account.surname_key = name_key(value), surname_key(value)


@event.listens_for(Account.email_key, "set")
def _keep_domain(account: Account, value: str, _before: object, _initiator: object) -> None:
    account.email_domain = domain_of(value)


class Grant(TenantScoped, Base):
    """A group, a role or an application of an account, with the source that gave it: a sign-in replaces only what its
    source gave."""

    __tablename__ = "grants"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        Index("uq_grants_value", "tenant_id", "account_id", "kind", "value", "source", unique=True),
        Index("ix_grants_value", "tenant_id", "kind", "value"),
    )

    account_id: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(20))
    value: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(80))


GROUPS_OF_ACCOUNT = scoped(
    select(Grant.value)
    .where(Grant.account_id == bindparam("account_id"), Grant.kind == "group")
    .distinct()
    .order_by(Grant.value)
    .limit(1000)
)
ACCOUNT_BY_ADDRESS = scoped(
    select(Account.id, Account.email, Account.state, Account.expires_at).where(Account.email_key == bindparam("email_key"))
)
LOCK_ACCOUNT = scoped(select(Account.id).where(Account.id == bindparam("account")).with_for_update())
"""Whoever changes several rows of an account as one goes through here: two of them follow each other on PostgreSQL."""
ANY_ACCOUNT = scoped(select(Account.id).limit(1))
"""Whether there is anybody; how many is never counted for a page."""
ADD_ACCOUNT = scoped(insert(Account))
NOTE_SIGN_IN = scoped(
    update(Account)
    .where(Account.id == bindparam("account"))
    .values(
        last_login_at=bindparam("at"),
        # A first sign-in at a connection accepts the invitation.
        activated_at=case((Account.state == "invited", bindparam("at")), else_=Account.activated_at),
        state_changed_at=case((Account.state == "invited", bindparam("at")), else_=Account.state_changed_at),
        state=case((Account.state == "invited", bindparam("active")), else_=Account.state),
        language=func.coalesce(bindparam("speaks", type_=String), Account.language),
    )
)
"""`speaks`: in which language; None: as before."""
SPEAK = scoped(update(Account).where(Account.id == bindparam("account")).values(language=bindparam("speaks")))
"""Its person chose a language."""
ACTIVATE_ACCOUNT = scoped(
    update(Account)
    .where(
        Account.id == bindparam("account"),
        Account.state.in_((AccountState.INVITED.value, AccountState.ACTIVE.value)),
    )
    .values(
        state=bindparam("active"),
        activated_at=case((Account.state == "invited", bindparam("at")), else_=Account.activated_at),
        state_changed_at=case((Account.state == "invited", bindparam("at")), else_=Account.state_changed_at),
        is_email_verified=or_(Account.is_email_verified, bindparam("has_answered_mail", type_=Boolean)),
    )
)
"""Not of an account that was switched off while somebody set it up: the row count says so (IR-07). One that is active
stays as it is."""
