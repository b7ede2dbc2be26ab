"""Deleting a connection that is off: first what goes with it, in numbers, then its key is typed."""

from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import StaleError, changing, fingerprint, require_ours
from broker.console.connections.words import number_words
from broker.console.connections.work import find_row, unknown
from broker.console.frame import go, show
from tenants.audit import Event
from tenants.connection_removal import Leaving, leaving_with, remove_connection
from tenants.connection_versions import config_of
from tenants.connections import Connection
from tenants.console_roles import Permission
from tenants.db import TenantSession
from tenants.version_keeping import VersionError

HERE = "connections"
_GONE = ("label", "provisioning", "linking", "networks", "options")


def page(connection: str) -> Response:
    """GET: what goes with it."""
    return _page(require(Permission.CONFIGURE, fresh=True), connection)


def delete(connection: str) -> Response:
    """POST: away with it."""
    admin = require(Permission.CONFIGURE, fresh=True)
    if request.form.get("typed", "").strip() != connection:
        return _page(admin, connection, _("Type %(key)s, as it stands above.", key=connection))
    try:
        with changing(admin) as work:
            row = _locked(work.db, connection)
            require_ours(row, admin)
            leaving, path = leaving_with(work.db, row, locks=True), f"connections.{row.key}"
            work.require_unchanged(request.form.get("seen", ""), _seen(row, leaving), path)
            before, gone = _told(row, leaving), row.id
            remove_connection(work.db, row, work.now)
            work.note(path, before, {}, what="deleted", event=Event.CONFIGURATION_REMOVED, connection_id=gone)
    except StaleError as stale:
        return _page(admin, connection, "", stale.sentence)
    except VersionError as error:
        return _page(admin, connection, "", str(error))
    return go("console.connections", "connection_deleted")


def _page(admin: Admin, key: str, wrong: str = "", objection: str = "") -> Response:
    with g.db.reading() as db:
        row = find_row(db, key)
        require_ours(row, admin)
        leaving = leaving_with(db, row)
        against = objection or leaving.objection
    return show(
        "console/confirm.html",
        admin,
        here=HERE,
        title=_("Delete %(name)s?", name=row.label),
        status=409 if objection else 400 if wrong else 200,
        sentences=[against] if against else _sentences(leaving),
        hidden={"seen": fingerprint(_seen(row, leaving))},
        typed=row.key,
        errors={"typed": wrong} if wrong else {},
        label=_("Delete this connection"),
        may_go_on=not against,
        instead=(url_for("console.domains"), _("Go to the domains")) if leaving.is_enforced and not row.is_enabled else None,
        cancel_url=url_for("console.connection", connection=key),
        back=(url_for("console.connection", connection=key), row.label),
    )


def _sentences(leaving: Leaving) -> list[str]:
    count = leaving.identities
    known = ngettext(
        "%(count)s person is linked to it: that link is deleted, and nobody is deleted.",
        "%(count)s people are linked to it: these links are deleted, and nobody is deleted.",
        count,
        count=number_words(count),
    )
    found = [known if count else _("Nobody is linked to it.")]
    if leaving.shut_out:
        found.append(_("People with no other way to sign in: %(count)s.", count=number_words(leaving.shut_out)))
    if leaving.domains:
        found.append(_("These domains lead nowhere by themselves any more: %(names)s.", names=", ".join(leaving.domains)))
    if leaving.applications:
        found.append(_("It is taken out of the rules of %(names)s.", names=", ".join(leaving.applications)))
    found.append(
        _("Its settings, versions, tests and set-up links go, with the groups and roles that it gave. There is no way back.")
    )
    return [str(one) for one in found]


def _locked(db: TenantSession, key: str) -> Connection:
    row = db.scalars(select(Connection).where(Connection.key == key).with_for_update()).first()
    if row is None:
        raise unknown()
    return row


def _seen(row: Connection, leaving: Leaving) -> dict[str, Any]:
    return {"version": row.version, "at": row.updated_at, "leaving": leaving}


def _told(row: Connection, leaving: Leaving) -> dict[str, object]:
    """What it was, for the audit log. Secrets are in none of these columns."""
    config = config_of({name: getattr(row, name) for name in _GONE})
    flat = {name: value for name, value in config.items() if name != "options"} | dict(config["options"])
    counts = {"people linked": number_words(leaving.identities), "people without another way": number_words(leaving.shut_out)}
    return {"kind": row.kind, **flat, **counts, "domains": leaving.domains, "applications": leaving.applications}
