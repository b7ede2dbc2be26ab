"""One link to an identity provider taken away, one browser signed out."""

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import changing
from broker.console.frame import go, show
from broker.console.people.reach import account_within, objection_to
from tenants.accounts import Account
from tenants.audit import Event
from tenants.causes import Cause, Refusal
from tenants.connections import Connection
from tenants.console_roles import Permission
from tenants.db import TenantSession
from tenants.identities import Identity
from tenants.lifecycle import LifecycleError
from tenants.own import END_OWN_SESSION
from tenants.people import unlink


def ask_unlink(account: str, identity: str) -> Response:
    """GET: what goes with the link."""
    admin = require(Permission.MANAGE_USERS, fresh=True)
    with g.db.reading() as db:
        row = account_within(db, admin, account)
        label = _label(db, row, identity)
        sentence = objection_to(admin, row)
    return _page(admin, row, label, sentence)


def do_unlink(account: str, identity: str) -> Response:
    """POST: it goes."""
    admin = require(Permission.MANAGE_USERS, fresh=True)
    label = sentence = ""
    try:
        with changing(admin) as work:
            row = account_within(work.db, admin, account)
            label, sentence = _label(work.db, row, identity), objection_to(admin, row)
            if not sentence:
                unlink(work.db, row.id, identity, work.now, admin.id)
    except LifecycleError as error:
        sentence = str(error)
    if sentence:
        return _page(admin, row, label, sentence, status=409)
    return go("console.user", "unlinked", account=row.id)


def end_session(account: str) -> Response:
    """POST: one browser is signed out (S3). Good for anybody who helps people; nothing is lost by it."""
    admin = require(Permission.USE_HELPDESK)
    with changing(admin) as work:
        row = account_within(work.db, admin, account)
        if objection_to(admin, row):
            raise Refusal(Cause.ROLE_MISSING, "an account that is out of reach", account_id=admin.id)
        wanted = request.form.get("session", "")
        session = wanted[:80] if wanted.isprintable() else ""
        if not work.db.run(END_OWN_SESSION, session_id=session, account=row.id, now=work.now):
            return go("console.user", "nothing", account=row.id)
        path = f"people.{row.id}"
        work.note(
            path, {"session": session}, {"session": ""}, event=Event.SIGNED_OUT, is_configuration=False, account_id=row.id
        )
    return go("console.user", "session_ended", account=row.id)


def _label(db: TenantSession, row: Account, identity: str) -> str:
    wanted = identity[:80] if identity.isprintable() else ""
    linked = select(Connection.label).join(Identity, Identity.connection_id == Connection.id)
    label = db.scalars(linked.where(Identity.id == wanted, Identity.account_id == row.id)).first()
    if label is None:
        raise Refusal(Cause.PAGE_UNKNOWN, "no such link")
    return str(label)


def _page(admin: Admin, row: Account, label: str, sentence: str, status: int = 200) -> Response:
    url, name = url_for("console.user", account=row.id), row.name or row.email
    effect = _(
        "%(name)s is signed out everywhere and loses the groups that %(way)s gave. "
        "The next sign-in there counts as a first one.",
        name=name,
        way=label,
    )
    return show(
        "console/confirm.html",
        admin,
        here="users",
        title=str(_("Take the link to %(way)s away?", way=label)),
        status=status,
        sentences=[sentence or str(effect)],
        label=str(_("Take the link away")),
        cancel_url=url,
        back=(url, name),
        may_go_on=not sentence,
    )
