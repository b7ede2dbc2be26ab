"""The code that an application gets for its request: one row, and the note that the application was opened."""

from datetime import datetime, timedelta

from flask import g, request

from broker.downstream.oidc.asked import Asked
from broker.last_seen import write_seen
from broker.session import SignedIn
from broker.tenancy import client_address
from tenants import audit
from tenants.audit import Event
from tenants.causes import Cause, ProtocolFault
from tenants.ids import digest, new_id, new_secret
from tenants.pushed_requests import USE_REQUEST
from tenants.sessions import ADD_GRANT
from tenants.snapshot import ApplicationConfig

CODE_LIFE = timedelta(seconds=60)
OFFLINE_LIFE = timedelta(days=30)


def issue_code(asked: Asked, person: SignedIn, acr: str | None, now: datetime) -> str:
    """Write the grant and that the application was opened, in one transaction. The code itself is kept as its hash.

    Raises ProtocolFault where the pushed request was used meanwhile.
    """
    code, row = new_secret(), person.row
    # It lives for a minute, and its redemption keeps it: a power cut may take it back (docs/decisions/0006).
    with g.db.writing(is_durable=False) as db:
        if asked.pushed is not None and not db.run(USE_REQUEST, handle=asked.pushed, now=now):
            raise ProtocolFault(Cause.REQUEST_INVALID, "request_uri was used before", application_id=asked.application.id)
        db.run(
            ADD_GRANT,
            id=new_id("grt"),
            session_id=row.id,
            account_id=row.account_id,
            application_id=asked.application.id,
            auth_time=row.auth_time,
            scope=" ".join(asked.scope),
            redirect_uri=asked.parameters.get("redirect_uri"),
            nonce=asked.parameters.get("nonce"),
            claims=asked.claims_by_name or None,
            acr=acr,
            code_challenge=asked.parameters.get("code_challenge"),
            code_hash=digest(code),
            code_expires_at=now + CODE_LIFE,
            created_at=now,
            expires_at=end_of_grant(asked.application, row.expires_at, now, is_offline="offline_access" in asked.scope),
        )
        audit.append(
            db,
            Event.APPLICATION_OPENED,
            at=now,
            account_id=row.account_id,
            application_id=asked.application.id,
            address=client_address(),
            user_agent=request.user_agent.string,
        )
        write_seen(db)
    return code


def end_of_grant(application: ApplicationConfig, session_ends_at: datetime, now: datetime, *, is_offline: bool) -> datetime:
    """Its absolute end: with the session, unless the application may go on without it; and no later than its own rule says."""
    if is_offline:
        return now + (timedelta(days=application.offline_days) if application.offline_days else OFFLINE_LIFE)
    if application.session_minutes is None:
        return session_ends_at
    return min(session_ends_at, now + timedelta(minutes=application.session_minutes))
