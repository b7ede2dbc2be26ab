"""Applications to certification level: more of each client, consent, pushed requests, used tokens, and telling of a logout."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from tenants.ids import new_secret
from tenants.migrations.row_security import protect_tenant_table

revision = "0006"
down_revision = "0005"

_TABLES = ("application_consents", "pushed_requests", "used_tokens", "logout_deliveries")
_APPLICATION_COLUMNS = (
    "grant_types",
    "response_modes",
    "scopes",
    "claims",
    "jwks",
    "jwks_uri",
    "userinfo_alg",
    "subject_type",
    "sector",
    "is_third_party",
    "is_par_required",
    "backchannel_logout_uri",
    "is_logout_session_required",
    "cors_origins",
    "sign_in_minutes",
    "session_minutes",
    "access_token_minutes",
    "id_token_minutes",
    "offline_days",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Row-level security holds for the owner of the tables too.
        op.execute("SELECT set_config('broker.platform', 'on', true)")
    _applications()
    _sessions()
    _tenants()
    _tables()
    for table in _TABLES:
        protect_tenant_table(op.get_bind(), table)


def _applications() -> None:
    for name in ("grant_types", "response_modes", "scopes", "claims", "jwks", "cors_origins"):
        op.add_column("applications", sa.Column(name, sa.JSON(), nullable=True))
    for name, length in (("jwks_uri", 1000), ("userinfo_alg", 10), ("sector", 255), ("backchannel_logout_uri", 1000)):
        op.add_column("applications", sa.Column(name, sa.String(length=length), nullable=True))
    for name in ("sign_in_minutes", "session_minutes", "access_token_minutes", "id_token_minutes", "offline_days"):
        op.add_column("applications", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("applications", sa.Column("subject_type", sa.String(length=10), nullable=False, server_default="public"))
    for name, default in (
        ("is_third_party", sa.false()),
        ("is_par_required", sa.false()),
        ("is_logout_session_required", sa.true()),
    ):
        op.add_column("applications", sa.Column(name, sa.Boolean(), nullable=False, server_default=default))


def _sessions() -> None:
    op.add_column("application_grants", sa.Column("claims", sa.JSON(), nullable=True))
    op.add_column("application_grants", sa.Column("acr", sa.String(length=200), nullable=True))
    op.add_column("signing_keys", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sessions", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    # What is over already is nobody's news.
    op.execute("UPDATE sessions SET told_at = expires_at WHERE ended_at IS NOT NULL OR expires_at < CURRENT_TIMESTAMP")
    untold, ended = sa.column("told_at").is_(None), sa.column("ended_at").is_not(None)
    for name, column, is_due in (("ended", "ended_at", untold & ended), ("over", "expires_at", untold)):
        op.create_index(
            f"ix_sessions_untold_{name}", "sessions", [column], unique=False, sqlite_where=is_due, postgresql_where=is_due
        )


def _tenants() -> None:
    op.add_column("tenant_settings", sa.Column("pairwise_salt", sa.String(length=43), nullable=True))
    settings = sa.table("tenant_settings", sa.column("tenant_id"), sa.column("pairwise_salt"))
    bind = op.get_bind()
    for (tenant_id,) in bind.execute(sa.select(settings.c.tenant_id)).all():
        bind.execute(sa.update(settings).where(settings.c.tenant_id == tenant_id).values(pairwise_salt=new_secret()))


def _tables() -> None:
    op.create_table(
        "application_consents",
        *_key("application_consents"),
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.Column("application_id", sa.String(length=80), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        *_times("created_at", "changed_at"),
        *_of("application_consents", "account_id", "accounts"),
        *_of("application_consents", "application_id", "applications"),
    )
    op.create_index(
        "uq_application_consents_pair", "application_consents", ["tenant_id", "account_id", "application_id"], unique=True
    )
    op.create_table(
        "pushed_requests",
        *_key("pushed_requests"),
        sa.Column("application_id", sa.String(length=80), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        *_times("created_at", "expires_at"),
        *_times("used_at", nullable=True),
        *_of("pushed_requests", "application_id", "applications"),
    )
    op.create_index("ix_pushed_requests_expires_at", "pushed_requests", ["expires_at"], unique=False)
    op.create_table(
        "used_tokens",
        *_key("used_tokens"),
        sa.Column("application_id", sa.String(length=80), nullable=False),
        *_times("expires_at"),
        *_of("used_tokens", "application_id", "applications"),
    )
    op.create_index("ix_used_tokens_expires_at", "used_tokens", ["expires_at"], unique=False)
    op.create_table(
        "logout_deliveries",
        *_key("logout_deliveries"),
        sa.Column("application_id", sa.String(length=80), nullable=False),
        sa.Column("session_id", sa.String(length=80), nullable=False),
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        *_times("created_at"),
        *_times("next_try_at", nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        *_times("confirmed_at", "failed_at", nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        *_of("logout_deliveries", "application_id", "applications"),
    )
    op.create_index("ix_logout_deliveries_session", "logout_deliveries", ["tenant_id", "session_id"], unique=False)
    for column in ("next_try_at", "created_at"):
        op.create_index(f"ix_logout_deliveries_{column}", "logout_deliveries", [column], unique=False)


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
    op.drop_column("tenant_settings", "pairwise_salt")
    for name in ("over", "ended"):
        op.drop_index(f"ix_sessions_untold_{name}", table_name="sessions")
    op.drop_column("sessions", "told_at")
    op.drop_column("signing_keys", "changed_at")
    for column in ("acr", "claims"):
        op.drop_column("application_grants", column)
    for column in reversed(_APPLICATION_COLUMNS):
        op.drop_column("applications", column)
