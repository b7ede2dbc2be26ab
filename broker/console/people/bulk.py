"""What is done with several people: planned, shown with its numbers, said yes to, and found again until it is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.frame import go, show
from broker.console.people import words
from broker.console.people.users import asked_for, filters_of
from broker.wiring import the_broker
from tenants import jobs
from tenants.account_search import ids_of_all
from tenants.bulk import ENDING, Action
from tenants.bulk_jobs import plan_job, work_on
from tenants.causes import Cause, Refusal
from tenants.console_roles import Permission
from tenants.jobs import IMPORT, KEEP, MAX_PEOPLE, JobState, Outcome

AT_ONCE = 25
"""So many are done within the request; more are done beside it."""
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class JobLine:
    """A person of a job, and what has to be said about them."""

    email: str
    text: str


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as its page shows it."""

    state: str
    total: int
    done: int
    due: int
    failed: int
    left_out: Sequence[JobLine]
    failures: Sequence[JobLine]
    whom: Sequence[JobLine]
    """The first of those whom a yes would be about; nobody once it was given."""
    is_ending: bool

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 100


def plan() -> Response:
    """POST: whom, and what: a plan that changes nothing yet."""
    admin = require(Permission.USE_HELPDESK)
    wanted = request.form.get("action", "")
    if wanted not in list(Action):
        return go("console.users", "no_action")
    action, now = Action(wanted), the_broker().ports.clock.now()
    if action is not Action.SEND_LINK:
        require(Permission.MANAGE_USERS)
    ids = _chosen(admin)
    if not ids:
        return go("console.users", "nobody")
    if len(ids) > MAX_PEOPLE:
        return go("console.users", "too_many")
    return go("console.job", job=plan_job(g.db, action, ids, admin.id, now))


def job_page(job: str) -> Response:
    """GET: the plan for a yes, how far it has come, or what came of it."""
    admin = require(Permission.USE_HELPDESK, fresh=True)
    row = own_job(admin, job)
    if row.kind == IMPORT:
        return go("console.import_job", job=row.id)
    return _page(admin, row)


def start(job: str) -> Response:
    """POST: yes."""
    admin = require(Permission.USE_HELPDESK, fresh=True)
    row = own_job(admin, job)
    if row.kind != Action.SEND_LINK:
        require(Permission.MANAGE_USERS, fresh=True)
    broker = the_broker()
    now = broker.ports.clock.now()
    with g.db.writing() as db:
        is_mine = row.kind != IMPORT and db.run(jobs.START_JOB, job=row.id, now=now, until=now + KEEP)
    if is_mine and row.total <= AT_ONCE:
        work_on(g.db, broker.vault, row.id, broker.ports.clock.now, lambda: False)
    return go("console.job", job=row.id)


def own_job(admin: Admin, job: str) -> Row[Any]:
    """One of this admin's own jobs. Raises Refusal: nobody else's is there."""
    wanted = job[:80] if job.isprintable() else ""
    with g.db.reading() as db:
        row: Row[Any] | None = db.one(jobs.JOB, job=wanted)
    if row is None or row.account_id != admin.id or row.expires_at <= the_broker().ports.clock.now():
        raise Refusal(Cause.PAGE_UNKNOWN, "no such job of theirs", account_id=admin.id)
    return row


def _chosen(admin: Admin) -> list[str]:
    """Those who were checked, or everybody on the list."""
    if request.form.get("all"):
        filters, now = filters_of(asked_for(request.form), admin), the_broker().ports.clock.now()
        with g.db.reading() as db:
            return ids_of_all(db, filters, now, MAX_PEOPLE)
    return [one for one in dict.fromkeys(request.form.getlist("id")) if one.isprintable() and len(one) <= 80]


def _page(admin: Admin, row: Row[Any]) -> Response:
    said = words.ACTIONS[Action(row.kind)]
    view = _view(row)
    titles = {JobState.READY: said.question, JobState.RUNNING: _("Under way"), JobState.DONE: said.done}
    return show(
        "console/people/job.html",
        admin,
        here="users",
        title=str(titles[JobState(row.state)]),
        view=view,
        effect=str(said.effect),
        label=_label(Action(row.kind), view.due),
        back=(url_for("console.users"), str(_("Users"))),
        job_url=url_for("console.job", job=row.id),
    )


def _label(action: Action, count: int) -> str:
    verb = str(words.ACTIONS[action].button).rstrip("…")
    return f"{verb}: {ngettext('%(num)s person', '%(num)s people', count)}"


def _view(row: Row[Any]) -> JobView:
    is_ready = row.state == JobState.READY
    with g.db.reading() as db:
        refused = db.all(jobs.JOB_ROWS_OF, job=row.id, which=Outcome.REFUSED.value, after=0, count=_SHOWN)
        failed = db.all(jobs.JOB_ROWS_OF, job=row.id, which=Outcome.FAILED.value, after=0, count=_SHOWN)
        due = db.all(jobs.JOB_ROWS_OF, job=row.id, which=Outcome.WAITING.value, after=0, count=_SHOWN) if is_ready else []
    return JobView(
        state=row.state,
        total=row.total,
        done=row.done,
        due=row.facts.get(Outcome.WAITING, 0),
        failed=len(failed),
        left_out=[_line(one) for one in refused],
        failures=[_line(one) for one in failed],
        whom=[JobLine(one.email, "") for one in due],
        is_ending=Action(row.kind) in ENDING,
    )


def _line(row: Row[Any]) -> JobLine:
    return JobLine(row.email, words.refusal_words(row.detail.get("code", ""), row.detail.get("sentence", "")))
