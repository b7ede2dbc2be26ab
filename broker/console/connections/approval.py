"""The approval of a directory's admin, where a connection needs one: a link for them, and which directories have come in."""

from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.connections.trying import may_change
from broker.console.connections.work import find_row, unknown
from broker.console.frame import go, show
from broker.directories import let_go, let_in, new_link
from broker.upstream import KINDS
from broker.upstream.sharing import Consenting
from broker.wiring import the_broker
from tenants.connections import Connection
from tenants.consents import DIRECTORIES_OF
from tenants.console_roles import Permission
from tenants.db import TenantSession

HERE = "connections"
PATH = "consent"


def page(connection: str) -> Response:
    """GET: the directories."""
    return _page(require(Permission.VIEW_SETTINGS), connection)


def change(connection: str) -> Response:
    """POST: a new link, a directory in, a directory out."""
    admin = require(Permission.CONFIGURE, fresh=True)
    what, directory, link, done = request.form.get("what", ""), request.form.get("directory", ""), "", "nothing"
    with g.db.writing() as db:
        row, broker = _consenting(db, connection), the_broker()
        if what == "link":
            link = _link(db, row, admin)
        elif what == "accept" and let_in(broker, db, row, directory, admin.id, "admin") is not None:
            done = "directory_in"
        elif what == "forget" and let_go(broker, db, row, directory, admin.id) is not None:
            done = "directory_out"
    return _page(admin, connection, link) if link else go("console.connection_approval", done, connection=connection)


def begin(admin: Admin, key: str) -> Response:
    """The link for a connection that was just added: nothing can be tested before it was used."""
    with g.db.writing() as db:
        link = _link(db, _consenting(db, key), admin)
    return _page(admin, key, link)


def _link(db: TenantSession, row: Connection, admin: Admin) -> str:
    return f"{g.tenant.base_url}/{PATH}/{new_link(the_broker(), db, row, admin.id)}"


def _page(admin: Admin, key: str, link: str = "") -> Response:
    with g.db.reading() as db:
        row = _consenting(db, key)
        directories = db.all(DIRECTORIES_OF, connection=row.id)
    kind: Any = KINDS[row.kind]
    return show(
        "console/connections/approval.html",
        admin,
        here=HERE,
        title=_("Approval by a directory"),
        link=link,
        directories=directories,
        can_come=kind.may_win(kind.options_type.model_construct(**row.options)),
        may_change=may_change(admin, False),
        form_url=url_for("console.connection_approval", connection=key),
        back=(url_for("console.connection", connection=key), row.label),
    )


def _consenting(db: TenantSession, key: str) -> Connection:
    row = find_row(db, key)
    if not isinstance(KINDS[row.kind], Consenting):
        raise unknown()
    return row
