"""Sign-ins by day, from the newest entries of the log that their index gives: a bounded read, however many there are."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import DateTime, bindparam, select

from tenants.audit import AuditEvent, Event
from tenants.db import TenantSession
from tenants.statements import scoped

DAYS = 14
MOST_READ = 3000
"""Of each kind. Where that does not reach back far enough, fewer days are told of."""
_MOMENTS = scoped(
    select(AuditEvent.at)
    .where(AuditEvent.event == bindparam("what"), AuditEvent.at >= bindparam("since", type_=DateTime(timezone=True)))
    .order_by(AuditEvent.at.desc())
    .limit(MOST_READ)
)


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day (UTC)."""

    day: date
    worked: int
    failed: int


def days_of(session: TenantSession, now: datetime) -> tuple[Day, ...]:
    """The last days, the oldest first. Two statements."""
    since = datetime.combine((now - timedelta(days=DAYS - 1)).date(), datetime.min.time(), now.tzinfo)
    read = {
        event: [row.at for row in session.all(_MOMENTS, what=event.value, since=since)]
        for event in (Event.LOGIN_SUCCEEDED, Event.LOGIN_REFUSED)
    }
    return by_day(read[Event.LOGIN_SUCCEEDED], read[Event.LOGIN_REFUSED], now)


def by_day(worked: Iterable[datetime], failed: Iterable[datetime], now: datetime) -> tuple[Day, ...]:
    """Pure. Days of which not everything was read are left out, but for today."""
    lists = [sorted(worked), sorted(failed)]
    first = now.date() - timedelta(days=DAYS - 1)
    for moments in lists:
        if len(moments) >= MOST_READ:
            first = max(first, min(moments[0].date() + timedelta(days=1), now.date()))
    counts = [Counter(moment.date() for moment in moments) for moments in lists]
    length = (now.date() - first).days + 1
    days = (first + timedelta(days=number) for number in range(length))
    return tuple(Day(day, counts[0][day], counts[1][day]) for day in days)
