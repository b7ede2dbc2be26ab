"""Failures that only a browser has told of are counted apart; attempts that came to no end are found, wherever they stopped."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_HEALTH = "connection_health"
_ATTEMPTS = "login_transactions"


def upgrade() -> None:
    op.add_column(_HEALTH, sa.Column("unproven", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(_HEALTH, sa.Column("unproven_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(_HEALTH, sa.Column("unproven_detail", sa.String(length=300), nullable=True))
    op.add_column(_HEALTH, sa.Column("unproven_reference", sa.String(length=9), nullable=True))
    op.drop_index("ix_login_transactions_away", table_name=_ATTEMPTS)
    _index("ix_login_transactions_open", sa.column("finished_at").is_(None))


def downgrade() -> None:
    op.drop_index("ix_login_transactions_open", table_name=_ATTEMPTS)
    _index("ix_login_transactions_away", sa.column("state_hash").is_not(None) & sa.column("finished_at").is_(None))
    for name in ("unproven_reference", "unproven_detail", "unproven_at", "unproven"):
        op.drop_column(_HEALTH, name)


def _index(name: str, which: sa.ColumnElement[bool]) -> None:
    op.create_index(name, _ATTEMPTS, ["expires_at"], unique=False, sqlite_where=which, postgresql_where=which)
