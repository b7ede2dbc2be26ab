"""What a part of the tenant rules for itself, as a form: for each field what is inherited, and what it may have of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g
from flask_babel import gettext as _
from pydantic import ValidationError

from broker.console.forms import Choice, Errors, FormField, errors_of, marked, title_of
from broker.console.policy_sections import MATTERS as MATTER_WORDS
from broker.console.policy_sections import SECTIONS
from tenants.organization_policies import BREACH, MATTERS, Overrides, is_free, may_differ, read_overrides
from tenants.policies import TenantPolicy

LOCAL_FIELD = "local_enabled"
_ON, _OFF = "on", "off"
_WORDS = {name: words for section in SECTIONS for name, words in section.words.items()}


@dataclass(frozen=True, slots=True)
class Matter:
    """Fields that belong together."""

    key: str
    label: str
    note: str
    fields: list[FormField]


def matters_of(row: Any, form: Mapping[str, str], errors: Errors) -> list[Matter]:
    """The form of one part. `row` is no root."""
    above: TenantPolicy = g.tenant.policy_for(row.parent_id)
    found = []
    for key, names in MATTERS.items():
        fields = [_field(name, above, form.get(name, "")) for name in names if may_differ(above, name)]
        if not fields:
            note = _("The main organization rules this for everybody.")
        elif key in above.parts_may:
            note = _("This part may have rules of its own.")
        else:
            note = _("Rules of this part can be stricter than those above it.")
        found.append(Matter(key, str(MATTER_WORDS[key]), str(note), marked(fields, errors)))
    return found


def local_field(row: Any, form: Mapping[str, str]) -> FormField:
    """Off here and below, or as above. It is no matter of parts: admins of the whole alone switch it (T8)."""
    above = g.tenant.policy_for(row.parent_id).local_enabled
    inherited = Choice("", str(_("As above it: on") if above else _("As above it: off")))
    choices = [inherited, Choice(_OFF, str(_("Off here and below")))]
    value, title = form.get(LOCAL_FIELD, ""), _title(LOCAL_FIELD)
    return FormField(LOCAL_FIELD, title, "choice", value, choices=choices, is_required=True)


def form_of(stored: Mapping[str, Any] | None) -> dict[str, str]:
    """What is stored, as the form has it."""
    return {name: _text(value) for name, value in read_overrides(stored).model_dump().items()}


def typed_overrides(row: Any, form: Mapping[str, str]) -> tuple[Overrides, dict[str, str]]:
    """What was typed. What the form has no field for stays as it is stored: it counts again once parts may rule it."""
    above: TenantPolicy = g.tenant.policy_for(row.parent_id)
    kept = read_overrides(row.policy_overrides).model_dump(exclude_none=True)
    shown = [name for name in Overrides.model_fields if name == LOCAL_FIELD or may_differ(above, name)]
    wanted = {name: value for name, value in kept.items() if name not in shown}
    wanted |= {name: _value(name, form[name]) for name in shown if form.get(name)}
    try:
        overrides = Overrides.model_validate(wanted)
    except ValidationError as error:
        return Overrides(), errors_of(error)
    return overrides, _loose(above, overrides)


def rules_words(row: Any) -> list[str]:
    """Names of what a part has of its own and what counts there, for the line of the tree."""
    if row.parent_id is None:
        return []
    above = g.tenant.policy_for(row.parent_id)
    own = read_overrides(row.policy_overrides).model_dump(exclude_none=True)
    return [_title(name) for name in own if name == LOCAL_FIELD or may_differ(above, name)]


def _loose(above: TenantPolicy, overrides: Overrides) -> dict[str, str]:
    """A number that is not stricter would change nothing: that is said, not swallowed."""
    own = overrides.model_dump(exclude_none=True)
    numbers = {name: value for name, value in own.items() if isinstance(value, int) and not isinstance(value, bool)}
    sentence = _("Above it this is less already. Only a smaller number changes something.")
    return {
        name: str(sentence)
        for name, value in numbers.items()
        if may_differ(above, name) and not is_free(above, name) and value > getattr(above, name)
    }


def _field(name: str, above: TenantPolicy, value: str) -> FormField:
    inherited, is_any = getattr(above, name), is_free(above, name)
    if name not in _WORDS and not isinstance(inherited, bool):
        words = str(_("Empty: as above it, %(value)s.", value=inherited))
        return FormField(name, _title(name), "number", value, words if is_any else f"{words} {_('Only less counts.')}")
    known = _words(name)
    first = Choice("", str(_("As above it: %(value)s", value=known[_text(inherited)])))
    own = [Choice(key, str(words)) for key, words in known.items() if is_any or _is_stricter(name, key, _text(inherited))]
    return FormField(name, _title(name), "choice", value, choices=[first, *own], is_required=True)


def _words(name: str) -> Mapping[str, Any]:
    return _WORDS.get(name) or {_ON: _("On"), _OFF: _("Off")}


def _is_stricter(name: str, key: str, inherited: str) -> bool:
    return BREACH.index(key) > BREACH.index(inherited) if name == "on_breach" else key == _OFF != inherited


def _title(name: str) -> str:
    return title_of(Overrides, name)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return _ON if value else _OFF
    return "" if value is None else str(value)


def _value(name: str, text: str) -> object:
    is_switch = name not in _WORDS and text in (_ON, _OFF)
    return text == _ON if is_switch else text
