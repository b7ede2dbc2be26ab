"""The first page of the console: what is on, and what failed lately."""

from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import require
from broker.console.frame import show
from broker.console.standing import status_of
from tenants.console_roles import Permission


def home_page() -> Response:
    """GET: where emergency access leads, and everybody who opens the console."""
    admin = require(Permission.VIEW)
    return show("console/home.html", admin, here="home", title=_("Home"), standing=status_of())
