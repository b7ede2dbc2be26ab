"""What an admin does to one account beside its life cycle: makes it, gives it a role, takes its link to a provider away.

Inside the caller's transaction; raises LifecycleError, with a sentence for the admin. Who may do it is the caller's to know.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from tenants.accounts import ADMIN_ROLES, Account, Grant
from tenants.addresses import Address
from tenants.audit import Event, append
from tenants.db import TenantSession
from tenants.grants import ROLE, withdraw_from
from tenants.group_rules import stronger
from tenants.identities import Identity
from tenants.ids import new_id
from tenants.last_admin import load_admins
from tenants.lifecycle import LifecycleError, locked
from tenants.sessions import END_SESSIONS_OF_ACCOUNT
from tenants.support_access import end_without_giver

LAST_OWNER = "This is the last owner of your organization. Name another one first."


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Whom an admin adds. There is no role here: one is given on a page of its own."""

    address: Address
    name: str
    organization_id: str
    is_local_enabled: bool
    expires_at: datetime | None = None
    language: str | None = None
    """In which the first mails are; None: the tenant's."""


def find_by_address(db: TenantSession, address: Address) -> Account | None:
    """Whoever has this address here."""
    return db.scalars(select(Account).where(Account.email_key == address.key)).first()


def add_person(db: TenantSession, person: NewPerson, now: datetime, by: str) -> Account:
    """A new account, invited. Raises LifecycleError where the address has one."""
    if find_by_address(db, person.address) is not None:
        raise LifecycleError("There is an account with this address already.")
    account = Account(
        id=new_id("acc"),
        organization_id=person.organization_id,
        email=person.address.text,
        email_key=person.address.key,
        name=person.name,
        is_local_enabled=person.is_local_enabled,
        expires_at=person.expires_at,
        language=person.language,
        created_at=now,
    )
    db.add(account)
    db.flush()
    detail = {"by": by, "local": "on" if person.is_local_enabled else "off"}
    append(db, Event.ACCOUNT_CREATED, at=now, account_id=account.id, detail=detail)
    return account


def set_role(
    db: TenantSession, account_id: str, role: str | None, organization_id: str | None, now: datetime, by: str
) -> tuple[str | None, str | None]:
    """Give an account a role of its own, or take it; `organization_id`: for that part of the tenant only.

    Returns what the account's role and own role are now: groups of a connection may have given a stronger one. Raises
    LifecycleError where nobody would be left to configure the tenant, or no owner (AC-06).
    """
    account = locked(db, account_id)
    if account.is_file_managed:
        raise LifecycleError("A tenants file manages this account: change its role there.")
    granted = db.scalars(select(Grant.value).where(Grant.account_id == account_id, Grant.kind == ROLE)).all()
    after = stronger(role, *granted)
    part = organization_id if after is not None else None
    _require_left(db, account, after, part, now)
    before = {"role": account.role, "part": account.admin_organization_id}
    account.own_role, account.role, account.admin_organization_id = role, after, part
    db.flush()
    if (account.role, part) != (before["role"], before["part"]):
        # A session goes on with what its holder may do now; whoever may less is signed out.
        db.run(END_SESSIONS_OF_ACCOUNT, account=account_id, now=now)
        end_without_giver(db, now)
    detail = {
        "by": by,
        "fields": "role",
        "before role": before["role"] or "-",
        "after role": after or "-",
        "before part": before["part"] or "-",
        "after part": part or "-",
    }
    append(db, Event.ACCOUNT_CHANGED, at=now, account_id=account_id, detail=detail)
    return after, role


def unlink(db: TenantSession, account_id: str, identity_id: str, now: datetime, by: str) -> None:
    """Take an account's link to an identity provider away, with what that gave. Raises LifecycleError."""
    locked(db, account_id)
    identity = db.scalars(select(Identity).where(Identity.id == identity_id, Identity.account_id == account_id)).first()
    if identity is None:
        raise LifecycleError("This link is gone already.")
    connection = identity.connection_id
    withdraw_from(db, account_id, connection, now)
    db.delete(identity)
    db.flush()
    db.run(END_SESSIONS_OF_ACCOUNT, account=account_id, now=now)
    detail = {"by": by, "fields": "identity", "before identity": identity.email or identity.subject, "after identity": "-"}
    append(db, Event.ACCOUNT_CHANGED, at=now, account_id=account_id, connection_id=connection, detail=detail)


def _require_left(db: TenantSession, account: Account, role: str | None, part: str | None, now: datetime) -> None:
    is_whole = role in ADMIN_ROLES and part is None
    if not is_whole and (objection := load_admins(db).objection_to_loss(account.id, now)):
        raise LifecycleError(objection)
    was_owner = account.role == "owner" and account.admin_organization_id is None
    if was_owner and not (role == "owner" and is_whole) and not _other_owner(db, account.id, now):
        raise LifecycleError(LAST_OWNER)


def _other_owner(db: TenantSession, account_id: str, now: datetime) -> bool:
    others = {key: one for key, one in load_admins(db).people.items() if key != account_id}
    return any(one.role == "owner" and one.is_admin(now) for one in others.values())
