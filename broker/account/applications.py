"""Applications that the person let know who they are, and taking that back (OD-17)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import g, request
from werkzeug.wrappers import Response

from broker.account.changes import back, clock_now
from broker.guard import require_person
from broker.scope_words import ScopeLine, words_of_scope
from broker.tenancy import client_address
from tenants import audit
from tenants.application_consents import CONSENT_OF, CONSENTS_OF_ACCOUNT, NARROW_CONSENT, WITHDRAW_CONSENT
from tenants.audit import Event
from tenants.db import TenantSession
from tenants.sessions import REVOKE_GRANTS_OF_APPLICATION, SESSIONS_OF_ACCOUNT

_ALWAYS = "openid"
"""Without it there is nothing left to agree to."""


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One application, with what it may know."""

    application_id: str
    name: str
    agreed_at: datetime
    scopes: Sequence[ScopeLine]
    claims: str


def consent_lines(db: TenantSession, account_id: str) -> list[ConsentLine]:
    """What this person has agreed to; a bounded number."""
    return [
        ConsentLine(
            application_id=row.application_id,
            name=row.name,
            agreed_at=row.changed_at,
            scopes=[words_of_scope(word) for word in row.scopes if word != _ALWAYS],
            claims=", ".join(row.claims),
        )
        for row in db.all(CONSENTS_OF_ACCOUNT, account=account_id)
    ]


def withdraw() -> Response:
    """POST: all of it, or the one `scope` that the form names. What the application holds ends; it has to ask again."""
    account_id, now = require_person().row.account_id, clock_now()
    application_id, scope = request.form.get("application", ""), request.form.get("scope", "")
    if not (application_id.isprintable() and scope.isprintable()):
        return back()
    with g.db.writing() as db:
        of = {"account": account_id, "application": application_id}
        kept = db.one(CONSENT_OF, **of)
        if kept is None or scope not in ("", *kept.scopes):
            return back()
        left = [word for word in kept.scopes if scope and word != scope]
        if _ALWAYS in left:
            db.run(NARROW_CONSENT, left=left, now=now, **of)
        else:
            db.run(WITHDRAW_CONSENT, **of)
        sessions = [row.id for row in db.all(SESSIONS_OF_ACCOUNT, account=account_id)]
        db.run(REVOKE_GRANTS_OF_APPLICATION, sessions=sessions, application=application_id, now=now)
        audit.append(
            db,
            Event.APPLICATION_CONSENT_WITHDRAWN,
            at=now,
            account_id=account_id,
            application_id=application_id,
            address=client_address(),
            detail={"scope": scope or "all"},
        )
    return back("consent")
