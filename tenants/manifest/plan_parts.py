"""The part of the plan about organizations: their tree, and the policy of each, before the file is applied and after (T8)."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from tenants.manifest.changes import Change, Verb, Write
from tenants.manifest.faults import Location
from tenants.manifest.plan import Comparison
from tenants.manifest.specs import ROOT
from tenants.organization_checks import parts_state
from tenants.organization_policies import Policies, policies_of
from tenants.organization_tree import Tree
from tenants.organizations import Organization
from tenants.policies import TenantPolicy


def plan_organizations(comparison: Comparison) -> None:
    """The tree from its root down. Removal comes last of all, see `remove_organizations`."""
    ids, specs = comparison.organization_ids, comparison.manifest.spec.organizations
    rows = comparison.state.organizations
    _fit_organization(comparison, (), rows.get(ROOT), {"name": comparison.manifest.spec.name, "parent_id": None}, ROOT)
    depths = {ROOT: 0}
    while len(depths) <= len(specs):
        depths |= {key: depths[spec.parent] + 1 for key, spec in specs.items() if spec.parent in depths}
    for key in sorted(specs, key=lambda one: depths[one]):
        own = specs[key].policy
        values = {
            "name": specs[key].name,
            "parent_id": ids[specs[key].parent],
            "policy_overrides": own.model_dump(exclude_none=True) if own else {},
        }
        _fit_organization(comparison, ("organizations", key), rows.get(key), values, key)


def _fit_organization(
    comparison: Comparison, location: Location, row: Organization | None, values: dict[str, Any], key: str
) -> None:
    wanted = values | {"is_file_managed": True}
    if row is not None:
        comparison.fit(location, Organization, row, wanted, "org")
        return
    write = Write(Verb.CREATE, Organization, comparison.organization_ids[key], wanted | {"key": key})
    verb = Verb.CREATE if location else Verb.CHANGE
    comparison.add(Change(verb, comparison.path(*location), (), (write,)))


def check_parts(comparison: Comparison) -> None:
    """Rules that contradict each other in a part are refused; what weakens them there is told with the change that does."""
    before, after = parts_state(*_before(comparison)), parts_state(*_after(comparison))
    for one in after.contradictions:
        if one.key in comparison.manifest.spec.organizations or one not in before.contradictions:
            comparison.refuse(("organizations", one.key, "policy"), one.told.sentence)
    comparison.part_deviations = tuple(one.told for one in after.deviations)
    for one in after.deviations:
        places: tuple[Location, ...] = (("organizations", one.key), ("policy",))
        if (place := next(filter(comparison.is_changing, places), None)) is not None:
            comparison.add(Change(Verb.CHANGE, comparison.path(*place), deviations=(one.told,)))


def policies_before(comparison: Comparison) -> Policies:
    """As the database has them."""
    return _policies(*_before(comparison))


def policies_after(comparison: Comparison) -> Policies:
    """As they are once the changes are made that stand in the plan."""
    return _policies(*_after(comparison))


def _before(comparison: Comparison) -> tuple[Tree, TenantPolicy]:
    settings = comparison.state.settings
    return _tree(_rows(comparison)), TenantPolicy.model_validate(settings.policy if settings else {})


def _after(comparison: Comparison) -> tuple[Tree, TenantPolicy]:
    rows = _rows(comparison)
    for change in comparison.changes:
        for write in change.writes:
            if write.model is Organization and write.verb is not Verb.REMOVE:
                rows[write.identity] = {"policy_overrides": {}} | rows.get(write.identity, {}) | dict(write.values)
    return _tree(rows), comparison.manifest.spec.policy


def _rows(comparison: Comparison) -> dict[str, dict[str, Any]]:
    names = ("key", "name", "parent_id", "policy_overrides")
    return {row.id: {name: getattr(row, name) for name in names} for row in comparison.state.organizations.values()}


def _tree(rows: Mapping[str, Mapping[str, Any]]) -> Tree:
    known: Any = {key: SimpleNamespace(id=key, **row) for key, row in rows.items()}
    return Tree(known)


def _policies(tree: Tree, whole: TenantPolicy) -> Policies:
    return Policies(whole, policies_of(tree, whole))
