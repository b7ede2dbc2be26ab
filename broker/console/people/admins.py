"""Admins: who has a role and for how much, and a page on which one is given or taken."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import changing
from broker.console.forms import Choice, Errors, FormField, marked
from broker.console.frame import go, show
from broker.console.people import words
from broker.console.people.reach import account_within
from tenants.accounts import Account, AccountState
from tenants.addresses import AddressError, normalise_address
from tenants.console_roles import Permission, Role, may_give
from tenants.db import TenantSession
from tenants.last_admin import door_holders
from tenants.lifecycle import LifecycleError
from tenants.people import find_by_address, set_role

_MOST = 200


@dataclass(frozen=True, slots=True)
class AdminLine:
    """Somebody with a role."""

    name: str
    email: str
    role: str
    part: str
    state: str
    tone: str
    is_granted: bool
    """A group of a connection gives it."""
    has_door: bool
    last_login_at: datetime | None
    url: str
    role_url: str | None


def admins_page() -> Response:
    """GET: everybody with a role."""
    admin = require(Permission.VIEW_SETTINGS)
    with g.db.reading() as db:
        holders = door_holders(db)
        with_role = select(Account).where(Account.role.is_not(None), Account.state != AccountState.DELETED.value)
        lines = [_line(admin, row, holders) for row in db.scalars(with_role.order_by(Account.email_key).limit(_MOST))]
    order = list(words.ROLES.values())
    return show(
        "console/people/admins.html",
        admin,
        here="admins",
        title=str(_("Admins")),
        lines=sorted(lines, key=lambda line: [str(one) for one in order].index(line.role)),
        new_url=url_for("console.new_admin") if admin.may(Permission.MANAGE_ADMINS) else None,
    )


def new_page() -> Response:
    """GET: whom, and what for."""
    admin = require(Permission.MANAGE_ADMINS, fresh=True)
    return _page(admin, None, {"email": request.args.get("email", "")[:254]}, {}, "")


def add() -> Response:
    """POST: a role for somebody who has an account."""
    admin = require(Permission.MANAGE_ADMINS, fresh=True)
    form = _typed()
    try:
        address = normalise_address(form["email"])
    except AddressError as error:
        return _page(admin, None, form, {"email": str(error)}, "", 422)
    with g.db.reading() as db:
        row = find_by_address(db, address)
    if row is None:
        missing = str(_("Nobody has this address. Add the person first, then give the role."))
        return _page(admin, None, form, {"email": missing}, "", 422)
    return _give(admin, row.id, form)


def role_page(account: str) -> Response:
    """GET: the role of somebody."""
    admin = require(Permission.MANAGE_ADMINS, fresh=True)
    with g.db.reading() as db:
        row = account_within(db, admin, account)
    form = {"role": row.own_role or "", "part": row.admin_organization_id or ""}
    return _page(admin, row, form, {}, _hint(admin, row))


def save(account: str) -> Response:
    """POST: it is given, changed or taken."""
    admin = require(Permission.MANAGE_ADMINS, fresh=True)
    return _give(admin, account, _typed())


def _typed() -> dict[str, str]:
    return {name: request.form.get(name, "").strip()[:1000] for name in ("email", "role", "part")}


def _give(admin: Admin, account: str, form: dict[str, str]) -> Response:
    role, part = form["role"] or None, form["part"] or None
    with g.db.reading() as db:
        row = account_within(db, admin, account)
    errors = _errors(role, part)
    if errors:
        return _page(admin, row, form, errors, "", 422)
    try:
        with changing(admin) as work:
            row = account_within(work.db, admin, account)
            _require_may(work.db, admin, row, role)
            set_role(work.db, row.id, role, part, work.now, admin.id)
    except LifecycleError as error:
        return _page(admin, row, form, {}, str(error), 409)
    return go("console.admins", "saved")


def _errors(role: str | None, part: str | None) -> dict[str, str]:
    errors = {}
    if role is not None and role not in list(Role):
        errors["role"] = str(_("Choose one of the roles."))
    if part is not None and part not in g.tenant.organizations.rows:
        errors["part"] = str(_("Choose one of the organizations."))
    if role == Role.OWNER and part is not None:
        errors["part"] = str(_("An owner is one of the whole organization."))
    return errors


def _require_may(db: TenantSession, admin: Admin, row: Account, role: str | None) -> None:
    """Owners are made and unmade by owners; nobody changes the role that they act with (AC-10)."""
    if row.id == admin.id:
        raise LifecycleError(str(_("This is your own role. Another admin changes it.")))
    if not may_give(admin.role, role) or not may_give(admin.role, row.role):
        raise LifecycleError(str(_("Only owners give or take the role of an owner.")))
    if row.id in door_holders(db) and role not in (Role.OWNER, Role.ADMIN):
        raise LifecycleError(str(_("This person has emergency access. Take that back first.")))


def _hint(admin: Admin, row: Account) -> str:
    if row.is_file_managed:
        return str(_("A tenants file manages this account: its role is changed there."))
    return ""


def _line(admin: Admin, row: Account, holders: frozenset[str]) -> AdminLine:
    role = row.role or ""
    is_in = row.state in (AccountState.ACTIVE, AccountState.INVITED)
    return AdminLine(
        name=row.name,
        email=row.email,
        role=str(words.ROLES.get(role, role)),
        part=words.organization_name(row.admin_organization_id or ""),
        state=str(words.STATES.get(row.state, row.state)),
        tone="ok" if row.state == AccountState.ACTIVE else "" if is_in else "bad",
        is_granted=row.role != row.own_role,
        has_door=row.id in holders,
        last_login_at=row.last_login_at,
        url=url_for("console.user", account=row.id),
        role_url=url_for("console.role", account=row.id) if may_give(admin.role, role) and row.id != admin.id else None,
    )


def _page(
    admin: Admin, row: Account | None, form: dict[str, str], errors: Errors, sentence: str, status: int = 200
) -> Response:
    fields: list[Any] = [] if row else [FormField("email", str(_("E-mail address")), "email", form["email"], is_required=True)]
    roles = [Choice(key, str(text)) for key, text in words.ROLES.items() if may_give(admin.role, key)]
    nothing = [Choice("", str(_("No role")))] if row else []
    fields.append(
        FormField("role", str(_("Role")), "choice", form.get("role", ""), choices=[*nothing, *roles], is_required=True)
    )
    parts = [Choice("", str(_("All of the organization"))), *(Choice(*one) for one in words.organization_choices(None, ""))]
    help_text = _("With one organization, they see and change the people of that one and those below it, and nothing else.")
    fields.append(
        FormField("part", str(_("For")), "choice", form.get("part", ""), str(help_text), choices=parts, is_required=True)
    )
    name = (row.name or row.email) if row else ""
    return show(
        "console/people/edit.html",
        admin,
        here="admins",
        title=str(_("Role of %(name)s", name=name) if row else _("Give somebody a role")),
        status=status,
        errors=errors,
        fields=marked(fields, errors, focus="role" if row else "email"),
        seen="",
        sentence=sentence,
        label=str(_("Save")),
        back=(url_for("console.admins"), str(_("Admins"))),
        may_save=not (row and row.is_file_managed),
    )
