"""Imports: a sheet is read, every row's outcome shown, and then all rows written or none. Exports: what matches, as a sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.frame import go, show
from broker.console.people import words
from broker.console.people.bulk import own_job
from broker.console.people.users import asked_for, filters_of
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import jobs
from tenants.audit import Event, append
from tenants.console_roles import Permission
from tenants.exports import as_csv, as_workbook, export_rows
from tenants.import_jobs import ImportChangedError, apply, prepare
from tenants.imports import RowOutcome
from tenants.jobs import IMPORT, JobState
from tenants.sheets import SheetError

_PAGE = 100
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row of an import."""

    number: int
    email: str
    tone: str
    outcome: str
    text: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What an import comes to."""

    new: int
    changed: int
    same: int
    wrong: int
    local_off: int
    file: str
    is_done: bool

    @property
    def is_due(self) -> bool:
        return not self.is_done and not self.wrong and bool(self.new or self.changed)


@dataclass(frozen=True, slots=True)
class JobLink:
    """A job of the admin's own that can be found again."""

    url: str
    label: str
    state: str
    at: Any


def import_page() -> Response:
    """GET: where a file is chosen."""
    return _import(require(Permission.MANAGE_USERS, fresh=True), "")


def take_sheet() -> Response:
    """POST: a file. It is read and planned; nothing of it is written yet."""
    admin = require(Permission.MANAGE_USERS, fresh=True)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _import(admin, str(_("Choose a file first.")), 422)
    try:
        job = prepare(g.db, sent.stream.read(), sent.filename, admin.id, the_broker().ports.clock.now())
    except SheetError as error:
        return _import(admin, str(error), 422)
    return go("console.import_job", job=job)


def import_job(job: str) -> Response:
    """GET: every row's outcome."""
    admin = require(Permission.MANAGE_USERS, fresh=True)
    return _preview(admin, own_job(admin, job), "")


def write(job: str) -> Response:
    """POST: all of it, or nothing."""
    admin = require(Permission.MANAGE_USERS, fresh=True)
    row = own_job(admin, job)
    try:
        is_done = apply(g.db, row.id, admin.id, the_broker().ports.clock.now())
    except ImportChangedError as error:
        sentence = _(
            "%(email)s was changed since this file was read. Nothing was written: send the file again.", email=error.email
        )
        return _preview(admin, row, str(sentence), 409)
    return go("console.import_job", "imported" if is_done else "", job=row.id)


def export() -> Response:
    """POST: everybody who matches the filters, as .xlsx or, with `format=csv`, as CSV. A POST, as it is written down."""
    admin = require(Permission.MANAGE_USERS)
    asked, now = asked_for(request.form), the_broker().ports.clock.now()
    organizations = {row.id: row.name for row in g.tenant.organizations.rows.values()}
    lines = export_rows(g.db, filters_of(asked, admin), organizations, g.tenant.policy_for, now)
    is_csv = request.form.get("format") == "csv"
    with g.db.writing() as db:
        detail = {"by": admin.id, "format": "csv" if is_csv else "xlsx", **asked}
        append(db, Event.PEOPLE_EXPORTED, at=now, account_id=admin.id, address=client_address(), detail=detail)
    kind, ending = ("text/csv", "csv") if is_csv else (_XLSX, "xlsx")
    name = f"users-{g.tenant.slug}-{now:%Y-%m-%d}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(as_csv(lines) if is_csv else as_workbook(lines), mimetype=kind, headers=headers)


def _import(admin: Admin, sentence: str, status: int = 200) -> Response:
    now = the_broker().ports.clock.now()
    with g.db.reading() as db:
        own = db.all(jobs.OWN_JOBS, account=admin.id, now=now)
    return show(
        "console/people/import.html",
        admin,
        here="users",
        title=str(_("Import users")),
        status=status,
        sentence=sentence,
        errors={"file": sentence} if sentence else {},
        links=[_link(row) for row in own],
        export_url=url_for("console.export_users"),
        back=(url_for("console.users"), str(_("Users"))),
    )


