"""Policy: what holds for the whole tenant. Each part says what it is, whom it touches, and what weakens it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import abort, g, request, url_for
from flask_babel import gettext as _
from pydantic import ValidationError
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import StaleError, Work, changing, fingerprint
from broker.console.forms import Choice, FormField, errors_of, fields_of, marked, read
from broker.console.frame import go, show
from broker.console.policy_reach import ask, effects_of, ends_at_once
from broker.console.policy_sections import SECTIONS, Section, section_of, told
from broker.console.settings_access import managed_by_file, require_not_by_file
from tenants.console_roles import Permission
from tenants.organization_checks import PartsState, load_parts_state, parts_state
from tenants.organization_policies import Policies, policies_of
from tenants.organization_tree import load_tree
from tenants.password_policies import PasswordRules
from tenants.policies import TenantPolicy
from tenants.tenants import TenantSettings

PATH = "policy"
_RULE = "rule_"


def policies_page() -> Response:
    """GET: all parts with what is set."""
    admin = require(Permission.VIEW_SETTINGS)
    policy = g.tenant.policy
    return show(
        "console/policies.html",
        admin,
        here="policies",
        title=_("Policies"),
        is_file_managed=managed_by_file(),
        may_change=_may_change(admin),
        local_is_on=policy.local_enabled,
        local_url=url_for("console.local_policy"),
        deviations=_deviations(policy),
        sections=[(one, told(one, policy), url_for("console.policy", section=one.key)) for one in SECTIONS],
    )


def section_page(section: str) -> Response:
    """GET: one part."""
    found, admin = _section(section), require(Permission.VIEW_SETTINGS)
    if _may_change(admin):
        require(Permission.CONFIGURE, fresh=True)
    return _form(admin, found, _stored(found))


def save_section(section: str) -> Response:
    """POST: one part. What switches accounts off at once is asked about first, in numbers."""
    found, admin = _section(section), require(Permission.CONFIGURE, fresh=True)
    require_not_by_file(admin)
    typed = _typed(found)
    try:
        policy = _policy_with(found, typed)
    except ValidationError as error:
        return _form(admin, found, typed, _errors(error), 422)
    if objection := _parts(policy).contradiction_since(_parts(g.tenant.policy)):
        return _form(admin, found, typed, {"": objection}, 422)
    if not request.form.get("sure") and (sentences := _ends_at_once(policy)):
        url = url_for("console.policy", section=found.key)
        return ask(admin, sentences, here="policies", url=url, back=(url_for("console.policies"), _("Policies")))
    try:
        with changing(admin) as work:
            is_changed = _write(work, found, typed)
    except StaleError as stale:
        return _form(admin, found, typed, {"": stale.sentence}, 409)
    except PartError as error:
        return _form(admin, found, typed, {"": str(error)}, 422)
    return go("console.policies", "saved" if is_changed else "nothing")


class PartError(ValueError):  # says what happened, as a Refusal does
    """Why a part can't have what comes down to it."""


def _parts(policy: TenantPolicy) -> PartsState:
    return parts_state(g.tenant.organizations, policy)


def _deviations(policy: TenantPolicy) -> list[str]:
    """Of the whole, and what parts add to them."""
    return [reason.sentence for reason in (*policy.deviations, *(one.told for one in _parts(policy).deviations))]


def _write(work: Work, section: Section, typed: Mapping[str, Any]) -> bool:
    row = work.db.scalars(select(TenantSettings).with_for_update()).one()
    before = TenantPolicy.model_validate(row.policy)
    work.require_unchanged(request.form.get("seen", ""), _values(section, before), PATH)
    after, parts_before = TenantPolicy.model_validate(_merged(before, section, typed)), load_parts_state(work.db)
    parts = parts_state(load_tree(work.db), after)
    if objection := parts.contradiction_since(parts_before):
        raise PartError(objection)
    row.policy = after.model_dump(mode="json", exclude_defaults=True)
    work.db.flush()
    weak = {f"deviates: {reason.code}": reason.sentence for reason in after.deviations}
    known = {f"deviates: {reason.code}": reason.sentence for reason in before.deviations}
    return work.note(PATH, _values(section, before) | known | parts_before.told, _values(section, after) | weak | parts.told)


