"""What every mapped class shares: naming of constraints, column types, and the mark of a tenant's own table."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ColumnElement, DateTime, ForeignKey, MetaData, String, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeEngine


class Instant(TypeDecorator[datetime]):
    """A point in time: aware UTC in Python on both databases (SQLite itself forgets the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are aware; this one has no zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def partly(condition: ColumnElement[bool]) -> dict[str, Any]:
    """Arguments of an index that has only the rows for which this is so, on both databases."""
    return {"sqlite_where": condition, "postgresql_where": condition}


def sorted_text(length: int) -> TypeEngine[str]:
    """A text that is compared and sorted by its code points on both databases: so that a prefix is a range of an index."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class Base(DeclarativeBase):
    """All tables. A class of its own stands directly under it; one that belongs to a tenant is `TenantScoped` too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Instant(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
        list[Any]: JSON(),
    }


class TenantScoped:
    """A row that belongs to one tenant: its key is (tenant_id, id), and every query on it is confined to the tenant."""

    @declared_attr
    def tenant_id(cls) -> Mapped[str]:
        return mapped_column(String(40), ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, sort_order=-2)

    id: Mapped[str] = mapped_column(String(80), primary_key=True, sort_order=-1)
