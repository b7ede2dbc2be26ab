"""Changing a connection: its whole form, drawn from the kind's options. What sign-ins depend on becomes a draft."""

from collections.abc import Mapping
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import LastChange, StaleError, last_change, name_of
from broker.console.connections.assistants import product_of
from broker.console.connections.fields import (
    COMMON,
    FormError,
    common_fields,
    draft_from,
    forget_fields,
    option_fields,
    option_names,
    typed_of,
)
from broker.console.connections.trying import save_and_test
from broker.console.connections.work import Standing, catch_up, keeping, locked, stand
from broker.console.frame import go, show
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.connection_versions import ConnectionVersion, Values, differences, is_only_looks
from tenants.connections import Connection
from tenants.console_roles import Permission
from tenants.version_keeping import Keeping, VersionError

HERE = "connections"
_ON_TOP = ("label", "note", "icon", "shown", "provisioning", "linking")


def edit_page(connection: str) -> Response:
    """GET: the newest values, whether in force or waiting."""
    admin = require(Permission.CONFIGURE, fresh=True)
    with g.db.reading() as db:
        standing = stand(db, connection)
        values = _base(_keeping(db, admin), standing.row, standing.waiting)
    _require_ours(standing, admin)
    return _form(admin, standing, values, values.config, {}, standing.mark)


def save(connection: str) -> Response:
    """POST: a draft, or at once where nothing changes that a sign-in depends on."""
    admin = require(Permission.CONFIGURE, fresh=True)
    with g.db.reading() as db:
        standing = stand(db, connection)
        base = _base(_keeping(db, admin), standing.row, standing.waiting)
    _require_ours(standing, admin)
    seen = request.form.get("seen", "")
    try:
        typed = typed_of(standing.row.kind, _fields(standing.row, base, {}, {}), request.form, request.files)
        values = draft_from(standing.row.kind, typed, base)
        done = _write(admin, connection, seen, values)
    except FormError as error:
        return _form(admin, standing, base, _texts(standing.row, base), error.errors, seen, 400)
    except StaleError as error:
        return _form(admin, standing, base, _texts(standing.row, base), {"": error.sentence}, standing.mark, 409)
    except VersionError as error:
        return _form(admin, standing, base, _texts(standing.row, base), {"": str(error)}, seen, 409)
    if done == "drafted" and "test" in request.form:
        catch_up()
        return save_and_test(admin, connection)
    return go("console.connection", done, connection=connection)


def _write(admin: Admin, key: str, seen: str, values: Values) -> str:
    with keeping(admin.id) as work:
        row = locked(work, key)
        standing = stand(work.session, key)
        if seen != standing.mark:
            raise StaleError(_last(work, row, standing))
        newest = standing.waiting
        if not differences(_base(work, row, newest), values):
            return "nothing"
        if newest is None and row.version and is_only_looks(differences(work.present_values(row), values)):
            work.put_in_force(row, values)
            return "saved"
        work.save_draft(row, values)
        return "drafted"


def _last(work: Keeping, row: Connection, standing: Standing) -> LastChange | None:
    """Who came before: what the log says, or else who made the newest version."""
    found = last_change(work.session, f"connections.{row.key}")
    if found is not None or not standing.versions:
        return found
    newest = standing.versions[0]
    return LastChange(name_of(work.session, newest.made_by), newest.created_at, "")


def _keeping(db: Any, admin: Admin) -> Keeping:
    return Keeping(db, the_broker().vault, admin.id, the_broker().ports.clock.now())


def _base(work: Keeping, row: Connection, waiting: ConnectionVersion | None) -> Values:
    """What the form begins with: the newest that waits, else what is in force."""
    return work.values(waiting) if waiting is not None else work.present_values(row)


def _require_ours(standing: Standing, admin: Admin) -> None:
    if standing.row.is_file_managed:
        raise Refusal(Cause.ROLE_MISSING, "managed by a tenants file", fact="file", account_id=admin.id)


def _fields(row: Connection, base: Values, texts: Mapping[str, Any], errors: Mapping[str, str]) -> list[Any]:
    options = {**base.config.get("options", {}), **{name: texts[name] for name in option_names(row.kind) if name in texts}}
    kept = tuple(base.secrets)
    own = option_fields(row.kind, option_names(row.kind), options, errors, kept)
    return [*own, *forget_fields(row.kind, kept), *common_fields(texts or base.config, errors, COMMON)]


def _texts(row: Connection, base: Values) -> dict[str, Any]:
    """What was typed, as the fields show it; what was emptied is empty."""
    fields = _fields(row, base, {}, {})
    typed = typed_of_form(row.kind, fields)
    names = {"shown": "is_shown", "second_factor_values": "factor_values", "secret_expires": "secret_expires_at"}
    return typed | {column: typed[name] for name, column in names.items() if name in typed}


def typed_of_form(kind: str, fields: list[Any]) -> dict[str, Any]:
    """The request's form as values of its fields, empties among them."""
    return {
        one.name: (bool(request.form.get(one.name)) if one.control == "check" else request.form.get(one.name, ""))
        for one in fields
        if one.control != "password"
    }


def _form(
    admin: Admin,
    standing: Standing,
    base: Values,
    shown: Mapping[str, Any],
    errors: Mapping[str, str],
    seen: str,
    status: int = 200,
) -> Response:
    row = standing.row
    texts = {} if shown is base.config else shown
    fields = {one.name: one for one in _fields(row, base, texts, errors)}
    main = _main_names(row.kind, base)
    common = [name for name in _ON_TOP if name in fields]
    rest = [name for name in fields if name not in main and name not in common]
    return show(
        "console/connections/edit.html",
        admin,
        here=HERE,
        title=_("Change %(name)s", name=row.label),
        status=status,
        main=[fields[name] for name in main if name in fields],
        common=[fields[name] for name in common],
        rest=[fields[name] for name in rest],
        opened=any(errors.get(name) for name in rest),
        errors={name: text for name, text in errors.items() if name},
        form_error=errors.get("", ""),
        seen=seen,
        waits=standing.waiting.number if standing.waiting else None,
        back=(url_for("console.connection", connection=row.key), row.label),
    )


def _main_names(kind: str, base: Values) -> tuple[str, ...]:
    """What the assistant of its product asks for."""
    return product_of(kind, base.config.get("options", {})).fields
