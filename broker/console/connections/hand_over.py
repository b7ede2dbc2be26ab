"""Handing one connection over to a customer's IT department: links that configure it and open nothing else (C6)."""

from flask import g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.connections.assistants import Assistant, product_of
from broker.console.connections.trying import may_change
from broker.console.connections.work import find_row, keeping, locked
from broker.console.frame import go, show
from broker.wiring import the_broker
from tenants.connection_versions import Values
from tenants.connections import Provisioning
from tenants.console_roles import Permission
from tenants.setup_links import LINKS_OF, make_link, revoke_link
from tenants.version_keeping import Keeping

HERE = "connections"


def page(connection: str) -> Response:
    """GET: the links of one connection."""
    return _page(require(Permission.VIEW_SETTINGS), connection)


def change(connection: str) -> Response:
    """POST: a new link, which is shown once; or one that opens nothing any more."""
    admin, what = require(Permission.CONFIGURE, fresh=True), request.form.get("what", "")
    with keeping(admin.id) as work:
        row = locked(work, connection)
        if what == "make":
            token, _ends = make_link(work.session, row, product_of(row.kind, row.options).key, admin.id, work.now)
        else:
            gone = revoke_link(work.session, row.id, request.form.get("link_id", ""), admin.id, work.now)
    if what != "make":
        return go("console.connection_links", "link_revoked" if gone else "nothing", connection=connection)
    return _page(admin, connection, _url(token))


def begin(admin: Admin, product: Assistant, key: str) -> Response:
    """A connection without values, off, and a link for whoever brings them. Raises VersionError."""
    with keeping(admin.id) as work:
        config = {
            "label": str(product.button or product.label),
            "note": "",
            "icon": "",
            "position": 100,
            "is_shown": True,
            "provisioning": Provisioning.INVITED.value,
            "options": dict(product.given),
        }
        work.add_connection(key, product.kind, Values(config), str(_("Handed over")))
        token = _link_of(work, key, product, admin)
    return _page(admin, key, _url(token))


def _link_of(work: Keeping, key: str, product: Assistant, admin: Admin) -> str:
    token, _ends = make_link(work.session, work.locked(key), product.key, admin.id, work.now)
    return token


def _url(token: str) -> str:
    return f"{g.tenant.base_url}/set-up/{token}"


def _page(admin: Admin, key: str, link: str = "") -> Response:
    with g.db.reading() as db:
        row = find_row(db, key)
        links = db.all(LINKS_OF, connection=row.id)
    now = the_broker().ports.clock.now()
    return show(
        "console/connections/links.html",
        admin,
        here=HERE,
        title=_("Hand over to your IT department"),
        link=link,
        links=[(one, one.revoked_at is None and one.expires_at > now) for one in links],
        may_change=may_change(admin, row.is_file_managed),
        back=(url_for("console.connection", connection=key), row.label),
    )
