"""Entries of the audit log as pages and files show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import g, url_for
from flask_babel import gettext as _

from broker.event_titles import title_of
from broker.sentences import texts_of
from tenants.audit import AuditEvent
from tenants.audit_search import ids_in, people
from tenants.causes import Cause
from tenants.db import TenantSession

_BEFORE, _AFTER = "before ", "after "
_OWN_PLACE = frozenset({"path", "by", "fields", "what"})


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in the table."""

    id: str
    at: datetime
    what: str
    event: str
    cause: str
    who: str
    """Whom it is about: an address; empty where it is about nobody."""
    by: str
    """Who did it, where somebody else did."""
    about: str
    """Connection, application or place that it is about."""
    reference: str
    address: str
    url: str
    reference_url: str


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One entry, whole."""

    line: Line
    heading: str
    """What the person read, where there is a cause."""
    changes: Sequence[Change]
    facts: Sequence[tuple[str, str]]
    number: int | None
    """Its place in the chain, once it was sealed."""


def lines_of(db: TenantSession, rows: Sequence[AuditEvent]) -> list[Line]:
    """One statement: the names of everybody in these entries."""
    known = people(db, ids_in(rows))
    connections = {one.id: one.label for one in g.tenant.connections.values()}
    applications = {one.id: one.name for one in g.tenant.applications.values()}
    return [_line(row, known, connections, applications) for row in rows]


def detail_of(db: TenantSession, row: AuditEvent) -> Detail:
    """Everything of one entry, what changed before all."""
    (line,) = lines_of(db, [row])
    return Detail(
        line=line,
        heading=heading_of(row.cause, line.about) if row.cause else "",
        changes=_changes(row.detail),
        facts=_facts(row),
        number=row.number,
    )


def heading_of(cause: str, way: str) -> str:
    """What the person read; for a cause of another version, its name."""
    try:
        heading, _sentences = texts_of(Cause(cause), None)
    except ValueError:
        return cause
    words = {
        "organization": g.tenant.name,
        "provider": way or _("the identity provider"),
        "application": way or _("an application"),
        "email": _("an address"),
        "domain": _("a domain"),
        "until": _("later"),
    }
    return str(heading) % words


def urls() -> dict[str, str]:
    """Where these pages lead to."""
    places = {"log": "audit", "export": "export_audit", "ask": "reference", "share": "share_reference"}
    return {name: url_for(f"console.{endpoint}") for name, endpoint in places.items()}


def _line(
    row: AuditEvent,
    known: Mapping[str, tuple[str, str]],
    connections: Mapping[str, str],
    applications: Mapping[str, str],
) -> Line:
    way = connections.get(row.connection_id or "") or applications.get(row.application_id or "")
    by = str(row.detail.get("operator") or row.detail.get("by", ""))
    return Line(
        id=row.id,
        at=row.at,
        what=title_of(row.event),
        event=row.event,
        cause=row.cause or "",
        who=_name(row.account_id or "", known),
        by=_name(by, known) if by != row.account_id else "",
        about=way or str(row.detail.get("path", "")),
        reference=row.reference or "",
        address=row.address or "",
        url=url_for("console.audit_entry", entry=row.id),
        reference_url=url_for("console.reference", reference=row.reference) if row.reference else "",
    )


def _name(account_id: str, known: Mapping[str, tuple[str, str]]) -> str:
    """An address; of an account that is gone its id; of the tenants file and the like their name."""
    return known[account_id][1] if account_id in known else account_id


def _changes(detail: Mapping[str, str]) -> list[Change]:
    names = [key.removeprefix(_BEFORE).removeprefix(_AFTER) for key in detail if key.startswith((_BEFORE, _AFTER))]
    return [
        Change(name, str(detail.get(_BEFORE + name, "")), str(detail.get(_AFTER + name, ""))) for name in dict.fromkeys(names)
    ]


def _facts(row: AuditEvent) -> list[tuple[str, str]]:
    rest = [
        (name, str(value))
        for name, value in row.detail.items()
        if name not in _OWN_PLACE and not name.startswith((_BEFORE, _AFTER))
    ]
    return [*rest, *(((_("Browser"), row.user_agent),) if row.user_agent else ())]
