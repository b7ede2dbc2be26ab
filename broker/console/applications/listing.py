"""All applications of the tenant."""

from flask import g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import require
from broker.console.frame import show
from tenants.console_roles import Permission

MOST = 500


def list_page() -> Response:
    """GET: the list. `q` looks in names and keys. Read from the tenant's configuration."""
    admin = require(Permission.VIEW_SETTINGS)
    query = request.args.get("q", "").strip()[:100]
    every = sorted(
        [*g.tenant.applications.values(), *g.tenant.service_providers.values()], key=lambda one: (one.name.casefold(), one.key)
    )
    words = query.casefold().split()
    found = [one for one in every if all(word in f"{one.name} {one.key}".casefold() for word in words)][:MOST]
    return show(
        "console/applications/list.html",
        admin,
        here="applications",
        title=_("Applications"),
        query=query,
        has_any=bool(every),
        lines=[(one, url_for("console.application", application=one.key)) for one in found],
        list_url=url_for("console.applications"),
        new_url=url_for("console.new_application") if admin.may(Permission.MANAGE_APPLICATIONS) else None,
    )
