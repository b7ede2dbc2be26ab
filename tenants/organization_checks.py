"""What is wrong with the policy that comes down to a part, or weakens it: each with the part's name (T8)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tenants.db import TenantSession
from tenants.organization_policies import load_policies, policies_of
from tenants.organization_tree import Tree, load_tree
from tenants.password_policies import contradictions
from tenants.policies import TenantPolicy
from tenants.reasons import Reason


@dataclass(frozen=True, slots=True)
class PartReason:
    """What is said of a part's policy, and not of the one above it."""

    key: str
    """Of the organization."""
    reason: Reason
    name: str = field(compare=False)

    @property
    def told(self) -> Reason:
        """With the part that it is about."""
        return Reason(f"{self.reason.code} ({self.key})", f"{self.name}: {self.reason.sentence}")


@dataclass(frozen=True, slots=True)
class PartsState:
    """All that is said of the parts of a tenant."""

    contradictions: tuple[PartReason, ...] = ()
    deviations: tuple[PartReason, ...] = ()

    def contradiction_since(self, before: "PartsState") -> str | None:
        """A rule that can't be taken and was not there before; None: none is."""
        return next((one.told.sentence for one in self.contradictions if one not in before.contradictions), None)

    @property
    def told(self) -> dict[str, str]:
        """What deviates, for the audit log."""
        return {f"deviates: {one.told.code}": one.told.sentence for one in self.deviations}


def parts_state(tree: Tree, whole: TenantPolicy) -> PartsState:
    """Look at the policy of every part."""
    return PartsState(_of_parts(tree, whole, _contradictions), _of_parts(tree, whole, lambda policy: policy.deviations))


def load_parts_state(db: TenantSession) -> PartsState:
    """As it is in the caller's unit of work. Three statements."""
    return parts_state(load_tree(db), load_policies(db).whole)


def _contradictions(policy: TenantPolicy) -> list[Reason]:
    return [Reason("contradiction", sentence) for sentence in contradictions(policy.password_policy)]


def _of_parts(tree: Tree, whole: TenantPolicy, find: Callable[[TenantPolicy], Iterable[Reason]]) -> tuple[PartReason, ...]:
    parts, found = policies_of(tree, whole), []
    for organization_id, policy in parts.items():
        row = tree.rows[organization_id]
        above = list(find(parts.get(row.parent_id or "", whole)))
        found += [PartReason(row.key, one, row.name) for one in find(policy) if one not in above]
    return tuple(found)
