"""What policy holds for an organization: that of the tenant, made stricter on the way down the tree, never weaker (T8). Pure.

Only admins of the whole tenant say what differs where, so local sign-in is switched by the main organization alone.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenants.organization_tree import Tree
from tenants.policies import TenantPolicy


class Overrides(BaseModel):
    """What an organization has for itself and for those below it. None: as above it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    local_enabled: bool | None = Field(default=None, title="E-mail and password")
    email_factor: bool | None = Field(default=None, title="Codes by mail as a second factor")
    session_idle_minutes: int | None = Field(default=None, ge=5, le=1440, title="Minutes without use that end a session")
    session_absolute_minutes: int | None = Field(default=None, ge=15, le=43200, title="Minutes after which a session ends")


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


def is_current(session: Any, policy: TenantPolicy, now: datetime, *, is_own: bool) -> bool:
    """Is a session's row neither ended, nor at its end, nor too long without use?

    It was opened with the tenant's own absolute end; a part of the tenant may have an earlier one.
    """
    idle, longest = timedelta(minutes=policy.session_idle_minutes), timedelta(minutes=policy.session_absolute_minutes)
    begun = max(session.auth_time, session.created_at)
    is_over = session.expires_at <= now or session.last_seen_at + idle <= now or (is_own and begun + longest <= now)
    return session.ended_at is None and not is_over


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
