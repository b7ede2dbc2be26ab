"""One person's page: every way in with its use, what they hold, where they are signed in, what happened lately (C3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, g, url_for
from flask_babel import gettext as _
from sqlalchemy import Row, select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.frame import show
from broker.console.people import deeds, words
from broker.console.people.activity import ActivityLine, line_of
from broker.console.people.reach import account_within
from broker.upstream import KINDS
from broker.user_agent import device_words, is_handheld
from broker.wiring import the_broker
from tenants.accounts import Account, Grant
from tenants.bulk import Person
from tenants.bulk_jobs import person_of
from tenants.connections import Connection
from tenants.console_roles import Permission
from tenants.credentials import Credential, CredentialKind
from tenants.db import TenantSession
from tenants.identities import Identity
from tenants.last_admin import door_holders
from tenants.own import OWN_EVENTS, OWN_SESSIONS
from tenants.passkeys import PASSKEYS_OF_ACCOUNT
from tenants.ways import DOOR

_EVENTS = 8
_GROUPS = 100


@dataclass(frozen=True, slots=True)
class WayCard:
    """An identity provider as one person uses it."""

    label: str
    icon: str
    email: str
    subject: str
    position: str
    phone: str
    logins: int
    last_login_at: datetime | None
    last_address: str
    linked_at: datetime
    is_on: bool
    unlink_url: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody holds for local sign-in, by what it is. No secret is read."""

    password: Any = None
    app: Any = None
    passkeys: Sequence[Any] = ()
    codes_left: int = 0
    codes_at: datetime | None = None

    @property
    def has_factors(self) -> bool:
        return self.app is not None or bool(self.passkeys) or self.codes_at is not None


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that is signed in."""

    id: str
    device: str
    icon: str
    address: str
    way: str
    seen_at: datetime
    is_by_door: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that the page shows of somebody."""

    account: Account
    person: Person
    tone: str
    state: str
    role: str
    part: str
    organization: str
    ends_on: str
    ways: Sequence[WayCard]
    other_ways: Sequence[words.Glyph]
    held: Held
    groups: Sequence[tuple[str, str]]
    browsers: Sequence[Browser]
    events: Sequence[ActivityLine]
    has_door: bool

    @property
    def has_come(self) -> bool:
        """Has this person ever signed in?"""
        return self.account.last_login_at is not None


def user_page(account: str) -> Response:
    """GET: the page."""
    admin = require(Permission.VIEW)
    now = the_broker().ports.clock.now()
    with g.db.reading() as db:
        row = account_within(db, admin, account)
        seen = _seen(db, row, now)
    return show(
        "console/people/user.html",
        admin,
        here="users",
        title=row.name or row.email,
        seen=seen,
        may=deeds.offered(admin, seen.person, has_factors=seen.held.has_factors, has_sessions=bool(seen.browsers)),
        deed_urls={one.value: url_for("console.deed", account=row.id, deed=one.value) for one in deeds.Deed},
        end_session_url=url_for("console.end_user_session", account=row.id),
        edit_url=url_for("console.edit_user", account=row.id) if admin.may(Permission.MANAGE_USERS) else None,
        back=(url_for("console.users"), _("Users")),
        audit_url=_audit_url(admin, row),
        is_local_on=g.tenant.policy_for(row.organization_id).local_enabled,
    )


