"""Adding somebody, and changing name, organization and end date: a form each, checked, and nothing overwritten silently."""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import StaleError, changing, fingerprint
from broker.console.forms import Choice, Errors, FormField, marked
from broker.console.frame import go, show
from broker.console.people import words
from broker.console.people.language import language_field, language_of
from broker.console.people.reach import account_within, objection_to, person_within
from broker.console.policy_reach import AskError, ask, ends_by_moving
from broker.wiring import the_broker
from tenants.accounts import Account
from tenants.addresses import Address, AddressError, normalise_address
from tenants.audit import Event
from tenants.bulk_jobs import send_link
from tenants.console_roles import Permission
from tenants.db import TenantSession
from tenants.last_admin import LastAdminError, keeping_an_admin, load_admins
from tenants.lifecycle import LifecycleError, locked
from tenants.people import NewPerson, add_person
from tenants.support_access import end_without_giver

MAX_NAME = 200


def new_page() -> Response:
    """GET: an empty form."""
    admin = require(Permission.MANAGE_USERS, fresh=True)
    is_on = g.tenant.policy.local_enabled
    return _new(admin, {"local": "yes" if is_on else "", "mail": "yes" if is_on else ""}, {})


def add() -> Response:
    """POST: the account, and the mail if it is wanted."""
    admin = require(Permission.MANAGE_USERS, fresh=True)
    form, errors = _typed(("email", "name", "organization", "expires", "local", "mail", "language")), dict[str, str]()
    address = _address(form, errors)
    person = _person(admin, form, address, errors)
    if errors or person is None:
        return _new(admin, form, errors, status=422)
    try:
        with changing(admin) as work:
            account = add_person(work.db, person, work.now, admin.id)
            if form["mail"] and person.is_local_enabled:
                send_link(work.db, the_broker().vault, person_within(work.db, account, work.now), work.now)
    except LifecycleError:
        return _new(admin, form, {"email": str(_("There is an account with this address already."))}, status=422)
    return go("console.user", "invited" if form["mail"] and person.is_local_enabled else "added", account=account.id)


def edit_page(account: str) -> Response:
    """GET: the form, with what is there."""
    admin = require(Permission.MANAGE_USERS, fresh=True)
    with g.db.reading() as db:
        row = account_within(db, admin, account)
        sentence = _objection(admin, row)
    values = _values(row)
    return _edit(admin, row, {name: str(value or "") for name, value in values.items()}, {}, fingerprint(values), sentence)


def save(account: str) -> Response:
    """POST: what was changed."""
    admin = require(Permission.MANAGE_USERS, fresh=True)
    form, errors = _typed(("name", "organization", "expires")), dict[str, str]()
    seen, sentence = request.form.get("seen", ""), ""
    name, end = _name(form, errors), _end(form, errors)
    organization = _organization(admin, form, errors)
    with g.db.reading() as db:
        row = account_within(db, admin, account)
    if errors:
        return _edit(admin, row, form, errors, seen, "", status=422)
    try:
        with changing(admin) as work:
            row = account_within(work.db, admin, account)
            if sentence := _objection(admin, row):
                raise LifecycleError(sentence)
            row, before, path = locked(work.db, row.id), _values(row), f"people.{row.id}"
            work.require_unchanged(seen, before, path)
            _require_end_allowed(work.db, row, end, work.now)
            _change(work.db, row, name, organization, end, work.now)
            _require_agreed(work.db, row, str(before["organization"]))
            is_changed = work.note(
                path, before, _values(row), event=Event.ACCOUNT_CHANGED, is_configuration=False, account_id=row.id
            )
    except AskError as ask_first:
        url = url_for("console.edit_user", account=row.id)
        return ask(admin, ask_first.sentences, here="users", url=url, back=(url, row.name or row.email))
    except StaleError as error:
        return _edit(admin, row, form, {}, fingerprint(_values(row)), error.sentence, status=409)
    except (LifecycleError, LastAdminError) as error:
        return _edit(admin, row, form, {}, seen, str(error), status=409)
    return go("console.user", "saved" if is_changed else "nothing", account=row.id)


def _change(db: TenantSession, row: Account, name: str, organization: str, end: datetime | None, now: datetime) -> None:
    """Another organization may have no e-mail and password: the last admin does not get there (AC-06)."""
    row.name = name
    if organization != row.organization_id:
        with keeping_an_admin(db, now):
            row.organization_id = organization
    if end != row.expires_at:
        end_without_giver(db, now)  # before an end that has passed is lifted
        row.expires_at, row.warned_of, row.warned_at = end, None, None


def _require_agreed(db: TenantSession, row: Account, was: str) -> None:
    """Where shorter periods hold, tonight's job may switch the person off: that is asked about first (A1)."""
    if row.organization_id != was and not request.form.get("sure"):
        db.flush()
        if found := ends_by_moving(db, row, was, g.tenant.organizations.rows[row.organization_id].name):
            raise AskError(found)


def _require_end_allowed(db: TenantSession, row: Account, end: datetime | None, now: datetime) -> None:
    """The last admin gets no end (AC-06)."""
    if end is not None and end != row.expires_at and (objection := load_admins(db).objection_to_loss(row.id, now)):
        raise LifecycleError(objection)


