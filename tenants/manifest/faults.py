"""What is wrong in a tenants file, and where: pydantic's findings as paths and sentences.

A sentence never repeats a value, since it may be a secret that stands in the wrong place.
"""

import difflib
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tenants.manifest.values import ONE_TEXT, TEXTS

Location = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED = re.compile(r"'([^']*)'")
_UNNAMED = frozenset({"[key]", ONE_TEXT, TEXTS})
"""Parts of a finding's place that the file has no name for."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One mistake: its path in the file (`tenants.acme.connections.entra.issuer`) and what is allowed there."""

    path: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}" if self.path else self.sentence


class ManifestError(Exception):
    """The file can't be applied; every fault that was found, in the order of the file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def path_of(location: Sequence[str | int]) -> str:
    """The place as it is written in TOML: dots, quotes where a key needs them, [0] for the first of a list."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE.fullmatch(part) else f'"{part}"')
    return text


def syntax_fault(message: str, line_count: int) -> Fault:
    """What tomllib says, with its line first. It says "at end of document" where something is left open."""
    found = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)", message)
    reason = (message[: found.start()] if found else message).rstrip(".")
    line = found[1] if found and found[1] else str(line_count)
    column = f", column {found[2]}" if found and found[2] else ""
    return Fault("", f"line {line}{column}: this is not TOML: {reason[:1].lower()}{reason[1:]}.")


def faults_of(error: ValidationError, model: type[BaseModel], prefix: Location = (), extra: Sequence[str] = ()) -> list[Fault]:
    """pydantic's findings about a `model` that stands at `prefix`; `extra` are keys allowed beside the model's own."""
    found = error.errors(include_url=False)
    return [_fault(details, model, prefix, extra) for details in found if not _is_echo(details, found)]


def _is_echo(details: ErrorDetails, found: Sequence[ErrorDetails]) -> bool:
    """A list whose entries are all wrong counts as too short as well, which helps nobody."""
    place = details["loc"]
    return details["type"] == "too_short" and any(
        other["loc"][: len(place)] == place and other["loc"] != place for other in found
    )


def unknown_key(key: str, allowed: Iterable[str]) -> str:
    """The sentence for a key that is not known, with the nearest one that is."""
    names = list(allowed)
    return f"is not known here.{_nearest(key, names)} Allowed: {', '.join(names)}."


def not_one_of(value: object, allowed: Sequence[str]) -> str:
    """The sentence for a value outside of a short list."""
    return f"must be one of {', '.join(allowed)}.{_nearest(value, allowed)}"


def _fault(details: ErrorDetails, model: type[BaseModel], prefix: Location, extra: Sequence[str]) -> Fault:
    location = tuple(part for part in details["loc"] if part not in _UNNAMED)
    return Fault(path_of((*prefix, *location)), _sentence(details, model, location, extra))


def _sentence(details: ErrorDetails, model: type[BaseModel], location: Location, extra: Sequence[str]) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        keys = _keys_at(model, location[:-1])
        return unknown_key(str(location[-1]), [*(extra if len(location) == 1 else ()), *keys])
    if kind in {"literal_error", "enum"}:
        return not_one_of(details["input"], _QUOTED.findall(str(context.get("expected", ""))))
    if kind in {"value_error", "assertion_error"}:
        return _ended(str(context.get("error", details["msg"])))
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(**context)
    return _ended(f"is not right: {details['msg'][:1].lower()}{details['msg'][1:]}")


_SENTENCES: Mapping[str, str] = {
    "missing": "is missing.",
    "string_type": "must be text in quotes.",
    "bool_type": "must be true or false.",
    "bool_parsing": "must be true or false.",
    "int_type": "must be a whole number.",
    "int_parsing": "must be a whole number.",
    "int_from_float": "must be a whole number.",
    "tuple_type": "must be a list: [ … ].",
    "list_type": "must be a list: [ … ].",
    "dict_type": "must be a table.",
    "model_type": "must be a table.",
    "model_attributes_type": "must be a table.",
    "string_too_long": "must have at most {max_length} characters.",
    "string_too_short": "must not be empty.",
    "too_short": "must not be empty.",
    "greater_than_equal": "must be at least {ge}.",
    "less_than_equal": "must be at most {le}.",
}


def _nearest(value: object, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(value.lower(), names, n=1) if isinstance(value, str) else []
    return f" Did you mean {near[0]}?" if near else ""


def _ended(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."


def _keys_at(model: type[BaseModel], location: Location) -> list[str]:
    """The fields of the table that stands at a location inside a model."""
    here: Any = model
    for part in location:
        here = _inside(here, part)
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def _inside(annotation: Any, part: str | int) -> Any:
    """One step down: a model's field, or what a dictionary or list holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _plain(annotation.model_fields[str(part)].annotation)
    arguments = typing.get_args(annotation)
    return _plain(arguments[0] if isinstance(part, int) else arguments[-1])


def _plain(annotation: Any) -> Any:
    """Without `Annotated` and without `| None`."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _plain(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        return _plain(next(one for one in typing.get_args(annotation) if one is not type(None)))
    return annotation
