"""Sessions that an identity provider ends: found by how its logout names them, each by an index of its own.

A logout reaches sessions of the connection that it came by and no others. What applications were granted in a session
ends with it (tenants/sessions.py).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, or_, update

from tenants import audit
from tenants.audit import Event
from tenants.db import TenantSession
from tenants.identities import Identity
from tenants.ids import digest
from tenants.sessions import END_SESSIONS_OF_METHOD, BrowserSession
from tenants.statements import scoped

MAX_SID = 255

_ENDED = (BrowserSession.id, BrowserSession.account_id)
_OF_IDENTITY = (
    Identity.tenant_id == BrowserSession.tenant_id,
    Identity.id == BrowserSession.identity_id,
    Identity.connection_id == bindparam("connection"),
)
_END_BY_SID = scoped(
    update(BrowserSession)
    .where(BrowserSession.upstream_sid == bindparam("sid"), BrowserSession.ended_at.is_(None), *_OF_IDENTITY)
    .values(ended_at=bindparam("now"))
    .returning(*_ENDED)
)
_OF_SUBJECT = (
    *_OF_IDENTITY,
    Identity.issuer == bindparam("issuer"),
    Identity.subject == bindparam("subject"),
    BrowserSession.ended_at.is_(None),
)
_END_BY_SUBJECT = scoped(update(BrowserSession).where(*_OF_SUBJECT).values(ended_at=bindparam("now")).returning(*_ENDED))
_END_BY_SUBJECT_AND_SID = scoped(
    update(BrowserSession)
    .where(*_OF_SUBJECT, or_(BrowserSession.upstream_sid == bindparam("sid"), BrowserSession.upstream_sid.is_(None)))
    .values(ended_at=bindparam("now"))
    .returning(*_ENDED)
)
"""A session whose sign-in named none may be the one that is meant."""
_END_BY_ISSUER = scoped(
    update(BrowserSession)
    .where(*_OF_IDENTITY, Identity.issuer == bindparam("issuer"), BrowserSession.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
    .returning(*_ENDED)
)
_END_BY_NAME = scoped(
    update(BrowserSession)
    .where(BrowserSession.upstream_name == bindparam("name"), BrowserSession.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
    .returning(*_ENDED)
)
_END_BY_NAME_AND_SIDS = scoped(
    update(BrowserSession)
    .where(
        BrowserSession.upstream_name == bindparam("name"),
        or_(BrowserSession.upstream_sid.in_(bindparam("sids", expanding=True)), BrowserSession.upstream_sid.is_(None)),
        BrowserSession.ended_at.is_(None),
    )
    .values(ended_at=bindparam("now"))
    .returning(*_ENDED)
)


def kept_sid(sid: str | None) -> str | None:
    """A provider's name for its session as the column holds it: one that is too long by its hash."""
    return sid if sid is None or len(sid) <= MAX_SID else digest(sid)


def kept_name(connection_id: str, name: str | None) -> str | None:
    """How a logout of this connection names a person, as the column holds it."""
    return None if name is None else digest(f"{connection_id} {name}")


def end_by_token(
    db: TenantSession, connection_id: str, issuer: str, subject: str | None, sid: str | None, now: datetime
) -> Sequence[Row[Any]]:
    """End what a logout token names: one session of the provider, all of a person, or those of both at once."""
    of: dict[str, Any] = {"connection": connection_id, "now": now}
    if subject is None:
        return db.all(_END_BY_SID, sid=kept_sid(sid), **of)
    if sid is None:
        return db.all(_END_BY_SUBJECT, issuer=issuer, subject=subject, **of)
    return db.all(_END_BY_SUBJECT_AND_SID, issuer=issuer, subject=subject, sid=kept_sid(sid), **of)


def end_by_issuer(db: TenantSession, connection_id: str, issuer: str, now: datetime) -> Sequence[Row[Any]]:
    """End every session by which somebody of one issuer of a connection came."""
    return db.all(_END_BY_ISSUER, connection=connection_id, issuer=issuer, now=now)


def end_by_name(db: TenantSession, connection_id: str, name: str, sids: Collection[str], now: datetime) -> Sequence[Row[Any]]:
    """End the sessions of a person as SAML names them; without `sids` all of them (SAML Core, 3.7.1)."""
    hashed = kept_name(connection_id, name)
    if not sids:
        return db.all(_END_BY_NAME, name=hashed, now=now)
    return db.all(_END_BY_NAME_AND_SIDS, name=hashed, sids=[kept_sid(sid) for sid in sids], now=now)


def note_ended(
    db: TenantSession, ended: Collection[Row[Any]], connection_id: str, by: str, address: str, now: datetime
) -> None:
    """One event for each person."""
    for account_id in sorted({row.account_id for row in ended}):
        count = sum(row.account_id == account_id for row in ended)
        audit.append(
            db,
            Event.SIGNED_OUT,
            at=now,
            account_id=account_id,
            connection_id=connection_id,
            address=address,
            detail={"by": by, "ended": count},
        )


def end_sessions_of_connection(db: TenantSession, connection_id: str, key: str, by: str, now: datetime) -> int:
    """End every session that began by a connection, for who switches it off. Returns how many there were."""
    ended = int(db.run(END_SESSIONS_OF_METHOD, way=key, now=now))
    if ended:
        audit.append(db, Event.SIGNED_OUT, at=now, connection_id=connection_id, detail={"by": by, "ended": ended})
    return ended
