"""Support access: an owner's consent, and operators who look in."""

import sqlalchemy as sa
from alembic import op

from tenants.migrations.row_security import protect_tenant_table

revision = "0015"
down_revision = "0014"

_GRANTS, _VISITS = "support_grants", "support_visits"


def upgrade() -> None:
    op.create_table(
        _GRANTS,
        *_key(),
        sa.Column("granted_by", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        *(_time(name) for name in ("created_at", "expires_at")),
        _time("revoked_at", is_needed=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_support_grants")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_support_grants_tenant_id"), ondelete="CASCADE"),
    )
    op.create_index("ix_support_grants_created_at", _GRANTS, ["tenant_id", "created_at"], unique=False)
    op.create_index("ix_support_grants_expires_at", _GRANTS, ["expires_at"], unique=False)
    op.create_table(
        _VISITS,
        *_key(),
        sa.Column("grant_id", sa.String(length=80), nullable=False),
        sa.Column("operator_id", sa.String(length=40), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("operator_name", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("ticket_hash", sa.String(length=64), nullable=False),
        sa.Column("cookie_hash", sa.String(length=64), nullable=True),
        *(_time(name) for name in ("created_at", "ticket_expires_at")),
        *(_time(name, is_needed=False) for name in ("opened_at", "last_seen_at", "ended_at")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_support_visits")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_support_visits_tenant_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "grant_id"],
            ["support_grants.tenant_id", "support_grants.id"],
            name=op.f("fk_support_visits_tenant_id_grant_id"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("uq_support_visits_ticket_hash", _VISITS, ["tenant_id", "ticket_hash"], unique=True)
    op.create_index("uq_support_visits_cookie_hash", _VISITS, ["tenant_id", "cookie_hash"], unique=True)
    op.create_index("ix_support_visits_grant", _VISITS, ["tenant_id", "grant_id"], unique=False)
    for table in (_GRANTS, _VISITS):
        protect_tenant_table(op.get_bind(), table)


def downgrade() -> None:
    op.drop_table(_VISITS)
    op.drop_table(_GRANTS)


def _key() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
    )


def _time(name: str, *, is_needed: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not is_needed)
