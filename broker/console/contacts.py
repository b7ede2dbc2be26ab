"""Whom people can ask: one contact for each affiliate, shown on every page of a sign-in and in every mail."""

from typing import Any, Self

from flask import abort, g, request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import StaleError, Work, changing, fingerprint
from broker.console.forms import Choice, Errors, FormField, errors_of, fields_of, marked, read
from broker.console.frame import go, show
from broker.console.settings_access import managed_by_file, require_not_by_file
from tenants.console_roles import Permission
from tenants.ids import new_id
from tenants.manifest.values import Email, Line, Phone
from tenants.organizations import Contact, Organization

MOST = 200
"""So many are shown and so many organizations offered."""


class ContactForm(BaseModel):
    """One contact as it is typed."""

    model_config = ConfigDict(extra="forbid")

    label: Line = Field(title="Name", description="Of the help desk or the person.")
    email: Email | None = Field(default=None, title="E-mail address")
    phone: Phone | None = Field(default=None, title="Telephone", description="As it is to be shown.")
    position: int = Field(default=0, ge=0, le=999, title="Place in the list", description="The smallest number comes first.")

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if not self.email and not self.phone:
            raise ValueError("Give an e-mail address or a telephone number, or nobody can ask there.")
        return self


_NAMES = tuple(ContactForm.model_fields)


def contacts_page() -> Response:
    """GET: all of them, in their order."""
    admin = require(Permission.VIEW_SETTINGS)
    with g.db.reading() as db:
        rows = db.scalars(select(Contact).order_by(Contact.position, Contact.label).limit(MOST)).all()
        names = {row.id: row.name for row in db.scalars(select(Organization).limit(MOST))}
    return show(
        "console/contacts.html",
        admin,
        here="branding",
        title=_("Contacts"),
        lines=[(row, names.get(row.organization_id, ""), url_for("console.contact", contact=row.id)) for row in rows],
        new_url=url_for("console.new_contact"),
        may_change=_may_change(admin),
        is_file_managed=managed_by_file(),
        back=(url_for("console.branding"), _("Branding")),
    )


def new_page() -> Response:
    """GET: an empty form."""
    return _form(require(Permission.CONFIGURE, fresh=True), None, {})


def add() -> Response:
    """POST: a new one."""
    return _save(None)


def contact_page(contact: str) -> Response:
    """GET: one of them."""
    admin = require(Permission.CONFIGURE, fresh=True)
    found = _find(contact)
    return _form(admin, found, _values(found))


def change(contact: str) -> Response:
    """POST: one of them, or away with it."""
    require(Permission.CONFIGURE, fresh=True)
    return _save(_find(contact))


def _save(found: Contact | None) -> Response:
    admin = require(Permission.CONFIGURE, fresh=True)
    require_not_by_file(admin)
    typed = read(request.form, fields_of(ContactForm, _NAMES, {}, {})) | {"organization": request.form.get("organization", "")}
    if found is not None and request.form.get("remove"):
        return _remove(admin, found, typed)
    try:
        form = ContactForm.model_validate({name: typed[name] for name in _NAMES if name in typed})
        with changing(admin) as work:
            _require_organization(work, typed["organization"])
            _write(work, found, form.model_dump() | {"organization_id": typed["organization"]})
    except ValidationError as error:
        return _form(admin, found, typed, errors_of(error), 422)
    except StaleError as stale:
        return _form(admin, found, typed, {"": stale.sentence}, 409)
    return go("console.contacts", "saved")


def _write(work: Work, found: Contact | None, values: dict[str, Any]) -> None:
    if found is None:
        row = Contact(id=new_id("ctc"), **values)
        work.db.add(row)
        work.note(_path(row), {}, values)
        return
    row = _present(work, found)
    before = {name: getattr(row, name) for name in values}
    for name, value in values.items():
        setattr(row, name, value)
    work.note(_path(row), before, values)


def _remove(admin: Admin, found: Contact, typed: dict[str, Any]) -> Response:
    try:
        with changing(admin) as work:
            row = _present(work, found)
            before = _values(row)
            work.db.delete(row)
            work.note(_path(row), before, {}, what="removed")
    except StaleError as stale:
        return _form(admin, found, typed, {"": stale.sentence}, 409)
    return go("console.contacts", "removed")


def _present(work: Work, found: Contact) -> Contact:
    row: Contact | None = work.db.scalars(select(Contact).where(Contact.id == found.id).with_for_update()).first()
    if row is None:
        abort(404)
    work.require_unchanged(request.form.get("seen", ""), _values(row), _path(row))
    return row


def _require_organization(work: Work, organization_id: str) -> None:
    if work.db.scalars(select(Organization.id).where(Organization.id == organization_id)).first() is None:
        abort(404)


def _path(row: Contact) -> str:
    return f"contacts.{row.id}"


def _values(row: Contact) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _NAMES} | {"organization": row.organization_id}


def _find(contact: str) -> Contact:
    with g.db.reading() as db:
        found: Contact | None = db.scalars(select(Contact).where(Contact.id == contact)).first()
    if found is None:
        abort(404)
    return found


def _form(
    admin: Admin, found: Contact | None, values: dict[str, Any], errors: Errors | None = None, status: int = 200
) -> Response:
    errors = errors or {}
    with g.db.reading() as db:
        places = [(row.id, row.name) for row in db.scalars(select(Organization).order_by(Organization.name).limit(MOST))]
    organization = FormField(
        "organization",
        _("Organization"),
        "choice",
        values.get("organization") or request.args.get("organization") or g.tenant.root_organization_id,
        help=_("Its people see this contact, and those of the parts below it that have none of their own."),
        choices=tuple(Choice(key, name) for key, name in places),
        is_required=True,
    )
    return show(
        "console/contact.html",
        admin,
        here="branding",
        title=values.get("label") or _("New contact"),
        status=status,
        errors=errors,
        fields=marked([*fields_of(ContactForm, _NAMES, values, errors), organization], errors, "label"),
        seen=request.form.get("seen") or (fingerprint(_values(found)) if found else ""),
        may_change=_may_change(admin),
        is_file_managed=managed_by_file(),
        is_new=found is None,
        back=(url_for("console.contacts"), _("Contacts")),
    )


def _may_change(admin: Admin) -> bool:
    return admin.may(Permission.CONFIGURE) and not managed_by_file()
