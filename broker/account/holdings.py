"""What an account holds to sign in with, and what of it may be taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from sqlalchemy import Row

from broker.factors import passkey
from broker.session import SignedIn
from tenants.causes import Cause, Refusal
from tenants.credentials import CredentialKind
from tenants.db import TenantSession
from tenants.own import OWN_ACCOUNT, OWN_CREDENTIALS
from tenants.passkeys import PASSKEYS_OF_ACCOUNT


@dataclass(frozen=True, slots=True)
class Holdings:
    """`account` is a row of OWN_ACCOUNT, `password` and `app` rows of OWN_CREDENTIALS, `passkeys` of PASSKEYS_OF_ACCOUNT."""

    account: Any
    password: Any
    app: Any
    passkeys: Sequence[Any]
    codes_left: int
    codes_made_at: datetime | None
    is_local: bool
    """May this account sign in with e-mail and password (L10)?"""
    are_passkeys_offered: bool

    @property
    def has_password(self) -> bool:
        return self.password is not None

    @property
    def has_factors(self) -> bool:
        """Is there anything that a reset would take away?"""
        return self.app is not None or bool(self.passkeys) or self.codes_made_at is not None

    @property
    def may_lose_app(self) -> bool:
        """A password is never without a second factor; recovery codes run out, so they are none (SF-10).

        Nor are passkeys one where policy lets nobody use them.
        """
        return not self.has_password or (self.are_passkeys_offered and bool(self.passkeys))

    @property
    def may_lose_passkey(self) -> bool:
        return not self.has_password or self.app is not None or len(self.passkeys) > 1


def held_by(db: TenantSession, account_id: str) -> Holdings:
    """Three statements. Raises Refusal(ACCOUNT_UNKNOWN) where the account was removed meanwhile."""
    account = db.one(OWN_ACCOUNT, account=account_id)
    if account is None:
        raise Refusal(Cause.ACCOUNT_UNKNOWN, "the account was removed meanwhile")
    policy = g.tenant.policy_for(account.organization_id)
    rows = db.all(OWN_CREDENTIALS, account=account_id)
    codes = [row for row in rows if row.kind == CredentialKind.RECOVERY_CODE]
    return Holdings(
        account=account,
        password=_first(rows, CredentialKind.PASSWORD),
        app=_first(rows, CredentialKind.TOTP),
        passkeys=db.all(PASSKEYS_OF_ACCOUNT, account=account_id),
        codes_left=sum(row.last_used_at is None for row in codes),
        codes_made_at=codes[0].created_at if codes else None,
        is_local=bool(policy.local_enabled and account.is_local_enabled),
        are_passkeys_offered=bool(account.is_local_enabled) and passkey.is_offered(policy),
    )


def holdings_of(person: SignedIn) -> Holdings:
    """The same in a unit of work of its own."""
    with g.db.reading() as db:
        return held_by(db, person.row.account_id)


def _first(rows: Sequence[Row[Any]], kind: CredentialKind) -> Row[Any] | None:
    return next((row for row in rows if row.kind == kind), None)
