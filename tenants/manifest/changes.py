"""What an application of the file will do: changes with their paths, and the writes behind them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tenants.base import Base
from tenants.ids import new_id
from tenants.manifest.faults import Fault
from tenants.reasons import Reason
from tenants.signing import NewKey, new_key
from tenants.vault import Vault


class Verb(StrEnum):
    """What happens to something that the file names, or named."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


class Effect(StrEnum):
    """What follows from a change, besides rows that are written."""

    END_SESSIONS = "end sessions"
    """Of one account; the subject is its id."""
    DROP_CREDENTIALS = "drop credentials"
    """Of one account that goes, those of the back door among them; the subject is its id."""
    WITHDRAW_ACCOUNT = "withdraw local sign-in of an account"
    """Local credentials of one account, and what waits for it; the subject is its id (requirements.md, L10)."""
    END_METHOD = "end sessions of a method"
    """The subject is a connection's key."""
    WITHDRAW_ROLES = "withdraw roles that a connection gave"
    """The subject is the id of one that is switched off."""
    SETTLE_ROLES = "withdraw roles that a connection's rules no longer give"
    """The subject is the id of one with other rules."""
    WITHDRAW_GRANTS = "withdraw what a connection gave"
    """Roles and groups; the subject is the id of one that goes."""
    WITHDRAW_LOCAL = "withdraw local sign-in"
    """Every local credential of the tenant, and the sessions that came by one (requirements.md, T9)."""


@dataclass(frozen=True, slots=True)
class Write:
    """One row to add, change or delete. `identity` is its id; for hosts and proofs their name."""

    verb: Verb
    model: type[Base]
    identity: str
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the plan: path, and field names as the file has them. Never a value."""

    verb: Verb
    path: str
    fields: tuple[str, ...] = ()
    writes: tuple[Write, ...] = ()
    effects: tuple[tuple[Effect, str], ...] = ()
    account_id: str | None = None
    """Set where an account changes; everything else is configuration."""
    note: str = ""
    deviations: tuple[Reason, ...] = ()
    """What weakens the rules that it sets."""

    def __str__(self) -> str:
        fields = f" ({', '.join(self.fields)})" if self.fields and self.verb is Verb.CHANGE else ""
        return f"{self.verb.value} {self.path}{fields}{self.note}"


@dataclass(frozen=True, slots=True)
class TenantPlan:
    """Everything that one tenant needs to be as the file says."""

    slug: str
    tenant_id: str
    changes: tuple[Change, ...]
    faults: tuple[Fault, ...]
    leftovers: tuple[str, ...]
    """Paths that were in the file once and are not any more; removed only when asked for."""
    lost_credentials: int
    """Accounts that stay and whose local credentials go, because local sign-in is switched off for them or for all."""
    deviations: tuple[Reason, ...] = ()
    """What weakens the tenant's password rules, whether they change or not."""

    @property
    def touches_configuration(self) -> bool:
        return any(change.account_id is None for change in self.changes)


class Workshop:
    """Makes what is slow or random, once for each thing: a plan is made again under the write lock."""

    def __init__(self, vault: Vault, hash_password: Callable[[str], str]) -> None:
        self.vault = vault
        self._hash_password = hash_password
        self._made: dict[tuple[str, ...], Any] = {}

    def tenant_id(self, slug: str) -> str:
        """Of a tenant that is new: what was made for it is still there when it is planned again."""
        made: str = self._once(("tenant", slug), lambda: new_id("ten"))
        return made

    def signing_key(self, tenant_id: str, algorithm: str) -> NewKey:
        made: NewKey = self._once(("key", tenant_id, algorithm), lambda: new_key(algorithm))
        return made

    def password_hash(self, tenant_id: str, email: str, password: str) -> str:
        made: str = self._once(("password", tenant_id, email, password), lambda: self._hash_password(password))
        return made

    def _once(self, name: tuple[str, ...], make: Callable[[], Any]) -> Any:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]


FIELD_NAMES = {
    "accepted_connections": "connections",
    "assigned_organizations": "open_to_organizations",
    "canonical_host": "address",
    "connection_id": "connection",
    "expires_at": "expires",
    "factor_values": "second_factor_values",
    "group_rules": "groups",
    "is_allowed": "allowed",
    "is_assigned_only": "assigned_only",
    "is_enabled": "enabled",
    "is_enforced": "routing",
    "is_factor_demanded": "second_factor",
    "is_file_managed": "managed by the file",
    "is_local_enabled": "local",
    "is_pkce_required": "require_pkce",
    "is_shown": "shown",
    "logo_type": "logo",
    "organization_id": "organization",
    "own_role": "role",
    "parent_id": "parent",
    "required_groups": "groups",
    "policy_overrides": "policy",
    "secret_expires_at": "secret_expires",
    "saml": "saml settings",
    "secret_hash": "client_secret",
}
"""What a column is called in the file, where it has another name there."""


def differing(row: object, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values that a row does not have yet."""
    return {name: value for name, value in wanted.items() if getattr(row, name) != value}


def field_names(columns: Mapping[str, Any]) -> tuple[str, ...]:
    """The file's names of changed columns, in alphabetical order and each once."""
    return tuple(sorted({FIELD_NAMES.get(name, name) for name in columns}))
