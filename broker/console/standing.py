"""How signing in goes: the ways with their state, and what was refused lately, with the reference that leads to its trace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from sqlalchemy import Row

from broker.console.connections.listing import state_of
from broker.sentences import texts_of
from broker.upstream import KINDS
from tenants.audit import Event
from tenants.causes import Cause

_FAILURES_SHOWN = 10
_WAYS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class WayLine:
    """A way in, and how it fares."""

    label: str
    icon: str
    tone: str
    state: str


@dataclass(frozen=True, slots=True)
class FailureLine:
    """Something that was refused: when, why, and under which reference."""

    at: datetime
    cause: str
    """The cause's own name; `sentence` is what the person saw."""
    sentence: str
    reference: str
    way: str
    url: str
    """Of what stands behind the reference."""


def ways_of(health: Sequence[Row[Any]]) -> list[WayLine]:
    """The connections in their order, then e-mail and password."""
    lines = [_way(row) for row in health[:_WAYS_SHOWN]]
    is_on = g.tenant.policy.local_enabled
    return [*lines, WayLine(_("E-mail and password"), "way-local", "ok" if is_on else "", _("On") if is_on else _("Off"))]


def failures_of(events: Iterable[Row[Any]]) -> list[FailureLine]:
    """The newest refusals among these entries."""
    failed = [event for event in events if event.cause and event.event != Event.BROKEN]
    return [_failure(event) for event in failed[:_FAILURES_SHOWN]]


def _way(row: Row[Any]) -> WayLine:
    connection = g.tenant.connections.get(row.key)
    icon = (connection.icon if connection else "") or KINDS[row.kind].icon
    return WayLine(row.label, icon, *state_of(row))


def _failure(event: Row[Any]) -> FailureLine:
    connection = next((one for one in g.tenant.connections.values() if one.id == event.connection_id), None)
    way = connection.label if connection else ""
    return FailureLine(
        at=event.at,
        cause=event.cause,
        sentence=_heading(event.cause, way),
        reference=event.reference or "",
        way=way,
        url=url_for("console.reference", reference=event.reference) if event.reference else "",
    )


def _heading(cause: str, way: str) -> str:
    """What the person read; for a cause of another version, its name."""
    try:
        heading, _sentences = texts_of(Cause(cause), None)
    except ValueError:
        return cause
    words = {"organization": g.tenant.name, "provider": way or _("the identity provider"), "application": _("an application")}
    return str(heading) % (words | {"email": _("an address"), "domain": _("a domain"), "until": _("later")})
