"""Signing in: address, password and code together, so that nobody learns which of them was wrong. And signing out."""

from datetime import datetime
from typing import Any

from flask import g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row, update
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from broker.factors.totp import matching_step
from broker.moments import clock_time
from broker.operator.access import HOME, next_place, present, require
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants.addresses import AddressError, normalise_address
from tenants.ids import is_same
from tenants.operators import (
    NETWORK_TRIES,
    OPERATOR_OF_ADDRESS,
    TRIES,
    By,
    OperatorSession,
    forget_tries,
    note,
    open_operator_session,
    place_of_seed,
    spend_step,
    take_try,
)
from tenants.passwords import PasswordError, normalise_password
from tenants.platform_log import Deed

_SEED_OF_NOBODY = "A" * 32
_WHOSE, _WHENCE = "operator", "op-network"


def page() -> Response:
    """GET: three fields."""
    if present() is not None:
        return redirect(HOME, 303)
    return _form("", "")


def enter() -> Response:
    """POST: one try."""
    email = request.form.get("email", "").strip()[:320]
    found, error = _judge(email)
    if found is None:
        return _form(email, error)
    now = the_broker().ports.clock.now()
    with the_broker().db.own_tables() as own:
        g.operator_secret = open_operator_session(own, found.id, now, _by())
        forget_tries(own, _WHOSE, found.email_key)
    return redirect(next_place(request.args.get("next", "")), 303)


def confirm_page() -> Response:
    """GET: the same again, for the one who is signed in."""
    require()
    return _form("", "", is_again=True)


def confirm() -> Response:
    """POST: the session's proof is of now."""
    me = require()
    email = request.form.get("email", "").strip()[:320]
    found, error = _judge(email)
    if found is None or not is_same(found.id, me.id):
        return _form(email, error or _wrong(), is_again=True)
    now = the_broker().ports.clock.now()
    with the_broker().db.own_tables() as own:
        own.execute(update(OperatorSession).where(OperatorSession.id == me.session_id).values(proven_at=now))
    return redirect(next_place(request.args.get("next", "")), 303)


def sign_out() -> Response:
    """POST: the session ends."""
    me = require()
    with the_broker().db.own_tables() as own:
        row = own.get(OperatorSession, me.session_id)
        if row is not None:
            own.delete(row)
        note(own, Deed.OPERATOR_SIGNED_OUT, the_broker().ports.clock.now(), me.by)
    g.operator_secret = ""
    return redirect(url_for("operator.sign_in"), 303)


def _judge(email: str) -> tuple[Row[Any] | None, str]:
    """Everything is looked at before anything is said. The code's time step is spent where all is right."""
    broker, now = the_broker(), the_broker().ports.clock.now()
    try:
        key = normalise_address(email).key
    except AddressError:
        key = ""
    if (until := _paused_until(key, now)) is not None:
        return None, str(_("Too many tries. Try again at %(time)s.", time=clock_time(until)))
    row = next(iter(broker.db.look_up(OPERATOR_OF_ADDRESS, email_key=key)), None)
    known = row if row is not None and row.set_up_at is not None and not row.is_disabled else None
    fits = broker.hasher.verify(known.password_hash if known else None, _typed_password())
    seed = broker.vault.open(known.totp_sealed, place_of_seed(known.id)) if known else _SEED_OF_NOBODY
    step = matching_step(seed, request.form.get("code", "")[:20], now)
    if known and fits and step is not None:
        with broker.db.own_tables() as own:
            if spend_step(own, known.id, step):
                return known, ""
    with broker.db.own_tables() as own:
        note(own, Deed.OPERATOR_REFUSED, now, _by(row.id if row else None), whom=key)
    return None, _wrong()


def _paused_until(key: str, now: datetime) -> datetime | None:
    try:
        with the_broker().db.own_tables() as own:
            network = take_try(own, _WHENCE, client_address(), NETWORK_TRIES, now)
            return network or take_try(own, _WHOSE, key, TRIES, now)
    except IntegrityError:
        # Two first tries at once: the other one was counted.
        return now


def _typed_password() -> str:
    try:
        return normalise_password(request.form.get("password", ""))
    except PasswordError:
        return ""


def _wrong() -> str:
    return str(_("Address, password or code is not right."))


def _by(operator_id: str | None = None) -> By:
    return By(operator_id, client_address())


def _form(email: str, error: str, *, is_again: bool = False) -> Response:
    errors = {"email": error} if error else {}
    title = _("Confirm that it’s you") if is_again else _("Sign in as an operator")
    answer = make_response(render_template("operator/sign-in.html", title=title, email=email, errors=errors, is_again=is_again))
    answer.status_code = 403 if error else 200
    return answer
