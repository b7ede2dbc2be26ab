"""Emergency access once more: what a dangerous change asks of who came in by the back door more than ten minutes ago."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from broker.console.access import require
from broker.signin.backdoor import confirm_at_door, confirm_page
from broker.signin.transaction import begin_at_door
from tenants.console_roles import Permission


def page() -> Response:
    """GET: address, password and code. Whoever came in by another way is asked there, not here."""
    admin = require(Permission.VIEW)
    if admin.person is None or not admin.is_by_door:
        return _home()
    return confirm_page(request.args.get("tx") or begin_at_door(), admin.person.row.email)


def enter() -> Response:
    """POST: one try; a new session takes the place of the old one."""
    admin = require(Permission.VIEW)
    return confirm_at_door(admin.id) if admin.is_by_door else _home()


def _home() -> Response:
    return redirect(url_for("console.home"), 303)
