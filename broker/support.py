"""An operator who looks into a tenant's console with its consent: the cookie of the visit, and how it begins and ends.

The visit is no session of an account. Nothing but the console knows it, and there it sees and changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row, bindparam, select
from werkzeug.wrappers import Response

from broker.tenancy import client_address, cookie_scope
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.ids import digest
from tenants.operators import Operator, OperatorSession
from tenants.statements import platform
from tenants.support_access import IDLE_LIFE, VISIT_BY_COOKIE, VISIT_BY_TICKET, leave_visit, open_visit, see_visit

_FILTERS = (
    "q", "email", "address", "reference", "method", "state", "organization", "role", "event", "cause", "connection",
    "application", "network", "hint", "since", "until", "show",
)  # fmt: skip
"""What pages are asked for, in their addresses: whom somebody looked for shows there."""
_MOST_OF_FILTER, _MOST_OF_PLACE = 200, 2000
support = Blueprint("support", __name__, subdomain="tenant")
_OPERATOR_IS_THERE = platform(
    select(OperatorSession.id)
    .join(Operator, Operator.id == OperatorSession.operator_id)
    .where(
        OperatorSession.id == bindparam("session"),
        OperatorSession.operator_id == bindparam("operator"),
        OperatorSession.expires_at > bindparam("now"),
        Operator.set_up_at.is_not(None),
        ~Operator.is_disabled,
    )
)


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks in, and until when at most."""

    row: Row[Any]

    @property
    def name(self) -> str:
        return str(self.row.operator_name)

    @property
    def until(self) -> datetime:
        """The end of the consent."""
        until: datetime = self.row.expires_at
        return until


def present_visit() -> Visit | None:
    """The visit of this browser, if it is good now: not ended, its grant neither, nor the session of its operator."""
    cookie = request.cookies.get(_cookie_name())
    if not cookie:
        return None
    now = the_broker().ports.clock.now()
    with g.db.reading() as db:
        row = db.one(VISIT_BY_COOKIE, cookie=digest(cookie), seen_after=now - IDLE_LIFE, now=now)
    return Visit(row) if row is not None and _is_operator_there(row, now) else None


def note_page(visit: Visit) -> None:
    """Each page that is looked at stands in the tenant's log, once a request."""
    if g.get("noted_visit"):
        return
    g.noted_visit = True
    with g.db.writing() as db:
        see_visit(db, visit.row, _place(), client_address(), the_broker().ports.clock.now())


@support.get("/support/<token>", endpoint="ask")
def ask(token: str) -> Response:
    """GET: what it is, and until when. Consumes nothing."""
    page = render_template("console/support_enter.html", title=_("Look into this console"), visit=_require_ticket(token))
    return make_response(page)


@support.post("/support/<token>", endpoint="enter")
def enter(token: str) -> Response:
    """POST: the ticket is used up, and the browser gets the visit's cookie."""
    _require_ticket(token)
    with g.db.writing() as db:
        secret = open_visit(db, token, client_address(), the_broker().ports.clock.now())
    if secret is None:
        raise _over()
    g.visit_cookie = secret
    return redirect(url_for("console.home"), 303)


@support.post("/support-end", endpoint="leave")
def leave() -> Response:
    """POST: the visit is over."""
    visit = present_visit()
    if visit is not None:
        with g.db.writing() as db:
            leave_visit(db, visit.row, client_address(), the_broker().ports.clock.now())
    g.visit_cookie = ""
    return make_response(render_template("console/support_left.html", title=_("You have left this console")))


@support.after_request
def set_visit_cookie(response: Response) -> Response:
    """Write what the request changed: a new visit, or none any more."""
    secret = g.get("visit_cookie")
    if secret is None:
        return response
    secure = request.environ["wsgi.url_scheme"] == "https"
    kept = {"path": cookie_scope()[1], "secure": secure, "httponly": True, "samesite": "Lax"}
    if secret:
        response.set_cookie(_cookie_name(), secret, **kept)
    else:
        response.delete_cookie(_cookie_name(), **kept)
    return response


def _place() -> str:
    """The page that is asked for, with the filters that it knows; nothing else of an address gets into the log."""
    asked = {name: text[:_MOST_OF_FILTER] for name in _FILTERS if (text := request.args.get(name, "").strip())}
    return f"{request.path}?{urlencode(asked, safe='@')}"[:_MOST_OF_PLACE] if asked else request.path


def _require_ticket(token: str) -> Visit:
    now = the_broker().ports.clock.now()
    with g.db.reading() as db:
        row = db.one(VISIT_BY_TICKET, ticket=digest(token), now=now)
    if row is None or not _is_operator_there(row, now):
        raise _over()
    return Visit(row)


def _is_operator_there(row: Row[Any], now: datetime) -> bool:
    """Is the session good in which the operator asked for the visit, and the operator too?"""
    return bool(the_broker().db.look_up(_OPERATOR_IS_THERE, session=row.session_id, operator=row.operator_id, now=now))


def _cookie_name() -> str:
    return f"{cookie_scope()[0]}support"


def _over() -> Refusal:
    return Refusal(Cause.INVITATION_USED, "no such ticket of support access, or its grant is over", fact="support")
