"""The end of a session, passed on to every application that it had reached (requirements.md, S4).

However a session ends (the person, an admin, a changed password, an account or a way that was switched off, a provider,
its own time), its row is left with `ended_at`, or with an `expires_at` that is over, and with `told_at` empty. `pass_on`
is the only way from there: it takes the session (one conditional UPDATE of `told_at`) and writes a delivery for each
application that the session had reached, in the same transaction. A sign-out by the person calls it at once, so that
the page knows; the worker calls it for all others, a second later (broker/downstream/logout.py).

The seam for a protocol has two halves, and nothing else knows protocols:

    REACHES (tenants/logout_reach.py)      which applications did this session reach by it → `Reached`
    CHANNELS (broker/downstream/logout.py) tell one of them that the session is over       → confirmed, or try again

`Reached.channel` is how the application can be told: a key of CHANNELS, or None for one that has no way to be told. What
the sending half needs beside session, account and application goes into `facts`; nothing secret, it is stored as it is.
A channel that only a browser can go (SAML by redirect) has no `next_try_at`: the worker leaves such a row alone, and
whoever has the browser settles it with `note_confirmed` or `note_failed`, or leaves it to the worker where the application
can be told the other way too. Where a session ends without its browser, that way is none: what can't be told then goes to
the audit log (`logout.unfinished`), by application.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Row, String, bindparam, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants import audit
from tenants.applications import Application
from tenants.audit import Event
from tenants.base import Base, TenantScoped
from tenants.db import TenantSession
from tenants.ids import new_id
from tenants.logout_reach import REACHES, SAML, SOAP, Reached
from tenants.sessions import BrowserSession
from tenants.statements import scoped

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
LIFE = timedelta(hours=24)
"""An application that could not be told for so long is given up: its own session will have ended by then."""


class LogoutDelivery(TenantScoped, Base):
    """One application to be told of one session's end. It outlives the session's row and the account."""

    __tablename__ = "logout_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "application_id"], ["applications.tenant_id", "applications.id"], ondelete="CASCADE"
        ),
        Index("ix_logout_deliveries_session", "tenant_id", "session_id"),
        Index("ix_logout_deliveries_next_try_at", "next_try_at"),
        Index("ix_logout_deliveries_created_at", "created_at"),
    )

    application_id: Mapped[str] = mapped_column(String(80))
    session_id: Mapped[str] = mapped_column(String(80))
    account_id: Mapped[str] = mapped_column(String(80))
    channel: Mapped[str | None] = mapped_column(String(20))
    """None: this application has no way to be told."""
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime | None]
    """None: it is settled, or can't be told."""
    tries: Mapped[int] = mapped_column(default=0)
    confirmed_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(String(300), default="")


@dataclass(frozen=True, slots=True)
class Told:
    """One application on the page after signing out."""

    application: str
    is_confirmed: bool = False
    is_on_its_way: bool = False
    """Neither: it could not be told, or has no way to be."""
    is_expected: bool = False
    """It is tried within seconds: whoever waits for it will see it."""


_SESSION = BrowserSession.__table__
_ROW = LogoutDelivery.__table__
_TAKE = scoped(
    update(BrowserSession)
    .where(
        BrowserSession.id == bindparam("session_id"),
        BrowserSession.told_at.is_(None),
        or_(_SESSION.c.ended_at.is_not(None), _SESSION.c.expires_at <= bindparam("now")),
    )
    .values(told_at=bindparam("now"))
    .returning(_SESSION.c.id, _SESSION.c.account_id, _SESSION.c.ended_at)
)
_ADD = scoped(insert(LogoutDelivery))
_MINE = (
    _ROW.c.id == bindparam("delivery"),
    _ROW.c.confirmed_at.is_(None),
    _ROW.c.failed_at.is_(None),
)
_CONFIRM = scoped(update(LogoutDelivery).where(*_MINE).values(confirmed_at=bindparam("now"), next_try_at=None, last_error=""))
_FAIL = scoped(
    update(LogoutDelivery).where(*_MINE).values(failed_at=bindparam("now"), next_try_at=None, last_error=bindparam("error"))
)
_AGAIN = scoped(update(LogoutDelivery).where(*_MINE).values(next_try_at=bindparam("then"), last_error=bindparam("error")))
_LEAVE = scoped(
    update(LogoutDelivery)
    .where(*_MINE)
    .values(channel=SOAP, next_try_at=bindparam("now"), tries=0, last_error=bindparam("error"))
)
_NEXT_BY_BROWSER = scoped(
    select(*_ROW.c)
    .where(
        _ROW.c.session_id.in_(bindparam("sessions", expanding=True)),
        _ROW.c.channel == SAML,
        _ROW.c.confirmed_at.is_(None),
        _ROW.c.failed_at.is_(None),
    )
    .order_by(_ROW.c.id)
    .limit(1)
)
_BY_BROWSER = scoped(select(*_ROW.c).where(_ROW.c.id == bindparam("delivery"), _ROW.c.channel == SAML))
_ASKED = scoped(update(LogoutDelivery).where(*_MINE, LogoutDelivery.tries == 0).values(tries=1))
"""Sets `facts` beside that."""
_KEEP = scoped(update(LogoutDelivery).where(*_MINE).values(facts=bindparam("facts")))
_OF_SESSION = scoped(
    select(
        _ROW.c.id,
        _ROW.c.application_id,
        _ROW.c.channel,
        _ROW.c.next_try_at,
        _ROW.c.confirmed_at,
        _ROW.c.failed_at,
        Application.name,
    )
    .join(Application, (Application.tenant_id == _ROW.c.tenant_id) & (Application.id == _ROW.c.application_id))
    .where(_ROW.c.session_id == bindparam("session_id"))
    .order_by(Application.name, _ROW.c.id)
    .limit(500)
)


