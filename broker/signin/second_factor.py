"""Which second factors an account has and may show now (requirements.md, L6): the first is asked for, the others offered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from sqlalchemy import Row

from broker.factors import passkey
from broker.signin.transaction import Transaction
from broker.whom_to_ask import know_reader
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.factors import FACTORS_OF_ACCOUNT
from tenants.ways import LOCAL

TOTP = "totp"
PASSKEY = "passkey"
RECOVERY_CODE = "recovery_code"
EMAIL_CODE = "email_code"


@dataclass(frozen=True, slots=True)
class Factors:
    """What an attempt may go on with: never empty, best first."""

    email: str
    """The account's own address, to which a mailed code goes."""
    ways: tuple[str, ...]
    organization_id: str
    """Of the account: its policy is that of its part."""


def ways_of(account_id: str) -> tuple[str, ...]:
    """The factors that this account has and may use: of app and passkey the one used last, else the stronger, first."""
    row = _factors(account_id)
    return () if row is None else _ways(row)


def factors_of(transaction: Transaction) -> Factors:
    """Those of the account that this attempt has named. Raises Refusal(FACTOR_ENROLMENT_REQUIRED): it has none."""
    account_id = transaction.row.account_id
    row = _factors(account_id)
    ways = _ways(row) if row is not None else ()
    application = transaction.application
    is_demanded = transaction.hints.factor or (application is not None and application.is_factor_demanded)
    if transaction.row.method != LOCAL or transaction.is_by_mail or is_demanded or transaction.hints.link:
        # What an application demands, and of whoever comes from an identity provider, a mailed code doesn't meet (SF-05),
        # nor does it let another way into an account (SF-04); and who has proven the address by one has not shown anything
        # else by another one.
        ways = tuple(way for way in ways if way != EMAIL_CODE)
    if row is None or not ways:
        raise Refusal(Cause.FACTOR_ENROLMENT_REQUIRED, "no second factor that may be used", account_id=account_id)
    return Factors(row.email, ways, row.organization_id)


def require_factor(transaction: Transaction, wanted: str) -> Factors:
    """The same, where `wanted` is among them. Raises Refusal(METHOD_NOT_ALLOWED)."""
    factors = factors_of(transaction)
    if wanted not in factors.ways:
        account_id = transaction.row.account_id
        raise Refusal(Cause.METHOD_NOT_ALLOWED, f"{wanted} is none of this account's factors", account_id=account_id)
    return factors


def _factors(account_id: str) -> Row[Any] | None:
    with g.db.reading() as db:
        row: Row[Any] | None = db.one(FACTORS_OF_ACCOUNT, account=account_id)
    if row is not None:
        know_reader(row)
    return row


def _ways(row: Row[Any]) -> tuple[str, ...]:
    used: list[tuple[str, datetime | None]] = []
    if row.passkey_id and passkey.is_offered(g.tenant.policy_for(row.organization_id)):
        used.append((PASSKEY, row.passkey_used_at))
    if row.has_totp:
        used.append((TOTP, row.totp_used_at))
    # A sort keeps the order of equals: the passkey, which nobody can be talked out of, before the app.
    used.sort(key=lambda one: one[1].timestamp() if one[1] else 0.0, reverse=True)
    ways = [way for way, _at in used]
    if row.has_recovery_code:
        ways.append(RECOVERY_CODE)
    if _may_use_mail(row):
        ways.append(EMAIL_CODE)
    return tuple(ways)


def _may_use_mail(row: Row[Any]) -> bool:
    """Where policy allows it, never for those who have a role (SF-05), and where there is a mail server."""
    return (
        bool(g.tenant.policy_for(row.organization_id).email_factor)
        and row.role is None
        and the_broker().ports.mailer is not None
    )