def _link(row: Row[Any]) -> JobLink:
    states = {JobState.READY: _("Waits for your yes"), JobState.RUNNING: _("Under way"), JobState.DONE: _("Done")}
    is_import = row.kind == IMPORT
    name = str(row.facts.get("file", "")) if is_import else str(words.ACTIONS[row.kind].button).rstrip("…")
    url = url_for("console.import_job" if is_import else "console.job", job=row.id)
    return JobLink(url, name, str(states.get(row.state, _("Being read"))), row.created_at)


def _preview(admin: Admin, row: Row[Any], sentence: str, status: int = 200) -> Response:
    after = request.args.get("after", "0")
    wanted = request.args.get("show", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 7 else 0
    with g.db.reading() as db:
        if wanted in list(RowOutcome):
            rows = db.all(jobs.JOB_ROWS_OF, job=row.id, which=wanted, after=start, count=_PAGE + 1)
        else:
            wanted, rows = "", db.all(jobs.JOB_ROWS, job=row.id, after=start, count=_PAGE + 1)
    tally = Tally(
        **{one.value: row.facts.get(one.value, 0) for one in RowOutcome},
        local_off=row.facts.get("local_off", 0),
        file=row.facts.get("file", ""),
        is_done=row.state == JobState.DONE,
    )
    is_more = len(rows) > _PAGE
    return show(
        "console/people/import_job.html",
        admin,
        here="users",
        title=str(_("Imported") if tally.is_done else _("What this import does")),
        status=status,
        sentence=sentence,
        tally=tally,
        lines=[_row(one) for one in rows[:_PAGE]],
        shown=wanted,
        job_url=url_for("console.import_job", job=row.id),
        next_url=url_for("console.import_job", job=row.id, show=wanted or None, after=rows[_PAGE - 1].position)
        if is_more
        else None,
        first_url=url_for("console.import_job", job=row.id, show=wanted or None) if start else None,
        back=(url_for("console.import_users"), str(_("Import users"))),
    )


_OUTCOMES: dict[str, tuple[str, Any]] = {
    RowOutcome.NEW: ("ok", lambda: _("New")),
    RowOutcome.CHANGED: ("warn", lambda: _("Changed")),
    RowOutcome.SAME: ("", lambda: _("As it is")),
    RowOutcome.WRONG: ("bad", lambda: _("Not possible")),
}


def _row(row: Row[Any]) -> RowLine:
    tone, outcome = _OUTCOMES[row.outcome]
    return RowLine(row.position, row.email, tone, str(outcome()), _said(row.detail, row.outcome))


def _said(detail: Any, outcome: str) -> str:
    """What is changed, or what is wrong."""
    if outcome == RowOutcome.WRONG:
        return str(detail.get("sentence", ""))
    is_new = outcome == RowOutcome.NEW
    changes = detail.get("changes", {}).items()
    told: Sequence[str] = [_change(name, value) for name, value in changes if _is_told(name, value, is_new=is_new)]
    if note := detail.get("note"):
        told = [*told, str(_("may be the same mailbox as %(email)s", email=note))]
    return " · ".join(told)


def _is_told(name: str, value: object, *, is_new: bool) -> bool:
    is_nothing = value in ("", None) and (is_new or name != "expires_at")
    return name not in ("email", "email_key") and not is_nothing


def _change(name: str, value: Any) -> str:
    if name == "name":
        return str(_("name: %(value)s", value=value))
    if name == "organization_id":
        return str(_("organization: %(value)s", value=words.organization_name(value)))
    if name == "is_local_enabled":
        return str(_("e-mail login on") if value else _("e-mail login off"))
    return str(_("last day: %(value)s", value=words.day_text(datetime.fromisoformat(value))) if value else _("no end"))
