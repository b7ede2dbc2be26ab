"""Which second factors an account has: one read over its credentials and passkeys."""

from sqlalchemy import bindparam, case, func, select

from tenants.accounts import Account
from tenants.credentials import IS_FACTOR_OF_ACCOUNT, IS_PASSKEY_OF_ACCOUNT, Credential, CredentialKind
from tenants.passkeys import Passkey
from tenants.statements import scoped

_IS_TOTP = Credential.kind == CredentialKind.TOTP.value
_IS_CODE = Credential.kind == CredentialKind.RECOVERY_CODE.value
FACTORS_OF_ACCOUNT = scoped(
    select(
        Account.email,
        Account.role,
        Account.organization_id,
        Account.language,
        func.max(case((_IS_TOTP, 1), else_=0)).label("has_totp"),
        func.max(case((_IS_TOTP, Credential.last_used_at))).label("totp_used_at"),
        func.max(case((_IS_CODE, 1), else_=0)).label("has_recovery_code"),
        func.max(Passkey.id).label("passkey_id"),
        func.max(Passkey.last_used_at).label("passkey_used_at"),
    )
    .outerjoin(Credential, IS_FACTOR_OF_ACCOUNT)
    .outerjoin(Passkey, IS_PASSKEY_OF_ACCOUNT)
    .where(Account.id == bindparam("account"))
    .group_by(Account.id, Account.email, Account.role, Account.organization_id, Account.language)
)
"""Kinds, not counts; codes that were used up are none. When app and passkey were last used says which is asked first."""
