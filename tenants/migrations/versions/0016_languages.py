"""Languages: which ones a tenant offers, its own texts on pages, and in which an account reads its mails."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_LANGUAGE = ("accounts", "platform_outbox", "tenant_settings")


def upgrade() -> None:
    for table in _LANGUAGE:
        op.add_column(table, sa.Column("language", sa.String(length=35), nullable=True))
    for name in ("languages", "texts"):
        op.add_column("tenant_settings", sa.Column(name, sa.JSON(), nullable=True))


def downgrade() -> None:
    for name in ("languages", "texts"):
        op.drop_column("tenant_settings", name)
    for table in _LANGUAGE:
        op.drop_column(table, "language")
