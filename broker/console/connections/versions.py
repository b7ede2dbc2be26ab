"""Versions: compare, put in force, roll back; and the connection's own switch."""

from collections.abc import Callable

from flask import g, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import name_of
from broker.console.connections.trying import may_change
from broker.console.connections.words import number_words, state_words
from broker.console.connections.work import find_row, keeping, locked, unknown
from broker.console.frame import go, show
from broker.wiring import the_broker
from tenants.connection_versions import ConnectionVersion, Difference, VersionState, differences
from tenants.connections import Connection
from tenants.console_roles import Permission
from tenants.only_ways import people_without
from tenants.upstream_sessions import end_sessions_of_connection
from tenants.version_keeping import Keeping, VersionError, find_version

HERE = "connections"


def version_page(connection: str, number: str) -> Response:
    """GET: what changes from what is in force to this version, field by field."""
    admin = require(Permission.VIEW_SETTINGS)
    with g.db.reading() as db:
        row = find_row(db, connection)
        version = find_version(db, row.id, _number(number))
        if version is None:
            raise unknown()
        work = Keeping(db, the_broker().vault, admin.id, the_broker().ports.clock.now())
        found, by = _differences(work, row, version), name_of(db, version.made_by)
    state = VersionState(version.state)
    return show(
        "console/connections/version.html",
        admin,
        here=HERE,
        title=_("Version %(number)s", number=version.number),
        connection=row,
        version=version,
        state=state_words(state),
        made_by=by,
        found=found,
        can_activate=state is VersionState.TESTED and version.number > row.version,
        can_roll_back=state is VersionState.RETIRED,
        can_test=state in (VersionState.DRAFT, VersionState.TESTED, VersionState.ACTIVE) and version.number >= row.version,
        may_change=may_change(admin, row.is_file_managed),
        may_test=admin.may(Permission.CONFIGURE),
        back=(url_for("console.connection", connection=connection), row.label),
    )


def activate(connection: str) -> Response:
    """POST: a version that was tested comes into force; with `on` the connection is switched on in the same step."""

    def change(work: Keeping, row: Connection) -> str:
        number, was_on = _number(request.form.get("number", "")), row.is_enabled
        if row.version != number:
            work.activate(row, number)
        if "on" in request.form:
            work.switch(row, on=True)
        return "switched_on" if row.is_enabled and not was_on else "activated"

    return _change(connection, change)


def roll_back(connection: str) -> Response:
    """POST: the values of a version that was in force before, as a new one, at once."""

    def change(work: Keeping, row: Connection) -> str:
        work.roll_back(row, _number(request.form.get("number", "")))
        return "rolled_back"

    return _change(connection, change)


def switch_on(connection: str) -> Response:
    """POST: on, with the version that is in force."""

    def change(work: Keeping, row: Connection) -> str:
        return "switched_on" if work.switch(row, on=True) else "nothing"

    return _change(connection, change)


def off_page(connection: str) -> Response:
    """GET: whom it would shut out."""
    admin = require(Permission.CONFIGURE, fresh=True)
    return _off(admin, connection)


def switch_off(connection: str) -> Response:
    """POST: off, at once and for sign-ins under way too; with `end`, whoever came by it is signed out."""
    admin = require(Permission.CONFIGURE, fresh=True)
    try:
        with keeping(admin.id) as work:
            row = locked(work, connection)
            has_changed = work.switch(row, on=False)
            if "end" in request.form:
                end_sessions_of_connection(work.session, row.id, connection, admin.id, work.now)
    except VersionError as error:
        return _off(admin, connection, str(error))
    return go("console.connection", "switched_off" if has_changed else "nothing", connection=connection)


def back(connection: str) -> Response:
    """GET of an address that is only posted to: a sign-in in between leads there."""
    require(Permission.VIEW_SETTINGS)
    with g.db.reading() as db:
        find_row(db, connection)
    return redirect(url_for("console.connection", connection=connection), 303)


def _change(key: str, change: Callable[[Keeping, Connection], str]) -> Response:
    admin = require(Permission.CONFIGURE, fresh=True)
    try:
        with keeping(admin.id) as work:
            done = change(work, locked(work, key))
    except VersionError as error:
        return _refused(admin, key, str(error))
    return go("console.connection", done, connection=key)


def _refused(admin: Admin, key: str, sentence: str) -> Response:
    with g.db.reading() as db:
        row = find_row(db, key)
    return show(
        "console/confirm.html",
        admin,
        here=HERE,
        title=_("This can’t be done now"),
        status=409,
        sentences=[sentence],
        label="",
        may_go_on=False,
        cancel_url=url_for("console.connection", connection=key),
        back=(url_for("console.connection", connection=key), row.label),
    )


def _off(admin: Admin, key: str, objection: str = "") -> Response:
    with g.db.reading() as db:
        row = find_row(db, key)
        lost = people_without(db, row.id)
    return show(
        "console/connections/off.html",
        admin,
        here=HERE,
        title=_("Switch %(name)s off?", name=row.label),
        status=409 if objection else 200,
        objection=objection,
        lost=number_words(lost),
        count=lost,
        is_file_managed=row.is_file_managed,
        cancel_url=url_for("console.connection", connection=key),
        back=(url_for("console.connection", connection=key), row.label),
    )


def _differences(work: Keeping, row: Connection, version: ConnectionVersion) -> tuple[Difference, ...]:
    try:
        return differences(work.present_values(row), work.values(version))
    except VersionError:
        return ()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
