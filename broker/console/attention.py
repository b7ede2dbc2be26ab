"""What needs somebody: read in a few bounded statements, and from the kept configuration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from sqlalchemy import Row, bindparam, select

from broker.console.access import Admin
from broker.console.connections.endings import endings_of_row
from broker.console.connections.words import days_words
from broker.moments import short_day
from broker.wiring import the_broker
from tenants.accounts import Account, AccountState
from tenants.backdoors import Backdoor, DoorCredential
from tenants.connection_health import is_ailing
from tenants.connections import Connection
from tenants.console_roles import Permission
from tenants.db import TenantSession
from tenants.endings import Ending, Thing
from tenants.saml_metadata import FetchedMetadata
from tenants.signing import CERTIFICATE_LIFE, SAML
from tenants.snapshot import TenantConfig
from tenants.statements import platform, scoped
from tenants.tenants import DomainProof
from tenants.transactions import Invitation

SOON = timedelta(days=30)
DRILL_EVERY = timedelta(days=92)
_WEEK = timedelta(days=7)
_MOST = 100
_SHOWN = 5

_PROPOSED = scoped(
    select(Connection.key, Connection.label)
    .join(FetchedMetadata, (FetchedMetadata.id == Connection.id) & (FetchedMetadata.tenant_id == Connection.tenant_id))
    .where(FetchedMetadata.proposed.is_not(None))
    .limit(_SHOWN)
)
_FAILING_PROOFS = platform(
    select(DomainProof.domain)
    .where(DomainProof.tenant_id == bindparam("tenant_id"), DomainProof.failing_since.is_not(None))
    .limit(_SHOWN)
)
_DOOR = scoped(
    select(Backdoor.opened_at, DoorCredential.last_drill_at)
    .outerjoin(DoorCredential, DoorCredential.tenant_id == Backdoor.tenant_id)
    .order_by(DoorCredential.last_drill_at.desc())
    .limit(50)
)
_RUNNING_OUT = scoped(
    select(Invitation.account_id)
    .join(Account, (Account.id == Invitation.account_id) & (Account.tenant_id == Invitation.tenant_id))
    .where(
        Account.state == AccountState.INVITED.value,
        Invitation.expires_at > bindparam("now"),
        Invitation.expires_at <= bindparam("until"),
    )
    .limit(_MOST + 1)
)


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that needs somebody."""

    icon: str
    tone: str
    title: str
    text: str
    url: str
    label: str


def needs_of(admin: Admin, health: Sequence[Row[Any]], db: TenantSession, now: datetime) -> list[Need]:
    """What this admin may see of it, the worst first."""
    found: list[Need] = []
    if admin.may(Permission.VIEW_SETTINGS):
        found += [*_no_way(health), *_ailing(health), *_proposed(db), *_ends(now), *_domains(), *_door(db, now)]
    found += _invitations(admin, db, now)
    return sorted(found, key=lambda one: one.tone != "bad")


def _no_way(health: Sequence[Row[Any]]) -> Iterator[Need]:
    if not g.tenant.policy.local_enabled and not any(row.is_enabled for row in health):
        yield Need(
            "plug",
            "bad",
            str(_("Nobody can sign in yet")),
            str(_("No connection is on, and neither is e-mail and password.")),
            url_for("console.add"),
            str(_("Add a connection")),
        )


def _ailing(health: Sequence[Row[Any]]) -> Iterator[Need]:
    for row in health:
        if row.is_enabled and is_ailing(row):
            yield Need(
                "plug",
                "bad",
                str(_("%(name)s has failed %(count)s times since it last worked", name=row.label, count=row.failures)),
                row.last_failure_detail or "",
                url_for("console.connection", connection=row.key),
                str(_("See why")),
            )


def _proposed(db: TenantSession) -> Iterator[Need]:
    for row in db.all(_PROPOSED):
        yield Need(
            "shield-check",
            "warn",
            str(_("The metadata of %(name)s has changed", name=row.label)),
            str(_("It was not taken by itself and waits for your word.")),
            url_for("console.connection_metadata", connection=row.key),
            str(_("Review")),
        )


