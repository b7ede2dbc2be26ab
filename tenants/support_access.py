"""Support access: an owner lets operators look into the tenant's console for a while (security.md, TI-10).

Without a grant that is good now, nobody enters. A visit sees what an auditor sees and changes nothing; it ends with the
grant, and each of its steps stands in the tenant's audit log.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Row,
    String,
    and_,
    bindparam,
    exists,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from tenants.accounts import Account, AccountState
from tenants.audit import Event, append
from tenants.base import Base, TenantScoped
from tenants.console_roles import Role
from tenants.db import TenantSession
from tenants.ids import digest, new_id, new_secret
from tenants.statements import scoped

HOURS = (1, 4, 8, 24, 72)
"""For how long an owner can grant it."""
TICKET_LIFE = timedelta(minutes=2)
"""How long the way from the operator console to the tenant's may take."""
IDLE_LIFE = timedelta(minutes=30)
KEEP = timedelta(days=30)
"""How long one that is over is still listed; what was done stays in the audit log."""
MOST_SHOWN = 20
GIVER_LEFT = "whoever granted it is no owner any more, or is shut out"
OPERATOR = "operator"
"""Who did it, in the audit log; the name stands beside it."""


class SupportError(ValueError):  # says what happened, as a Refusal does
    """Why nobody can look in: a sentence for the operator."""


class SupportGrant(TenantScoped, Base):
    """An owner's consent, until a time. At most one is good."""

    __tablename__ = "support_grants"
    __table_args__ = (
        Index("ix_support_grants_created_at", "tenant_id", "created_at"),
        Index("ix_support_grants_expires_at", "expires_at"),
    )

    granted_by: Mapped[str] = mapped_column(String(80))
    """Id of the owner's account."""
    note: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SupportVisit(TenantScoped, Base):
    """One operator who looks in. The ticket leads here from the operator console, once; then there is a cookie."""

    __tablename__ = "support_visits"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "grant_id"], ["support_grants.tenant_id", "support_grants.id"], ondelete="CASCADE"),
        Index("uq_support_visits_ticket_hash", "tenant_id", "ticket_hash", unique=True),
        Index("uq_support_visits_cookie_hash", "tenant_id", "cookie_hash", unique=True),
        Index("ix_support_visits_grant", "tenant_id", "grant_id"),
    )

    grant_id: Mapped[str] = mapped_column(String(80))
    operator_id: Mapped[str] = mapped_column(String(40))
    session_id: Mapped[str] = mapped_column(String(64))
    """The operator's own session that opened it: the visit ends with that."""
    operator_name: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    ticket_hash: Mapped[str] = mapped_column(String(64))
    ticket_expires_at: Mapped[datetime]
    cookie_hash: Mapped[str | None] = mapped_column(String(64))
    opened_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


_OF_GIVER = (Account.tenant_id == SupportGrant.tenant_id) & (Account.id == SupportGrant.granted_by)


