"""A directory that may not come by a connection any more: what its people have by it ends (requirements.md, U8)."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import bindparam, select

from tenants.db import TenantSession
from tenants.grants import withdraw_from
from tenants.identities import Identity
from tenants.local_off import end_attempts
from tenants.statements import scoped
from tenants.upstream_sessions import end_by_issuer, note_ended

_ISSUERS = scoped(select(Identity.issuer).where(Identity.connection_id == bindparam("connection")).distinct())
_PEOPLE = scoped(
    select(Identity.account_id)
    .where(Identity.connection_id == bindparam("connection"), Identity.issuer == bindparam("issuer"))
    .distinct()
)


def end_people(db: TenantSession, connection_id: str, is_theirs: Callable[[str], bool], by: str, now: datetime) -> int:
    """Groups, roles, sessions and attempts of people whose issuer is the directory's go. Returns how many people there are.

    Their identities stay: they open nothing, and if the directory comes back its people are who they were.
    """
    count = 0
    for issuer in [row.issuer for row in db.all(_ISSUERS, connection=connection_id) if is_theirs(row.issuer)]:
        note_ended(db, end_by_issuer(db, connection_id, issuer, now), connection_id, by, "", now)
        for row in db.all(_PEOPLE, connection=connection_id, issuer=issuer):
            withdraw_from(db, row.account_id, connection_id, now)
            end_attempts(db, row.account_id, now)
            count += 1
    return count
