"""The addresses of the console."""

from flask import Blueprint, make_response, render_template, url_for
from werkzeug.wrappers import Response

from broker.console.status import status_of
from broker.guard import require_role
from tenants.accounts import ADMIN_ROLES

console = Blueprint("console", __name__, subdomain="tenant")


@console.get("/console/", endpoint="status")
def status() -> Response:
    """What is on, and what failed lately: the page that emergency access leads to."""
    person = require_role(ADMIN_ROLES)
    page = render_template(
        "console/status.html",
        name=person.row.name or person.row.email,
        status=status_of(),
        door_until=person.row.expires_at if person.is_by_door else None,
        sign_out_url=url_for("home.sign_out"),
        home_url=None if person.is_by_door else url_for("home.home"),
    )
    return make_response(page)
