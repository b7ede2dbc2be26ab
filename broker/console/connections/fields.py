"""The form of a connection: the options of its kind and what all connections have, and the way from there to a draft.

A draft is read by the very rules that a tenants file is read by (tenants/manifest/drafting.py), so a page takes nothing
that a file would refuse.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from broker.console.connections.assistants import Assistant
from broker.console.connections.words import linking_choices, network_choices, provisioning_choices
from broker.console.forms import Choice, Errors, FormField, fields_of, marked, read, text_of, title_of
from broker.surroundings import own_icons, surroundings
from broker.upstream import KINDS
from broker.upstream.kind import document_fields, secret_fields
from broker.wiring import the_broker
from tenants.connection_versions import Values
from tenants.manifest.drafting import draft_of
from tenants.manifest.faults import Fault, ManifestError
from tenants.manifest.sources import Sources

_SETTLED = frozenset({"registration", "preset", "domain", "realm"})
"""What is chosen with the product: the issuer comes of it."""
_COLUMNS = {
    "shown": "is_shown",
    "second_factor_values": "factor_values",
    "secret_expires": "secret_expires_at",
}
"""Fields whose column has another name."""
COMMON = (
    "label", "note", "icon", "shown", "provisioning", "linking", "networks", "network_mode", "acr_values",
    "second_factor_values", "secret_expires",
)  # fmt: skip
_LISTS = frozenset({"networks", "second_factor_values"})
UPLOAD, FORGET = "_file", "forget_"
"""What the fields of a document and of a stored secret have beside them."""


class FormError(ValueError):
    """What was typed makes no connection: sentences by field, under the empty name what is about several."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("the form is not right")
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was sent, as a tenants file would have it."""

    table: Mapping[str, Any]
    secrets: Mapping[str, str]
    unset: tuple[str, ...]
    """Options that were emptied."""
    texts: Mapping[str, object]
    """To show the form again; no secret among them."""


def option_names(kind: str) -> tuple[str, ...]:
    """Options of a kind that can be changed on a page."""
    return tuple(name for name in KINDS[kind].options_type.model_fields if name not in _SETTLED)


def option_fields(
    kind: str, names: Iterable[str], options: Mapping[str, object], errors: Errors, kept: Iterable[str] = ()
) -> list[FormField]:
    """Drawn from the kind's own `Options`. `kept`: secrets that are stored already."""
    model = KINDS[kind].options_type
    shown = [one for one in names if one in model.model_fields]
    secrets, documents = secret_fields(model), document_fields(model)
    return fields_of(model, shown, options, errors, secrets=secrets, kept=tuple(kept), documents=documents)


def forget_fields(kind: str, kept: Iterable[str]) -> list[FormField]:
    """To take a stored secret away, where something else takes its place."""
    model = KINDS[kind].options_type
    names = [name for name in secret_fields(model) if name in kept]
    labels = {name: title_of(model, name) for name in names}
    return [FormField(f"{FORGET}{name}", _("Forget the stored: %(name)s", name=labels[name]), "check") for name in names]


def common_fields(config: Mapping[str, Any], errors: Errors, names: Sequence[str] = COMMON) -> list[FormField]:
    """What every connection has, by what a version holds."""
    values = {name: config.get(_COLUMNS.get(name, name)) for name in COMMON}
    made = _on_top(values) | _further(values)
    return marked([made[name] for name in names], errors)


def _on_top(values: Mapping[str, Any]) -> dict[str, FormField]:
    return {
        "label": FormField(
            "label", _("What its button says after “Continue with”"), value=text_of(values["label"]), is_required=True
        ),
        "note": FormField("note", _("A line beside it"), value=text_of(values["note"]), help=_("For whom it is, for example.")),
        "icon": FormField("icon", _("Picture"), "choice", text_of(values["icon"]), choices=_icons()),
        "shown": FormField(
            "shown", _("It has a button on the sign-in page"), "check", text_of(values["shown"] is not False),
            help=_("Without one, e-mail domains and applications lead there."),
        ),
        "provisioning": FormField(
            "provisioning", _("Who may enter"), "choice", text_of(values["provisioning"] or "existing"),
            choices=provisioning_choices(), is_required=True,
        ),
        "linking": FormField(
            "linking", _("When somebody new has the address of an account"), "choice", text_of(values["linking"] or "ask"),
            choices=linking_choices(), is_required=True,
        ),
    }  # fmt: skip


def _further(values: Mapping[str, Any]) -> dict[str, FormField]:
    ends = values["secret_expires"]
    return {
        "networks": FormField(
            "networks", _("Networks"), "lines", text_of(values["networks"]), is_mono=True,
            help=_("Address ranges such as 192.0.2.0/24, one a line. Empty: from everywhere."),
        ),
        "network_mode": FormField(
            "network_mode", _("What the networks mean"), "choice", text_of(values["network_mode"] or "only"),
            choices=network_choices(), is_required=True,
        ),
        "acr_values": FormField(
            "acr_values", _("Class of authentication to ask for"), value=text_of(values["acr_values"]), is_mono=True,
            help=_("Sent as acr_values, or as the authentication context of SAML. Most connections need none."),
        ),
        "second_factor_values": FormField(
            "second_factor_values", _("What counts as a second factor"), "lines",
            text_of(values["second_factor_values"] or ("mfa",)), is_mono=True,
            help=_("Values of amr or acr that the provider sends when a second factor was used, one a line."),
        ),
        "secret_expires": FormField(
            "secret_expires", _("The client secret expires on"), "date",
            (ends - timedelta(days=1)).date().isoformat() if isinstance(ends, datetime) else text_of(ends),
            help=_("All admins get a mail 30 days before."),
        ),
    }  # fmt: skip


