"""Whom a rule of the tenant's policy touches: bounded reads, for what a page says before the rule is changed.

No table is counted: a read ends at `MOST` and one more, and a page then says "more than".
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select

from tenants.accounts import Account, AccountState
from tenants.credentials import Credential, CredentialKind
from tenants.db import TenantSession
from tenants.devices import Device
from tenants.ends import End
from tenants.last_admin import door_holders, load_admins
from tenants.lifecycle import decide, life_facts
from tenants.organization_policies import Policies
from tenants.passkeys import Passkey
from tenants.policies import TenantPolicy
from tenants.sessions import BrowserSession
from tenants.statements import Scoped, scoped

MOST = 1000


@dataclass(frozen=True, slots=True)
class Reach:
    """How many, up to `MOST`."""

    number: int
    is_more: bool = False


_HAVE_PASSWORD = scoped(
    select(Credential.account_id).where(Credential.kind == CredentialKind.PASSWORD.value).distinct().limit(MOST + 1)
)
_HAVE_PASSKEY = scoped(select(Passkey.account_id).distinct().limit(MOST + 1))
_ARE_TRUSTED = scoped(select(Device.id).where(Device.trusted_until > bindparam("now")).limit(MOST + 1))
_OPEN_SESSIONS = scoped(
    select(BrowserSession.id)
    .where(BrowserSession.ended_at.is_(None), BrowserSession.expires_at > bindparam("now"))
    .limit(MOST + 1)
)
_IS_THERE = Account.organization_id.in_(bindparam("organizations", expanding=True))
_WOULD_RUN_OUT = scoped(
    select(Account.id)
    .where(
        Account.state == AccountState.INVITED.value,
        _IS_THERE,
        func.coalesce(Account.invited_at, Account.created_at) <= bindparam("before"),
    )
    .limit(MOST + 1)
)
_ARE_UNUSED = scoped(
    select(Account.id)
    .where(
        Account.state == AccountState.ACTIVE.value,
        _IS_THERE,
        Account.role.is_(None),
        func.coalesce(Account.last_login_at, Account.activated_at, Account.state_changed_at, Account.created_at)
        <= bindparam("before"),
    )
    .limit(MOST + 1)
)


def people_with_password(db: TenantSession) -> Reach:
    """Who signs in with e-mail and password."""
    return _reach(db, _HAVE_PASSWORD)


def people_with_passkey(db: TenantSession) -> Reach:
    """Who has at least one passkey."""
    return _reach(db, _HAVE_PASSKEY)


def trusted_devices(db: TenantSession, now: datetime) -> Reach:
    """Devices on which the second factor is not asked for at the moment."""
    return _reach(db, _ARE_TRUSTED, now=now)


def open_sessions(db: TenantSession, now: datetime) -> Reach:
    """Browsers that are signed in."""
    return _reach(db, _OPEN_SESSIONS, now=now)


def invitations_over(db: TenantSession, days: int, organizations: Iterable[str], now: datetime) -> Reach:
    """Invited people of these organizations whose invitation is older than so many days."""
    return _reach(db, _WOULD_RUN_OUT, organizations=list(organizations), before=now - timedelta(days=days))


def unused_for(db: TenantSession, days: int, organizations: Iterable[str], now: datetime) -> Reach:
    """People of these without a role who have not signed in for so many days; who looks after the tenant is spared (A1)."""
    return _reach(db, _ARE_UNUSED, organizations=list(organizations), before=now - timedelta(days=days))


def shortened(name: str, organizations: Iterable[str], before: Policies, after: Policies) -> dict[int, list[str]]:
    """Where a number of the policy gets smaller: what it becomes → the organizations where it does."""
    found: dict[int, list[str]] = {}
    for one in organizations:
        was, will = getattr(before.of(one), name), getattr(after.of(one), name)
        if will < was:
            found.setdefault(will, []).append(one)
    return dict(sorted(found.items()))


def ends_by_moving(db: TenantSession, account: Account, was: TenantPolicy, will: TenantPolicy, now: datetime) -> End | None:
    """What ends an account tonight by the rules of the part that it goes to, and would not have by those of before."""
    facts, warned = replace(life_facts(account), is_admin=False), (account.warned_of, account.warned_at)
    if decide(facts, was, warned, now).state is not None or (found := decide(facts, will, warned, now)).state is None:
        return None
    is_kept = account.id in door_holders(db) or load_admins(db).objection_to_loss(account.id, now)
    return None if is_kept else found.end


def _reach(db: TenantSession, statement: Scoped, **values: object) -> Reach:
    found = len(db.all(statement, **values))
    return Reach(min(found, MOST), found > MOST)
