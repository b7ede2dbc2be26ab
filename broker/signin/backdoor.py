"""The back door, "emergency access" in pages: an admin's way in when every other one is broken (requirements.md, T7).

It asks the database and nothing else: no identity provider, mail, name server or other host. Who does not know its
address finds a page like any other that is not there; who knows it and is wrong, gets one answer, whatever was wrong.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from flask import g, make_response, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.factors import door
from broker.factors.door import Judgement
from broker.mail.letters import post
from broker.moments import clock_time
from broker.session import Proof, open_session, present_session
from broker.signin.transaction import Transaction, begin_at_door, browser_hash, find
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.accounts import NOTE_SIGN_IN, AccountState
from tenants.addresses import AddressError, normalise_address
from tenants.audit import Event
from tenants.backdoors import DOOR, NOTE_DOOR_USE, SPEND_DOOR_STEP
from tenants.causes import Cause, Refusal
from tenants.db import TenantSession
from tenants.ids import digest, is_same
from tenants.recipients import OTHER_ADMINS
from tenants.throttles import DOOR_ADDRESS_LIMIT, DOOR_LIMIT, FORGET_TRIES, FORGIVE_TRY, counter_key, take_try
from tenants.transactions import FINISH_TRANSACTION
from tenants.ways import DOOR as METHOD
from tenants.ways import is_inside

SESSION_LIFE = timedelta(hours=1)
NO_ERRORS: Mapping[str, str] = MappingProxyType({})
_PATH = "/door/"


def hide_door() -> None:
    """Before anything else looks at the request: a door that is not this tenant's is a page that is not there (AC-01).

    The hash stands in the kept configuration, so that a wrong address costs what any unknown page costs.
    """
    if not request.path.startswith(_PATH) or g.get("tenant") is None:
        return
    known = g.tenant.door_hash or digest("")
    is_right = is_same(known, digest(request.path.removeprefix(_PATH)))
    if g.tenant.door_hash is None or not is_right:
        raise Refusal(Cause.PAGE_UNKNOWN, "Not Found")


def door_page(token: str) -> Response:
    """GET: address, password and code on one page."""
    _require_open(token)
    return _form(begin_at_door(), email="")


def enter_by_door(token: str) -> Response:
    """POST: one try."""
    return _judge_try(_require_open(token))


def confirm_page(tx: str, email: str) -> Response:
    """GET: the same questions, for who is inside already and has to show once more who they are. `tx`: of that try."""
    _require_door()
    return _form(tx, email, is_again=True)


def confirm_at_door(account_id: str) -> Response:
    """POST: one try of this very account; it leads back to where it was asked for."""
    return _judge_try(tuple(_require_door().networks), account_id)


def _judge_try(networks: tuple[str, ...], only: str | None = None) -> Response:
    """`only`: the account that may pass; None: any that the door knows."""
    email, is_again = request.form.get("email", "")[:320], only is not None
    transaction = find(request.form.get("tx", ""), "door")
    if transaction is None:
        notice = _("This page was open for too long. Type everything once more.")
        return _form(begin_at_door(), email, notice=notice, status=400, is_again=is_again)
    counters = _counters(email)
    until = _take_try(*counters)
    if until is not None:
        _note_refusal(transaction, Cause.RATE_LIMITED, f"paused until {until.isoformat()}", email, None)
        pause = _("Too many tries. Signing in here is paused until %(until)s.", until=clock_time(until))
        return _form(transaction.tx, email, notice=pause, status=429, is_again=is_again)
    judged = door.judge(email, request.form.get("password", ""), request.form.get("code", ""))
    is_near = is_inside(client_address(), networks)
    if only is not None and judged.account is not None and judged.account.account_id != only:
        judged = replace(judged, wrong="another account than before")
    if judged.is_right and is_near and _open_session(transaction, judged, counters):
        return redirect(transaction.row.return_to, 303)
    wrong = judged.wrong or ("spent code" if is_near else "network outside")
    account_id = judged.account.account_id if judged.account else None
    _note_refusal(transaction, Cause.CREDENTIALS_INVALID, wrong, email, account_id)
    errors = {"password": _("The e-mail address, the password or the code is not right.")}
    return _form(transaction.tx, email, errors, status=403, is_again=is_again)


def _require_open(secret: str) -> tuple[str, ...]:
    """Ask the database as well: a copy may not know yet that the door was closed or rotated. Gives its networks."""
    row = _require_door()
    if not is_same(row.secret_hash, digest(secret)):
        raise Refusal(Cause.PAGE_UNKNOWN, "Not Found")
    return tuple(row.networks)


def _require_door() -> Row[Any]:
    with g.db.reading() as db:
        row: Row[Any] | None = db.one(DOOR)
    if row is None:
        raise Refusal(Cause.PAGE_UNKNOWN, "Not Found")
    return row


def _counters(email: str) -> tuple[str, str]:
    """Counters of their own, by network address and by account; a rotated door begins with new ones."""
    try:
        key = normalise_address(email).key
    except AddressError:
        key = ""
    place = str(g.tenant.door_hash)
    return counter_key("door-address", f"{place} {client_address()}"), counter_key("door", f"{place} {key}")


def _take_try(by_address: str, by_account: str) -> datetime | None:
    now = the_broker().ports.clock.now()
    with g.db.writing() as db:
        until = take_try(db, by_address, DOOR_ADDRESS_LIMIT, now)
        return until or take_try(db, by_account, DOOR_LIMIT, now)


def _open_session(transaction: Transaction, judged: Judgement, counters: tuple[str, str]) -> bool:
    """Spend the code and open the session in one step; False where the same code came a moment before."""
    account, now, before = judged.account, the_broker().ports.clock.now(), present_session()
    by_address, by_account = counters
    if account is None:
        return False
    with g.db.writing() as db:
        if not db.run(SPEND_DOOR_STEP, credential_id=account.credential_id, step=judged.step, at=now):
            return False
        if not db.run(FINISH_TRANSACTION, id_hash=transaction.id_hash, browser=browser_hash(), now=now):
            raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile")
        db.run(NOTE_DOOR_USE, at=now)
        db.run(NOTE_SIGN_IN, account=account.account_id, at=now, active=AccountState.ACTIVE.value, speaks=None)
        db.run(FORGIVE_TRY, key=by_address)
        db.run(FORGET_TRIES, key=by_account)
        proofs = [Proof(method, now).as_json() for method in ("pwd", "otp")]
        open_session(db, account.account_id, METHOD, proofs, now, before, SESSION_LIFE)
        audit.append(
            db,
            Event.DOOR_ENTERED,
            at=now,
            reference=transaction.row.reference,
            account_id=account.account_id,
            address=client_address(),
            user_agent=request.user_agent.string,
        )
        _tell_other_admins(db, account, now)
    return True


def _tell_other_admins(db: TenantSession, account: Row[Any], now: datetime) -> None:
    """Mails that wait in the outbox, so that a mail server that is down as well closes no door (AC-04)."""
    seen = {"email": account.email, "name": account.name, "at": now.isoformat(), "address": client_address()}
    for admin in db.all(OTHER_ADMINS, account=account.account_id, now=now):
        post(db, admin.email, "door_used", now, outcome="entered", **seen)


def _note_refusal(transaction: Transaction, cause: Cause, wrong: str, email: str, account_id: str | None) -> None:
    with g.db.writing() as db:
        audit.append(
            db,
            Event.DOOR_REFUSED,
            at=the_broker().ports.clock.now(),
            cause=cause.value,
            reference=transaction.row.reference,
            account_id=account_id,
            address=client_address(),
            user_agent=request.user_agent.string,
            detail={"detail": wrong, "email": email},
        )


def _form(
    tx: str,
    email: str,
    errors: Mapping[str, str] = NO_ERRORS,
    notice: str = "",
    status: int = 200,
    *,
    is_again: bool = False,
) -> Response:
    words = {"tx": tx, "email": email, "errors": errors, "notice": notice or None, "is_again": is_again}
    page = render_template("signin/door.html", **words)
    response = make_response(page, status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
