"""Which ORM statements can be confined to a tenant.

SQLAlchemy adds a criterion to every entity, wherever it stands in a SELECT. What stands beside the entities (a table, the
alias of one, a text) it leaves as it is, and so it does with the further tables of an UPDATE or DELETE. Those are refused.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Alias, BinaryExpression, BindParameter, ColumnClause, Delete, TableClause, TextClause, Update
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BooleanClauseList
from sqlalchemy.sql.expression import Executable, SelectBase

from tenants.base import TenantScoped


def require_confinable(statement: Executable) -> None:
    """Raises ValueError for a statement that would reach beyond the criterion, or move a row to another tenant."""
    for element in _written(statement):
        entity = _entity_of(element)
        if entity is not None and not issubclass(entity.class_, TenantScoped):
            raise ValueError(f"{entity.class_.__name__} is a platform table; use look_up() or platform()")
        if entity is None and _is_raw(element):
            raise ValueError(f"{element} stands beside the entities; write it with an entity or as a scoped() statement")
    if isinstance(statement, Update | Delete):
        _require_one_table(statement)
    if isinstance(statement, Update) and any(_is_tenant_id(column) for column in statement._values or ()):
        raise ValueError("a row stays with its tenant")


def is_text(element: object) -> bool:
    """Does this reach the database as it was written? (`*` is what counting and EXISTS are made of.)"""
    if isinstance(element, ColumnClause):
        return bool(element.is_literal) and element.name != "*"
    return isinstance(element, TextClause)


def _require_one_table(statement: Update | Delete) -> None:
    target = _entity_of(statement.table)
    for element in _written(statement, into_selects=False):
        if _entity_of(element) not in (None, target):
            raise ValueError(f"{element} in a statement that changes another table; put it into a sub-select")


def _written(statement: Executable, *, into_selects: bool = True) -> Iterator[Any]:
    """What the statement was written with. Not the tables that entities and columns bring along by themselves."""
    waiting = [element for element in _children(statement) if not _is_key_condition(statement, element)]
    while waiting:
        element = waiting.pop()
        yield element
        is_whole = isinstance(element, ColumnClause) or (
            _entity_of(element) is not None and isinstance(element, TableClause | Alias)
        )
        if not is_whole and (into_selects or not isinstance(element, SelectBase)):
            waiting.extend(_children(element))


def _children(element: Any) -> Iterator[Any]:
    # Not the element's own method: a Select's adds the tables of its columns.
    return iter(visitors.HasTraverseInternals.get_children(element))


def _entity_of(element: Any) -> Any:
    """The mapper of what was written as an entity, an alias of one or an attribute; None for anything else."""
    entity = element._annotations.get("parententity")
    return None if entity is None else entity.mapper


def _is_raw(element: Any) -> bool:
    """A text, a table, or the column of one."""
    source = element.table if isinstance(element, ColumnClause) else element
    return isinstance(source, TableClause | Alias) or is_text(element)


def _is_key_condition(statement: Any, element: Any) -> bool:
    """The condition that Session.get() makes: every column of the entity's own key equal to a value."""
    subject = statement._propagate_attrs.get("plugin_subject")
    return isinstance(element, BooleanClauseList) and all(
        isinstance(part, BinaryExpression)
        and any(part.left is column for column in subject.mapper.primary_key)
        and isinstance(part.right, BindParameter)
        for part in element.clauses
    )


def _is_tenant_id(column: Any) -> bool:
    return bool(getattr(column, "key", column) == "tenant_id")
