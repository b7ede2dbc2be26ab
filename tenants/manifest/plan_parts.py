"""What policy holds for the parts of a tenant, before the file is applied and after (T8)."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from tenants.manifest.changes import Verb
from tenants.manifest.plan import Comparison
from tenants.organization_policies import Policies, policies_of
from tenants.organization_tree import Tree
from tenants.organizations import Organization
from tenants.policies import TenantPolicy


def policies_before(comparison: Comparison) -> Policies:
    """As the database has them."""
    settings = comparison.state.settings
    whole = TenantPolicy.model_validate(settings.policy if settings else {})
    return _policies(whole, _rows(comparison))


def policies_after(comparison: Comparison) -> Policies:
    """As they are once the changes are made that stand in the plan."""
    rows = _rows(comparison)
    for change in comparison.changes:
        for write in change.writes:
            if write.model is Organization and write.verb is not Verb.REMOVE:
                rows[write.identity] = {"policy_overrides": {}} | rows.get(write.identity, {}) | dict(write.values)
    return _policies(comparison.manifest.spec.policy, rows)


def _rows(comparison: Comparison) -> dict[str, dict[str, Any]]:
    names = ("key", "name", "parent_id", "policy_overrides")
    return {row.id: {name: getattr(row, name) for name in names} for row in comparison.state.organizations.values()}


def _policies(whole: TenantPolicy, rows: Mapping[str, Mapping[str, Any]]) -> Policies:
    known: Any = {key: SimpleNamespace(id=key, **row) for key, row in rows.items()}
    return Policies(whole, policies_of(Tree(known), whole))
