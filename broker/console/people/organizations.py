"""Organizations: the tree, and one of them with what holds there (T8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import StaleError, Work, changing, fingerprint
from broker.console.forms import Choice, Errors, FormField, marked
from broker.console.frame import go, show
from broker.console.people import organization_rules as rules
from broker.console.people import words
from broker.console.policy_reach import AskError, ask, ends_at_once
from broker.console.settings_access import managed_by_file
from tenants.causes import Cause, Refusal
from tenants.console_roles import Permission
from tenants.organization_checks import load_parts_state
from tenants.organization_keeping import OrganizationError, add_organization, arrange, delete, get_ours
from tenants.organization_policies import Overrides, load_policies, read_overrides
from tenants.organizations import Contact, Organization
from tenants.snapshot import ContactConfig

_MAX_NAME = 200
_CONTACTS = select(Contact).order_by(Contact.position, Contact.label).limit(100)


@dataclass(frozen=True, slots=True)
class OrganizationLine:
    """One line of the tree."""

    name: str
    url: str
    depth: int
    note: str
    people_url: str
    is_file_managed: bool


@dataclass(frozen=True, slots=True)
class PartContacts:
    """Whom the people of an organization ask."""

    own: Sequence[tuple[Contact, str | None]]
    """Its own, each with the page where it is changed."""
    inherited: Sequence[ContactConfig]
    """Where it has none: those that are shown instead."""
    new_url: str | None


def organizations_page() -> Response:
    """GET: the tree. Nothing is read: it stands in what is kept of the configuration."""
    admin = require(Permission.VIEW_SETTINGS)
    may_change = admin.may(Permission.CONFIGURE)
    return show(
        "console/people/organizations.html",
        admin,
        here="organizations",
        title=str(_("Organizations")),
        lines=[_line(depth, row) for depth, row in g.tenant.organizations.walk()],
        new_url=url_for("console.new_organization") if may_change else None,
    )


def new_page() -> Response:
    """GET: a form."""
    return _new(require(Permission.CONFIGURE, fresh=True), {}, {}, "")


def add() -> Response:
    """POST: a new one."""
    admin = require(Permission.CONFIGURE, fresh=True)
    form = {name: request.form.get(name, "").strip()[:1000] for name in ("name", "parent")}
    errors = _name_errors(form["name"])
    if errors:
        return _new(admin, form, errors, "", 422)
    try:
        with changing(admin) as work:
            row = add_organization(work.db, form["name"], form["parent"] or g.tenant.root_organization_id)
            work.note(f"organizations.{row.key}", {}, {"name": row.name, "parent": row.parent_id})
    except OrganizationError as error:
        return _new(admin, form, {}, str(error), 409)
    return go("console.organization", "saved", organization=row.key)


def organization_page(organization: str) -> Response:
    """GET: one of them."""
    admin = require(Permission.CONFIGURE, fresh=True)
    row = _row_of(organization)
    values = _values(row)
    return _edit(admin, row, _form_of(row), {}, fingerprint(values), "")


def save(organization: str) -> Response:
    """POST: its name, its place and its rules."""
    admin = require(Permission.CONFIGURE, fresh=True)
    known = _row_of(organization)
    names = ("name", "parent", *Overrides.model_fields)
    form = {name: request.form.get(name, "").strip()[:1000] for name in names}
    overrides, errors = rules.typed_overrides(known, form) if known.parent_id else (Overrides(), {})
    errors |= _name_errors(form["name"])
    seen = request.form.get("seen", "")
    if errors:
        return _edit(admin, known, form, errors, seen, "", 422)
    try:
        with changing(admin) as work:
            row = get_ours(work.db, known.id)
            before, path, known_weak = _values(row), f"organizations.{row.key}", load_parts_state(work.db).told
            work.require_unchanged(seen, before, path)
            row.name = form["name"]
            if row.parent_id is not None:
                _arrange(work, row, form["parent"] or row.parent_id, overrides)
            is_changed = work.note(path, before | known_weak, _values(row) | load_parts_state(work.db).told)
    except AskError as ask_first:
        url = url_for("console.organization", organization=known.key)
        return ask(admin, ask_first.sentences, here="organizations", url=url, back=(url, known.name))
    except StaleError as error:
        return _edit(admin, row, form, {}, fingerprint(_values(row)), error.sentence, 409)
    except OrganizationError as error:
        return _edit(admin, known, form, {}, seen, str(error), 409)
    return go("console.organizations", "saved" if is_changed else "nothing")


def _arrange(work: Work, row: Organization, parent_id: str, overrides: Overrides) -> None:
    """As `arrange` does; what switches accounts off at once is asked about first, in numbers."""
    before = load_policies(work.db)
    arrange(work.db, row, parent_id, overrides, work.now)
    after = load_policies(work.db)
    if not request.form.get("sure") and (found := ends_at_once(work.db, g.tenant.organizations.rows, before, after)):
        raise AskError(found)


def ask_delete(organization: str) -> Response:
    """GET: what deleting means."""
    return _delete_page(require(Permission.CONFIGURE, fresh=True), _row_of(organization), "")


def do_delete(organization: str) -> Response:
    """POST: it goes, once it is empty."""
    admin = require(Permission.CONFIGURE, fresh=True)
    known = _row_of(organization)
    try:
        with changing(admin) as work:
            row = get_ours(work.db, known.id)
            before = _values(row)
            delete(work.db, row)
            work.note(f"organizations.{known.key}", before, {}, what="removed")
    except OrganizationError as error:
        return _delete_page(admin, known, str(error), 409)
    return go("console.organizations", "removed")


def _row_of(key: str) -> Any:
    row = next((one for one in g.tenant.organizations.rows.values() if one.key == key), None)
    if row is None:
        raise Refusal(Cause.PAGE_UNKNOWN, "no such organization")
    return row


def _values(row: Any) -> dict[str, object]:
    own = read_overrides(row.policy_overrides).model_dump()
    return {"name": row.name, "parent": row.parent_id, **own}


def _form_of(row: Any) -> dict[str, str]:
    return {"name": row.name, "parent": row.parent_id or "", **rules.form_of(row.policy_overrides)}


def _name_errors(name: str) -> dict[str, str]:
    if not name:
        return {"name": str(_("This is needed."))}
    return (
        {}
        if len(name) <= _MAX_NAME and name.isprintable()
        else {"name": str(_("A name is one line of at most 200 characters."))}
    )


def _line(depth: int, row: Any) -> OrganizationLine:
    titles = rules.rules_words(row)
    return OrganizationLine(
        name=row.name,
        url=url_for("console.organization", organization=row.key),
        depth=depth,
        note=str(_("Own rules: %(rules)s", rules=", ".join(titles))) if titles else "",
        people_url=url_for("console.users", organization=row.id),
        is_file_managed=row.is_file_managed,
    )


# The pages


def _new(admin: Admin, form: Mapping[str, str], errors: Errors, sentence: str, status: int = 200) -> Response:
    fields = [_name_field(form), _parent_field(form.get("parent", ""))]
    return _form_page(admin, str(_("Add organization")), fields, errors, sentence, status, label=str(_("Add organization")))


def _edit(
    admin: Admin, row: Any, form: Mapping[str, str], errors: Errors, seen: str, sentence: str, status: int = 200
) -> Response:
    fields = [_name_field(form)]
    if row.parent_id is not None:
        below = g.tenant.organizations.below(row.id) or frozenset()
        fields += [_parent_field(form["parent"], without=below), rules.local_field(row, form)]
    with g.db.reading() as db:
        own = db.scalars(_CONTACTS.where(Contact.organization_id == row.id)).all()
    return _form_page(
        admin,
        str(row.name),
        fields,
        errors,
        sentence or (str(_("A tenants file manages this organization: it is changed there.")) if row.is_file_managed else ""),
        status,
        label=str(_("Save")),
        seen=seen,
        may_save=not row.is_file_managed,
        matters=rules.matters_of(row, form, errors) if row.parent_id else (),
        deviations=[reason.sentence for reason in g.tenant.policy_for(row.id).deviations] if row.parent_id else (),
        part_contacts=_contacts_of(row, own),
        delete_url=url_for("console.delete_organization", organization=row.key)
        if row.parent_id and not row.is_file_managed
        else None,
    )


def _contacts_of(row: Any, own: Sequence[Contact]) -> PartContacts:
    may_change = not managed_by_file()
    lines = [(one, url_for("console.contact", contact=one.id) if may_change else None) for one in own]
    new_url = url_for("console.new_contact", organization=row.id) if may_change else None
    return PartContacts(lines, () if own else g.tenant.contacts_for(row.id), new_url)


def _form_page(
    admin: Admin, title: str, fields: list[FormField], errors: Errors, sentence: str, status: int, **values: Any
) -> Response:
    return show(
        "console/people/organization.html",
        admin,
        here="organizations",
        title=title,
        status=status,
        errors=errors,
        fields=marked(fields, errors, focus="name"),
        sentence=sentence,
        back=(url_for("console.organizations"), str(_("Organizations"))),
        **({"seen": "", "may_save": True, "delete_url": None, "matters": (), "deviations": (), "part_contacts": None} | values),
    )


def _name_field(form: Mapping[str, str]) -> FormField:
    return FormField("name", str(_("Name")), "text", form.get("name", ""), is_required=True)


def _parent_field(value: str, without: frozenset[str] = frozenset()) -> FormField:
    choices = [Choice(*one) for one in words.organization_choices(None, "") if one[0] not in without]
    return FormField(
        "parent", str(_("Below")), "choice", value or g.tenant.root_organization_id, choices=choices, is_required=True
    )


def _delete_page(admin: Admin, row: Any, sentence: str, status: int = 200) -> Response:
    url = url_for("console.organization", organization=row.key)
    return show(
        "console/confirm.html",
        admin,
        here="organizations",
        title=str(_("Delete %(name)s?", name=row.name)),
        status=status,
        sentences=[sentence or str(_("It has to be empty: nobody in it, nothing below it. Its contacts go with it."))],
        label=str(_("Delete the organization")),
        cancel_url=url,
        back=(url, row.name),
        may_go_on=not sentence,
    )
