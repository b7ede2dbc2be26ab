"""What operators did, newest first; and, where it is asked for, what the product did across tenants by itself."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row, and_, or_, select
from werkzeug.wrappers import Response

from broker.event_titles import title_of
from broker.operator.access import require
from broker.operator.frame import show
from broker.wiring import the_broker
from tenants.operators import Operator
from tenants.platform_log import Deed
from tenants.statements import platform
from tenants.tenants import PlatformEvent

PAGE = 50
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event."""

    at: datetime
    what: str
    who: str
    detail: str
    address: str
    number: int | None


def page() -> Response:
    """GET: one statement, by an index."""
    me = require()
    event, is_all = request.args.get("event", ""), request.args.get("all") == "1"
    rows = _rows(event if event in {deed.value for deed in Deed} else "", is_all, request.args.get("before", ""))
    has_more, rows = len(rows) > PAGE, rows[:PAGE]
    values: dict[str, Any] = {"event": event or None, "all": "1" if is_all else None}
    return show(
        "operator/events.html",
        me,
        here="events",
        title=_("Log"),
        events=[_line(row) for row in rows],
        event=event,
        is_all=is_all,
        choices=[("", _("Everything operators did")), *((deed.value, title_of(deed.value)) for deed in Deed)],
        first_url=url_for("operator.events", **values) if request.args.get("before") else None,
        next_url=url_for("operator.events", before=_mark(rows[-1]), **values) if has_more else None,
    )


def _rows(event: str, is_all: bool, before: str) -> list[Row[Any]]:
    query = select(*PlatformEvent.__table__.c, Operator.email.label("email")).outerjoin(
        Operator, Operator.id == PlatformEvent.operator_id
    )
    if event:
        query = query.where(PlatformEvent.event == event)
    elif not is_all:
        query = query.where(PlatformEvent.event.is_not(None))
    if (mark := _read(before)) is not None:
        at, key = mark
        query = query.where(and_(PlatformEvent.at <= at, or_(PlatformEvent.at < at, PlatformEvent.id < key)))
    query = query.order_by(PlatformEvent.at.desc(), PlatformEvent.id.desc()).limit(PAGE + 1)
    return list(the_broker().db.look_up(platform(query)))


def _line(row: Row[Any]) -> EventLine:
    detail = " · ".join(f"{name}: {value}" for name, value in (row.detail or {}).items())
    return EventLine(
        row.at, title_of(row.event) if row.event else row.reason, row.email or "", detail, row.address or "", row.number
    )


def _mark(row: Row[Any]) -> str:
    return f"{(row.at - _EPOCH) // timedelta(microseconds=1)}~{row.id}"


def _read(text: str) -> tuple[datetime, str] | None:
    number, _tilde, key = text.partition("~")
    if not (number.isascii() and number.isdigit() and len(number) <= 17 and key.isascii() and key):
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(number)), key[:40]
    except OverflowError:
        return None
