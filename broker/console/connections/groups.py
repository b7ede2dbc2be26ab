"""What becomes of the groups that a provider sends: rules as lines, and who would gain and lose before anything is saved."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from pydantic import ValidationError
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import StaleError, last_change
from broker.console.connections.trying import may_change
from broker.console.connections.work import keeping, locked, stand
from broker.console.frame import go, show
from tenants.connection_versions import Values, VersionState
from tenants.connections import Connection
from tenants.console_roles import Permission
from tenants.grants import profiles_of
from tenants.group_rules import Difference, preview, read_rules
from tenants.manifest.group_specs import GroupRulesSpec, stored
from tenants.version_keeping import Keeping, VersionError

HERE = "connections"
MOST_PEOPLE = 2000
"""So many are looked at for a preview."""
SHOWN = 50
_LINE = re.compile(r"^(?P<received>.+?)\s*(?:(?:=>|->|→)\s*(?P<group>.*?))?\s*(?:\[(?P<role>[a-z]+)\])?$")


def page(connection: str) -> Response:
    """GET: the rules in force."""
    admin = require(Permission.VIEW_SETTINGS)
    with g.db.reading() as db:
        standing = stand(db, connection)
    return _page(admin, standing.row, lines_of(standing.row.group_rules), standing.mark)


def save(connection: str) -> Response:
    """POST: a preview, or the rules themselves."""
    admin = require(Permission.CONFIGURE, fresh=True)
    text, seen = request.form.get("rules", ""), request.form.get("seen", "")
    with g.db.reading() as db:
        standing = stand(db, connection)
    rules, error = rules_of(text)
    if error:
        return _page(admin, standing.row, text, seen, error, 400)
    if "preview" in request.form:
        return _page(admin, standing.row, text, seen, found=_preview(standing.row.id, rules))
    try:
        with keeping(admin.id) as work:
            row, now = locked(work, connection), stand(work.session, connection)
            if seen != now.mark:
                raise StaleError(last_change(work.session, f"connections.{connection}"))
            _write(work, row, rules)
    except StaleError as stale:
        return _page(admin, standing.row, text, standing.mark, stale.sentence, 409)
    except VersionError as refused:
        return _page(admin, standing.row, text, seen, str(refused), 409)
    return go("console.connection", "rules", connection=connection)


def rules_of(text: str) -> tuple[list[dict[str, str]], str]:
    """Rules from lines, or what is wrong with the first that is none."""
    tables = []
    for line in (one.strip() for one in text.splitlines()):
        if line:
            found = _LINE.match(line)
            parts = found.groupdict() if found else {"received": line}
            tables.append({"from": parts["received"]} | {name: parts[name] for name in ("group", "role") if parts.get(name)})
    try:
        return stored(GroupRulesSpec.model_validate({"groups": tables}).groups), ""
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)[0]
        number = next((part for part in details["loc"] if isinstance(part, int)), 0) + 1
        reason = details["msg"].removeprefix("Value error, ")
        return [], str(_("Line %(number)s: %(reason)s", number=number, reason=f"{reason[:1].upper()}{reason[1:]}"))


def lines_of(rules: Iterable[dict[str, Any]] | None) -> str:
    """The other way round."""
    lines = []
    for rule in rules or ():
        group, role = rule.get("group"), rule.get("role")
        lines.append(f"{rule.get('from')}{f' => {group}' if group else ''}{f' [{role}]' if role else ''}")
    return "\n".join(lines)


def _write(work: Keeping, row: Connection, rules: list[dict[str, str]]) -> None:
    """At once: the preview has shown what comes of it. What waits gets them as well, so that it takes none of them back."""
    for version in work.versions(row):
        if version.state in (VersionState.DRAFT, VersionState.TESTED):
            version.config = {**version.config, "group_rules": rules}
    if row.version:
        present = work.present_values(row)
        work.put_in_force(row, Values({**present.config, "group_rules": rules}, present.secrets), str(_("Group rules")))
    else:
        row.group_rules = rules
        work.session.touch_configuration()


def _preview(connection_id: str, rules: list[dict[str, str]]) -> dict[str, Any]:
    with g.db.reading() as db:
        people = list(islice(profiles_of(db, connection_id), MOST_PEOPLE + 1))
    looked_at = people[:MOST_PEOPLE]
    found: list[Difference] = sorted(preview(read_rules(rules), looked_at), key=lambda one: one.email)
    return {
        "people": found[:SHOWN],
        "count": len(found),
        "of": len(looked_at),
        "is_cut": len(people) > MOST_PEOPLE,
        "unknown": sum(1 for one in looked_at if one.received is None),
    }


def _page(
    admin: Admin, row: Connection, text: str, seen: str, error: str = "", status: int = 200, found: dict[str, Any] | None = None
) -> Response:
    return show(
        "console/connections/groups.html",
        admin,
        here=HERE,
        title=_("Groups and roles"),
        status=status,
        text=text,
        seen=seen,
        found=found,
        errors={"rules": error} if error else {},
        is_file_managed=row.is_file_managed,
        may_change=may_change(admin, row.is_file_managed),
        back=(url_for("console.connection", connection=row.key), row.label),
    )
