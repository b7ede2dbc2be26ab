"""How a tenant stands: its ways in, its domains, what failed lately. Bounded reads of its own tables, nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from flask_babel import gettext as _
from sqlalchemy import Row

from broker.sentences import texts_of
from tenants.accounts import ANY_ACCOUNT
from tenants.audit import LATEST_EVENTS, Event
from tenants.causes import Cause
from tenants.connection_health import HEALTH, is_ailing
from tenants.routing_domains import DomainRule

_EVENTS_READ = 200
_FAILURES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class WayLine:
    """A way in, and whether it is on."""

    label: str
    kind: str
    is_on: bool
    note: str = ""
    is_ailing: bool = False
    """It failed several times in a row."""
    failures: int = 0
    """Since it last worked."""
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DomainLine:
    """A listed domain, and what it is for, in words."""

    name: str
    note: str
    is_proven: bool


@dataclass(frozen=True, slots=True)
class FailureLine:
    """Something that was refused: when, why, and under which reference."""

    at: datetime
    cause: str
    """The heading that the person saw, and the cause's own name."""
    sentence: str
    reference: str
    way: str


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that the page shows."""

    ways: Sequence[WayLine]
    domains: Sequence[DomainLine]
    has_users: bool
    failures: Sequence[FailureLine]


def status_of() -> Status:
    """Of the tenant of this request. Three statements here, however many people and events there are."""
    with g.db.reading() as db:
        has_users = db.one(ANY_ACCOUNT) is not None
        events = db.all(LATEST_EVENTS, count=_EVENTS_READ)
        health = {row.id: row for row in db.all(HEALTH)}
    failed = [event for event in events if event.cause and event.event != Event.BROKEN][:_FAILURES_SHOWN]
    return Status(
        ways=_ways(health),
        domains=[DomainLine(rule.name, _domain_note(rule), rule.proven) for rule in g.tenant.domains],
        has_users=has_users,
        failures=[_failure(event) for event in failed],
    )


def _ways(health: Mapping[str, Row[Any]]) -> list[WayLine]:
    local = WayLine(_("E-mail and password"), "", g.tenant.policy.local_enabled)
    connections = [
        WayLine(
            label=one.label,
            kind=one.kind,
            is_on=one.is_enabled,
            note=_network_note(one.networks, one.network_mode),
            **_health_of(health.get(one.id)),
        )
        for one in g.tenant.connections.values()
    ]
    return [*connections, local]


def _health_of(row: Row[Any] | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {"is_ailing": is_ailing(row), "failures": row.failures or 0, "last_used_at": row.last_success_at}


def _network_note(networks: Sequence[str], mode: str) -> str:
    if not networks:
        return ""
    ranges = ", ".join(networks)
    text = _("First in %(ranges)s") if mode == "first" else _("Only from %(ranges)s")
    return str(text % {"ranges": ranges})


def _domain_note(rule: DomainRule) -> str:
    connection = g.tenant.connections.get(rule.connection or "")
    if connection is None:
        return str(_("Let in") if rule.allowed else _("Not let in"))
    text = _("Only by %(name)s") if rule.enforce else _("Sent to %(name)s")
    return str(text % {"name": connection.label})


def _failure(event: Row[Any]) -> FailureLine:
    connection = next((one for one in g.tenant.connections.values() if one.id == event.connection_id), None)
    way = connection.label if connection else ""
    return FailureLine(
        at=event.at,
        cause=event.cause,
        sentence=_heading(event.cause, way),
        reference=event.reference or "",
        way=way,
    )


def _heading(cause: str, way: str) -> str:
    """What the person read; for a cause of another version, its name."""
    try:
        heading, _sentences = texts_of(Cause(cause), None)
    except ValueError:
        return cause
    words = {"organization": g.tenant.name, "provider": way or _("the identity provider"), "application": _("an application")}
    return str(heading) % words
