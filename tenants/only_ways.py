"""Who would have no way in any more: counted up to a bound, as nothing of a page may count everybody."""

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from tenants.accounts import Account, AccountState
from tenants.connections import Connection
from tenants.db import TenantSession
from tenants.identities import Identity
from tenants.organization_policies import load_policies

MOST_COUNTED = 1000
_ENTERING = (AccountState.ACTIVE.value, AccountState.INVITED.value)


def people_without(session: TenantSession, connection_id: str) -> int:
    """How many people come by this connection and by nothing else; one more than MOST_COUNTED stands for all above."""
    other, elsewhere = aliased(Identity), aliased(Connection)
    other_way = (
        select(other.id)
        .join(elsewhere, elsewhere.id == other.connection_id)
        .where(other.account_id == Identity.account_id, other.connection_id != connection_id, elsewhere.is_enabled)
        .exists()
    )
    wanted = (
        select(Identity.account_id)
        .distinct()
        .join(Account, Account.id == Identity.account_id)
        .where(Identity.connection_id == connection_id, Account.state.in_(_ENTERING), ~other_way)
        .limit(MOST_COUNTED + 1)
    )
    policies = load_policies(session)
    if policies.whole.local_enabled:
        without = [key for key, policy in policies.parts.items() if not policy.local_enabled]
        wanted = wanted.where(or_(~Account.is_local_enabled, Account.organization_id.in_(without)))
    return len(session.scalars(wanted).all())
