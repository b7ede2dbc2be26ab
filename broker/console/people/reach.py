"""Whose account an admin reaches: those whom they look after. To them no other one is there (TI-05)."""

from sqlalchemy import select

from broker.console.access import Admin
from tenants.accounts import Account, AccountState
from tenants.causes import Cause, Refusal
from tenants.db import TenantSession


def account_within(db: TenantSession, admin: Admin, account_id: str) -> Account:
    """The account, if this admin looks after it. Raises Refusal: an unknown page."""
    # No database has a row by what PostgreSQL does not even take as text.
    wanted = account_id if account_id.isprintable() else ""
    row = db.scalars(select(Account).where(Account.id == wanted[:80], Account.state != AccountState.DELETED.value)).first()
    if row is None or (admin.organization_ids is not None and row.organization_id not in admin.organization_ids):
        raise Refusal(Cause.PAGE_UNKNOWN, "no such account among theirs", account_id=admin.id)
    return row
