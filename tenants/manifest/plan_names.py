"""The part of the plan about names that nobody gets yet: those of tenants that were deleted (security.md, TI-04)."""

from tenants.manifest.checks import hosts_of
from tenants.manifest.plan import Comparison
from tenants.tenant_life import slug_name
from tenants.tenants import IS_THERE


def keep_names(comparison: Comparison) -> None:
    """A deleted tenant is not changed, and its names are given to nobody for a while."""
    spec, slug, held = comparison.manifest.spec, comparison.manifest.slug, comparison.platform.held
    if comparison.row is not None and comparison.row.status not in IS_THERE:
        comparison.refuse((), "was deleted. Take it back in the operator console first, or wait until it is gone for good.")
    elif slug_name(slug) in held:
        comparison.refuse((), f"a tenant of this name was deleted; the name is free again on {held[slug_name(slug)]:%Y-%m-%d}.")
    for host in hosts_of(spec):
        if host in held:
            place = "address" if host == spec.address else "hosts"
            comparison.refuse((place,), f"{host} was a deleted tenant's; it is free again on {held[host]:%Y-%m-%d}.")
