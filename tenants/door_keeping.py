"""What the operator does about a tenant's back door: open, rotate, close it, mark its admins, look after it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import NoReturn

from sqlalchemy import select

from tenants.accounts import ADMIN_ROLES, Account
from tenants.addresses import Address
from tenants.admins import ENTERING, has_reachable_admin
from tenants.audit import Event, append
from tenants.backdoors import DOOR_ID, DROP_DOOR_CREDENTIAL, Backdoor, DoorCredential
from tenants.db import TenantSession
from tenants.ids import digest, new_id, new_secret
from tenants.last_admin import SHUT_OUT, candidate_of, load_admins
from tenants.sessions import END_METHOD_OF_ACCOUNT, END_SESSIONS_OF_METHOD
from tenants.ways import DOOR

BY = "broker door"
"""Who does it, unless a page of the console does."""
LINK_LIFE = timedelta(hours=24)
DRILL_DAYS = 90
"""After so many days without a sign-in by the door, its holder is to try it."""


class DoorError(ValueError):  # says what happened, as a Refusal does
    """Why something can't be done with the door: a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A marked admin, as the operator's list has it."""

    email: str
    is_admin: bool
    """Whether the account may go through the door as it is: owner or admin, and not switched off."""
    is_set_up: bool
    link_expires_at: datetime | None
    """Until when a link waits to be used; None: none does."""
    marked_at: datetime
    last_used_at: datetime | None
    last_drill_at: datetime | None


@dataclass(frozen=True, slots=True)
class DoorState:
    """The whole of a tenant's back door."""

    networks: tuple[str, ...] | None
    """None: it is closed."""
    last_used_at: datetime | None
    holders: tuple[Holder, ...]

    @property
    def is_open(self) -> bool:
        return self.networks is not None


def open_door(session: TenantSession, now: datetime, by: str = BY) -> str:
    """Open the door. Returns its secret, which is kept nowhere. Raises DoorError."""
    if _door(session) is not None:
        raise DoorError("Emergency access is open already. Give it a new address instead.")
    secret = new_secret()
    session.add(Backdoor(id=DOOR_ID, secret_hash=digest(secret), opened_at=now))
    session.flush()
    _note_change(session, now, by, "opened")
    return secret


def rotate_door(session: TenantSession, now: datetime, by: str = BY) -> str:
    """Give the door another secret; the old address is unknown from now on. Raises DoorError."""
    secret = new_secret()
    _require_door(session).secret_hash = digest(secret)
    session.flush()
    _note_change(session, now, by, "rotated")
    return secret


def close_door(session: TenantSession, now: datetime, by: str = BY) -> None:
    """Close the door and end its sessions. Who is marked stays marked. Raises DoorError."""
    door = _require_door(session)
    _require_admin_left(session, now, is_door_open=False)
    session.delete(door)
    session.flush()
    session.run(END_SESSIONS_OF_METHOD, way=DOOR, now=now)
    _note_change(session, now, by, "closed")


def restrict_door(session: TenantSession, networks: Sequence[str], now: datetime, by: str = BY) -> tuple[str, ...]:
    """Let the door be used from these address ranges only; none: from anywhere. Returns them as kept."""
    door = _require_door(session)
    try:
        kept = tuple(dict.fromkeys(str(ip_network(network)) for network in networks))
    except ValueError:
        raise DoorError("A network is an address range such as 192.0.2.0/24.") from None
    door.networks = list(kept)
    session.flush()
    _note_change(session, now, by, "networks", networks=", ".join(kept) or "any")
    return kept


