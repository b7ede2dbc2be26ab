"""The tree of a tenant's organizations, as one value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from tenants.db import TenantSession
from tenants.organizations import Organization
from tenants.statements import scoped

MAX_ORGANIZATIONS = 1000
"""Of one tenant. The tree is read whole: it is small, and changes seldom."""
_ALL = scoped(select(*Organization.__table__.c).order_by(Organization.name, Organization.id).limit(MAX_ORGANIZATIONS))


@dataclass(frozen=True, slots=True)
class Tree:
    """All organizations, by id, in the order of their names."""

    rows: Mapping[str, Row[Any]]

    @property
    def root(self) -> str:
        return next((str(row.id) for row in self.rows.values() if row.parent_id is None), "")

    def children(self, organization_id: str) -> list[Row[Any]]:
        return [row for row in self.rows.values() if row.parent_id == organization_id]

    def below(self, organization_id: str | None) -> frozenset[str] | None:
        """This organization and everything below it; None: no part of the tenant, but all of it."""
        if organization_id is None:
            return None
        found, waiting = set[str](), [organization_id] if organization_id in self.rows else []
        while waiting:
            one = waiting.pop()
            found.add(one)
            waiting += [row.id for row in self.children(one) if row.id not in found]
        return frozenset(found)

    def above(self, organization_id: str) -> list[Row[Any]]:
        """The way from the root down to this one, which stands last."""
        way: list[Row[Any]] = []
        row = self.rows.get(organization_id)
        while row is not None and row not in way:
            way.append(row)
            row = self.rows.get(row.parent_id or "")
        return way[::-1]

    def walk(self, top: str | None = None) -> Iterator[tuple[int, Row[Any]]]:
        """Everything from the top down, each with its depth; children by name."""
        yield from self._walk(self.rows[top or self.root], 0)

    def _walk(self, row: Row[Any], depth: int) -> Iterator[tuple[int, Row[Any]]]:
        yield depth, row
        for child in self.children(row.id):
            yield from self._walk(child, depth + 1)


def load_tree(db: TenantSession) -> Tree:
    """One statement."""
    return Tree({row.id: row for row in db.all(_ALL)})