def _policy_with(section: Section, typed: Mapping[str, Any]) -> TenantPolicy:
    return TenantPolicy.model_validate(_merged(g.tenant.policy, section, typed))


def _merged(policy: TenantPolicy, section: Section, typed: Mapping[str, Any]) -> dict[str, Any]:
    values = policy.model_dump(mode="json", exclude_defaults=True) | {name: typed.get(name) for name in section.names}
    values = {name: value for name, value in values.items() if value is not None}
    if section.key == "passwords":
        rules = {name: typed[name] for name in PasswordRules.model_fields if typed.get(name) not in (None, [], False)}
        values.pop("password_rules", None)
        values |= {"password_rules": rules} if rules else {}
    return values


def _values(section: Section, policy: TenantPolicy) -> dict[str, Any]:
    """What the form shows, by name."""
    values = {name: getattr(policy, name) for name in section.names}
    if section.key == "passwords":
        rules = policy.password_rules or PasswordRules()
        values |= {name: getattr(rules, name) for name in PasswordRules.model_fields}
    return values


def _stored(section: Section) -> dict[str, Any]:
    return _values(section, g.tenant.policy)


def _typed(section: Section) -> dict[str, Any]:
    fields = _fields(section, {}, {})
    return read(request.form, fields) | {one.name: request.form.getlist(one.name) for one in fields if one.control == "choices"}


def _errors(error: ValidationError) -> dict[str, str]:
    """Rules that contradict each other stand on top of the form."""
    found = errors_of(error)
    inner = [part for part in error.errors(include_url=False, include_input=False) if part["loc"][:1] == ("password_rules",)]
    if inner:
        found.pop("password_rules", None)
        found |= {str(part["loc"][1]): part["msg"].removeprefix("Value error, ") for part in inner if len(part["loc"]) > 1}
    return found


def _fields(section: Section, values: Mapping[str, Any], errors: Mapping[str, str]) -> list[FormField]:
    made = [_worded(section, one) for one in fields_of(TenantPolicy, section.names, values, {})]
    if section.key == "passwords":
        made += [_plain(one) for one in fields_of(PasswordRules, PasswordRules.model_fields, values, {})]
    return marked(made, errors, made[0].name)


def _worded(section: Section, one: FormField) -> FormField:
    words = section.words.get(one.name)
    if words is None:
        return replace(one, is_required=one.control != "check")
    if one.control == "lines":
        return replace(one, control="choices", choices=tuple(Choice(key, str(text)) for key, text in words.items()), help="")
    chosen = tuple(Choice(choice.value, str(words[choice.value])) for choice in one.choices)
    return replace(one, choices=chosen, is_required=True, help="")  # it explains the values as a file has them


def _plain(one: FormField) -> FormField:
    return replace(one, is_mono=one.name == "alphabet")


def _form(
    admin: Admin, section: Section, values: Mapping[str, Any], errors: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    fields = _fields(section, values, errors or {})
    first = len(section.names)
    return show(
        "console/policy_section.html",
        admin,
        here="policies",
        title=str(section.label),
        status=status,
        errors=errors or {},
        section=section,
        fields=fields[:first],
        rules=fields[first:],
        has_rules=any(one.value or one.error for one in fields[first:]),
        effects=effects_of(section.key),
        deviations=[reason.sentence for reason in g.tenant.policy.deviations] if section.key == "passwords" else [],
        seen=request.form.get("seen") or fingerprint(_stored(section)),
        may_change=_may_change(admin),
        is_file_managed=managed_by_file(),
        back=(url_for("console.policies"), _("Policies")),
    )


def _ends_at_once(policy: TenantPolicy) -> list[str]:
    tree, before = g.tenant.organizations, g.tenant.policy
    was, will = Policies(before, policies_of(tree, before)), Policies(policy, policies_of(tree, policy))
    with g.db.reading() as db:
        return ends_at_once(db, tree.rows, was, will)


def _section(key: str) -> Section:
    return section_of(key) or abort(404)


def _may_change(admin: Admin) -> bool:
    return admin.may(Permission.CONFIGURE) and not managed_by_file()
