"""Persons who are named for an application, one by one."""

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.applications.store import Held, find, held, may_change
from broker.console.changes import changing
from broker.console.frame import go, show
from tenants.accounts import Account
from tenants.addresses import AddressError, normalise_address
from tenants.assignments import PERSONS_OF_APPLICATION, assign, unassign
from tenants.console_roles import Permission
from tenants.db import TenantSession

PAGE = 50


def people_page(application: str) -> Response:
    """GET: by address, from behind `after` on."""
    return _page(require(Permission.VIEW_SETTINGS), find(application))


def change_people(application: str) -> Response:
    """POST: name somebody by address, or take somebody's name back."""
    admin = require(Permission.MANAGE_APPLICATIONS, fresh=True)
    with changing(admin) as work:
        there = held(work.db, application, locks=True)
        work.require_ours(there.row)
        gone = request.form.get("remove", "")
        if gone:
            is_changed = unassign(work.db, there.row.id, gone, at=work.now, by=admin.id)
            return go("console.application_people", "removed" if is_changed else "nothing", application=application)
        account_id, error = _account(work.db, request.form.get("email", ""))
        if account_id is not None:
            is_changed = assign(work.db, there.row.id, account_id, at=work.now, by=admin.id)
            return go("console.application_people", "saved" if is_changed else "nothing", application=application)
    return _page(admin, there, {"email": error}, 422)


def _account(db: TenantSession, email: str) -> tuple[str | None, str]:
    """The id behind an address, or why there is none."""
    try:
        key = normalise_address(email).key
    except AddressError as error:
        return None, str(error)
    found = db.scalars(select(Account.id).where(Account.email_key == key)).first()
    return found, "" if found else str(_("Nobody here has this address."))


def _page(admin: Admin, there: Held, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    row, after = there.row, request.args.get("after", "")[:254]
    with g.db.reading() as db:
        people = db.all(PERSONS_OF_APPLICATION, application=row.id, after=after, count=PAGE + 1)
    has_more, people = len(people) > PAGE, people[:PAGE]
    here = url_for("console.application_people", application=row.key)
    return show(
        "console/applications/people.html",
        admin,
        here="applications",
        title=_("People of %(name)s", name=row.name),
        status=status,
        errors=errors or {},
        people=people,
        typed=request.form.get("email", "") if errors else "",
        is_open_to_all=not row.is_assigned_only,
        rule_url=url_for("console.application_part", application=row.key, part="people"),
        form_url=here,
        first_url=here if after else None,
        next_url=url_for("console.application_people", application=row.key, after=people[-1].email_key) if has_more else None,
        may_change=may_change(admin, row),
        is_file_managed=row.is_file_managed,
        back=(url_for("console.application", application=row.key), row.name),
    )
