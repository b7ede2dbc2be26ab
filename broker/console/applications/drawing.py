"""A section of an application as fields of a form, and what was sent back as values of its typed form."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import g
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from broker.console.applications.sections import LABELS, Section
from broker.console.applications.store import Held
from broker.console.applications.texts import SHOWN, TextError, read_acs, read_attributes, read_certificates, read_claims
from broker.console.forms import Choice, Errors, FormField, fields_of, marked, read, with_names
from tenants.manifest.application_specs import ApplicationSpec
from tenants.manifest.saml_specs import SamlApplicationSpec
from tenants.ways import LOCAL

_MANY = frozenset({"connections", "open_to_organizations", "grant_types"})
_NUMBERS = frozenset({"access_token_minutes", "id_token_minutes", "session_minutes", "offline_days", "sign_in_minutes"})
_ADDRESSES = frozenset({"redirect_uris", "post_logout_redirect_uris", "cors_origins"})


def drawn(there: Held, section: Section, values: Mapping[str, Any], errors: Errors) -> list[FormField]:
    """The fields of a section."""
    model = SamlApplicationSpec if there.is_saml else ApplicationSpec
    made = fields_of(model, section.names, {name: _as_text(name, value) for name, value in values.items()}, {})
    return marked([_fitted(there, section, one, values) for one in made], errors, section.names[0])


def told(there: Held, section: Section) -> list[tuple[str, str]]:
    """What is set, as label and words."""
    fields = drawn(there, section, there.values, {})
    return [(one.label, _words(one)) for one in fields if one.value or one.control == "check"]


def _words(one: FormField) -> str:
    if one.control == "check":
        return str(_("Yes") if one.value else _("No"))
    if one.choices:
        chosen = one.checked if one.control == "choices" else {one.value}
        return ", ".join(choice.label for choice in one.choices if choice.value in chosen)
    return one.value if len(one.value) < 300 else str(_("Set"))


def typed(there: Held, section: Section, form: MultiDict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What was sent, and what of it can't be read. A field that is empty takes its default."""
    fields = drawn(there, section, {}, {})
    found: dict[str, Any] = read(form, [one for one in fields if one.control != "choices"])
    errors = {}
    for name in section.names:
        try:
            value = _value(there, name, found.get(name), form)
        except TextError as error:
            errors[name] = str(error)
            continue
        found.pop(name, None)
        if value is not None:
            found[name] = value
    return found, errors


def shown_again(section: Section, form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed, for a form that comes back."""
    return {name: form.getlist(name) if name in _MANY else form.get(name, "") for name in section.names}


def _as_text(name: str, value: Any) -> Any:
    return SHOWN[name](value) if name in SHOWN and not isinstance(value, str) else value


def _fitted(there: Held, section: Section, one: FormField, values: Mapping[str, Any]) -> FormField:
    names = {name: str(label) for name, label in LABELS.items()}
    one = replace(one, label=names[one.name], help=with_names(one.help, names))
    if one.name == "connections":
        return replace(one, control="choices", choices=_ways())
    if one.name in {"organization", "open_to_organizations"}:
        choices = tuple(Choice(key, name) for key, (_id, name) in there.organizations.items())
        is_one = one.name == "organization"
        return replace(one, control="choice" if is_one else "choices", choices=choices, is_required=is_one)
    if one.name in section.words:
        choices = tuple(Choice(value, str(words)) for value, words in section.words[one.name].items())
        is_one = one.name not in _MANY
        value = str(getattr(values.get(one.name), "value", values.get(one.name) or one.value)) if is_one else one.value
        return replace(one, control="choice" if is_one else "choices", choices=choices, value=value, is_required=is_one)
    if one.name in SHOWN:
        return replace(one, control="area", is_mono=True)
    return replace(one, is_mono=one.name in _ADDRESSES or one.control == "url")


def _ways() -> tuple[Choice, ...]:
    local = Choice(LOCAL, _("E-mail and password"))
    return (local, *(Choice(one.key, one.label) for one in g.tenant.connections.values()))


def _known_ways(keys: list[str]) -> list[str]:
    """A key that nobody has must not be stored: whoever gets it later would be accepted. Raises TextError."""
    known = {one.value for one in _ways()}
    if any(key not in known for key in keys):
        raise TextError(_("One of these connections does not exist any more. Choose from those that are listed."))
    return keys


def _value(there: Held, name: str, value: Any, form: MultiDict[str, str]) -> Any:
    text = form.get(name, "").strip()
    if name == "connections":
        return _known_ways(form.getlist(name))
    if name in _MANY:
        return form.getlist(name)
    if name in _NUMBERS:
        return int(text) if text.isascii() and text.isdigit() else text or None
    if name == "claims":
        return read_claims(text)
    if name == "attributes":
        return read_attributes(text, there.values.get("attributes", ()))
    if name == "acs":
        return read_acs(text, there.values.get("acs", ()))
    if name == "certificates":
        return read_certificates(text)
    return value if value not in ("", []) or isinstance(value, bool) else None
