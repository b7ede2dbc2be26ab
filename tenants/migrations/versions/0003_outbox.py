"""The outbox of tenants and of the platform, counters of the platform, and accounts by address alone (the finder)."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from tenants.migrations.row_security import protect_tenant_table

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        *_columns(),
        sa.Column("content_sealed", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_outbox_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_outbox")),
    )
    protect_tenant_table(op.get_bind(), "outbox")
    op.create_table(
        "platform_outbox",
        sa.Column("id", sa.String(length=80), nullable=False),
        *_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_outbox")),
    )
    for table in ("outbox", "platform_outbox"):
        for column in ("created_at", "next_try_at"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
    op.create_table(
        "platform_throttles",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("window_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_throttles")),
    )
    op.create_index(op.f("ix_platform_throttles_window_ends_at"), "platform_throttles", ["window_ends_at"], unique=False)
    op.create_index("ix_accounts_email_key", "accounts", ["email_key"], unique=False)


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("to_address", sa.String(length=254), nullable=False),
        sa.Column("message", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=False),
    ]


def downgrade() -> None:
    op.drop_index("ix_accounts_email_key", "accounts")
    for table in ("platform_throttles", "platform_outbox", "outbox"):
        op.drop_table(table)
