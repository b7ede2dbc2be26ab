"""SAML metadata that is read from an address: what counts, what waits for a word; and the tenant's own keys."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.connections.trying import may_change
from broker.console.connections.work import find_row, unknown
from broker.console.frame import go, show
from broker.metadata_decisions import DecisionError, accept, reject
from broker.own_keys import certificate_of_row
from broker.provider_metadata import Followed, described, refresh, row_of, usable
from broker.wiring import the_broker
from tenants.connections import Connection
from tenants.console_roles import Permission
from tenants.key_changes import KeyChangeError, publish, retire_other, saml_keys, use_other
from tenants.keys import KeyState
from tenants.metadata_changes import SENTENCES, Why
from tenants.saml_metadata import READINGS
from tenants.signing import SAML, new_key

HERE = "connections"


def page(connection: str) -> Response:
    """GET: what the provider's own address says, and what waits."""
    admin = require(Permission.VIEW_SETTINGS)
    row, followed = _followed(connection)
    return _page(admin, row, followed)


def decide(connection: str) -> Response:
    """POST: read it now, take what waits, or refuse it."""
    admin = require(Permission.CONFIGURE, fresh=True)
    row, followed = _followed(connection)
    what, broker = request.form.get("what", ""), the_broker()
    # A word on keys is no value of a tenants file: whoever looks after the tenant gives it here all the same.
    if what == "refresh":
        refresh(broker, followed)
        return go("console.connection_metadata", "read", connection=connection)
    known = row_of(broker, followed)
    if what not in ("accept", "reject") or known is None or known.proposed is None or not _is_shown(known):
        return go("console.connection_metadata", "nothing", connection=connection)
    try:
        (accept if what == "accept" else reject)(broker, followed, known, admin.id)
    except DecisionError as error:
        return _page(admin, row, followed, str(error), 409)
    return go("console.connection_metadata", "taken" if what == "accept" else "refused", connection=connection)


def keys_page() -> Response:
    """GET: our keys for SAML, and who has fetched which."""
    return _keys(require(Permission.VIEW_SETTINGS))


def change_keys() -> Response:
    """POST: publish a second one, sign with the other one, or take the one that doesn't sign out of use."""
    admin = require(Permission.CONFIGURE, fresh=True)
    broker, what = the_broker(), request.form.get("what", "")
    now = broker.ports.clock.now()
    made = new_key(SAML) if what == "roll" else None
    try:
        with g.db.writing() as db:
            if made is not None:
                publish(db, broker.vault, made, now)
            elif what in _CHANGES:
                _CHANGES[what](db, now)
            else:
                return go("console.saml_keys", "nothing")
            db.touch_configuration()
    except KeyChangeError as error:
        return _keys(admin, str(error), 409)
    return go("console.saml_keys", f"key_{what}")


_CHANGES: dict[str, Callable[..., str]] = {"use": use_other, "retire": retire_other}


def _keys(admin: Admin, form_error: str = "", status: int = 200) -> Response:
    with g.db.reading() as db:
        keys = list(saml_keys(db))
        read = {key.id: db.all(READINGS, key_id=key.id) for key in keys[:2]}
    labels = {one.id: one.label for one in g.tenant.connections.values() if one.kind == "saml"}
    lines = []
    for key in keys:
        fetched = {row.connection_id: row for row in read.get(key.id, ())}
        lines.append(
            {
                "id": key.id,
                "signs": key.state == KeyState.ACTIVE.value,
                "since": key.created_at,
                "mark": _mark(certificate_of_row(the_broker().vault, g.tenant.id, key)),
                "fetched": [(labels[one], row.read_at) for one, row in fetched.items() if one in labels],
                "unread": [label for one, label in labels.items() if one not in fetched],
            }
        )
    return show(
        "console/connections/keys.html",
        admin,
        here=HERE,
        title=_("Our keys for SAML"),
        status=status,
        lines=lines,
        form_error=form_error,
        may_change=admin.may(Permission.CONFIGURE),
        back=(url_for("console.connections"), _("Connections")),
    )


def _page(admin: Admin, row: Connection, followed: Followed, form_error: str = "", status: int = 200) -> Response:
    known = row_of(the_broker(), followed)
    proposed = known.proposed if known is not None else None
    return show(
        "console/connections/metadata.html",
        admin,
        here=HERE,
        title=_("Metadata"),
        status=status,
        url=followed.url,
        known=known,
        present=usable(followed, known.document) if known is not None else None,
        news=_news(known) if known is not None and proposed is not None else None,
        form_error=form_error,
        may_change=may_change(admin, False),
        back=(url_for("console.connection", connection=row.key), row.label),
    )


def _news(known: Row[Any]) -> dict[str, object]:
    """What waits, beside what is known."""
    new, before = described(known.proposed), described(known.document)
    keys = before.keys if before else frozenset()
    return {
        "why": SENTENCES[Why(known.proposed_why)],
        "at": known.proposed_at,
        "mark": known.proposed_at.isoformat(),
        "new": new,
        "added": sorted(key[:16] for key in (new.keys - keys if new else ())),
        "gone": sorted(key[:16] for key in (keys - new.keys if new else ())),
    }


def _is_shown(known: Row[Any]) -> bool:
    """Is it what the page showed?"""
    return bool(request.form.get("seen") == known.proposed_at.isoformat())


def _followed(key: str) -> tuple[Connection, Followed]:
    with g.db.reading() as db:
        row = find_row(db, key)
    followed = Followed.of(g.tenant.id, row)
    if followed is None:
        raise unknown()
    return row, followed


def _mark(certificate: bytes) -> str:
    return sha256(certificate).hexdigest()[:16]
