"""Ending sessions: one of the others, this one, or all others. It takes nothing from anybody, so it asks for nothing."""

from flask import g, redirect, request
from werkzeug.wrappers import Response

from broker.account.changes import back, clock_now
from broker.guard import require_person
from broker.session import end_session
from broker.signed_out import signed_out_url
from broker.signin.upstream_logout import leave
from broker.tenancy import client_address
from tenants import audit
from tenants.audit import Event
from tenants.own import END_OTHER_SESSIONS, END_OWN_SESSION, END_TRUST


def end_one() -> Response:
    """POST: the session that the form names, if it is one of this account."""
    person = require_person()
    account_id, wanted = person.row.account_id, request.form.get("session", "")
    if wanted == person.get_id():
        own = signed_out_url(wanted, end_session(wanted, account_id))
        return leave(person, own, from_form=True) or redirect(own, 303)
    now = clock_now()
    if not wanted.isprintable():
        return back()
    with g.db.writing() as db:
        if db.run(END_OWN_SESSION, session_id=wanted, account=account_id, now=now):
            audit.append(db, Event.SIGNED_OUT, at=now, account_id=account_id, address=client_address(), detail={"ended": 1})
    return back("session")


def end_others() -> Response:
    """POST: all but this one. Devices that were trusted are not any more."""
    person = require_person()
    account_id, now = person.row.account_id, clock_now()
    with g.db.writing() as db:
        ended = db.run(END_OTHER_SESSIONS, account=account_id, this_one=person.get_id(), now=now)
        db.run(END_TRUST, account=account_id)
        if ended:
            seen = {"account_id": account_id, "address": client_address()}
            audit.append(db, Event.SIGNED_OUT, at=now, detail={"ended": ended}, **seen)
    return back("sessions")
