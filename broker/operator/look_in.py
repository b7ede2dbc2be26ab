"""Looking into a tenant's console, while an owner of it grants that (security.md, TI-10): with a reason, in both logs."""

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.operator.access import require
from broker.operator.frame import show
from broker.operator.tenant_page import require_tenant
from broker.wiring import the_broker
from tenants.platform_log import Deed, note_deed
from tenants.support_access import SupportError, begin_visit

_MOST = 200


def page(slug: str) -> Response:
    """GET: why."""
    return _form(slug, "")


def look_in(slug: str) -> Response:
    """POST: the way in, shown once. Its link leads to the tenant's own address, where it is opened."""
    me, row, broker = require(fresh=True), require_tenant(slug), the_broker()
    reason = request.form.get("reason", "").strip()
    if not reason or len(reason) > _MOST or not reason.isprintable():
        return _form(slug, reason[:_MOST], {"reason": str(_("Say why in one line: the tenant reads it."))})
    now = broker.ports.clock.now()
    try:
        with broker.db.operating(row.id, "an operator looks into the tenant", now) as (platform, db):
            ticket = begin_visit(db, me.id, me.session_id, me.name, reason, now)
            note_deed(
                platform, broker.vault, Deed.TENANT_LOOKED_INTO, now, operator_id=me.id, tenant_id=row.id,
                address=me.by.address, detail={"tenant": slug, "reason": reason},
            )  # fmt: skip
    except SupportError as error:
        return _form(slug, reason, {"reason": _(str(error))})
    base = broker.snapshots.base_url(row.slug, row.canonical_host)
    return _form(slug, reason, url=f"{base}/support/{ticket}")


def _form(slug: str, reason: str, errors: dict[str, str] | None = None, url: str = "") -> Response:
    me, row = require(fresh=True), require_tenant(slug)
    return show(
        "operator/look-in.html",
        me,
        here="tenants",
        title=_("Look into the console"),
        status=400 if errors else 200,
        errors=errors or {},
        reason=reason,
        url=url,
        back=(url_for("operator.tenant", slug=slug), row.name),
    )
