"""For whom an application is, and the picture of its tile."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Row-level security holds for the owner of the tables too.
        op.execute("SELECT set_config('broker.platform', 'on', true)")
    op.add_column("applications", sa.Column("is_assigned_only", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("applications", sa.Column("assigned_organizations", sa.JSON(), nullable=True))
    op.add_column("applications", sa.Column("icon", sa.LargeBinary(), nullable=True))
    op.add_column("applications", sa.Column("icon_version", sa.String(length=16), nullable=True))
    # Until now, groups alone said whom an application is for.
    op.execute("UPDATE applications SET is_assigned_only = true WHERE CAST(required_groups AS VARCHAR(1000)) <> '[]'")
    op.create_index("ix_grants_value", "grants", ["tenant_id", "kind", "value"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_grants_value", table_name="grants")
    for column in ("icon_version", "icon", "assigned_organizations", "is_assigned_only"):
        op.drop_column("applications", column)
