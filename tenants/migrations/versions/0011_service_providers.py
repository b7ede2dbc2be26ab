"""SAML service providers as applications: what they are, their requests, what they were told, their metadata."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from tenants.migrations.row_security import protect_tenant_table

revision = "0011"
down_revision = "0010"

_TABLES = ("saml_requests", "saml_logins", "sp_metadata")


def upgrade() -> None:
    op.add_column("applications", sa.Column("entity_id", sa.String(length=256), nullable=True))
    op.add_column("applications", sa.Column("saml", sa.JSON(), nullable=True))
    op.create_index("uq_applications_entity_id", "applications", ["tenant_id", "entity_id"], unique=True)
    op.create_table(
        "saml_requests",
        *_key("saml_requests"),
        sa.Column("application_id", sa.String(length=80), nullable=False),
        sa.Column("handle_hash", sa.String(length=64), nullable=True),
        sa.Column("asked", sa.JSON(), nullable=False),
        *_times("received_at", "expires_at"),
        *_times("answered_at", nullable=True),
        *_of("saml_requests", "application_id", "applications"),
    )
    op.create_index("ix_saml_requests_handle", "saml_requests", ["tenant_id", "handle_hash"], unique=False)
    op.create_table(
        "saml_logins",
        *_key("saml_logins"),
        sa.Column("session_id", sa.String(length=80), nullable=False),
        sa.Column("application_id", sa.String(length=80), nullable=False),
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.Column("name_id", sa.JSON(), nullable=False),
        sa.Column("name_hash", sa.String(length=64), nullable=False),
        *_times("created_at", "expires_at"),
        *_times("ended_at", nullable=True),
        *_of("saml_logins", "session_id", "sessions"),
        *_of("saml_logins", "application_id", "applications"),
    )
    op.create_index("ix_saml_logins_session", "saml_logins", ["tenant_id", "session_id"], unique=False)
    op.create_index("ix_saml_logins_name", "saml_logins", ["tenant_id", "application_id", "name_hash"], unique=False)
    op.create_table(
        "sp_metadata",
        *_key("sp_metadata"),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        *_times("fetched_at", "checked_at", "due_at"),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("fault", sa.String(length=300), nullable=True),
        sa.Column("proposed", sa.String(), nullable=True),
        *_times("proposed_at", nullable=True),
        sa.Column("proposed_why", sa.String(length=300), nullable=True),
        *_of("sp_metadata", "id", "applications"),
    )
    for table, column in (("saml_requests", "expires_at"), ("saml_logins", "expires_at"), ("sp_metadata", "due_at")):
        op.create_index(f"ix_{table}_{column}", table, [column], unique=False)
    for table in _TABLES:
        protect_tenant_table(op.get_bind(), table)


def _key(table: str) -> list[Any]:
    return [
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id"), ondelete="CASCADE"),
    ]


def _of(table: str, column: str, parent: str) -> list[Any]:
    return [
        sa.ForeignKeyConstraint(
            ["tenant_id", column],
            [f"{parent}.tenant_id", f"{parent}.id"],
            name=op.f(f"fk_{table}_tenant_id_{column}"),
            ondelete="CASCADE",
        )
    ]


def _times(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.execute("DELETE FROM applications WHERE kind = 'saml'")
    op.drop_index("uq_applications_entity_id", table_name="applications")
    op.drop_column("applications", "saml")
    op.drop_column("applications", "entity_id")