def grant_door(session: TenantSession, address: Address, now: datetime, by: str = BY) -> tuple[str, datetime]:
    """Mark an admin: the token of a one-time link and when it runs out. An older link ends with it. Raises DoorError.

    What is set up already stays good until the link is used.
    """
    account = _account(session, address)
    if account.role not in ADMIN_ROLES:
        raise DoorError("Only owners and admins can be marked; this account has another role, or none.")
    if account.state not in ENTERING:
        raise DoorError(f"This account is {account.state}.")
    held = session.scalars(select(DoorCredential).where(DoorCredential.account_id == account.id)).first()
    if held is None:
        held = DoorCredential(id=new_id("dcr"), account_id=account.id, created_at=now)
        session.add(held)
    token, expires_at = new_secret(), now + LINK_LIFE
    held.link_hash, held.link_expires_at = digest(token), expires_at
    session.flush()
    detail = {"by": by, "expires_at": expires_at.isoformat()}
    append(session, Event.DOOR_GRANTED, at=now, account_id=account.id, detail=detail)
    return token, expires_at


def revoke_door(session: TenantSession, address: Address, now: datetime, by: str = BY) -> None:
    """Unmark somebody: their credentials and sessions of the door are gone, an open link too. Raises DoorError."""
    account = _account(session, address)
    _require_admin_left(session, now, without=account.id)
    if not session.run(DROP_DOOR_CREDENTIAL, account=account.id):
        raise DoorError("This account is not marked.")
    session.run(END_METHOD_OF_ACCOUNT, account=account.id, way=DOOR, now=now)
    append(session, Event.DOOR_REVOKED, at=now, account_id=account.id, detail={"by": by})


def look_at_door(session: TenantSession, now: datetime) -> DoorState:
    """The door and everybody who is marked, by address."""
    door = _door(session)
    marked = select(DoorCredential, Account).join(Account, Account.id == DoorCredential.account_id).order_by(Account.email_key)
    rows = session.execute(marked).all()
    return DoorState(
        networks=tuple(door.networks) if door else None,
        last_used_at=door.last_used_at if door else None,
        holders=tuple(_holder(held, account, now) for held, account in rows),
    )


def overdue(state: DoorState, now: datetime, days: int = DRILL_DAYS) -> tuple[Holder, ...]:
    """Who has not proven the door for so many days, or never. Pure."""
    oldest = now - timedelta(days=days)
    return tuple(one for one in state.holders if one.last_drill_at is None or one.last_drill_at <= oldest)


def _holder(held: DoorCredential, account: Account, now: datetime) -> Holder:
    waits = held.link_expires_at is not None and held.link_expires_at > now
    return Holder(
        email=account.email,
        is_admin=candidate_of(account, has_door_credential=True).is_admin(now),
        is_set_up=held.password_hash is not None,
        link_expires_at=held.link_expires_at if waits else None,
        marked_at=held.created_at,
        last_used_at=held.last_used_at,
        last_drill_at=held.last_drill_at,
    )


def _require_admin_left(session: TenantSession, now: datetime, *, is_door_open: bool | None = None, without: str = "") -> None:
    """Refuse what would leave a tenant, which has an admin with a way in, without one (security.md, AC-06)."""
    admins = load_admins(session)
    before = admins.ways
    after = before if is_door_open is None else replace(before, door=is_door_open)
    left = [
        replace(person, has_door_credential=person.has_door_credential and key != without)
        for key, person in admins.people.items()
    ]
    if has_reachable_admin(admins.people.values(), before, now) and not has_reachable_admin(left, after, now):
        raise DoorError(SHUT_OUT)


def _account(session: TenantSession, address: Address) -> Account:
    account = session.scalars(select(Account).where(Account.email_key == address.key)).first()
    return account or _refuse("There is no account with this address in this tenant.")


def _door(session: TenantSession) -> Backdoor | None:
    return session.scalars(select(Backdoor).where(Backdoor.id == DOOR_ID)).first()


def _require_door(session: TenantSession) -> Backdoor:
    return _door(session) or _refuse("Emergency access is closed. Open it first.")


def _refuse(sentence: str) -> NoReturn:
    raise DoorError(sentence)


def _note_change(session: TenantSession, now: datetime, by: str, what: str, **detail: str) -> None:
    """Into the audit log, and every process drops its copy of the configuration."""
    append(session, Event.DOOR_CHANGED, at=now, detail={"by": by, "what": what} | detail)
    session.touch_configuration()
