"""The secret of an application: made here, shown once, stored as its hash."""

from flask import g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.applications.store import Held, find, held, needs_secret
from broker.console.changes import StaleError, Work, changing, fingerprint
from broker.console.frame import go, show
from tenants.console_roles import Permission
from tenants.ids import digest, new_secret


def secret_page(application: str) -> Response:
    """GET: what a new secret means."""
    admin, there = require(Permission.MANAGE_APPLICATIONS, fresh=True), find(application)
    row = there.row
    return show(
        "console/confirm.html",
        admin,
        here="applications",
        title=_("Make a new secret?"),
        sentences=[
            _("The present secret ends at once: nobody can sign in there until the new one is entered."),
            _("The new one is shown once. Tokens that it has stay good."),
        ],
        may_go_on=needs_secret(row) and not row.is_file_managed,
        hidden={"seen": fingerprint(_seen(there))},
        label=_("Make a new secret"),
        cancel_url=url_for("console.application", application=row.key),
        back=(url_for("console.application", application=row.key), row.name),
    )


def make_secret(application: str) -> Response:
    """POST: the old one ends at once. A page that is sent twice makes one secret."""
    admin = require(Permission.MANAGE_APPLICATIONS, fresh=True)
    try:
        with changing(admin) as work:
            there = held(work.db, application, locks=True)
            work.require_ours(there.row)
            if not needs_secret(there.row):
                return go("console.application", "nothing", application=application)
            work.require_unchanged(request.form.get("seen", ""), _seen(there), there.path)
            secret = renew_secret(work, there)
    except StaleError:
        return go("console.application", "nothing", application=application)
    return secret_once(admin, there, secret)


def renew_secret(work: Work, there: Held) -> str:
    """Another secret, which nobody knows but who reads the answer."""
    secret = new_secret()
    there.row.secret_hash = digest(secret)
    work.db.flush()
    work.note(there.path, {}, {}, what="secret made anew", application_id=there.row.id)
    return secret


def secret_once(admin: Admin, there: Held, secret: str) -> Response:
    """The only page that it ever stands on."""
    return show(
        "console/applications/secret.html",
        admin,
        here="applications",
        title=_("The secret of %(name)s", name=there.row.name),
        values=[
            ("client-id", _("Client ID"), there.row.client_id),
            ("secret", _("Client secret"), secret),
            ("issuer", _("Issuer"), g.tenant.issuer),
        ],
        next_url=url_for("console.application", application=there.row.key),
    )


def _seen(there: Held) -> dict[str, object]:
    return {"secret": there.row.secret_hash}
