"""Changing an application, part by part."""

from collections.abc import Mapping
from typing import Any

from flask import abort, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.applications.drawing import drawn, shown_again, typed
from broker.console.applications.secrets import renew_secret, secret_once
from broker.console.applications.sections import Section, section_of
from broker.console.applications.store import Held, find, held, may_change, needs_secret, write
from broker.console.changes import StaleError, changing, fingerprint, require_ours
from broker.console.forms import Errors, errors_of
from broker.console.frame import go, show
from tenants.console_roles import Permission
from tenants.manifest.application_rows import KEPT_SECRET


def part_page(application: str, part: str) -> Response:
    """GET: one found."""
    admin, there = require(Permission.VIEW_SETTINGS), find(application)
    found = _part(there, part)
    if may_change(admin, there.row):
        require(Permission.MANAGE_APPLICATIONS, fresh=True)
    return _form(admin, there, found, there.values)


def save_part(application: str, part: str) -> Response:
    """POST: one part; what the others hold is checked with it."""
    admin, there = require(Permission.MANAGE_APPLICATIONS, fresh=True), find(application)
    found = _part(there, part)
    require_ours(there.row, admin)
    values, errors = typed(there, found, request.form)
    if errors:
        return _form(admin, there, found, shown_again(found, request.form), errors, 422)
    try:
        with changing(admin) as work:
            work.hold_connections(values.get("connections", ()))
            there = held(work.db, application, locks=True)
            work.require_ours(there.row)
            before = _values(found, there.values)
            work.require_unchanged(request.form.get("seen", ""), before, there.path)
            rest = {name: value for name, value in there.values.items() if name not in found.names}
            whole = _consistent(rest | values)
            is_changed = write(work, there, whole, before, _values(found, whole))
            secret = renew_secret(work, there) if needs_secret(there.row) and not there.row.secret_hash else None
    except StaleError as stale:
        return _form(admin, there, found, shown_again(found, request.form), {"": stale.sentence}, 409)
    except ValidationError as error:
        return _form(admin, find(application), found, shown_again(found, request.form), _on_this_page(found, error), 422)
    if secret is not None:
        return secret_once(admin, there, secret)
    return go("console.application", "saved" if is_changed else "nothing", application=application)


def _consistent(values: dict[str, Any]) -> dict[str, Any]:
    """A secret goes with the way of proof that has none; it is made anew where that way is chosen again."""
    values.pop("client_secret", None)
    if values.get("client_auth") in {"client_secret_basic", "client_secret_post"}:
        values["client_secret"] = KEPT_SECRET
    if values.get("client_auth") != "private_key_jwt":
        values.pop("jwks", None)
        values.pop("jwks_uri", None)
    return values


def _on_this_page(part: Section, error: ValidationError) -> dict[str, str]:
    """What is wrong with a field of another part stands on top of the form."""
    found = errors_of(error)
    return {name if name in part.names else "": sentence for name, sentence in reversed(found.items())}


def _values(part: Section, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values.get(name) for name in part.names}


def _part(there: Held, section: str) -> Section:
    return section_of(section, is_saml=there.is_saml) or abort(404)


def _form(
    admin: Admin, there: Held, part: Section, values: Mapping[str, Any], errors: Errors | None = None, status: int = 200
) -> Response:
    row, errors = there.row, errors or {}
    return show(
        "console/settings.html",
        admin,
        here="applications",
        title=f"{row.name}: {part.label}",
        status=status,
        errors=errors,
        lede=part.lede,
        fields=drawn(there, part, values, errors),
        seen=request.form.get("seen") or fingerprint(_values(part, there.values)),
        may_change=may_change(admin, row),
        is_file_managed=row.is_file_managed,
        back=(url_for("console.application", application=row.key), row.name),
    )
