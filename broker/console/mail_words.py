"""The tenant's own paragraph in each of its mails."""

from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from pydantic import ValidationError
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import StaleError, changing, fingerprint
from broker.console.forms import Errors, FormField, errors_of
from broker.console.frame import go, show
from broker.console.settings_access import managed_by_file, require_not_by_file
from tenants.console_roles import Permission
from tenants.manifest.specs import MailsSpec
from tenants.tenants import TenantSettings

PATH = "mails"


def words_page() -> Response:
    """GET: one field for each mail."""
    admin = require(Permission.VIEW_SETTINGS)
    return _form(admin, dict(g.tenant.wording))


def save_words() -> Response:
    """POST: all of them; an empty field takes the paragraph away."""
    admin = require(Permission.CONFIGURE, fresh=True)
    require_not_by_file(admin)
    typed = {name: text for name in MailsSpec.model_fields if (text := request.form.get(name, "").strip())}
    try:
        wanted = MailsSpec.model_validate(typed).model_dump(exclude_none=True)
    except ValidationError as error:
        return _form(admin, typed, errors_of(error), 422)
    try:
        with changing(admin) as work:
            row = work.db.scalars(select(TenantSettings).with_for_update()).one()
            before = dict(row.wording or {})
            work.require_unchanged(request.form.get("seen", ""), before, PATH)
            row.wording = wanted or None
            is_changed = work.note(PATH, before, wanted)
    except StaleError as stale:
        return _form(admin, typed, {"": stale.sentence}, 409)
    return go("console.mail_words", "saved" if is_changed else "nothing")


def _form(admin: Admin, values: dict[str, Any], errors: Errors | None = None, status: int = 200) -> Response:
    errors, may_change = errors or {}, admin.may(Permission.CONFIGURE) and not managed_by_file()
    return show(
        "console/settings.html",
        admin,
        here="branding",
        title=_("Words of mails"),
        lede=_(
            "It stands under what the mail says itself. Plain text of at most 500 characters; links and codes are always ours."
        ),
        status=status,
        errors=errors,
        fields=list(_fields(values, errors)),
        seen=request.form.get("seen") or fingerprint(dict(g.tenant.wording)),
        may_change=may_change,
        is_file_managed=managed_by_file(),
        back=(url_for("console.branding"), _("Branding")),
    )


def _fields(values: dict[str, Any], errors: Errors) -> list[FormField]:
    first = next(iter(errors), "")
    return [
        FormField(
            name=name,
            label=name.replace("_", " ").capitalize(),
            control="area",
            value=values.get(name, ""),
            help=info.description or "",
            error=errors.get(name, ""),
            is_focused=name == first,
        )
        for name, info in MailsSpec.model_fields.items()
    ]
