"""The audit log: finding, reading and taking along what happened in this tenant."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Response as FlaskResponse
from flask import g, request, stream_with_context, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import require
from broker.console.audit_filters import NAMES, Asked, mark_of, read_filters, text_of
from broker.console.audit_lines import Line, detail_of, lines_of, urls
from broker.console.cells import csv_line
from broker.console.frame import show
from broker.event_titles import title_of
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants.audit import AuditEvent, Event, append
from tenants.audit_search import Mark, Sought, entries, find_entry
from tenants.causes import Cause, Refusal
from tenants.console_roles import Permission

PAGE = 50
EXPORTED_AT_ONCE = 500
MOST_EXPORTED = 50_000
_COLUMNS = ("time", "event", "cause", "person", "by", "about", "address", "reference", "browser", "detail", "id")


def log_page() -> Response:
    """GET: the newest entries, or those that fit the filters. Three statements here, however many there are."""
    admin = require(Permission.READ_AUDIT)
    older, newer = mark_of(request.args.get("older", "")), mark_of(request.args.get("newer", ""))
    with g.db.reading() as db:
        asked = read_filters(request.args, admin, db)
        rows = entries(db, asked.sought, PAGE + 1, older=older, newer=newer) if not asked.errors else []
        rest, rows = len(rows) > PAGE, rows[-PAGE:] if newer else rows[:PAGE]
        lines = lines_of(db, rows)
    return show(
        "console/audit.html",
        admin,
        here="audit",
        title=_("Audit log"),
        errors=asked.errors,
        asked=asked,
        lines=lines,
        choices=_choices(),
        pages=_pages(asked, rows, rest=rest, older=older, newer=newer),
        most=MOST_EXPORTED,
        urls=urls(),
    )


def entry_page(entry: str) -> Response:
    """GET: one entry, with before and after."""
    admin = require(Permission.READ_AUDIT)
    with g.db.reading() as db:
        row = find_entry(db, entry, admin.organization_ids)
        detail = detail_of(db, row) if row is not None else None
    if detail is None:
        raise Refusal(Cause.PAGE_UNKNOWN, "no such entry", account_id=admin.id)
    return show("console/audit-entry.html", admin, here="audit", title=detail.line.what, detail=detail, urls=urls())


def export() -> Response:
    """POST: what the filters find as CSV, at most 50,000 entries; the export itself is one."""
    admin = require(Permission.READ_AUDIT)
    with g.db.writing() as db:
        asked = read_filters(request.form, admin, db)
        filters = {name: text for name, text in asked.typed.items() if text}
        append(
            db,
            Event.LOG_EXPORTED,
            at=the_broker().ports.clock.now(),
            account_id=admin.id,
            address=client_address(),
            detail={"by": admin.id} | filters,
        )
    answer = FlaskResponse(stream_with_context(_csv(asked.sought)), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="audit-{g.tenant.slug}.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _csv(sought: Sought) -> Iterator[str]:
    """Batch after batch, each in a short read: the whole is never in memory."""
    yield csv_line(_COLUMNS)
    mark, left = None, MOST_EXPORTED
    while left > 0:
        with g.db.reading() as db:
            rows = entries(db, sought, min(EXPORTED_AT_ONCE, left), older=mark)
            lines = lines_of(db, rows)
        yield "".join(csv_line(_cells(line, row)) for line, row in zip(lines, rows, strict=True))
        if len(rows) < EXPORTED_AT_ONCE:
            return
        mark, left = Mark(rows[-1].at, rows[-1].id), left - len(rows)


def _cells(line: Line, row: AuditEvent) -> Sequence[str]:
    detail = "; ".join(f"{name}={value}" for name, value in row.detail.items())
    at = row.at.isoformat(timespec="microseconds")
    about = (line.event, line.cause, line.who, line.by, line.about, line.address, line.reference)
    return (at, *about, row.user_agent or "", detail, row.id)


def _choices() -> Mapping[str, Sequence[tuple[str, str]]]:
    """What the selects offer: fixed lists, and this tenant's connections and applications."""
    ways, applications = g.tenant.connections.values(), g.tenant.applications.values()
    return {
        "event": [("", _("Any event")), *sorted((one.value, title_of(one.value)) for one in Event)],
        "cause": [("", _("Any cause")), *sorted((one.value, one.value) for one in Cause)],
        "connection": [("", _("Any connection")), *((one.key, one.label) for one in ways)],
        "application": [("", _("Any application")), *((one.key, one.name) for one in applications)],
    }


def _pages(
    asked: Asked, rows: Sequence[AuditEvent], *, rest: bool, older: Mark | None, newer: Mark | None
) -> dict[str, str | None]:
    """Where the buttons lead; None where there is nothing."""
    has_newer = rest if newer else older is not None
    has_older = newer is not None or rest

    def at(name: str, row: AuditEvent) -> str:
        said: dict[str, Any] = {key: asked.typed[key] or None for key in NAMES} | {name: text_of(Mark(row.at, row.id))}
        return url_for("console.audit", **said)

    return {
        "newer": at("newer", rows[0]) if rows and has_newer else None,
        "older": at("older", rows[-1]) if rows and has_older else None,
        "first": url_for("console.audit") if asked.is_filtered or not rows else None,
    }
