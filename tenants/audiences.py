"""For whom an application is, as values: named groups, organizations and persons, and what an account brings (R5)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entitlements:
    """What an account brings: where it belongs, its groups, and the applications that name it."""

    organization_id: str = ""
    groups: frozenset[str] = frozenset()
    applications: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom an application is that is not for everybody. One of nobody admits nobody."""

    application_id: str
    groups: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()
    """Ids, with those of all parts of the organizations that were named."""

    def admits(self, brought: Entitlements) -> bool:
        """Whether somebody who brings this is meant."""
        return (
            not self.groups.isdisjoint(brought.groups)
            or brought.organization_id in self.organizations
            or self.application_id in brought.applications
        )


def with_parts(named: frozenset[str], parents: Mapping[str, str | None]) -> frozenset[str]:
    """These organizations and all below them. `parents` is organization → parent, of the whole tree."""
    found = set(named)
    for one in parents:
        path: list[str] = []
        above: str | None = one
        while above is not None and above not in found and above not in path:
            path.append(above)
            above = parents.get(above)
        if above in found:
            found.update(path)
    return frozenset(found)
