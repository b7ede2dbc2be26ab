"""Forms from typed models: what a field is called, what may stand in it, what is wrong with it.

A field of a pydantic model becomes a `FormField`: its title the label, its description the help, its type the control.
`read` takes a posted form apart by the same fields. A model that changes needs no template.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from flask_babel import gettext as _
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from broker.wording import told

Control = Literal["text", "email", "url", "number", "date", "password", "lines", "area", "choice", "check", "file", "choices"]
Errors = Mapping[str, str]
_NAME = re.compile(r"`([a-z_]+)`")
_COMMAND = re.compile(r" \(`broker [^`]*`\)")
_LINE = 2000
"""What may be longer takes several lines: keys and documents."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of what may be chosen."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field as a page draws it (`draw` in console/parts.html)."""

    name: str
    label: str
    control: Control = "text"
    value: str = ""
    """For `check`: empty is unchecked. For `choices`: what is checked, one a line."""
    help: str = ""
    error: str = ""
    choices: Sequence[Choice] = ()
    is_required: bool = False
    is_kept: bool = False
    """A secret is there; the field is empty all the same, and leaving it so keeps the secret."""
    is_mono: bool = False
    """Holds what is pasted or compared."""
    is_focused: bool = False
    attrs: Mapping[str, str] = field(default_factory=dict)

    @property
    def checked(self) -> frozenset[str]:
        """What of `choices` is."""
        return frozenset(self.value.splitlines())


def fields_of(
    model: type[BaseModel],
    names: Iterable[str],
    values: Mapping[str, object],
    errors: Errors,
    *,
    secrets: Collection[str] = (),
    kept: Collection[str] = (),
    documents: Collection[str] = (),
) -> list[FormField]:
    """The fields with these names. `kept`: secrets that are there already; `documents` hold long texts."""
    made = [
        _field(name, model.model_fields[name], values.get(name), name in secrets, name in kept, name in documents)
        for name in names
    ]
    titles = _titles(model)
    return marked([replace(one, help=with_names(one.help, titles)) for one in made], errors)


def marked(fields: Sequence[FormField], errors: Errors, focus: str = "") -> list[FormField]:
    """The same with their errors. The first that is wrong has the focus; without one, the one named `focus`."""
    first = next((one.name for one in fields if errors.get(one.name)), focus)
    return [replace(one, error=errors.get(one.name, ""), is_focused=one.name == first) for one in fields]


def read(form: Mapping[str, str], fields: Iterable[FormField]) -> dict[str, Any]:
    """What was sent, by the types of the fields: lists for lines, yes or no for checks; empty texts are left out."""
    found: dict[str, Any] = {}
    for one in fields:
        text = form.get(one.name, "").strip()
        if one.control == "check":
            found[one.name] = bool(text)
        elif one.control == "lines":
            found[one.name] = [line.strip() for line in text.replace(",", "\n").splitlines() if line.strip()]
        elif text:
            found[one.name] = text
    return found


def errors_of(error: ValidationError) -> dict[str, str]:
    """Field → sentence; under the empty name what is about several of them."""
    found: dict[str, str] = {}
    for details in error.errors(include_url=False, include_input=False):
        name = str(details["loc"][0]) if details["loc"] else ""
        found.setdefault(name, sentence_of(details["type"], details["msg"]))
    return found


def sentence_of(kind: str, message: str) -> str:
    """What pydantic says, as a page says it."""
    known = {
        "missing": _("This is needed."),
        "string_too_short": _("This is needed."),
        "string_pattern_mismatch": _("This does not look right. Compare it with the example."),
        "int_parsing": _("Type a number."),
    }
    if kind in known:
        return str(known[kind])
    text = message.removeprefix("Value error, ")
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?')) else '.'}"


def with_names(text: str, labels: Mapping[str, str]) -> str:
    """A help text as a page has it: it names other fields by their labels, and no command."""
    return _NAME.sub(lambda found: _quoted(found, labels), _COMMAND.sub("", text))


def _quoted(found: re.Match[str], labels: Mapping[str, str]) -> str:
    return _("“%(name)s”", name=labels[found[1]]) if labels.get(found[1]) else found[0]


def title_of(model: type[BaseModel], name: str) -> str:
    """What a field is called in the language of the page; its name in the file where it has no title."""
    return told(model.model_fields[name].title or name)


def _titles(model: type[BaseModel]) -> dict[str, str]:
    return {name: title_of(model, name) for name, info in model.model_fields.items() if info.title}


def _field(name: str, info: FieldInfo, value: object, is_secret: bool, is_kept: bool, is_document: bool) -> FormField:
    is_long = any(getattr(one, "max_length", 0) > _LINE for one in info.metadata)
    control, choices = _control(info.annotation, is_secret, is_document, is_long)
    if choices and not info.is_required() and _default(info) is None:
        choices = (Choice("", str(_("not given"))), *choices)
    return FormField(
        name=name,
        label=told(info.title or name),
        control=control,
        value="" if is_secret else text_of(value if value is not None else _default(info)),
        help=told(info.description or "") + _example(info),
        choices=choices,
        is_required=info.is_required(),
        is_kept=is_kept,
        is_mono=control in {"url", "lines", "area"} or name.endswith(("_id", "issuer", "directory")),
    )


def _control(annotation: Any, is_secret: bool, is_document: bool, is_long: bool) -> tuple[Control, tuple[Choice, ...]]:
    bare = _bare(annotation)
    if is_document:
        return "area", ()
    if is_secret or bare is SecretStr:
        return ("area" if is_long else "password"), ()
    if bare is bool:
        return "check", ()
    if bare is int:
        return "number", ()
    if get_origin(bare) is Literal:
        return "choice", tuple(Choice(str(one), str(one)) for one in get_args(bare))
    if get_origin(bare) in (tuple, list, frozenset):
        return "lines", ()
    return "text", ()


def _bare(annotation: Any) -> Any:
    """The type without `Annotated` and without `| None`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin in (Union, UnionType):
        kinds = [one for one in get_args(annotation) if one is not type(None)]
        return _bare(kinds[0]) if len(kinds) == 1 else annotation
    return annotation


def _default(info: FieldInfo) -> object:
    return None if info.is_required() else info.get_default(call_default_factory=True)


def _example(info: FieldInfo) -> str:
    return f" {_('For example %(example)s.', example=info.examples[0])}" if info.examples else ""


def text_of(value: object) -> str:
    """A stored value as its control has it."""
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    return "\n".join(str(one) for one in value) if isinstance(value, list | tuple | frozenset) else str(value)
