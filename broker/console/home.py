"""The first page of the console: what needs somebody, how signing in goes, what failed lately."""

from flask import g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import require
from broker.console.attention import needs_of
from broker.console.chart import chart_of
from broker.console.frame import show
from broker.console.standing import failures_of, ways_of
from broker.wiring import the_broker
from tenants.audit import LATEST_EVENTS
from tenants.connection_health import HEALTH
from tenants.console_roles import Permission
from tenants.sign_in_days import days_of

_EVENTS_READ = 200


def home_page() -> Response:
    """GET: where emergency access leads, and everybody who opens the console."""
    admin, now = require(Permission.VIEW), the_broker().ports.clock.now()
    sees_all = admin.may(Permission.VIEW_SETTINGS)
    with g.db.reading() as db:
        health = db.all(HEALTH)
        needs = needs_of(admin, health, db, now)
        chart = chart_of(days_of(db, now)) if sees_all else None
        events = db.all(LATEST_EVENTS, count=_EVENTS_READ) if sees_all else ()
    return show(
        "console/home.html",
        admin,
        here="home",
        title=_("Home"),
        needs=needs,
        chart=chart,
        ways=ways_of(health),
        failures=failures_of(events),
        sees_all=sees_all,
        connections_url=url_for("console.connections"),
    )
