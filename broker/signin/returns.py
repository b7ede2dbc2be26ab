"""Where an attempt was going, kept when it is over: starting once more, and going by way of a mailed code."""

from typing import Any

from flask import g, redirect, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.signin.transaction import ACTIVATION_LIFE, BY_MAIL, Hints, begin, browser_hash, insert
from tenants.ids import digest
from tenants.transactions import RETURN_OF_ENDED
from tenants.ways import LOCAL


def begin_by_mail(purpose: str, before: str = "", **values: object) -> str:
    """Begin a first login or a reset, towards where the attempt `before` was going. Returns the id for URLs."""
    row = find_return(before)
    return_to = row.return_to if row else url_for("home.home")
    application = g.tenant.application_by_id(row.application_id) if row else None
    known = {"method": LOCAL, "email": _own_email(row) or None}
    hints = Hints(language=_language_of(row))
    return insert(return_to, application, hints, purpose, ACTIVATION_LIFE, known | values)


def begin_again(tx: str, *, is_done: bool = False) -> Response:
    """Start an attempt that is over once more, towards the same place. `is_done`: with a sign-in, whatever it was."""
    row = find_return(tx)
    if row is None:
        return begin(url_for("home.home"), has_just_ended=True)
    if row.purpose in BY_MAIL and not is_done:
        return redirect(url_for(f"signin.{row.purpose}", tx=tx), 303)
    hints = Hints(login_hint=_own_email(row) if is_done else "", language=_language_of(row))
    return begin(row.return_to, g.tenant.application_by_id(row.application_id), hints, has_just_ended=True)


def find_return(tx: str) -> Row[Any] | None:
    """Where an attempt was going that may be over (a row of RETURN_OF_ENDED). None: nowhere that may be gone on to."""
    with g.db.reading() as db:
        row = db.one(RETURN_OF_ENDED, id_hash=digest(tx))
    return row if row is not None and row.purpose in {"sign_in", *BY_MAIL} else None


def _language_of(row: Row[Any] | None) -> str:
    return str(row.hints.get("language", "")) if row is not None else ""


def _own_email(row: Row[Any] | None) -> str:
    """The address that was typed in an attempt of this very browser: no link from elsewhere shows it."""
    is_own = row is not None and row.browser_hash == browser_hash()
    return str(row.email or "") if row is not None and is_own else ""