def _objection(admin: Admin, row: Account) -> str:
    """Why this admin changes nothing of this person; empty: they may, and of themselves too."""
    if row.is_file_managed:
        return str(_("A tenants file manages this account: it is changed there."))
    return "" if row.id == admin.id else objection_to(admin, row)


def _values(row: Account) -> dict[str, object]:
    return {
        "name": row.name,
        "organization": row.organization_id,
        "expires": words.day_text(row.expires_at) if row.expires_at else None,
    }


# What was typed


def _typed(names: tuple[str, ...]) -> dict[str, str]:
    """These fields and no others: whatever else is sent has no meaning (AC-10)."""
    return {name: request.form.get(name, "").strip()[:1000] for name in names}


def _address(form: Mapping[str, str], errors: dict[str, str]) -> Address | None:
    try:
        return normalise_address(form["email"])
    except AddressError as error:
        errors["email"] = str(error)
        return None


def _name(form: Mapping[str, str], errors: dict[str, str]) -> str:
    name = unicodedata.normalize("NFC", form["name"])
    if len(name) > MAX_NAME or not name.isprintable():
        errors["name"] = str(_("A name is one line of at most 200 characters."))
    return name


def _organization(admin: Admin, form: Mapping[str, str], errors: dict[str, str]) -> str:
    wanted = form["organization"] or _only(admin)
    is_theirs = wanted in g.tenant.organizations.rows and (admin.organization_ids is None or wanted in admin.organization_ids)
    if not is_theirs:
        errors["organization"] = str(_("Choose one of the organizations."))
    return wanted


def _only(admin: Admin) -> str:
    """The one organization that there is to choose; the form has no field for it then."""
    choices = words.organization_choices(admin.organization_ids, "")
    return choices[0][0] if len(choices) == 1 else ""


def _end(form: Mapping[str, str], errors: dict[str, str]) -> datetime | None:
    """The first moment after the last day, UTC."""
    if not form["expires"]:
        return None
    try:
        end = datetime.combine(date.fromisoformat(form["expires"]) + timedelta(days=1), time(), UTC)
    except (ValueError, OverflowError):
        errors["expires"] = str(_("A day looks like 2027-03-31."))
        return None
    if end <= the_broker().ports.clock.now():
        errors["expires"] = str(_("This day has passed. “Disable” switches an account off at once."))
    return end


def _person(admin: Admin, form: dict[str, str], address: Address | None, errors: dict[str, str]) -> NewPerson | None:
    form["organization"] = form["organization"] or _home(admin)
    name, organization, end = _name(form, errors), _organization(admin, form, errors), _end(form, errors)
    language = language_of(form, errors)
    if address is None or errors:
        return None
    return NewPerson(address, name, organization, bool(form["local"]), end, language)


def _home(admin: Admin) -> str:
    """Where new people go by themselves."""
    own = admin.person.row.admin_organization_id if admin.person else None
    return str(own or g.tenant.root_organization_id)


# The pages


def _new(admin: Admin, form: Mapping[str, str], errors: Errors, status: int = 200) -> Response:
    mail_help = _("Its link is good until the activation period ends, and works once.")
    fields = [
        FormField("email", str(_("E-mail address")), "email", form.get("email", ""), is_required=True),
        *_fields(admin, form, _home(admin)),
        FormField(
            "local",
            str(_("Email login enabled")),
            "check",
            form.get("local", ""),
            _local_help(),
        ),
        *language_field(form),
        FormField("mail", str(_("Send an invitation now")), "check", form.get("mail", ""), str(mail_help)),
    ]
    return show(
        "console/people/edit.html",
        admin,
        here="users",
        title=str(_("Add user")),
        status=status,
        errors=errors,
        fields=marked(fields, errors, focus="email"),
        seen="",
        sentence="",
        label=str(_("Add user")),
        back=(url_for("console.users"), str(_("Users"))),
        may_save=True,
    )


def _local_help() -> str:
    if g.tenant.policy.local_enabled:
        return str(_("For who does not come by an identity provider."))
    return str(_("E-mail and password is off for your organization: it takes effect once that is on."))


def _edit(
    admin: Admin, row: Account, form: Mapping[str, str], errors: Errors, seen: str, sentence: str, status: int = 200
) -> Response:
    return show(
        "console/people/edit.html",
        admin,
        here="users",
        title=str(_("Change %(name)s", name=row.name or row.email)),
        status=status,
        errors=errors,
        fields=marked(_fields(admin, form, row.organization_id), errors, focus="name"),
        seen=seen,
        sentence=sentence,
        label=str(_("Save")),
        back=(url_for("console.user", account=row.id), row.name or row.email),
        may_save=not (sentence and status == 200),
    )


def _fields(admin: Admin, form: Mapping[str, str], organization: str) -> list[FormField]:
    choices = [Choice(*one) for one in words.organization_choices(admin.organization_ids, "")]
    found: list[Any] = [FormField("name", str(_("Name")), "text", form.get("name", ""))]
    if len(choices) > 1:
        found.append(
            FormField(
                "organization",
                str(_("Organization")),
                "choice",
                form.get("organization") or organization,
                choices=choices,
                is_required=True,
            )
        )
    expires = FormField(
        "expires", str(_("Last day")), "date", form.get("expires", ""), str(_("Empty: the account has no end."))
    )
    return [*found, expires]
