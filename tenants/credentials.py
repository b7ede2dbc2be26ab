"""Credentials: what an account holds for local sign-in. The back door's own stand in tenants/backdoors.py."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, String, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.accounts import Account
from tenants.base import Base, TenantScoped
from tenants.passkeys import Passkey
from tenants.statements import scoped


class CredentialKind(StrEnum):
    """What a credential is."""

    PASSWORD = "password"
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"


class Credential(TenantScoped, Base):
    """One credential. `secret_hash` for passwords (argon2id), `secret_sealed` for seeds that must be read again."""

    __tablename__ = "credentials"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        Index("ix_credentials_account", "tenant_id", "account_id", "kind"),
    )

    account_id: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(100), default="")
    secret_hash: Mapped[str | None]
    secret_sealed: Mapped[str | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    """The last accepted time step of an authenticator app: a code never works twice (RFC 6238, 5.2)."""
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_address: Mapped[str | None] = mapped_column(String(45))
    use_count: Mapped[int] = mapped_column(default=0)
    compromised_at: Mapped[datetime | None]
    """When a password was first found in a leak at a sign-in."""


PASSWORD_OF_ADDRESS = scoped(
    select(
        Account.id.label("account_id"),
        Account.email,
        Account.email_key,
        Account.name,
        Account.state,
        Account.expires_at,
        Account.is_local_enabled,
        Account.role,
        Account.organization_id,
        Credential.id.label("credential_id"),
        Credential.secret_hash,
        Credential.last_used_at,
        Credential.compromised_at,
    )
    .outerjoin(
        Credential,
        (Credential.tenant_id == Account.tenant_id)
        & (Credential.account_id == Account.id)
        & (Credential.kind == CredentialKind.PASSWORD.value),
    )
    .where(Account.email_key == bindparam("email_key"))
)
TOTP_OF_ACCOUNT = scoped(
    select(Credential.id, Credential.secret_sealed, Credential.last_step)
    .where(Credential.account_id == bindparam("account_id"), Credential.kind == CredentialKind.TOTP.value)
    .limit(1)
)
SPEND_TOTP_STEP = scoped(
    update(Credential)
    .where(
        Credential.id == bindparam("credential_id"),
        or_(Credential.last_step.is_(None), Credential.last_step < bindparam("step")),
    )
    .values(
        last_step=bindparam("step"),
        last_used_at=bindparam("at"),
        last_address=bindparam("address"),
        use_count=Credential.use_count + 1,
    )
)
"""One winner for each time step: the row count says whether this request was it."""
NOTE_PASSWORD_USE = scoped(
    update(Credential)
    .where(Credential.id == bindparam("credential_id"))
    .values(last_used_at=bindparam("at"), last_address=bindparam("address"), use_count=Credential.use_count + 1)
)
SPEND_RECOVERY_CODE = scoped(
    update(Credential)
    .where(
        Credential.account_id == bindparam("account"),
        Credential.kind == CredentialKind.RECOVERY_CODE.value,
        Credential.secret_hash == bindparam("code_hash"),
        Credential.last_used_at.is_(None),
    )
    .values(last_used_at=bindparam("at"), last_address=bindparam("address"), use_count=Credential.use_count + 1)
)
"""One winner for each code: the row count says whether this request was it."""
RECOVERY_CODES_LEFT = scoped(
    select(Credential.id)
    .where(
        Credential.account_id == bindparam("account"),
        Credential.kind == CredentialKind.RECOVERY_CODE.value,
        Credential.last_used_at.is_(None),
    )
    .limit(100)
)
DROP_CREDENTIALS_OF_KIND = scoped(
    delete(Credential).where(Credential.account_id == bindparam("account"), Credential.kind == bindparam("which"))
)
STORE_REHASH = scoped(
    update(Credential)
    .where(Credential.id == bindparam("credential_id"), Credential.secret_hash == bindparam("old_hash"))
    .values(secret_hash=bindparam("new_hash"))
)
MARK_COMPROMISED = scoped(
    update(Credential)
    .where(
        Credential.id == bindparam("credential_id"),
        Credential.secret_hash == bindparam("found_hash"),
        Credential.compromised_at.is_(None),
    )
    .values(compromised_at=bindparam("at"))
)
"""Its row count says whether this is the first time that this password was found."""
FACTS_OF_ACCOUNT = (
    Account.id,
    Account.email,
    Account.email_key,
    Account.name,
    Account.given_name,
    Account.family_name,
    Account.state,
    Account.created_at,
    Account.invited_at,
    Account.activated_at,
    Account.last_login_at,
    Account.state_changed_at,
    Account.expires_at,
    Account.is_local_enabled,
    Account.is_email_verified,
    Account.role,
    Account.organization_id,
    Account.language,
    Credential.id.label("factor_id"),
    Passkey.id.label("passkey_id"),
)
IS_FACTOR_OF_ACCOUNT = (
    (Credential.tenant_id == Account.tenant_id)
    & (Credential.account_id == Account.id)
    & or_(
        Credential.kind == CredentialKind.TOTP.value,
        and_(Credential.kind == CredentialKind.RECOVERY_CODE.value, Credential.last_used_at.is_(None)),
    )
)
IS_PASSKEY_OF_ACCOUNT = (Passkey.tenant_id == Account.tenant_id) & (Passkey.account_id == Account.id)
ACCOUNT_FACTS = scoped(
    select(*FACTS_OF_ACCOUNT)
    .outerjoin(Credential, IS_FACTOR_OF_ACCOUNT)
    .outerjoin(Passkey, IS_PASSKEY_OF_ACCOUNT)
    .where(Account.id == bindparam("account"))
    .limit(1)
)
"""What admission asks of an account, with one of its second factors and one of its passkeys, if there is any."""
DROP_LOCAL_CREDENTIALS = scoped(delete(Credential).where(Credential.account_id == bindparam("account")))
ADD_CREDENTIAL = scoped(insert(Credential))
