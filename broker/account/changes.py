"""What every change of credentials has in common: others are signed out, it is audited, and a mail tells of it."""

from datetime import datetime

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from broker.bar import bar_of
from broker.device import device_secrets
from broker.mail.letters import post
from broker.session import SignedIn, open_session
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.audit import Event
from tenants.db import TenantSession
from tenants.ids import digest
from tenants.lifecycle import reset_factors
from tenants.local_off import end_attempts
from tenants.own import END_OTHER_SESSIONS, END_TRUST, FORGET_OTHER_DEVICES


def clock_now() -> datetime:
    """The request's time."""
    return the_broker().ports.clock.now()


def note_change(db: TenantSession, person: SignedIn, what: str, now: datetime, *, is_loss: bool = True) -> None:
    """Within the caller's transaction. `what` is a fact of the mail `credential_changed`.

    `is_loss`: something was replaced or taken away, so nobody goes on who came in by it (SE-03, SF-10).
    """
    if is_loss:
        _end_others(db, person, now)
    audit.append(
        db,
        Event.CREDENTIAL_CHANGED,
        at=now,
        account_id=person.row.account_id,
        address=client_address(),
        user_agent=request.user_agent.string,
        detail={"what": what, "by": "you"},
    )
    tell(db, person, what, now)


def tell(db: TenantSession, person: SignedIn, what: str, now: datetime) -> None:
    """The mail alone."""
    post(db, person.row.email, "credential_changed", now, what=what, at=now.isoformat(), address=client_address(), by="you")


def _end_others(db: TenantSession, person: SignedIn, now: datetime) -> None:
    """Other sessions, what is half done elsewhere, and what other devices were known or trusted for."""
    account_id, kept = person.row.account_id, [digest(secret) for secret in device_secrets()]
    db.run(END_OTHER_SESSIONS, account=account_id, this_one=person.get_id(), now=now)
    end_attempts(db, account_id, now)
    db.run(END_TRUST, account=account_id)
    db.run(FORGET_OTHER_DEVICES, account=account_id, tokens=kept)


def reset_all_factors(db: TenantSession, person: SignedIn, now: datetime) -> None:
    """All second factors go, and every session; this browser goes on in a new one, no longer than it could before."""
    row = person.row
    reset_factors(db, row.account_id, now, by="you")
    end_attempts(db, row.account_id, now)
    tell(db, person, "factors_reset", now)
    open_session(db, row.account_id, row.method, row.proofs, row.auth_time, person, row.expires_at - now)


def own_page(template: str, person: SignedIn, status: int = 200, **context: object) -> Response:
    """A page of the person's own, with the bar on top."""
    return make_response(render_template(template, bar=bar_of(person, "account"), **context), status)


def back(done: str = "") -> Response:
    """To the page itself, which says what was done."""
    return redirect(url_for("account.overview", done=done or None), 303)
