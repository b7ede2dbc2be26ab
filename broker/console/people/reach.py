"""Whose account an admin reaches: those whom they look after. To them no other one is there (TI-05)."""

from datetime import datetime

from flask import g
from sqlalchemy import select

from broker.console.access import Admin
from broker.console.people import words
from tenants.accounts import Account, AccountState
from tenants.bulk import Person, Setting, out_of_reach
from tenants.bulk_jobs import person_of
from tenants.causes import Cause, Refusal
from tenants.db import TenantSession
from tenants.last_admin import door_holders, load_admins


def account_within(db: TenantSession, admin: Admin, account_id: str) -> Account:
    """The account, if this admin looks after it. Raises Refusal: an unknown page."""
    # No database has a row by what PostgreSQL does not even take as text.
    wanted = account_id if account_id.isprintable() else ""
    row = db.scalars(select(Account).where(Account.id == wanted[:80], Account.state != AccountState.DELETED.value)).first()
    if row is None or (admin.organization_ids is not None and row.organization_id not in admin.organization_ids):
        raise Refusal(Cause.PAGE_UNKNOWN, "no such account among theirs", account_id=admin.id)
    return row


def person_within(db: TenantSession, row: Account, now: datetime) -> Person:
    """An account as decisions about it see it."""
    return person_of(row, g.tenant.policy_for(row.organization_id), door_holders(db), now)


def setting_within(db: TenantSession, admin: Admin, row: Account, now: datetime) -> Setting:
    """What decides what this admin may do to that account."""
    is_local_on = g.tenant.policy_for(row.organization_id).local_enabled
    return Setting(admin.id, admin.role, is_local_on, load_admins(db), now, admin.organization_ids)


def objection_to(admin: Admin, row: Account) -> str:
    """Why this admin does nothing to that account; empty: they may."""
    code = out_of_reach(row.id, row.role, admin.id, admin.role, admin.organization_ids)
    return "" if code is None else f"{words.refusal_words(code.code)}."
