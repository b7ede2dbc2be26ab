"""Prepared Core statements for the hot paths, confined to one tenant when they are built.

`scoped()` takes a Core statement, adds the tenant's predicate for every table in it and refuses what it cannot
confine. The result is built once at import and run with `TenantSession.one / all / run`, which fill in the tenant.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Alias,
    ColumnClause,
    ColumnElement,
    Delete,
    FromClause,
    Insert,
    Join,
    Select,
    Table,
    TableClause,
    Update,
    bindparam,
    or_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import visitors
from sqlalchemy.sql.expression import ClauseElement, Executable, Selectable

from tenants.base import Base, TenantScoped
from tenants.confinement import is_text
from tenants.prepared import Prepared, prepare

TENANT_PARAMETER = "broker_tenant"


@dataclass(frozen=True, slots=True)
class Scoped:
    """A statement that reaches one tenant's rows only; `by_dialect` where the two databases spell it differently."""

    by_dialect: dict[str, Executable]
    _prepared: dict[tuple[str, ...], Prepared | None] = field(default_factory=dict, repr=False, compare=False)

    def for_dialect(self, name: str) -> Executable:
        return self.by_dialect[name if name in self.by_dialect else "*"]

    def prepared_for(self, dialect: Dialect, parameters: Mapping[str, Any]) -> Prepared | None:
        """As the driver takes it, compiled when it is first run with these parameters; None: SQLAlchemy has to run it."""
        key = (dialect.name, *parameters)
        if key not in self._prepared:
            self._prepared[key] = prepare(self.for_dialect(dialect.name), dialect, list(parameters))
        return self._prepared[key]


@dataclass(frozen=True, slots=True)
class Platform:
    """A read of platform tables (tenants, hosts, domain proofs): reaches no row that belongs to a tenant."""

    statement: Select[*tuple[Any, ...]]


def scoped(statement: Select[*tuple[Any, ...]] | Update | Delete | Insert) -> Scoped:
    """Confine a statement to the tenant that will run it. Raises ValueError for a form it cannot confine."""
    if isinstance(statement, Insert):
        table = _require_tenant_table(statement.table)
        return Scoped({"*": statement.values({table.c.tenant_id: bindparam(TENANT_PARAMETER)})})
    only = _only_table(statement)
    tables = [only] if only is not None else _tables_in(statement)
    if isinstance(statement, Update | Delete):
        _require_tenant_table(statement.table)
    optional = _optional_tables(statement) if only is None else set()
    for table in tables:
        own = _tenant_column(table) == bindparam(TENANT_PARAMETER)
        # Of an outer join's right side there may be no row; a row of another tenant still is none of ours.
        statement = statement.where(or_(own, _tenant_column(table).is_(None)) if table in optional else own)
    return Scoped({"*": statement})


def scoped_upsert(
    table: FromClause,
    key: Sequence[str],
    insert: dict[str, Any],
    update: dict[str, Any],
    where: ColumnElement[bool] | None = None,
) -> Scoped:
    """Insert, or update the row that has the same key within the tenant (`key` without tenant_id).

    `where`: only if that holds of the row that is there; the row count says whether anything was written.
    """
    table = _require_tenant_table(table)
    values = {"tenant_id": bindparam(TENANT_PARAMETER)} | insert
    conflict: dict[str, Any] = {"index_elements": ["tenant_id", *key], "set_": update, "where": where}
    return Scoped(
        {
            "sqlite": sqlite.insert(table).values(values).on_conflict_do_update(**conflict),
            "postgresql": postgresql.insert(table).values(values).on_conflict_do_update(**conflict),
        }
    )


def platform(statement: Select[*tuple[Any, ...]]) -> Platform:
    """A read of platform tables. Raises ValueError where a tenant's table is in it."""
    only = _only_table(statement)
    for table in [only] if only is not None else _tables_in(statement):
        if is_tenant_table(table):
            raise ValueError(f"{table.name} belongs to tenants; read it in a tenant's session")
    return Platform(statement)


def is_tenant_table(table: Table) -> bool:
    """Does this table hold rows of tenants?"""
    return table in _tenant_tables()


def _tenant_tables() -> set[Table]:
    return {
        mapper.local_table
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, TenantScoped) and isinstance(mapper.local_table, Table)
    }


def _only_table(statement: Select[*tuple[Any, ...]] | Update | Delete) -> Table | None:
    """The one table of a statement that was written with nothing but columns of it; None: it has to be looked at closely.

    To ask SQLAlchemy what a SELECT reads from is to compile it: for two hundred statements the better part of a start.
    """
    sources: set[Any] = {statement.table} if isinstance(statement, Update | Delete) else set()
    elements = visitors.iterate(statement)
    next(iter(elements))
    for element in elements:
        if isinstance(element, Selectable) or is_text(element):
            sources.add(element if isinstance(element, Table) else None)
        if isinstance(element, ColumnClause):
            sources.add(element.table)
    names = {source.name if isinstance(source, Table) else None for source in sources}
    name = names.pop() if len(names) == 1 else None
    return Base.metadata.tables.get(name) if name else None


def _tables_in(statement: ClauseElement) -> list[Table]:
    """Every table that the statement names. Refuses sub-selects: their predicate would have to stand inside."""
    tables: dict[Table, None] = {}
    for element in _inner_elements(statement):
        if isinstance(element, Select):
            raise ValueError("a sub-select cannot be confined from outside; use a join")
        if isinstance(element, Alias) or is_text(element) or _is_bare(element):
            raise ValueError(f"{element} cannot be confined; name each table once, and no text")
        if isinstance(element, Table):
            tables[element] = None
    if not tables:
        raise ValueError("a statement without a table cannot be confined to a tenant")
    return list(tables)


def _is_bare(element: object) -> bool:
    """A table of which nothing but the name is known."""
    return isinstance(element, TableClause) and not isinstance(element, Table)


def _inner_elements(statement: ClauseElement) -> Iterable[Any]:
    elements = visitors.iterate(statement)
    next(iter(elements))
    yield from elements
    if isinstance(statement, Select):
        for source in statement.get_final_froms():
            yield from visitors.iterate(source)
    if isinstance(statement, Update | Delete):
        yield statement.table


def _optional_tables(statement: ClauseElement) -> set[Table]:
    """Tables on the right side of outer joins."""
    if not isinstance(statement, Select):
        return set()
    joins = [
        element
        for source in statement.get_final_froms()
        for element in visitors.iterate(source)
        if isinstance(element, Join) and element.isouter
    ]
    return {table for join in joins for table in visitors.iterate(join.right) if isinstance(table, Table)}


def _tenant_column(table: Table) -> Any:
    if table.name == "tenants":
        return table.c.id
    return _require_tenant_table(table).c.tenant_id


def _require_tenant_table(table: Any) -> Table:
    if not isinstance(table, Table) or not is_tenant_table(table):
        raise ValueError(f"{table} has no tenant; it cannot be used in a tenant's statement")
    return table
