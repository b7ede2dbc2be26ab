"""Groups and roles with their source: what one source gave is replaced, and nobody else's (requirements.md, U6).

The source of what a connection gives is the connection's id. `accounts.role` is the stronger of the account's own role
and those that it was granted; whoever reads it needs to know no more.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from tenants.accounts import ADMIN_ROLES, Account, Grant
from tenants.admins import has_admin
from tenants.audit import Event, append
from tenants.connections import Connection
from tenants.db import TenantSession
from tenants.group_rules import Given, GroupRule, Profile, given_by, read_rules, stronger, weaker
from tenants.identities import Identity
from tenants.ids import new_id
from tenants.last_admin import load_admins
from tenants.statements import scoped
from tenants.support_access import end_without_giver

GROUP, ROLE = "group", "role"
_AT_ONCE = 500

_OF_SOURCE = scoped(
    select(Grant.id, Grant.kind, Grant.value).where(
        Grant.account_id == bindparam("account"), Grant.source == bindparam("source")
    )
)
_ADD = scoped(insert(Grant))
_TAKE = scoped(delete(Grant).where(Grant.id == bindparam("grant_id")))
_ROLE_HOLDERS = scoped(
    select(Grant.account_id)
    .where(Grant.source == bindparam("source"), Grant.kind == ROLE, Grant.account_id > bindparam("after"))
    .distinct()
    .order_by(Grant.account_id)
    .limit(_AT_ONCE)
)
_PROFILES = scoped(
    select(Identity.id, Identity.profile, Account.email)
    .join(Account, (Account.tenant_id == Identity.tenant_id) & (Account.id == Identity.account_id))
    .where(Identity.connection_id == bindparam("connection"), Identity.id > bindparam("after"))
    .order_by(Identity.id)
    .limit(_AT_ONCE)
)


def replace_grants(db: TenantSession, account_id: str, source: str, given: Given, now: datetime) -> Given:
    """Let an account have from this source what is given, and nothing else of it, in the caller's transaction.

    A role that the tenant's last admin has stays (AC-06): it goes once somebody else is there. Returns what they have.
    """
    held = {(row.kind, row.value): row.id for row in db.all(_OF_SOURCE, account=account_id, source=source)}
    wanted = {(GROUP, group) for group in given.groups} | ({(ROLE, given.role)} if given.role else set())
    gained, lost = wanted - held.keys(), held.keys() - wanted
    if not gained and not lost:
        return given
    for kind, value in sorted(gained):
        db.run(_ADD, id=new_id("grt"), account_id=account_id, kind=kind, value=value, source=source)
    kept: set[tuple[str, str]] = set()
    if any(kind == ROLE for kind, _value in gained | lost):
        kept = _settle_role(db, account_id, now, {grant for grant in lost if grant[0] == ROLE}, source)
    for grant in sorted(lost - kept):
        db.run(_TAKE, grant_id=held[grant])
    detail = {"by": "connection", "fields": "groups", "gained": _words(gained), "lost": _words(lost - kept)}
    append(db, Event.ACCOUNT_CHANGED, at=now, account_id=account_id, connection_id=source, detail=detail)
    return Given(given.groups, stronger(given.role, *(value for _kind, value in kept)))


def withdraw_roles(db: TenantSession, source: str, now: datetime) -> None:
    """Take back every role that a connection gave: it was switched off, or goes. Its groups wait, or go with it."""
    holders = db.scalars(select(Grant.account_id).where(Grant.source == source, Grant.kind == ROLE).distinct()).all()
    for account_id in holders:
        held = db.all(_OF_SOURCE, account=account_id, source=source)
        groups = frozenset(row.value for row in held if row.kind == GROUP)
        _remember(db, account_id, source, replace_grants(db, account_id, source, Given(groups), now))


def settle_roles(db: TenantSession, connection_id: str, now: datetime) -> None:
    """The rules of a connection have changed: what they no longer give goes at once, by what it said of everybody last.

    What they give anew comes with the next sign-in.
    """
    rules = read_rules(db.scalars(select(Connection.group_rules).where(Connection.id == connection_id)).one() or ())
    after = ""
    while True:
        batch = db.all(_ROLE_HOLDERS, source=connection_id, after=after)
        for row in batch:
            _settle_given(db, row.account_id, connection_id, rules, now)
        if len(batch) < _AT_ONCE:
            return
        after = batch[-1].account_id


def _settle_given(db: TenantSession, account_id: str, source: str, rules: tuple[GroupRule, ...], now: datetime) -> None:
    theirs = select(Identity.profile).where(Identity.account_id == account_id, Identity.connection_id == source)
    received = [name for profile in db.scalars(theirs) for name in profile.get("groups", ())]
    held = db.all(_OF_SOURCE, account=account_id, source=source)
    roles = {row.value for row in held if row.kind == ROLE}
    role = weaker(given_by(rules, received).role, stronger(*roles))
    if roles != {role}:
        groups = frozenset(row.value for row in held if row.kind == GROUP)
        _remember(db, account_id, source, replace_grants(db, account_id, source, Given(groups, role), now))


def withdraw_grants(db: TenantSession, source: str, now: datetime) -> None:
    """Take back everything that a connection gave, as far as the tenant keeps an admin."""
    withdraw_roles(db, source, now)
    for row in db.scalars(select(Grant).where(Grant.source == source, Grant.kind == GROUP)):
        db.delete(row)
    db.flush()


def withdraw_from(db: TenantSession, account_id: str, source: str, now: datetime) -> None:
    """Take back what one person was given by a connection, as far as the tenant keeps an admin."""
    _remember(db, account_id, source, replace_grants(db, account_id, source, Given(), now))


def roles_of(db: TenantSession, account_ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """The roles that accounts were granted: account id → grant id → role."""
    found: dict[str, dict[str, str]] = {}
    ids = list(account_ids)
    for start in range(0, len(ids), _AT_ONCE):
        theirs = select(Grant).where(Grant.account_id.in_(ids[start : start + _AT_ONCE]), Grant.kind == ROLE)
        for grant in db.scalars(theirs):
            found.setdefault(grant.account_id, {})[grant.id] = grant.value
    return found


def profiles_of(db: TenantSession, connection_id: str) -> Iterator[Profile]:
    """Everybody whom a connection knows, with what it said of them last: for a preview of its rules."""
    after = ""
    while True:
        rows = db.all(_PROFILES, connection=connection_id, after=after)
        for row in rows:
            received = row.profile.get("groups")
            given = Given.from_json(row.profile.get("given"))
            yield Profile(row.email, None if received is None else tuple(received), given)
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1].id


def _settle_role(
    db: TenantSession, account_id: str, now: datetime, lost: set[tuple[str, str]], source: str
) -> set[tuple[str, str]]:
    """Write the role that an account has after this. Returns what of `lost` it has to keep."""
    this = select(Account).where(Account.id == account_id).with_for_update().execution_options(populate_existing=True)
    account = db.scalars(this).one()
    others = select(Grant.kind, Grant.value, Grant.source).where(Grant.account_id == account_id, Grant.kind == ROLE)
    left = [row.value for row in db.execute(others) if row.source != source or (row.kind, row.value) not in lost]
    role = stronger(account.own_role, *left)
    kept: set[tuple[str, str]] = set()
    if account.role in ADMIN_ROLES and role not in ADMIN_ROLES and _is_last_admin(db, account_id, now):
        kept = {grant for grant in lost if grant[1] in ADMIN_ROLES}
        role = stronger(role, *(value for _kind, value in kept))
    was, account.role = account.role, role
    db.flush()
    if was != role:
        end_without_giver(db, now)
    return kept


def _is_last_admin(db: TenantSession, account_id: str, now: datetime) -> bool:
    """Who has another way in than the others is no reason: what a directory takes back is gone, while somebody is left."""
    people = load_admins(db).people
    others = [one for key, one in people.items() if key != account_id]
    return has_admin(people.values(), now) and not has_admin(others, now)


def _remember(db: TenantSession, account_id: str, source: str, given: Given) -> None:
    """What the next sign-in compares with: it gives again what was taken back here, where the rules still say so."""
    for row in db.scalars(select(Identity).where(Identity.account_id == account_id, Identity.connection_id == source)):
        row.profile = {**row.profile, "given": given.as_json()}
    db.flush()


def _words(grants: Iterable[tuple[str, str]]) -> str:
    return ", ".join(value if kind == GROUP else f"role {value}" for kind, value in sorted(grants))
