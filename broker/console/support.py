"""Support access: an owner lets operators look in for a while, takes that back, and sees who came."""

from datetime import datetime

from flask import g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import name_of
from broker.console.forms import Choice, Errors, FormField, errors_of, marked
from broker.console.frame import go, show
from broker.console.route import Route
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.console_roles import Permission
from tenants.manifest.values import Line
from tenants.support_access import GOOD_GRANT, HOURS, VISITS, grant_support, revoke_support

OWNER = "owner"


class SupportForm(BaseModel):
    """What an owner says."""

    model_config = ConfigDict(extra="forbid")

    hours: int
    note: Line | None = Field(default=None, title="What for")


def page() -> Response:
    """GET: whether anybody may look in, and who has."""
    return _page(require(Permission.VIEW_SETTINGS), {}, {})


def change() -> Response:
    """POST: let them in for a while, or take it back at once."""
    admin = require(Permission.CONFIGURE, fresh=True)
    if admin.role != OWNER:
        raise Refusal(Cause.ROLE_MISSING, "owners grant support access", account_id=admin.id)
    if request.form.get("do") == "revoke":
        with g.db.writing() as db:
            done = revoke_support(db, admin.id, _now())
        return go("console.support", "support_revoked" if done else "nothing")
    typed = {"hours": request.form.get("hours", ""), "note": request.form.get("note", "").strip() or None}
    try:
        form = SupportForm.model_validate(typed)
    except ValidationError as error:
        return _page(admin, typed, errors_of(error), 422)
    if form.hours not in HOURS:
        return _page(admin, typed, {"hours": str(_("Choose one of these."))}, 422)
    with g.db.writing() as db:
        grant_support(db, admin.id, form.hours, form.note or "", _now())
    return go("console.support", "support_granted")


def _page(admin: Admin, typed: dict[str, str | None], errors: Errors, status: int = 200) -> Response:
    with g.db.reading() as db:
        grant, visits = db.one(GOOD_GRANT, now=_now()), db.all(VISITS)
        by = name_of(db, grant.granted_by) if grant else ""
    hours = tuple(Choice(str(one), ngettext("%(num)s hour", "%(num)s hours", one)) for one in HOURS)
    fields = (
        FormField("hours", str(_("For how long")), "choice", typed.get("hours") or "4", choices=hours, is_required=True),
        FormField("note", str(_("What for")), "text", typed.get("note") or "", str(_("They read it before they look in."))),
    )
    return show(
        "console/support.html",
        admin,
        here="support",
        title=str(_("Support access")),
        status=status,
        errors=errors,
        grant=grant,
        granted_by=by,
        visits=visits,
        fields=marked(fields, errors),
        may_change=admin.may(Permission.CONFIGURE) and admin.role == OWNER,
        form_url=url_for("console.support"),
    )


def _now() -> datetime:
    return the_broker().ports.clock.now()


SUPPORT_ROUTES = (
    Route("GET", "/support", "support", page),
    Route("POST", "/support", "change_support", change),
)
