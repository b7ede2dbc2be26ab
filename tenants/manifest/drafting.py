"""A draft of one connection from a file: the fields of a tenants file's `connections.KEY`, laid over values that are there."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tenants.connection_versions import Values, config_of
from tenants.manifest.changes import FIELD_NAMES
from tenants.manifest.faults import Fault, ManifestError, syntax_fault
from tenants.manifest.plan_ways import common_columns
from tenants.manifest.reading import ConnectionManifest, Surroundings, read_connection
from tenants.manifest.sources import Sources
from tenants.manifest.values import ConnectionKey

_NOT_OF_A_VERSION = "enabled"
_KEY: TypeAdapter[str] = TypeAdapter(ConnectionKey)


def read_draft(text: str) -> dict[str, Any]:
    """The table of a file. Raises ManifestError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError([syntax_fault(str(error), text.count("\n") + 1)]) from None
    if _NOT_OF_A_VERSION in table:
        raise ManifestError([Fault(_NOT_OF_A_VERSION, "is no part of a version: see `broker connection switch`.")])
    return table


def check_key(key: str) -> None:
    """May a connection have this key? Raises ManifestError."""
    try:
        _KEY.validate_python(key)
    except ValidationError as error:
        raise ManifestError([Fault("", str(error.errors()[0]["ctx"]["error"]))]) from None


def draft_of(
    table: Mapping[str, Any],
    kind: str,
    base: Values | None,
    surroundings: Surroundings,
    sources: Sources,
    unset: Collection[str] = (),
) -> Values:
    """What the file names is the file's, everything else as in `base`. Raises ManifestError with all that is wrong."""
    if table.get("kind", kind) != kind:
        raise ManifestError([Fault("kind", f"is {kind} and stays so: people are known by it.")])
    before = base or Values({})
    kept = {name: value for name, value in before.config.get("options", {}).items() if name not in unset}
    # What is sealed already needs no reference in the file: it is found under a name that no environment has.
    secrets = {name: value for name, value in before.secrets.items() if name not in unset and name not in table}
    known = {f" {name}": value for name, value in secrets.items()}
    references = {name: {"env": f" {name}"} for name in secrets}
    whole = {"kind": kind, **_needed(before.config), **kept, **references, **table}
    everything = replace(sources, environment={**sources.environment, **known})
    read = read_connection(whole, surroundings, everything)
    return Values(dict(before.config) | _columns(read, table, base is None), dict(read.secrets))


def _needed(config: Mapping[str, Any]) -> dict[str, Any]:
    """What the file's own rules look at beside what it names."""
    return {name: config[name] for name in ("label", "networks") if name in config}


def _columns(read: ConnectionManifest, table: Mapping[str, Any], is_new: bool) -> dict[str, Any]:
    columns = config_of(common_columns(read))
    named = {name: value for name, value in columns.items() if is_new or FIELD_NAMES.get(name, name) in table}
    return named | {"options": dict(read.options)}
