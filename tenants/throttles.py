"""Counters of failures, by account and by network address. Kept in the database: all workers share them.

A try is counted before it is judged, under a lock, so that tries sent at once cannot slip past each other. What is
counted is named by a hash, and counted alike whether or not there is such an account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, Row, String, bindparam, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.db import PlatformSession, TenantSession
from tenants.ids import digest
from tenants.statements import platform, scoped, scoped_upsert


class Throttle(TenantScoped, Base):
    """One counter; `id` is what is counted, such as `password:<hash of the address>`."""

    __tablename__ = "throttles"
    __table_args__ = (Index("ix_throttles_window_ends_at", "window_ends_at"),)

    tries: Mapped[int] = mapped_column(default=0)
    last_try_at: Mapped[datetime]
    window_ends_at: Mapped[datetime]


class PlatformThrottle(Base):
    """The same for what belongs to no tenant: tries in a window, without pauses that grow."""

    __tablename__ = "platform_throttles"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    tries: Mapped[int] = mapped_column(default=0)
    window_ends_at: Mapped[datetime] = mapped_column(index=True)


_ROW = Throttle.__table__
_IS_OVER = _ROW.c.window_ends_at <= bindparam("now")
THROTTLE = scoped(
    select(Throttle.tries, Throttle.last_try_at, Throttle.window_ends_at).where(_ROW.c.id == bindparam("key")).with_for_update()
)
"""Locks the counter on PostgreSQL, if there is one; a write transaction of SQLite is alone anyway."""
THROTTLE_STATE = scoped(
    select(Throttle.tries, Throttle.last_try_at, Throttle.window_ends_at).where(_ROW.c.id == bindparam("key"))
)
"""The same without the lock: for a counter that everybody looks at."""
_FIRST_TRY: dict[str, Any] = {
    "id": bindparam("key"),
    "tries": 1,
    "last_try_at": bindparam("now"),
    "window_ends_at": bindparam("window_end"),
}
_NEXT_TRY: dict[str, Any] = {
    "tries": case((_IS_OVER, 1), else_=_ROW.c.tries + 1),
    "last_try_at": bindparam("now"),
    "window_ends_at": case((_IS_OVER, bindparam("window_end")), else_=_ROW.c.window_ends_at),
}
COUNT_TRY = scoped_upsert(_ROW, ["id"], insert=_FIRST_TRY, update=_NEXT_TRY)
TAKE_FREE_TRY = scoped_upsert(
    _ROW, ["id"], insert=_FIRST_TRY, update=_NEXT_TRY, where=or_(_IS_OVER, _ROW.c.tries < bindparam("free"))
)
"""Counts a try as long as it costs no waiting, which mostly it does not; the row count says whether it was counted."""
PLATFORM_THROTTLE = platform(
    select(PlatformThrottle.tries, PlatformThrottle.window_ends_at).where(PlatformThrottle.id == bindparam("key"))
)
FORGET_TRIES = scoped(delete(Throttle).where(_ROW.c.id == bindparam("key")))
FORGIVE_TRY = scoped(update(Throttle).where(_ROW.c.id == bindparam("key"), _ROW.c.tries > 0).values(tries=_ROW.c.tries - 1))


@dataclass(frozen=True, slots=True)
class Limit:
    """`free` tries without delay, then one that doubles up to `longest`; from `cap` on none until the window ends."""

    free: int
    cap: int
    window: timedelta
    longest: timedelta


PASSWORD_LIMIT = Limit(free=5, cap=80, window=timedelta(hours=24), longest=timedelta(minutes=15))
"""With those of a known device at most 100 wrong passwords in a row (NIST SP 800-63B-4, 3.2.2)."""
DEVICE_PASSWORD_LIMIT = Limit(free=5, cap=20, window=timedelta(hours=24), longest=timedelta(minutes=15))
"""On a device on which the account has signed in before: nobody elsewhere can use these tries up (LC-03)."""
TOTP_LIMIT = Limit(free=5, cap=22, window=timedelta(hours=24), longest=timedelta(minutes=15))
"""Three codes are good at a time: with a known device's own tries 96 in a million a day guess one (security.md, SF-02)."""
DEVICE_TOTP_LIMIT = Limit(free=5, cap=10, window=timedelta(hours=24), longest=timedelta(minutes=15))
RECOVERY_LIMIT = Limit(free=5, cap=30, window=timedelta(hours=24), longest=timedelta(minutes=15))
"""Not because 80 bits could be guessed: a pause tells somebody who tries that they are seen (OP-08)."""
ADDRESS_LIMIT = Limit(free=100, cap=1000, window=timedelta(minutes=10), longest=timedelta(minutes=10))
"""Wrong tries from one network address; generous, because a whole office may share it."""
TENANT_LIMIT = Limit(free=300, cap=10**9, window=timedelta(minutes=10), longest=timedelta(seconds=10))
"""Wrong passwords of a whole tenant, from wherever, but for known devices: many addresses with a few passwords (LC-02).

It only slows down, to one try in ten seconds, so that whoever does it can't shut the organization out."""
DOOR_LIMIT = Limit(free=5, cap=30, window=timedelta(hours=24), longest=timedelta(minutes=15))
"""Tries at the back door for one address: password and code are judged together, so codes set the measure."""
DOOR_ADDRESS_LIMIT = Limit(free=20, cap=200, window=timedelta(minutes=10), longest=timedelta(minutes=10))
"""The same from one network address; no office shares a door."""


def counter_key(what: str, whose: str) -> str:
    """The id of a counter: readable for what it counts, a hash for whose."""
    return f"{what}:{digest(whose)}"


def take_try(session: TenantSession, key: str, limit: Limit, now: datetime) -> datetime | None:
    """Count one try, or say until when none is allowed. Belongs in a write transaction of its own that commits."""
    values = {"key": key, "now": now, "window_end": now + limit.window}
    if session.run(TAKE_FREE_TRY, free=limit.free, **values):
        return None
    # There is a counter, and from here on it is locked (or was forgotten just now, and begins anew).
    until = paused_until(session.one(THROTTLE, key=key), limit, now)
    if until is None:
        session.run(COUNT_TRY, **values)
    return until


def paused_until(row: Row[Any] | None, limit: Limit, now: datetime) -> datetime | None:
    """Until when a counter in this state allows no try; None: it allows one now. Pure."""
    if row is None or row.window_ends_at <= now or row.tries < limit.free:
        return None
    if row.tries >= limit.cap:
        end: datetime = row.window_ends_at
        return end
    delay = min(timedelta(seconds=2 ** min(row.tries - limit.free, 30)), limit.longest)
    until: datetime = row.last_try_at + delay
    return until if until > now else None


def count_platform_try(session: PlatformSession, key: str, window: timedelta, now: datetime) -> int:
    """Count one try of the platform's and say which of its window it is: one statement, so that none slips past another."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    is_over, end = PlatformThrottle.window_ends_at <= now, now + window
    counted = (
        insert(PlatformThrottle)
        .values(id=key, tries=1, window_ends_at=end)
        .on_conflict_do_update(
            index_elements=["id"],
            set_={
                "tries": case((is_over, 1), else_=PlatformThrottle.tries + 1),
                "window_ends_at": case((is_over, end), else_=PlatformThrottle.window_ends_at),
            },
        )
        .returning(PlatformThrottle.tries)
    )
    return int(session.execute(counted).scalar_one())
