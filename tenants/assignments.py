"""Who may open an application: everybody of the tenant, or organizations, groups and persons that are named (R5, S2).

Groups and organizations stand in the application's row and come with the tenant's snapshot. Persons, of whom there may be
thousands, are named by grants of their own (kind `application`), beside those of their groups: one statement reads both.
"""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from tenants.accounts import Account, Grant
from tenants.audiences import Entitlements
from tenants.audit import Event, append
from tenants.db import TenantSession
from tenants.ids import new_id
from tenants.statements import scoped

GROUP, APPLICATION = "group", "application"
_SOURCE = "assigned"
_MOST = 2000
"""So many groups and assignments of one account are read."""


_ENTITLEMENTS = scoped(
    select(Grant.kind, Grant.value)
    .where(Grant.account_id == bindparam("account"), Grant.kind.in_((GROUP, APPLICATION)))
    .distinct()
    .limit(_MOST)
)
_ASSIGN = scoped(insert(Grant))
_ASSIGNED = scoped(
    select(Grant.id).where(
        Grant.account_id == bindparam("account"), Grant.kind == APPLICATION, Grant.value == bindparam("application")
    )
)
_UNASSIGN = scoped(
    delete(Grant).where(
        Grant.account_id == bindparam("account"), Grant.kind == APPLICATION, Grant.value == bindparam("application")
    )
)
PERSONS_OF_APPLICATION = scoped(
    select(Account.id, Account.email, Account.email_key, Account.name)
    .join(Grant, (Grant.tenant_id == Account.tenant_id) & (Grant.account_id == Account.id))
    .where(Grant.kind == APPLICATION, Grant.value == bindparam("application"), Account.email_key > bindparam("after"))
    .order_by(Account.email_key)
    .limit(bindparam("count"))
)
"""Who is named for an application, by address, from behind one address on."""


def entitlements_of(db: TenantSession, account_id: str, organization_id: str) -> Entitlements:
    """What this account brings; one statement."""
    rows = db.all(_ENTITLEMENTS, account=account_id)
    return Entitlements(
        organization_id=organization_id,
        groups=frozenset(row.value for row in rows if row.kind == GROUP),
        applications=frozenset(row.value for row in rows if row.kind == APPLICATION),
    )


def assign(db: TenantSession, application_id: str, account_id: str, *, at: datetime, by: str) -> bool:
    """Name a person for an application; False where it is so already. `by` is who does it, for the audit log."""
    if db.one(_ASSIGNED, account=account_id, application=application_id) is not None:
        return False
    db.run(_ASSIGN, id=new_id("gra"), account_id=account_id, kind=APPLICATION, value=application_id, source=_SOURCE)
    append(db, Event.APPLICATION_ASSIGNED, at=at, account_id=account_id, application_id=application_id, detail={"by": by})
    return True


def unassign(db: TenantSession, application_id: str, account_id: str, *, at: datetime, by: str) -> bool:
    """Take the name back; False where there was none. What else lets the person in stays."""
    if not db.run(_UNASSIGN, account=account_id, application=application_id):
        return False
    append(db, Event.APPLICATION_UNASSIGNED, at=at, account_id=account_id, application_id=application_id, detail={"by": by})
    return True
