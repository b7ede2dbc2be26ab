"""An upstream subject becomes a way into an account that is there: what is looked at before, and what is written.

Whoever calls `link` has decided that it may be (tenants/arrivals.py, or a proof of the account), in the transaction in
which it is written and with the account's row locked.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from tenants.accounts import ACCOUNT_BY_ADDRESS, ADMIN_ROLES, LOCK_ACCOUNT, Account, AccountState
from tenants.addresses import Address
from tenants.arrivals import Holder
from tenants.audit import Event, append
from tenants.backdoors import DoorCredential
from tenants.credentials import ACCOUNT_FACTS, Credential
from tenants.db import TenantSession
from tenants.ends import effective_state
from tenants.grants import replace_grants
from tenants.group_rules import NOTHING, Given
from tenants.identities import ADD_IDENTITY, SUBJECT_OF_ACCOUNT, Identity
from tenants.ids import new_id
from tenants.last_admin import load_admins
from tenants.lifecycle import life_facts, withdraw_local
from tenants.local_off import end_attempts
from tenants.passkeys import Passkey
from tenants.policies import TenantPolicy, state_refusal
from tenants.sessions import END_SESSIONS_OF_ACCOUNT
from tenants.statements import scoped

_WAYS_IN = (Credential, Passkey, Identity, DoorCredential)
_VERIFY = scoped(update(Account).where(Account.id == bindparam("account")).values(is_email_verified=True))
_UNLINK = scoped(delete(Identity).where(Identity.id == bindparam("identity")))


@dataclass(frozen=True, slots=True)
class NewSubject:
    """Who is linked: as the provider named them, and what it said of them."""

    connection_id: str
    issuer: str
    subject: str
    email: str | None
    is_owner: bool
    """The domain's owner vouches for the address."""
    profile: Mapping[str, Any] = field(default_factory=dict)

    @property
    def given(self) -> Given:
        return Given.from_json(self.profile.get("given"))


def find_holder(
    db: TenantSession,
    address: Address,
    connection_id: str,
    policy_for: Callable[[str], TenantPolicy],
    now: datetime,
    *,
    locks: bool = False,
) -> Holder | None:
    """The account that has an address, as the decision about an arrival sees it. `locks`: until the transaction ends."""
    found = db.one(ACCOUNT_BY_ADDRESS, email_key=address.key)
    if found is None:
        return None
    if locks:
        db.one(LOCK_ACCOUNT, account=found.id)
    row = db.one(ACCOUNT_FACTS, account=found.id)
    if row is None or row.email_key != address.key:
        return None
    state = effective_state(life_facts(row), policy_for(row.organization_id), now)
    return Holder(
        id=row.id,
        is_linked=db.one(SUBJECT_OF_ACCOUNT, account_id=row.id, connection_id=connection_id) is not None,
        is_verified=row.is_email_verified,
        was_activated=row.activated_at is not None or row.last_login_at is not None,
        is_invited=row.state in (AccountState.INVITED, AccountState.DEACTIVATED),
        is_bare=not any(_has(db, model, row.id) for model in _WAYS_IN),
        is_admin=row.role in ADMIN_ROLES,
        is_local_enabled=row.is_local_enabled,
        shut=state_refusal(state),
    )


def link(
    db: TenantSession,
    account_id: str,
    new: NewSubject,
    now: datetime,
    *,
    how: str,
    reference: str | None = None,
    linked_by: str | None = None,
) -> str:
    """Add the identity with what its connection gives. Returns its id. Raises IntegrityError: the subject is taken.

    `how` is for the audit log: `invited`, `proven` or `asked`; of that, `linked_by` is the way of the account's proof.
    """
    identity_id = new_id("idn")
    db.run(
        ADD_IDENTITY,
        id=identity_id,
        account_id=account_id,
        connection_id=new.connection_id,
        issuer=new.issuer,
        subject=new.subject,
        email=new.email,
        profile=dict(new.profile),
        linked_by=linked_by,
        created_at=now,
    )
    if new.given != NOTHING:
        replace_grants(db, account_id, new.connection_id, new.given, now)
    detail = {"issuer": new.issuer, "subject": new.subject, "how": how}
    append(
        db,
        Event.IDENTITY_LINKED,
        at=now,
        reference=reference,
        account_id=account_id,
        connection_id=new.connection_id,
        detail=detail,
    )
    return identity_id


def end_what_was(
    db: TenantSession, account_id: str, now: datetime, *, spared: Collection[str], keeps_local: bool = False
) -> int:
    """The owner of an address has proven it for the first time: nothing that somebody else may have laid before works on.

    Credentials, factors, known devices, links, codes and attempts end, sessions, and every identity but `spared`
    (security.md, LC-09). `keeps_local`: the credentials were shown by this very person. They stay, too, where nobody
    else could configure the tenant without an identity provider (AC-06). Returns how many things went.
    """
    count = 0
    others = select(Identity).where(Identity.account_id == account_id, Identity.id.not_in(spared))
    for row in db.scalars(others).all():
        replace_grants(db, account_id, row.connection_id, NOTHING, now)
        count += db.run(_UNLINK, identity=row.id)
    if keeps_local or is_last_own_way(db, account_id, now):
        end_attempts(db, account_id, now)
        db.run(END_SESSIONS_OF_ACCOUNT, account=account_id, now=now)
    else:
        count += withdraw_local(db, account_id, now)
    db.run(_VERIFY, account=account_id)
    return count


def is_last_own_way(db: TenantSession, account_id: str, now: datetime) -> bool:
    """Would the tenant lose an admin's way in with this account's local credentials?"""
    if db.scalars(select(Account.role).where(Account.id == account_id)).one() not in ADMIN_ROLES:
        return False
    admins = load_admins(db)
    if account_id not in admins.people:
        return False
    without_local = replace(admins.people[account_id], is_local_enabled=False)
    return admins.objection({**admins.people, account_id: without_local}, now) is not None


def _has(db: TenantSession, model: Any, account_id: str) -> bool:
    return db.scalars(select(model.id).where(model.account_id == account_id).limit(1)).first() is not None