def pass_on(db: TenantSession, session_id: str, now: datetime, *, has_browser: bool) -> int:
    """Write what has to be told about this session's end, once, in the caller's transaction. Returns how many are told.

    Nothing happens for a session that goes on, or whose end was passed on before.
    """
    ended = db.one(_TAKE, session_id=session_id, now=now)
    if ended is None:
        return 0
    reached = {one.application_id: one for reaches in REACHES for one in reaches(db, session_id, has_browser=has_browser)}
    for one in reached.values():
        db.run(
            _ADD,
            id=new_id("lgo"),
            application_id=one.application_id,
            session_id=session_id,
            account_id=ended.account_id,
            channel=one.channel,
            facts=one.facts,
            created_at=now,
            next_try_at=one.first_try(now),
            tries=0,
            last_error="",
        )
    # With a browser its page says so; and a session's own time is known to whom it was given.
    if not has_browser and ended.ended_at is not None:
        _note_untold(db, ended.account_id, [one for one in reached.values() if one.channel is None], now)
    return len(reached)


def _note_untold(db: TenantSession, account_id: str, reached: Sequence[Reached], now: datetime) -> None:
    for one in reached:
        audit.append(
            db,
            Event.LOGOUT_UNFINISHED,
            at=now,
            account_id=account_id,
            application_id=one.application_id,
            detail={"detail": "it has no address at which it can be told without the person's browser"},
        )


def next_by_browser(db: TenantSession, session_ids: Sequence[str]) -> Row[Any] | None:
    """The next application of these sessions that a browser has to tell."""
    return db.one(_NEXT_BY_BROWSER, sessions=list(session_ids))


def delivery_by_browser(db: TenantSession, delivery_id: str) -> Row[Any] | None:
    """One that a browser is on its way with, or was."""
    return db.one(_BY_BROWSER, delivery=delivery_id)


def note_asked(db: TenantSession, delivery_id: str, facts: dict[str, Any]) -> bool:
    """The browser goes there now, with this. Once: one that does not come back is not asked again."""
    return db.run(_ASKED, delivery=delivery_id, facts=facts) == 1


def leave_to_worker(db: TenantSession, delivery_id: str, error: str, now: datetime) -> None:
    """The browser could not tell it: from now on the worker tries, from server to server."""
    db.run(_LEAVE, delivery=delivery_id, error=error, now=now)


def deliveries_of(db: TenantSession, session_id: str) -> Sequence[Row[Any]]:
    """Every application that was reached, with how far telling it has come."""
    return db.all(_OF_SESSION, session_id=session_id)


def told_of(db: TenantSession, session_id: str, now: datetime) -> list[Told]:
    """The same as the page after signing out shows it."""
    return [
        Told(
            row.name,
            is_confirmed=row.confirmed_at is not None,
            is_on_its_way=row.next_try_at is not None,
            is_expected=row.next_try_at is not None and row.channel is not None and row.next_try_at <= now + FIRST_PAUSE,
        )
        for row in deliveries_of(db, session_id)
    ]


def note_confirmed(db: TenantSession, delivery_id: str, now: datetime) -> bool:
    """The application has ended its session."""
    return db.run(_CONFIRM, delivery=delivery_id, now=now) == 1


def note_failed(db: TenantSession, delivery_id: str, error: str, now: datetime) -> bool:
    """It was refused for good, or its time is over."""
    return db.run(_FAIL, delivery=delivery_id, error=error[:300], now=now) == 1


def try_again(db: TenantSession, delivery_id: str, error: str, then: datetime) -> bool:
    """Not now, but later."""
    return db.run(_AGAIN, delivery=delivery_id, error=error[:300], then=then) == 1


def note_facts(db: TenantSession, delivery_id: str, facts: dict[str, Any]) -> None:
    """What the next try has to know."""
    db.run(_KEEP, delivery=delivery_id, facts=facts)


def next_try(created_at: datetime, tries: int, now: datetime) -> datetime | None:
    """When to try again after so many tries: ten seconds, then twice as long each time. None: never. Pure."""
    pause = min(FIRST_PAUSE * 2 ** min(max(tries - 1, 0), 20), LONGEST_PAUSE)
    return now + pause if now + pause < created_at + LIFE else None
