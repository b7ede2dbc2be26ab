"""What policy holds for an organization: that of the tenant, and what the parts on the way down have of their own (T8). Pure.

A part can always be stricter than what is above it: off before on, short before long. Where the main organization lets
parts rule a matter themselves (`TenantPolicy.parts_may`), whatever they say of it counts. Local sign-in is no such matter:
it can be switched off for a part, and by admins of the whole alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from tenants.db import TenantSession
from tenants.organization_tree import Tree, load_tree
from tenants.policies import TenantPolicy
from tenants.statements import scoped
from tenants.tenants import TenantSettings

MATTERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "passwords": ("password", "on_breach"),
        "factors": ("passkeys", "email_factor", "trusted_device_days"),
        "sessions": ("session_idle_minutes", "session_absolute_minutes"),
        "life": ("activation_days", "inactive_days", "warning_days"),
        "disclosure": ("discloses_account_state",),
    }
)
"""What `parts_may` can name, with the fields that it is about."""
_MATTER_OF = {name: matter for matter, names in MATTERS.items() for name in names}
BREACH = ("off", "warn", "change")
"""From loose to strict."""


def _own(name: str) -> Any:
    """A field of the policy that a part may leave to what is above it."""
    info = TenantPolicy.model_fields[name]
    least = next((one.ge for one in info.metadata if isinstance(one, Ge)), None)
    most = next((one.le for one in info.metadata if isinstance(one, Le)), None)
    return Field(default=None, ge=least, le=most, title=info.title)


class Overrides(BaseModel):
    """What an organization has for itself and for those below it. None: as above it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    local_enabled: bool | None = Field(default=None, title="E-mail and password")
    password: Literal["nist", "l5b", "l5c"] | None = _own("password")
    on_breach: Literal["off", "warn", "change"] | None = _own("on_breach")
    passkeys: bool | None = _own("passkeys")
    email_factor: bool | None = _own("email_factor")
    trusted_device_days: int | None = _own("trusted_device_days")
    session_idle_minutes: int | None = _own("session_idle_minutes")
    session_absolute_minutes: int | None = _own("session_absolute_minutes")
    activation_days: int | None = _own("activation_days")
    inactive_days: int | None = _own("inactive_days")
    warning_days: int | None = _own("warning_days")
    discloses_account_state: bool | None = _own("discloses_account_state")


def read_overrides(stored: Mapping[str, Any] | None) -> Overrides:
    """What is stored, as far as this version knows it."""
    return Overrides.model_validate({name: value for name, value in (stored or {}).items() if name in Overrides.model_fields})


_STRICTER: Mapping[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("local_enabled", "email_factor", "discloses_account_state"), lambda above, own: above and own),
    **dict.fromkeys(
        ("trusted_device_days", "session_idle_minutes", "session_absolute_minutes", "activation_days", "inactive_days"), min
    ),
    "on_breach": lambda above, own: max(above, own, key=BREACH.index),
}
"""Field → the stricter of two values. What has no order stands in none: it counts where parts may rule it, or not at all."""


def is_free(policy: TenantPolicy, name: str) -> bool:
    """May a part have any value of this field?"""
    return _MATTER_OF.get(name) in policy.parts_may


def may_differ(policy: TenantPolicy, name: str) -> bool:
    """May it have another value at all?"""
    return is_free(policy, name) or name in _STRICTER


def policy_below(above: TenantPolicy, overrides: Overrides) -> TenantPolicy:
    """The policy of a part, from that of what is above it."""
    changes: dict[str, Any] = {}
    for name, own in overrides.model_dump(exclude_none=True).items():
        if is_free(above, name):
            changes[name] = own
        elif name in _STRICTER:
            changes[name] = _STRICTER[name](getattr(above, name), own)
    if changes.get("password", above.password) != above.password:
        changes["password_rules"] = None  # changes to a preset are changes to that one
    longest = changes.get("session_absolute_minutes", above.session_absolute_minutes)
    if changes.get("session_idle_minutes", above.session_idle_minutes) > longest:
        changes["session_idle_minutes"] = longest
    return above.model_copy(update=changes)


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
        own = policy_below(above, overrides)
        if own != policy:
            found[row.id] = own
    return found


@dataclass(frozen=True, slots=True)
class Policies:
    """What holds for whom in a tenant, read in the caller's unit of work."""

    whole: TenantPolicy
    parts: Mapping[str, TenantPolicy] = field(default_factory=dict)

    def of(self, organization_id: str) -> TenantPolicy:
        """What holds for the people of an organization."""
        return self.parts.get(organization_id, self.whole)

    @property
    def all(self) -> tuple[TenantPolicy, ...]:
        return (self.whole, *self.parts.values())


_POLICY = scoped(select(TenantSettings.policy))


def load_policies(db: TenantSession) -> Policies:
    """As they are now. Two statements."""
    row = db.one(_POLICY)
    whole = TenantPolicy.model_validate(row.policy if row else {})
    return Policies(whole, policies_of(load_tree(db), whole))