def typed_of(
    kind: str, fields: Sequence[FormField], form: Mapping[str, str], files: Mapping[str, FileStorage] | None = None
) -> Typed:
    """Take a sent form apart. Raises FormError for what no file could say either."""
    found = read(form, [one for one in fields if not one.name.startswith(FORGET)])
    for name in document_fields(KINDS[kind].options_type):
        upload = (files or {}).get(f"{name}{UPLOAD}")
        if upload is not None and upload.filename:
            found[name] = _text_of_file(name, upload)
    secret_names = secret_fields(KINDS[kind].options_type)
    secrets = {name: found.pop(name) for name in secret_names if name in found}
    texts = dict(found)
    names = [one.name for one in fields if not one.name.startswith(FORGET)]
    table = _table(found, names)
    options = [name for name in names if name not in COMMON and name not in secret_names]
    usual = _usual(kind)
    unset = [name for name in options if found.get(name) in (None, []) or text_of(found.get(name)) == usual.get(name)]
    unset += [name for name in secret_names if form.get(f"{FORGET}{name}") and name not in secrets]
    return Typed({name: value for name, value in table.items() if name not in unset}, secrets, tuple(unset), texts)


def draft_from(kind: str, typed: Typed, base: Values | None, given: Mapping[str, Any] | None = None) -> Values:
    """The values of a draft. Raises FormError with a sentence at each field."""
    environment = {f" new {name}": value for name, value in typed.secrets.items()}
    table = {**(given or {}), **typed.table} | {name: {"env": f" new {name}"} for name in typed.secrets}
    if base is None:
        table["kind"] = kind
    try:
        return draft_of(table, kind, base, surroundings(the_broker()), Sources(Path(), environment), typed.unset)
    except ManifestError as error:
        raise FormError(errors_of_faults(error.faults, kind)) from None


def errors_of_faults(faults: Iterable[Fault], kind: str) -> dict[str, str]:
    """The file's findings, each at its field, in the words of the form."""
    model = KINDS[kind].options_type
    titles = {name: title_of(model, name) for name in model.model_fields}
    errors: dict[str, str] = {}
    for fault in faults:
        name = re.split(r"[.\[]", fault.path)[0]
        known = name if name in model.model_fields or name in COMMON else ""
        errors.setdefault(known, _sentence(fault.sentence, titles))
    return errors


def _sentence(text: str, titles: Mapping[str, str]) -> str:
    """`needs client_id.` reads “Needs “Client id”.”"""
    for name in sorted(titles, key=len, reverse=True):
        text = re.sub(rf"(?<![\w“]){name}(?![\w”])", f"“{titles[name]}”", text)
    return f"{text[:1].upper()}{text[1:]}"


def _table(found: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    table = dict(found)
    for name in (one for one in COMMON if one in names):
        table.setdefault(name, [] if name in _LISTS else None if name in ("acr_values", "secret_expires") else "")
    if table.get("secret_expires"):
        table["secret_expires"] = _day(table["secret_expires"])
    if "second_factor_values" in table and not table["second_factor_values"]:
        del table["second_factor_values"]
    return table


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FormError({"secret_expires": str(_("Type a day such as 2027-01-31."))}) from None


def _usual(kind: str) -> dict[str, str]:
    """Defaults as a form has them: what was left as it is, is not written down."""
    fields = option_fields(kind, option_names(kind), {}, {})
    return {one.name: one.value for one in fields}


def _text_of_file(name: str, upload: FileStorage) -> str:
    try:
        return upload.stream.read().decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise FormError({name: str(_("This file is not text. Take the document as the provider offers it."))}) from None


def _icons() -> tuple[Choice, ...]:
    names = {
        "way-microsoft": _("Microsoft’s people"),
        "way-google": _("Google’s people"),
        "way-saml": _("A company"),
        "way-local": _("A letter"),
    }
    kept = [Choice(one, str(names.get(one, one))) for one in sorted(own_icons())]
    return (
        Choice("", str(_("That of its kind"))),
        *kept,
        Choice("building", str(_("A building"))),
        Choice("key", str(_("A key"))),
    )


def with_notes(fields: Sequence[FormField], product: Assistant) -> list[FormField]:
    """With the words and examples of a product, which asks for all of them where it names no other way."""
    made = []
    for one in fields:
        text = str(product.helps.get(one.name, one.help))
        if one.name in product.examples:
            text = f"{text} {_('Such as %(example)s.', example=product.examples[one.name])}"
        made.append(replace(one, help=text, is_required=one.name not in product.optional))
    return made
