"""The users table: searched, narrowed, sorted and paged by indexes, at any number of accounts; nothing is counted.

A page costs what its rows cost. First it is asked, by an index, whether what narrows the list leaves few: then those
are read and sorted. Otherwise the list is walked in its order from where the last page ended, which meets enough of
many soon.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, or_, select

from tenants.account_filters import Filters, conditions_of, few_of
from tenants.accounts import Account
from tenants.connections import Connection
from tenants.db import TenantSession
from tenants.identities import Identity

PAGE = 50
_AT_ONCE = 4000
Start = tuple[int, Any, str]
"""Where a page begins: the part of the list, the value that it is sorted by, the id."""


class Sort(StrEnum):
    """What a list is sorted by."""

    ADDRESS = "address"
    NAME = "name"
    SEEN = "seen"
    """The latest sign-in first; who never did comes last."""
    CREATED = "created"
    """The newest first."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page. The cursors say where the next and the previous one begin; None: there is none."""

    rows: Sequence[Row[Any]]
    next: str | None = None
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class _Segment:
    """A part of the sorted list: those of `whom`, by a column and then the id."""

    whom: ColumnElement[bool] | None
    column: Any
    is_falling: bool = False


_COLUMNS: tuple[Any, ...] = (
    Account.id,
    Account.email,
    Account.email_key,
    Account.name,
    Account.name_key,
    Account.state,
    Account.is_local_enabled,
    Account.role,
    Account.admin_organization_id,
    Account.organization_id,
    Account.expires_at,
    Account.created_at,
    Account.invited_at,
    Account.activated_at,
    Account.last_login_at,
    Account.state_changed_at,
    Account.is_file_managed,
)
_SEGMENTS: dict[Sort, tuple[_Segment, ...]] = {
    Sort.ADDRESS: (_Segment(None, Account.email_key),),
    Sort.NAME: (_Segment(None, Account.name_key),),
    # Two parts, as the databases don't agree where NULL is sorted.
    Sort.SEEN: (
        _Segment(Account.last_login_at.is_not(None), Account.last_login_at, is_falling=True),
        _Segment(Account.last_login_at.is_(None), Account.email_key),
    ),
    Sort.CREATED: (_Segment(None, Account.created_at, is_falling=True),),
}
_TIMES = ("last_login_at", "created_at")


def search_accounts(
    db: TenantSession, filters: Filters, sort: Sort, now: datetime, *, cursor: str = "", back: bool = False, size: int = PAGE
) -> Found:
    """One page of the list, after the cursor or, with `back`, before it. What is no cursor gives the first page."""
    start = _read_cursor(cursor, sort)
    back = back and start is not None
    conditions, few = conditions_of(db, filters, now), few_of(db, filters, now)
    if few is None:
        rows, is_more = _walk(db, sort, conditions, start, back=back, size=size)
    else:
        rows, is_more = _sorted(_read(db, few, conditions), sort, start, back=back, size=size)
    if back and not is_more and len(rows) < size:
        # Somebody came before the first page meanwhile: it is shown whole.
        return search_accounts(db, filters, sort, now, size=size)
    if not rows:
        return Found(())
    following, preceding = _cursor_of(rows[-1], sort), _cursor_of(rows[0], sort)
    if back:
        return Found([row for _part, row in rows], following, preceding if is_more else None)
    return Found([row for _part, row in rows], following if is_more else None, preceding if start else None)


def ids_of_all(db: TenantSession, filters: Filters, now: datetime, most: int) -> list[str]:
    """The ids of everybody who matches, by address, up to one more than `most`."""
    conditions, few = conditions_of(db, filters, now), few_of(db, filters, now)
    if few is not None:
        return [row.id for row in sorted(_read(db, few, conditions), key=lambda row: row.email_key)][: most + 1]
    query = select(Account.id).where(*conditions).order_by(Account.email_key, Account.id).limit(most + 1)
    return list(db.scalars(query))


def methods_of(db: TenantSession, account_ids: Sequence[str]) -> dict[str, list[str]]:
    """The keys of the connections that these accounts are linked to."""
    found: dict[str, list[str]] = {}
    linked = (
        select(Identity.account_id, Connection.key)
        .join(Connection, Connection.id == Identity.connection_id)
        .where(Identity.account_id.in_(account_ids))
        .distinct()
        .order_by(Connection.key)
    )
    for account_id, key in db.execute(linked):
        found.setdefault(account_id, []).append(key)
    return found


# Reading few


