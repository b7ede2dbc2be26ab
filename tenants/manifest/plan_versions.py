"""The part of the plan about versions of connections: what the file says counts at once, and what was before is kept."""

from collections.abc import Mapping
from typing import Any

from tenants.connection_versions import COLUMNS, LOOKS, ConnectionVersion, VersionState, config_of, next_number
from tenants.connections import Connection
from tenants.ids import new_id
from tenants.manifest.changes import Verb, Write
from tenants.manifest.plan import Comparison
from tenants.manifest.state import FILE_SOURCE
from tenants.version_keeping import place_of_secrets, seal_secrets

FIRST = 1


def first_version(comparison: Comparison, connection_id: str, columns: Mapping[str, Any], secrets: Mapping[str, str]) -> Write:
    """Of a connection that the file makes."""
    return _version(comparison, connection_id, FIRST, config_of(columns), secrets)


def is_new_version(different: Mapping[str, Any]) -> bool:
    """Does anything change that a sign-in depends on?"""
    return any((name in COLUMNS and name not in LOOKS) or name == "secrets_sealed" for name in different)


def following_number(comparison: Comparison, row: Connection) -> int:
    """The number of the version that comes into force."""
    return next_number(row.version, tuple(comparison.state.versions.get(row.id, {})))


def version_writes(
    comparison: Comparison, row: Connection, different: Mapping[str, Any], before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[Write, ...]:
    """What is written beside the connection's own row. `before`, `after`: the secrets, opened."""
    columns = {name: getattr(row, name) for name in COLUMNS}
    present = comparison.state.versions.get(row.id, {}).get(row.version)
    config = config_of(columns | {name: value for name, value in different.items() if name in COLUMNS})
    if not is_new_version(different):
        has_changed = present is not None and config != config_of(columns)
        return (Write(Verb.CHANGE, ConnectionVersion, present, {"config": config}),) if has_changed and present else ()
    retired = {"state": VersionState.RETIRED.value}
    if present is not None:
        earlier = [Write(Verb.CHANGE, ConnectionVersion, present, retired)]
    else:
        # It is older than versions are. (Nothing was in force yet where its number is 0.)
        unnoted = _version(
            comparison, row.id, row.version, config_of(columns), before, retired | {"created_at": row.updated_at}
        )
        earlier = [unnoted] if row.version else []
    return (*earlier, _version(comparison, row.id, following_number(comparison, row), config, after))


def _version(
    comparison: Comparison,
    connection_id: str,
    number: int,
    config: dict[str, Any],
    secrets: Mapping[str, str],
    more: Mapping[str, Any] | None = None,
) -> Write:
    made = new_id("ver")
    values = {
        "connection_id": connection_id,
        "number": number,
        "state": VersionState.ACTIVE.value,
        "config": config,
        "secrets_sealed": seal_secrets(comparison.workshop.vault, secrets, place_of_secrets(comparison.tenant_id, made)),
        "made_by": FILE_SOURCE,
        "created_at": comparison.now,
        "activated_at": comparison.now,
    }
    return Write(Verb.CREATE, ConnectionVersion, made, values | dict(more or {}))
