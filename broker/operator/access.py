"""Who works in the operator console, and the cookie by which they are known."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from flask import Response, g, redirect, request, url_for
from sqlalchemy import update

from broker.operator_link import is_console_served
from broker.tenancy import client_address, operator_cookie
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.ids import digest
from tenants.operators import SEEN_EVERY, SESSION_OF_COOKIE, By, OperatorSession, is_live

FRESH_FOR = timedelta(minutes=10)
"""So old a password and code may be for what is dangerous."""
HOME = "/operator/"


@dataclass(frozen=True, slots=True)
class Me:
    """The operator who is signed in."""

    id: str
    name: str
    session_id: str
    proven_at: datetime

    @property
    def by(self) -> By:
        """For the log."""
        return By(self.id, client_address())


def keep_to_the_host() -> None:
    """The console is not there where tenants are: a script of theirs would run in its origin (design.md, section 3)."""
    if not is_console_served(the_broker()):
        raise Refusal(Cause.PAGE_UNKNOWN, "tenants are on this host")


def require(*, fresh: bool = False) -> Me:
    """Who is signed in. Raises Refusal: to the sign-in, or to a new proof where the last one is older than ten minutes."""
    me = present()
    if me is None:
        _lead_to("operator.sign_in")
    if fresh and the_broker().ports.clock.now() - me.proven_at >= FRESH_FOR:
        _lead_to("operator.confirm")
    return me


def present() -> Me | None:
    """Who is signed in in this browser, if anybody."""
    cookie = request.cookies.get(operator_cookie())
    if not cookie:
        return None
    now, db = the_broker().ports.clock.now(), the_broker().db
    row = next(iter(db.look_up(SESSION_OF_COOKIE, cookie=digest(cookie), now=now)), None)
    if row is None or not is_live(row, now):
        return None
    if now - row.last_seen_at >= SEEN_EVERY:
        with db.own_tables() as own:
            own.execute(update(OperatorSession).where(OperatorSession.id == row.id).values(last_seen_at=now))
    return Me(row.operator_id, row.name or row.email or "", row.id, row.proven_at)


def next_place(text: str) -> str:
    """A page of ours to go on to; for anything else the first one."""
    is_ours = text.startswith(HOME) and text.isascii() and text.isprintable() and "//" not in text and "\\" not in text
    return text if is_ours else HOME


def set_cookie(response: Response) -> Response:
    """Write what the request changed: a new session, or none any more."""
    secret = g.get("operator_secret")
    if secret is None:
        return response
    secure = request.environ["wsgi.url_scheme"] == "https"
    if secret:
        response.set_cookie(operator_cookie(), secret, path="/", secure=secure, httponly=True, samesite="Strict")
    else:
        response.delete_cookie(operator_cookie(), path="/", secure=secure, httponly=True, samesite="Strict")
    return response


def _lead_to(endpoint: str) -> NoReturn:
    place = redirect(url_for(endpoint, next=request.path), 303)
    raise Refusal(Cause.INTERACTION_NEEDED, "no operator, or no fresh proof", redirect=place)
