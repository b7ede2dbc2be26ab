"""All tenants, by short name: searching and paging that cost the same however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row, bindparam, or_, select
from werkzeug.wrappers import Response

from broker.operator.access import require
from broker.operator.frame import show
from broker.wiring import the_broker
from tenants.statements import platform
from tenants.tenants import Tenant, TenantHost, TenantStatus

PAGE = 50
_OF_HOST = platform(select(TenantHost.tenant_id).where(TenantHost.host == bindparam("host")))


@dataclass(frozen=True, slots=True)
class TenantLine:
    """One tenant in the table."""

    slug: str
    name: str
    address: str
    state: str
    tone: str
    created_at: datetime
    url: str


def list_page() -> Response:
    """GET: a page of them. Two statements."""
    me = require()
    sought, after = request.args.get("q", "").strip()[:200], request.args.get("after", "")[:63]
    before = request.args.get("before", "")[:63]
    rows = _rows(sought, after, before)
    has_more, rows = len(rows) > PAGE, rows[:PAGE]
    rows = list(reversed(rows)) if before else rows
    has_previous, has_next = (has_more, True) if before else (bool(after), has_more)
    return show(
        "operator/tenants.html",
        me,
        here="tenants",
        title=_("Tenants"),
        tenants=[line_of(row) for row in rows],
        sought=sought,
        previous_url=_at(sought, before=rows[0].slug) if rows and has_previous else None,
        next_url=_at(sought, after=rows[-1].slug) if rows and has_next else None,
        all_url=url_for("operator.tenants"),
        new_url=url_for("operator.new_tenant"),
    )


def _rows(sought: str, after: str, before: str) -> list[Row[Any]]:
    query = select(*Tenant.__table__.c)
    if sought:
        owner = next(iter(the_broker().db.look_up(_OF_HOST, host=sought.lower())), None)
        by_slug, by_name = (
            Tenant.slug.startswith(sought.lower(), autoescape=True),
            Tenant.name.icontains(sought, autoescape=True),
        )
        query = query.where(or_(by_slug, by_name, Tenant.id == (owner.tenant_id if owner else "")))
    if before:
        query = query.where(Tenant.slug < before).order_by(Tenant.slug.desc())
    else:
        query = query.where(Tenant.slug > after).order_by(Tenant.slug)
    return list(the_broker().db.look_up(platform(query.limit(PAGE + 1))))


def line_of(row: Row[Any]) -> TenantLine:
    """What every page says of a tenant first."""
    state, tone = state_of(row.status)
    return TenantLine(
        slug=row.slug,
        name=row.name,
        address=the_broker().snapshots.base_url(row.slug, row.canonical_host),
        state=state,
        tone=tone,
        created_at=row.created_at,
        url=url_for("operator.tenant", slug=row.slug),
    )


def state_of(status: str) -> Sequence[str]:
    """In words, with the tone of its dot."""
    states = {
        TenantStatus.ACTIVE: (_("Active"), "ok"),
        TenantStatus.SUSPENDED: (_("Suspended"), "warn"),
        TenantStatus.DELETED: (_("Deleted"), "bad"),
        TenantStatus.ERASING: (_("Being removed"), "bad"),
    }
    return states[TenantStatus(status)]


def _at(sought: str, **mark: str) -> str:
    values: dict[str, Any] = {"q": sought or None, **mark}
    return url_for("operator.tenants", **values)