def _ends(now: datetime) -> Iterator[Need]:
    tenant: TenantConfig = g.tenant
    kept: list[Ending] = the_broker().snapshots.keep(tenant, "console.ends", lambda: _all_ends(tenant))
    for one in kept:
        if one.successor_ends_at is not None or one.ends_at - now > SOON:
            continue
        tone = "bad" if one.ends_at <= now else "warn"
        title = _title_of(one)
        text = f"{days_words(one.ends_at, now)}, {short_day(one.ends_at)}."
        url = url_for("console.connection", connection=one.connection) if one.connection else url_for("console.saml_keys")
        yield Need("clock-history", tone, title, text, url, str(_("Review")))


def _all_ends(tenant: TenantConfig) -> list[Ending]:
    """Parsed once for each version of the configuration."""
    found: list[Ending] = []
    for connection in tenant.connections.values():
        if connection.is_enabled:
            found += endings_of_row(connection, connection.fetched.document if connection.fetched else None)
    saml = [key for key in tenant.keys if key.algorithm == SAML]
    if saml and any(one.kind == "saml" and one.is_enabled for one in tenant.connections.values()):
        newest = max(key.created_at for key in saml) + CERTIFICATE_LIFE
        found.append(Ending(Thing.OWN_CERTIFICATE, "", "", "", newest))
    return sorted(found, key=lambda one: one.ends_at)[:50]


def _title_of(one: Ending) -> str:
    titles = {
        Thing.CERTIFICATE: _("A certificate of %(name)s runs out", name=one.label),
        Thing.SECRET: _("The client secret of %(name)s runs out", name=one.label),
        Thing.CLIENT_CERTIFICATE: _("The client certificate of %(name)s runs out", name=one.label),
        Thing.OWN_CERTIFICATE: _("The key that we sign for SAML with runs out"),
        Thing.APPLICATIONS_CERTIFICATE: _("The key that we answer SAML applications with runs out"),
    }
    return str(titles[one.thing])


def _domains() -> Iterator[Need]:
    url, label = url_for("console.domains"), str(_("Look at domains"))
    unproven = [rule.name for rule in g.tenant.domains if rule.connection and not rule.is_trusted][:_SHOWN]
    if unproven:
        text = str(_("They lead to a connection, which counts once they are proven: %(names)s.", names=", ".join(unproven)))
        yield Need("globe2", "warn", str(_("Domains are not proven yet")), text, url, label)
    failing = [row.domain for row in the_broker().db.look_up(_FAILING_PROOFS, tenant_id=g.tenant.id)]
    if failing:
        text = str(_("After seven days the proof ends: %(names)s.", names=", ".join(failing)))
        yield Need("globe2", "bad", str(_("The record of a domain is missing")), text, url, label)


def _door(db: TenantSession, now: datetime) -> Iterator[Need]:
    rows = db.all(_DOOR)
    drills = [row.last_drill_at for row in rows if row.last_drill_at is not None]
    url, label = url_for("console.door"), str(_("Emergency access"))
    if not rows:
        text = str(_("If every way to sign in is broken, nobody could set it right."))
        yield Need("door-closed", "warn", str(_("There is no emergency access")), text, url, label)
    elif not drills or now - max(drills) > DRILL_EVERY:
        text = str(_("Nobody has tried it for three months. A drill takes a minute."))
        yield Need("door-closed", "warn", str(_("Emergency access was not tried lately")), text, url, label)


def _invitations(admin: Admin, db: TenantSession, now: datetime) -> Iterator[Need]:
    if admin.organization_ids is not None:
        return
    count = len({row.account_id for row in db.all(_RUNNING_OUT, now=now, until=now + _WEEK)})
    if count:
        number = f"{_MOST}+" if count > _MOST else str(count)
        title = str(_("Invitations run out this week: %(count)s", count=number))
        text = str(_("After that an admin has to invite these people again."))
        url = url_for("console.users", state=AccountState.INVITED.value)
        yield Need("envelope", "warn", title, text, url, str(_("Who they are")))
