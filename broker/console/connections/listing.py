"""All connections of the tenant: in which order they are offered, whether they are on, and how they fare."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row, func, select
from werkzeug.wrappers import Response

from broker.console.access import require
from broker.console.connections.work import keeping
from broker.console.frame import go, show
from broker.upstream import KINDS
from tenants.connection_health import HEALTH, is_ailing
from tenants.connection_versions import ConnectionVersion, Values, VersionState
from tenants.connections import Connection
from tenants.console_roles import Permission
from tenants.db import TenantSession
from tenants.version_keeping import Keeping

HERE = "connections"


@dataclass(frozen=True, slots=True)
class ConnectionLine:
    """One row of the list."""

    key: str
    url: str
    label: str
    kind: str
    icon: str
    tone: str
    state: str
    """On, off, failing; in words."""
    version: str
    last_used_at: datetime | None
    is_file_managed: bool


def list_page() -> Response:
    """GET: the list. `q` looks in labels and keys."""
    admin = require(Permission.VIEW_SETTINGS)
    wanted = request.args.get("q", "").strip()[:200]
    with g.db.reading() as db:
        rows, waiting = db.all(HEALTH), _waiting(db)
    lines = [line_of(row, waiting) for row in rows if _matches(row, wanted)]
    return show(
        "console/connections/list.html",
        admin,
        here=HERE,
        title=_("Connections"),
        lines=lines,
        wanted=wanted,
        is_empty=not rows,
        may_change=admin.may(Permission.CONFIGURE),
        is_local_on=g.tenant.policy.local_enabled,
    )


def move() -> Response:
    """POST: one place up among the buttons."""
    admin = require(Permission.CONFIGURE)
    key = request.form.get("key", "")
    with keeping(admin.id) as work:
        rows = list(work.session.scalars(select(Connection).order_by(Connection.position, Connection.key).with_for_update()))
        index = next((number for number, row in enumerate(rows) if row.key == key), 0)
        if index == 0 or any(rows[number].is_file_managed for number in (index - 1, index)):
            return go("console.connections", "nothing")
        rows[index - 1], rows[index] = rows[index], rows[index - 1]
        for number, row in enumerate(rows):
            if row.position != number and not row.is_file_managed:
                _place(work, row, number)
    return go("console.connections", "ordered")


def line_of(row: Row[Any], waiting: Mapping[str, tuple[str, int]]) -> ConnectionLine:
    """One row, from what HEALTH knows."""
    tone, state = state_of(row)
    connection = g.tenant.connections.get(row.key)
    icon = (connection.icon if connection else "") or KINDS[row.kind].icon
    waits = waiting.get(row.id)
    version = _("Version %(number)s waits, %(state)s", number=waits[1], state=_tested(waits[0])) if waits else ""
    url = url_for("console.connection", connection=row.key)
    file_managed = bool(row.is_file_managed)
    return ConnectionLine(
        row.key, url, row.label, KINDS[row.kind].label, icon, tone, state, str(version), row.last_success_at, file_managed
    )


def state_of(row: Row[Any]) -> tuple[str, str]:
    """Tone and words."""
    if not row.is_enabled:
        return ("", str(_("Off"))) if row.version else ("warn", str(_("Not switched on yet")))
    if is_ailing(row):
        return "bad", str(_("Failing"))
    if row.failures:
        return "warn", str(_("Failed the last time"))
    return ("ok", str(_("Works"))) if row.last_success_at else ("ok", str(_("On, not used yet")))


def _tested(state: str) -> str:
    return str(_("tested")) if state == VersionState.TESTED else str(_("not tested"))


def _matches(row: Row[Any], wanted: str) -> bool:
    return wanted.casefold() in f"{row.label} {row.key} {row.kind}".casefold()


def _waiting(db: TenantSession) -> dict[str, tuple[str, int]]:
    """State and number of the newest version that waits, by connection."""
    states = (VersionState.DRAFT.value, VersionState.TESTED.value)
    newest = (
        select(ConnectionVersion.connection_id, func.max(ConnectionVersion.number).label("number"))
        .join(
            Connection,
            (Connection.id == ConnectionVersion.connection_id) & (Connection.tenant_id == ConnectionVersion.tenant_id),
        )
        .where(ConnectionVersion.state.in_(states), ConnectionVersion.number > Connection.version)
        .group_by(ConnectionVersion.connection_id)
    )
    numbers: dict[str, int] = {row.connection_id: row.number for row in db.execute(newest)}
    if not numbers:
        return {}
    wanted = select(ConnectionVersion.connection_id, ConnectionVersion.number, ConnectionVersion.state).where(
        ConnectionVersion.connection_id.in_(numbers), ConnectionVersion.state.in_(states)
    )
    return {one: (state, number) for one, number, state in db.execute(wanted) if numbers[one] == number}


def _place(work: Keeping, row: Connection, position: int) -> None:
    """What waits is placed as well: it must not bring an old place with it."""
    for version in work.versions(row):
        if version.state in (VersionState.DRAFT, VersionState.TESTED):
            version.config = {**version.config, "position": position}
    if row.version:
        locked = work.locked(row.key)
        present = work.present_values(locked)
        work.put_in_force(locked, Values({**present.config, "position": position}, present.secrets), what="moved")
    else:
        row.position = position
        work.session.touch_configuration()