def _seen(db: TenantSession, row: Account, now: datetime) -> Seen:
    policy, holders = g.tenant.policy_for(row.organization_id), door_holders(db)
    person = person_of(row, policy, holders, now)
    tone, state = words.state_words(person.state, row.expires_at, now)
    ways = _ways(db, row.id)
    linked = {card.label for card in ways}
    idle_since = now - timedelta(minutes=policy.session_idle_minutes)
    return Seen(
        account=row,
        person=person,
        tone=tone,
        state=state,
        role=str(words.ROLES.get(row.role or "", "")),
        part=words.organization_name(row.admin_organization_id or ""),
        organization=words.organization_name(row.organization_id),
        ends_on=words.day_text(row.expires_at) if row.expires_at else "",
        ways=ways,
        other_ways=[
            words.Glyph(one.icon or KINDS[one.kind].icon, one.label)
            for one in g.tenant.connections.values()
            if one.is_enabled and one.label not in linked
        ],
        held=_held(db, row.id),
        groups=_groups(db, row.id),
        browsers=[_browser(one) for one in db.all(OWN_SESSIONS, account=row.id, now=now, idle_since=idle_since)],
        events=[line_of(event) for event in db.all(OWN_EVENTS, account=row.id)[:_EVENTS]],
        has_door=row.id in holders,
    )


def _ways(db: TenantSession, account_id: str) -> list[WayCard]:
    linked = select(Identity, Connection.key, Connection.label, Connection.is_enabled)
    linked = linked.join(Connection, Connection.id == Identity.connection_id).where(Identity.account_id == account_id)
    return [
        _card(account_id, identity, key, label, is_on)
        for identity, key, label, is_on in db.execute(linked.order_by(Connection.position, Connection.key).limit(50))
    ]


def _card(account_id: str, identity: Identity, key: str, label: str, is_on: bool) -> WayCard:
    connection = g.tenant.connections.get(key)
    return WayCard(
        label=label,
        icon=(connection.icon or KINDS[connection.kind].icon) if connection else "plug",
        email=identity.email or "",
        subject=identity.subject,
        position=str(identity.profile.get("position") or ""),
        phone=str(identity.profile.get("phone") or ""),
        logins=identity.login_count,
        last_login_at=identity.last_login_at,
        last_address=identity.last_address or "",
        linked_at=identity.created_at,
        is_on=is_on,
        unlink_url=url_for("console.unlink_user", account=account_id, identity=identity.id),
    )


def _held(db: TenantSession, account_id: str) -> Held:
    columns = (Credential.kind, Credential.created_at, Credential.last_used_at, Credential.last_address, Credential.use_count)
    rows = db.execute(
        select(*columns).where(Credential.account_id == account_id).order_by(Credential.created_at).limit(100)
    ).all()
    codes = [row for row in rows if row.kind == CredentialKind.RECOVERY_CODE]
    return Held(
        password=_first(rows, CredentialKind.PASSWORD),
        app=_first(rows, CredentialKind.TOTP),
        passkeys=db.all(PASSKEYS_OF_ACCOUNT, account=account_id),
        codes_left=sum(row.last_used_at is None for row in codes),
        codes_at=codes[0].created_at if codes else None,
    )


def _first(rows: Sequence[Any], kind: CredentialKind) -> Any:
    return next((row for row in rows if row.kind == kind), None)


def _groups(db: TenantSession, account_id: str) -> list[tuple[str, str]]:
    """Each with the label of the connection that gave it; empty: given here."""
    labels = {one.id: one.label for one in g.tenant.connections.values()}
    mine = select(Grant.value, Grant.source).where(Grant.account_id == account_id, Grant.kind == "group")
    return [(row.value, labels.get(row.source, "")) for row in db.execute(mine.order_by(Grant.value).limit(_GROUPS))]


def _browser(row: Row[Any]) -> Browser:
    connection = g.tenant.connections.get(row.method)
    return Browser(
        id=row.id,
        device=device_words(row.user_agent),
        icon="phone" if is_handheld(row.user_agent) else "laptop",
        address=row.address or "",
        way=connection.label if connection else "",
        seen_at=row.last_seen_at,
        is_by_door=row.method == DOOR,
    )


def _audit_url(admin: Admin, row: Account) -> str | None:
    is_there = "console.audit" in current_app.view_functions and admin.may(Permission.READ_AUDIT)
    return url_for("console.audit", account=row.id) if is_there else None
