"""Versions of a connection: what was configured when, and how it got on (requirements.md, U7).

The row in `connections` holds the values that are in force. Every version stands here, the ones that nobody uses yet
among them: draft → tested → active, and retired when another one took its place. What is here decides; what writes
stands in tenants/version_keeping.py. Whether a connection is on is no part of a version: that is switched at once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped


class VersionState(StrEnum):
    """How far a version has come. At most one of a connection is active."""

    DRAFT = "draft"
    TESTED = "tested"
    ACTIVE = "active"
    RETIRED = "retired"


class ConnectionVersion(TenantScoped, Base):
    """One set of values. `config` holds the columns of `connections` by name, its kind's options among them."""

    __tablename__ = "connection_versions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"),
        Index("uq_connection_versions_number", "tenant_id", "connection_id", "number", unique=True),
    )

    connection_id: Mapped[str] = mapped_column(String(80))
    number: Mapped[int]
    """Equals `connections.version` while it is the active one."""
    state: Mapped[str] = mapped_column(String(10))
    config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secrets_sealed: Mapped[str | None]
    note: Mapped[str] = mapped_column(String(200), default="")
    made_by: Mapped[str] = mapped_column(String(200), default="")
    """An account's id, `file` or `operator`."""
    created_at: Mapped[datetime]
    tested_at: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]


LOOKS = ("label", "note", "icon", "position", "is_shown", "secret_expires_at")
"""Columns that no sign-in depends on. Where they alone change, the version in force is amended: nobody who is at the
provider right now has to start again."""
COLUMNS = (
    *LOOKS,
    "options",
    "provisioning",
    "linking",
    "networks",
    "network_mode",
    "group_rules",
    "factor_values",
    "acr_values",
)
"""Columns of `connections` that a version holds."""
RULES = "groups"
"""The difference that tells of other rules for groups and roles."""
_NAMES = {
    "factor_values": "second_factor_values",
    "group_rules": RULES,
    "is_shown": "shown",
    "secret_expires_at": "secret_expires",
}
"""What a column is called in the tenants file, where it has another name there."""
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Values:
    """What a version consists of: columns as they stand in `config`, and the secrets, opened."""

    config: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not the same in two versions. Of a secret no more is said than that it changed."""

    name: str
    before: str = ""
    after: str = ""
    is_secret: bool = False

    def __str__(self) -> str:
        return f"{self.name}: changed" if self.is_secret else f"{self.name}: {self.before or '-'} → {self.after or '-'}"


def config_of(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a connection as `config` keeps them: as JSON has it."""
    return {name: _as_json(columns[name]) for name in COLUMNS if name in columns}


def columns_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The other way round, for a connection's row."""
    columns = {name: config[name] for name in COLUMNS if name in config}
    if isinstance(columns.get("secret_expires_at"), str):
        columns["secret_expires_at"] = datetime.fromisoformat(columns["secret_expires_at"])
    return columns


def differences(before: Values, after: Values) -> tuple[Difference, ...]:
    """What is not the same, by the names that the tenants file has for it; options stand beside the other fields."""
    old, new = _flat(before.config), _flat(after.config)
    found = [
        Difference(name, _shown(old.get(name)), _shown(new.get(name)))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    names = sorted(before.secrets.keys() | after.secrets.keys())
    changed = [name for name in names if before.secrets.get(name) != after.secrets.get(name)]
    return (*found, *(Difference(name, is_secret=True) for name in changed))


def is_only_looks(found: tuple[Difference, ...]) -> bool:
    """Does nothing change that a sign-in depends on?"""
    return {one.name for one in found} <= {_NAMES.get(name, name) for name in LOOKS}


def next_number(in_force: int, numbers: tuple[int, ...]) -> int:
    """Numbers are given once; drafts have theirs as well."""
    return max((in_force, *numbers)) + 1


def objection_to_activation(state: VersionState, number: int, in_force: int, *, untested: bool) -> str | None:
    """Why a version may not come into force now. `untested`: somebody has said that it may without a test (AC-09)."""
    if state is VersionState.ACTIVE:
        return f"Version {number} is in force already."
    if state is VersionState.RETIRED:
        return f"Version {number} was in force before. Roll back to it: its values become a new version."
    if number < in_force:
        return f"Version {in_force} came into force after {number} was made, and would be undone by it. Save a new draft."
    if state is VersionState.DRAFT and not untested:
        return f"No test sign-in with version {number} has worked yet. Test it first."
    return None


def objection_to_roll_back(state: VersionState, number: int) -> str | None:
    """Why there is nothing to roll back to. What was in force once needs no test."""
    if state is VersionState.RETIRED:
        return None
    if state is VersionState.ACTIVE:
        return f"Version {number} is in force."
    return f"Version {number} was never in force. Activate it instead."


def objection_to_test(state: VersionState, number: int, in_force: int) -> str | None:
    """Why a version is not tested, or a test of it that is under way comes to nothing (SU-20)."""
    if state is VersionState.RETIRED or number < in_force:
        return f"Version {number} was replaced by {in_force}. Save a draft from it, and test that."
    return None


def state_after_test(state: VersionState, *, passed: bool) -> VersionState:
    """A test that works makes a draft a tested version; one that fails takes nothing back."""
    return VersionState.TESTED if passed and state is VersionState.DRAFT else state


def _as_json(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _as_json(one) for name, one in value.items()}
    return [_as_json(one) for one in value] if isinstance(value, list | tuple) else value


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    own = {_NAMES.get(name, name): value for name, value in config.items() if name != "options"}
    return own | dict(config.get("options", {}))


def _shown(value: object) -> str:
    """One line; of a long text no more than how long it is."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"a text of {len(text):,} characters"
