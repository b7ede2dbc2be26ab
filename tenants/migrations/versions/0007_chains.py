"""The chain of the audit log, of the platform's own as well, and the indexes by which the log is read."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from tenants.migrations.row_security import allow_sealing, protect_tenant_table

revision = "0007"
down_revision = "0006"

_LOOKED_UP = {"cause": "cause", "connection": "connection_id", "application": "application_id", "address": "address"}


def upgrade() -> None:
    for table in ("audit_events", "platform_events"):
        op.add_column(table, sa.Column("number", sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("seal", sa.String(length=64), nullable=True))
        op.add_column(table, sa.Column("signature", sa.String(length=100), nullable=True))
    _platform_columns()
    _indexes()
    op.create_table(
        "audit_chains",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        *_state(),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_audit_chains_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_chains")),
    )
    _partly("ix_audit_chains_broken", "audit_chains", ["tenant_id"], sa.column("broken_at").is_not(None))
    op.create_table(
        "platform_chains",
        sa.Column("id", sa.String(length=40), nullable=False),
        *_state(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_chains")),
    )
    protect_tenant_table(op.get_bind(), "audit_chains")
    allow_sealing(op.get_bind())


def _platform_columns() -> None:
    op.add_column("platform_events", sa.Column("event", sa.String(length=40), nullable=True))
    op.add_column("platform_events", sa.Column("operator_id", sa.String(length=40), nullable=True))
    op.add_column("platform_events", sa.Column("tenant_id", sa.String(length=40), nullable=True))
    op.add_column("platform_events", sa.Column("address", sa.String(length=45), nullable=True))
    op.add_column("platform_events", sa.Column("detail", sa.JSON(), nullable=True))


def _indexes() -> None:
    op.create_index("ix_audit_events_event", "audit_events", ["tenant_id", "event", "at", "id"], unique=False)
    for name, column in _LOOKED_UP.items():
        _partly(f"ix_audit_events_{name}", "audit_events", ["tenant_id", column, "at", "id"], sa.column(column).is_not(None))
    is_waiting = sa.column("seal").is_(None)
    _partly("ix_audit_events_unsealed", "audit_events", ["tenant_id", "at", "id"], is_waiting)
    op.create_index("uq_audit_events_number", "audit_events", ["tenant_id", "number"], unique=True)
    _partly("ix_platform_events_unsealed", "platform_events", ["at"], is_waiting)
    op.create_index("ix_platform_events_number", "platform_events", ["number"], unique=True)
    _partly("ix_platform_events_deeds", "platform_events", ["at", "id"], sa.column("event").is_not(None))


def _partly(name: str, table: str, columns: list[str], condition: sa.ColumnElement[bool]) -> None:
    op.create_index(name, table, columns, unique=False, sqlite_where=condition, postgresql_where=condition)


def _state() -> list[sa.Column[Any]]:
    return [
        sa.Column("key_sealed", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("anchor_number", sa.BigInteger(), nullable=False),
        sa.Column("anchor_seal", sa.String(length=64), nullable=False),
        sa.Column("checked_number", sa.BigInteger(), nullable=False),
        sa.Column("checked_seal", sa.String(length=64), nullable=False),
        sa.Column("inherits", sa.Boolean(), nullable=False),
        sa.Column("proof", sa.String(length=64), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in ("checked_at", "broken_at")),
        sa.Column("broken_note", sa.String(length=300), nullable=True),
    ]


def downgrade() -> None:
    raise RuntimeError("a log that was sealed stays so")
