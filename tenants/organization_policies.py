"""What policy holds for an organization: that of the tenant, made stricter on the way down the tree, never weaker (T8). Pure.

Only admins of the whole tenant say what differs where, so local sign-in is switched by the main organization alone.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenants.organization_tree import Tree
from tenants.policies import TenantPolicy


class Overrides(BaseModel):
    """What an organization has for itself and for those below it. None: as above it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    local_enabled: bool | None = Field(default=None, title="E-mail and password")
    email_factor: bool | None = Field(default=None, title="Codes by mail as a second factor")
    passkeys: bool | None = Field(default=None, title="Passkeys")
    trusted_device_days: int | None = Field(default=None, ge=0, le=90, title="Days for which a device is trusted")
    session_idle_minutes: int | None = Field(default=None, ge=5, le=1440, title="Minutes without use that end a session")
    session_absolute_minutes: int | None = Field(default=None, ge=15, le=43200, title="Minutes after which a session ends")
    activation_days: int | None = Field(default=None, ge=1, le=365, title="Days for which an invitation is good")
    inactive_days: int | None = Field(default=None, ge=30, le=3650, title="Days without use after which an account is off")


def read_overrides(stored: Mapping[str, Any] | None) -> Overrides:
    """What is stored, as far as this version knows it."""
    return Overrides.model_validate({name: value for name, value in (stored or {}).items() if name in Overrides.model_fields})


def stricter(policy: TenantPolicy, overrides: Overrides) -> TenantPolicy:
    """The policy with what is narrower in the overrides: off before on, short before long."""
    wanted = overrides.model_dump(exclude_none=True)
    changes = {name: _narrower(getattr(policy, name), value) for name, value in wanted.items()}
    absolute = changes.get("session_absolute_minutes", policy.session_absolute_minutes)
    if policy.session_idle_minutes > absolute or changes.get("session_idle_minutes", 0) > absolute:
        changes["session_idle_minutes"] = min(absolute, changes.get("session_idle_minutes", absolute))
    return policy.model_copy(update=changes)


def _narrower(above: Any, own: Any) -> Any:
    return above and own if isinstance(own, bool) else min(above, own)


def policies_of(tree: Tree, policy: TenantPolicy) -> dict[str, TenantPolicy]:
    """Organization → its policy, of those where it is not the tenant's own."""
    found: dict[str, TenantPolicy] = {}
    for _depth, row in tree.walk() if tree.rows else ():
        above = found.get(row.parent_id or "", policy)
        overrides = read_overrides(row.policy_overrides) if row.parent_id is not None else Overrides()
        own = stricter(above, overrides)
        if own != policy:
            found[row.id] = own
    return found
