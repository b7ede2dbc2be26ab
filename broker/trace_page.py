"""What a helpdesk sees of one refused sign-in, by a link that somebody made for it (`broker trace --share`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, g, make_response, render_template
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.sentences import texts_of
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.traces import lines_of, shared

trace_page = Blueprint("trace", __name__, subdomain="tenant")


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that the page shows; the texts may be anybody's."""

    heading: str
    """What the person read."""
    cause: str
    detail: str
    reference: str
    at: datetime
    way: str
    application: str
    steps: tuple[str, ...]
    received: tuple[tuple[str, str], ...]
    until: datetime


@trace_page.get("/trace/<token>")
def show(token: str) -> Response:
    """Read only. A wrong or old link is a page like any that is not there."""
    now = the_broker().ports.clock.now()
    with g.db.reading() as db:
        row = shared(db, token, now)
    if row is None:
        raise Refusal(Cause.PAGE_UNKNOWN, "no such trace")
    response = make_response(render_template("trace/trace.html", seen=_seen(row)))
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store"
    return response


def _seen(row: Row[Any]) -> Seen:
    connection = next((one for one in g.tenant.connections.values() if one.id == row.connection_id), None)
    application = g.tenant.application_by_id(row.application_id)
    way = connection.label if connection else ""
    return Seen(
        heading=_heading(row.cause, way, application.name if application else ""),
        cause=row.cause,
        detail=row.detail,
        reference=row.reference,
        at=row.at,
        way=way,
        application=application.name if application else "",
        steps=tuple(str(step.get("sentence", "")) for step in row.steps),
        received=tuple(lines_of(row.received)),
        until=row.share_expires_at,
    )


def _heading(cause: str, way: str, application: str) -> str:
    """What the person read; for a cause of another version, its name."""
    try:
        heading, _sentences = texts_of(Cause(cause), None)
    except ValueError:
        return cause
    words = {
        "organization": g.tenant.name,
        "provider": way or _("the identity provider"),
        "application": application or _("an application"),
        "email": _("an address"),
        "domain": _("a domain"),
        "until": _("later"),
    }
    return str(heading) % words
