"""Set-up links: one connection for somebody of a customer's IT department."""

import sqlalchemy as sa
from alembic import op

from tenants.migrations.row_security import protect_tenant_table

revision = "0014"
down_revision = "0013"

_TABLE = "setup_links"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("product", sa.String(length=63), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("created_at", "expires_at")),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=True)
            for name in ("revoked_at", "last_opened_at", "last_saved_at")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_setup_links")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_setup_links_tenant_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["connections.tenant_id", "connections.id"],
            name=op.f("fk_setup_links_tenant_id_connection_id"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("uq_setup_links_token_hash", _TABLE, ["tenant_id", "token_hash"], unique=True)
    op.create_index("ix_setup_links_connection", _TABLE, ["tenant_id", "connection_id", "created_at"], unique=False)
    op.create_index("ix_setup_links_expires_at", _TABLE, ["expires_at"], unique=False)
    protect_tenant_table(op.get_bind(), _TABLE)


def downgrade() -> None:
    op.drop_table(_TABLE)
