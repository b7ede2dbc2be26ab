"""What stands behind a reference that somebody read out: the entries, what the provider had sent, a link for a helpdesk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import g, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.audit_filters import REFERENCE
from broker.console.audit_lines import Line, heading_of, lines_of, urls
from broker.console.frame import show
from broker.tenancy import client_address, tenant_url
from broker.wiring import the_broker
from tenants.audit import Event, append
from tenants.audit_search import Sought, entries, traces_of
from tenants.causes import Cause, Refusal
from tenants.console_roles import Permission
from tenants.db import TenantSession
from tenants.traces import TRACES_BY_REFERENCE, Trace, share
from tenants.traces import lines_of as received_lines

_ENTRIES = 100


@dataclass(frozen=True, slots=True)
class TraceLine:
    """What was kept of one attempt."""

    at: datetime
    heading: str
    cause: str
    detail: str
    version: int | None
    steps: tuple[str, ...]
    received: tuple[tuple[str, str], ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """Everything behind a reference."""

    reference: str
    lines: Sequence[Line]
    traces: Sequence[TraceLine]
    link: str = ""
    link_until: datetime | None = None


def ask() -> Response:
    """GET: the field for a reference; with one in the address, to its page."""
    admin = _require_reader()
    typed = request.args.get("reference", "").strip().upper()
    if not typed:
        return _ask(admin)
    if not REFERENCE.fullmatch(typed):
        return _ask(admin, typed, _("A reference has two groups of four, such as K7QF-29XM."))
    with g.db.reading() as db:
        known = _known(db, admin, typed)
    if not (known.lines or known.traces):
        return _ask(admin, typed, _("Nothing is known under this reference."))
    return _show(admin, known)


def make_link() -> Response:
    """POST: a link to the newest trace, shown once; the log says that there is one, and not what it is."""
    admin = require(Permission.USE_HELPDESK)
    reference, now = request.form.get("reference", "").strip().upper(), the_broker().ports.clock.now()
    with g.db.writing() as db:
        seen = traces_of(db, reference, admin.organization_ids, now) if REFERENCE.fullmatch(reference) else []
        traces = [one for one in db.all(TRACES_BY_REFERENCE, reference=reference) if one.id in {row.id for row in seen}]
        if not traces:
            raise Refusal(Cause.PAGE_UNKNOWN, "no such trace", account_id=admin.id)
        latest = traces[-1]
        token, until = share(db, latest, now)
        append(
            db,
            Event.TRACE_SHARED,
            at=now,
            reference=latest.reference,
            account_id=latest.account_id,
            connection_id=latest.connection_id,
            application_id=latest.application_id,
            address=client_address(),
            detail={"by": admin.id, "until": until.isoformat(timespec="seconds")},
        )
    with g.db.reading() as db:
        known = _known(db, admin, reference, tenant_url(f"/trace/{token}"), until)
    answer = _show(admin, known)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _require_reader() -> Admin:
    admin = require(Permission.VIEW)
    return admin if admin.may(Permission.USE_HELPDESK) else require(Permission.READ_AUDIT)


def _ask(admin: Admin, typed: str = "", error: str = "") -> Response:
    errors = {"reference": error} if error else {}
    title = _("Look up a reference")
    return show("console/audit-ask.html", admin, here="reference", title=title, errors=errors, typed=typed)


def _show(admin: Admin, known: Known) -> Response:
    return show(
        "console/audit-reference.html",
        admin,
        here="reference",
        title=known.reference,
        known=known,
        may_share=admin.may(Permission.USE_HELPDESK) and bool(known.traces),
        may_read=admin.may(Permission.READ_AUDIT),
        urls=urls(),
    )


def _known(db: TenantSession, admin: Admin, reference: str, link: str = "", until: datetime | None = None) -> Known:
    sought = Sought(reference=reference, organization_ids=admin.organization_ids)
    rows = list(reversed(entries(db, sought, _ENTRIES)))
    traces = traces_of(db, reference, admin.organization_ids, the_broker().ports.clock.now())
    return Known(reference, lines_of(db, rows), [_trace(one) for one in traces], link, until)


def _trace(row: Trace) -> TraceLine:
    way = next((one.label for one in g.tenant.connections.values() if one.id == row.connection_id), "")
    return TraceLine(
        at=row.at,
        heading=heading_of(row.cause, way),
        cause=row.cause,
        detail=row.detail,
        version=row.connection_version,
        steps=tuple(str(step.get("sentence", "")) for step in row.steps),
        received=tuple(received_lines(row.received)),
        until=row.expires_at,
    )