def _read(db: TenantSession, few: Select[Any], conditions: Sequence[ColumnElement[bool]]) -> list[Row[Any]]:
    """PostgreSQL finds them by itself; there and back, thousands of ids cost half a second. SQLite may walk the whole table."""
    query = select(*_COLUMNS).where(*conditions)
    if db.get_bind().dialect.name != "sqlite":
        return list(db.execute(query.where(Account.id.in_(few))))
    ids = db.scalars(few).all()
    return [
        row
        for start in range(0, len(ids), _AT_ONCE)
        for row in db.execute(query.where(Account.id.in_(ids[start : start + _AT_ONCE])))
    ]


def _sorted(
    rows: Sequence[Row[Any]], sort: Sort, start: Start | None, *, back: bool, size: int
) -> tuple[list[tuple[int, Row[Any]]], bool]:
    """The same as walking, for rows that are all there."""
    listed = [(part, row) for part, segment in enumerate(_SEGMENTS[sort]) for row in _part(rows, sort, part, segment)]
    if start is not None:
        here = next((at for at, (part, row) in enumerate(listed) if not _is_before(row, part, sort, start)), len(listed))
        if back:
            listed = listed[:here]
            return listed[-size:], len(listed) > size
        is_same = here < len(listed) and listed[here][1].id == start[2]
        listed = listed[here + is_same :]
    return listed[:size], len(listed) > size


def _part(rows: Sequence[Row[Any]], sort: Sort, part: int, segment: _Segment) -> list[Row[Any]]:
    name = segment.column.key
    is_split = len(_SEGMENTS[sort]) > 1
    mine = [row for row in rows if not is_split or (row.last_login_at is None) == (part == 1)]
    return sorted(mine, key=lambda row: (getattr(row, name), row.id), reverse=segment.is_falling)


def _is_before(row: Row[Any], part: int, sort: Sort, start: Start) -> bool:
    if part != start[0]:
        return part < start[0]
    segment = _SEGMENTS[sort][part]
    mine, its = (getattr(row, segment.column.key), row.id), (start[1], start[2])
    return mine > its if segment.is_falling else mine < its


# Walking


def _walk(
    db: TenantSession,
    sort: Sort,
    conditions: Sequence[ColumnElement[bool]],
    start: Start | None,
    *,
    back: bool,
    size: int,
) -> tuple[list[tuple[int, Row[Any]]], bool]:
    """Rows with their part of the list, in its order, and whether there are more that way."""
    segments = _SEGMENTS[sort]
    order = range(len(segments))
    left = [
        part
        for part in (reversed(order) if back else order)
        if start is None or (part <= start[0] if back else part >= start[0])
    ]
    rows: list[tuple[int, Row[Any]]] = []
    for part in left:
        after = start[1:] if start is not None and part == start[0] else None
        query = _slice(segments[part], after, back=back).where(*conditions)
        rows += [(part, row) for row in db.execute(query.limit(size + 1 - len(rows)))]
        if len(rows) > size:
            break
    is_more = len(rows) > size
    rows = rows[:size]
    return (rows[::-1] if back else rows), is_more


def _slice(segment: _Segment, after: tuple[Any, str] | None, *, back: bool) -> Select[Any]:
    is_falling = segment.is_falling != back
    query = select(*_COLUMNS)
    if segment.whom is not None:
        query = query.where(segment.whom)
    if after is not None:
        value, last = after
        beyond = segment.column < value if is_falling else segment.column > value
        further = Account.id < last if is_falling else Account.id > last
        bound = segment.column <= value if is_falling else segment.column >= value
        query = query.where(bound, or_(beyond, further))
    keys = (segment.column, Account.id)
    return query.order_by(*(key.desc() if is_falling else key.asc() for key in keys))


# Cursors


def _cursor_of(found: tuple[int, Row[Any]], sort: Sort) -> str:
    part, row = found
    value = getattr(row, _SEGMENTS[sort][part].column.key)
    text = value.isoformat() if isinstance(value, datetime) else value
    packed = json.dumps([sort.value, part, text, row.id], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _read_cursor(cursor: str, sort: Sort) -> Start | None:
    """None for what is no cursor of this order: it came from an address, and opens nothing."""
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        name, part, text, last = json.loads(packed)
        segment = _SEGMENTS[sort][part] if name == sort.value and part >= 0 else None
        is_text = isinstance(text, str) and isinstance(last, str) and (text + last).isprintable()
        if segment is None or not is_text:
            return None
        value = datetime.fromisoformat(text) if segment.column.key in _TIMES else text
        return (part, value, last) if not isinstance(value, datetime) or value.tzinfo else None
    except (ValueError, TypeError, IndexError, RecursionError):
        return None