def _is_good(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    return and_(SupportGrant.revoked_at.is_(None), SupportGrant.expires_at > now)


def _giver_is_owner(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whoever has stopped being an owner lets nobody in any more."""
    return and_(
        Account.state == AccountState.ACTIVE.value,
        or_(Account.expires_at.is_(None), Account.expires_at > now),
        Account.role == Role.OWNER.value,
        Account.admin_organization_id.is_(None),
    )


_NOW = bindparam("now", type_=SupportGrant.expires_at.type)
IS_GOOD, _GIVER_IS_OWNER = _is_good(_NOW), _giver_is_owner(_NOW)
_LEFT_BEHIND = scoped(
    select(SupportGrant.id, SupportGrant.granted_by)
    .join(Account, _OF_GIVER)
    .where(IS_GOOD, or_(Account.role.is_(None), not_(_GIVER_IS_OWNER)))
)
GOOD_GRANT = scoped(
    select(*SupportGrant.__table__.c)
    .join(Account, _OF_GIVER)
    .where(IS_GOOD, _GIVER_IS_OWNER)
    .order_by(SupportGrant.created_at.desc(), SupportGrant.id)
    .limit(1)
)
VISITS = scoped(
    select(*SupportVisit.__table__.c)
    .where(SupportVisit.opened_at.is_not(None))
    .order_by(SupportVisit.created_at.desc(), SupportVisit.id)
    .limit(MOST_SHOWN)
)
VISIT_BY_COOKIE = scoped(
    select(*SupportVisit.__table__.c, SupportGrant.expires_at, SupportGrant.granted_by)
    .join(SupportGrant, (SupportGrant.tenant_id == SupportVisit.tenant_id) & (SupportGrant.id == SupportVisit.grant_id))
    .join(Account, _OF_GIVER)
    .where(
        SupportVisit.cookie_hash == bindparam("cookie"),
        SupportVisit.ended_at.is_(None),
        SupportVisit.last_seen_at > bindparam("seen_after"),
        IS_GOOD,
        _GIVER_IS_OWNER,
    )
)
VISIT_BY_TICKET = scoped(
    select(*SupportVisit.__table__.c, SupportGrant.expires_at)
    .join(SupportGrant, (SupportGrant.tenant_id == SupportVisit.tenant_id) & (SupportGrant.id == SupportVisit.grant_id))
    .join(Account, _OF_GIVER)
    .where(
        SupportVisit.ticket_hash == bindparam("ticket"),
        SupportVisit.ticket_expires_at > bindparam("now"),
        SupportVisit.opened_at.is_(None),
        IS_GOOD,
        _GIVER_IS_OWNER,
    )
)
_ADD_GRANT = scoped(insert(SupportGrant))
_ADD_VISIT = scoped(insert(SupportVisit))
_REVOKE = scoped(update(SupportGrant).where(IS_GOOD).values(revoked_at=bindparam("now")))
_OPEN = scoped(
    update(SupportVisit)
    .where(SupportVisit.id == bindparam("visit"), SupportVisit.opened_at.is_(None))
    .values(opened_at=bindparam("now"), last_seen_at=bindparam("now"), cookie_hash=bindparam("cookie"))
)
_SEEN = scoped(update(SupportVisit).where(SupportVisit.id == bindparam("visit")).values(last_seen_at=bindparam("now")))
_END = scoped(
    update(SupportVisit)
    .where(SupportVisit.id == bindparam("visit"), SupportVisit.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)


def good_grant_of(tenant_id: str, now: datetime) -> ColumnElement[bool]:
    """The same as a condition, for a look from outside of the tenant."""
    at = literal(now, SupportGrant.expires_at.type)
    return and_(SupportGrant.tenant_id == tenant_id, _is_good(at), exists().where(_OF_GIVER, _giver_is_owner(at)))


def grant_support(db: TenantSession, by: str, hours: int, note: str, now: datetime) -> datetime:
    """Let operators look in for so many hours; a grant of before ends with it. Returns until when."""
    db.run(_REVOKE, now=now)
    until = now + timedelta(hours=hours)
    db.run(_ADD_GRANT, id=new_id("spg"), granted_by=by, note=note, created_at=now, expires_at=until, revoked_at=None)
    detail = {"by": by, "until": f"{until:%Y-%m-%d %H:%M} UTC", "note": note}
    append(db, Event.SUPPORT_GRANTED, at=now, account_id=by, detail=detail)
    return until


def revoke_support(db: TenantSession, by: str, now: datetime) -> bool:
    """Nobody looks in from now on, also who is there. False: nobody could."""
    if not db.run(_REVOKE, now=now):
        return False
    append(db, Event.SUPPORT_REVOKED, at=now, account_id=by, detail={"by": by})
    return True


def end_without_giver(db: TenantSession, now: datetime) -> None:
    """A grant whose giver is no owner any more, or can't come in, ends for good: it must not wake when they are one again.

    Called in the transaction of whatever takes that from an account; until then such a grant lets nobody in either.
    """
    for row in db.all(_LEFT_BEHIND, now=now):
        db.run(_REVOKE, now=now)
        detail = {"by": "support", "reason": GIVER_LEFT}
        append(db, Event.SUPPORT_REVOKED, at=now, account_id=row.granted_by, detail=detail)


def begin_visit(db: TenantSession, operator_id: str, session_id: str, name: str, reason: str, now: datetime) -> str:
    """A ticket that opens the tenant's console once, soon. Raises SupportError."""
    grant = db.one(GOOD_GRANT, now=now)
    if grant is None:
        raise SupportError("No owner of this tenant has granted support access, or it is over.")
    ticket = new_secret()
    db.run(
        _ADD_VISIT,
        id=new_id("spv"),
        grant_id=grant.id,
        operator_id=operator_id,
        session_id=session_id,
        operator_name=name,
        reason=reason,
        created_at=now,
        ticket_hash=digest(ticket),
        ticket_expires_at=now + TICKET_LIFE,
        cookie_hash=None,
        opened_at=None,
        last_seen_at=None,
        ended_at=None,
    )
    return ticket


def open_visit(db: TenantSession, ticket: str, address: str, now: datetime) -> str | None:
    """Use the ticket up. Returns what the visit's cookie holds; None: it is used, late, or the grant is over."""
    visit, secret = db.one(VISIT_BY_TICKET, ticket=digest(ticket), now=now), new_secret()
    if visit is None or not db.run(_OPEN, visit=visit.id, cookie=digest(secret), now=now):
        return None
    note_visit(db, Event.SUPPORT_ENTERED, visit, address, now, reason=visit.reason)
    return secret


def leave_visit(db: TenantSession, visit: Row[Any], address: str, now: datetime) -> None:
    """It is over."""
    if db.run(_END, visit=visit.id, now=now):
        note_visit(db, Event.SUPPORT_LEFT, visit, address, now)


def see_visit(db: TenantSession, visit: Row[Any], path: str, address: str, now: datetime) -> None:
    """A page was looked at."""
    db.run(_SEEN, visit=visit.id, now=now)
    note_visit(db, Event.SUPPORT_VIEWED, visit, address, now, path=path)


def note_visit(db: TenantSession, event: Event, visit: Row[Any], address: str, now: datetime, **detail: str) -> None:
    """Into the tenant's log, as done by the operator."""
    told = {"by": OPERATOR, "operator": visit.operator_name, "operator id": visit.operator_id, "visit": visit.id}
    append(db, event, at=now, address=address, detail=told | detail)
