"""Federation in depth: versions and tests of connections, health, traces, links that wait, metadata, proofs, moves, consent."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from tenants.migrations.row_security import protect_tenant_table

revision = "0005"
down_revision = "0004"

_TABLES = (
    "connection_versions",
    "connection_tests",
    "connection_health",
    "sent_notices",
    "traces",
    "pending_links",
    "fetched_metadata",
    "metadata_readings",
    "domain_challenges",
    "moves",
    "move_subjects",
    "consents",
)


def upgrade() -> None:
    _columns()
    _connections()
    _seeing()
    _links()
    _metadata()
    _domains()
    _moves()
    _consents()
    for table in _TABLES:
        protect_tenant_table(op.get_bind(), table)
    # Last, and of the few that have a role: this holds up everybody who signs in.
    op.add_column("accounts", sa.Column("own_role", sa.String(length=20), nullable=True))
    op.execute("UPDATE accounts SET own_role = role WHERE role IS NOT NULL")


def _see_all_rows() -> None:
    """Row-level security holds for the owner of the tables too."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT set_config('broker.platform', 'on', true)")


def _columns() -> None:
    _see_all_rows()
    # They could be NOT NULL only with a default of the database's, or by making the table anew.
    op.add_column("connections", sa.Column("group_rules", sa.JSON(), nullable=True))
    op.add_column("connections", sa.Column("factor_values", sa.JSON(), nullable=True))
    op.execute("UPDATE connections SET group_rules = '[]', factor_values = '[\"mfa\"]'")
    op.add_column("connections", sa.Column("acr_values", sa.String(length=500), nullable=True))
    op.add_column("connections", sa.Column("secret_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("applications", sa.Column("is_factor_demanded", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("identities", sa.Column("linked_by", sa.String(length=63), nullable=True))
    op.add_column("sessions", sa.Column("identity_id", sa.String(length=80), nullable=True))
    op.add_column("sessions", sa.Column("upstream_sid", sa.String(length=255), nullable=True))
    op.add_column("sessions", sa.Column("upstream_name", sa.String(length=64), nullable=True))
    op.add_column("sessions", sa.Column("upstream_sealed", sa.String(), nullable=True))
    for name, column in (("identity", "identity_id"), ("upstream_sid", "upstream_sid"), ("upstream_name", "upstream_name")):
        is_known = sa.column(column).is_not(None)
        op.create_index(
            f"ix_sessions_{name}",
            "sessions",
            ["tenant_id", column],
            unique=False,
            sqlite_where=is_known,
            postgresql_where=is_known,
        )
    op.add_column("login_transactions", sa.Column("test_id", sa.String(length=80), nullable=True))
    is_away = sa.column("state_hash").is_not(None) & sa.column("finished_at").is_(None)
    op.create_index(
        "ix_login_transactions_away",
        "login_transactions",
        ["expires_at"],
        unique=False,
        sqlite_where=is_away,
        postgresql_where=is_away,
    )
    op.add_column("domain_proofs", sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("domain_proofs", sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True))


def _connections() -> None:
    op.create_table(
        "connection_versions",
        *_key("connection_versions"),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("secrets_sealed", sa.String(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        *_times("created_at"),
        *_times("tested_at", "activated_at", nullable=True),
        *_of("connection_versions", "connection_id", "connections"),
    )
    op.create_index(
        "uq_connection_versions_number", "connection_versions", ["tenant_id", "connection_id", "number"], unique=True
    )
    op.create_table(
        "connection_tests",
        *_key("connection_tests"),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        *_times("created_at", "expires_at"),
        *_times("started_at", "finished_at", nullable=True),
        sa.Column("cause", sa.String(length=40), nullable=True),
        sa.Column("result", sa.JSON(), nullable=False),
        *_of("connection_tests", "connection_id", "connections"),
    )
    op.create_index("uq_connection_tests_token_hash", "connection_tests", ["tenant_id", "token_hash"], unique=True)
    op.create_index(
        "ix_connection_tests_connection", "connection_tests", ["tenant_id", "connection_id", "created_at"], unique=False
    )
    op.create_index("ix_connection_tests_expires_at", "connection_tests", ["expires_at"], unique=False)


def _seeing() -> None:
    op.create_table(
        "connection_health",
        *_key("connection_health"),
        *_times("last_success_at", "last_failure_at", nullable=True),
        sa.Column("last_failure_cause", sa.String(length=40), nullable=True),
        sa.Column("last_failure_detail", sa.String(length=300), nullable=True),
        sa.Column("last_reference", sa.String(length=9), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        *_of("connection_health", "id", "connections"),
    )
    op.create_table(
        "sent_notices",
        *_key("sent_notices"),
        sa.Column("subject", sa.String(length=200), nullable=False),
        *_times("sent_at"),
    )
    op.create_index("uq_sent_notices_subject", "sent_notices", ["tenant_id", "subject"], unique=True)
    op.create_index("ix_sent_notices_sent_at", "sent_notices", ["sent_at"], unique=False)
    op.create_table(
        "traces",
        *_key("traces"),
        sa.Column("reference", sa.String(length=9), nullable=False),
        *_times("at"),
        sa.Column("connection_id", sa.String(length=80), nullable=True),
        sa.Column("connection_version", sa.Integer(), nullable=True),
        sa.Column("application_id", sa.String(length=80), nullable=True),
        sa.Column("account_id", sa.String(length=80), nullable=True),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("received", sa.JSON(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        *_times("expires_at"),
        sa.Column("share_hash", sa.String(length=64), nullable=True),
        *_times("share_expires_at", nullable=True),
    )
    op.create_index("ix_traces_reference", "traces", ["tenant_id", "reference"], unique=False)
    op.create_index("ix_traces_connection", "traces", ["tenant_id", "connection_id", "at"], unique=False)
    op.create_index("uq_traces_share_hash", "traces", ["tenant_id", "share_hash"], unique=True)
    op.create_index("ix_traces_expires_at", "traces", ["expires_at"], unique=False)


def _links() -> None:
    op.create_table(
        "pending_links",
        *_key("pending_links"),
        sa.Column("transaction_hash", sa.String(length=64), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("connection_version", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("proof", sa.JSON(), nullable=False),
        sa.Column("session_sealed", sa.String(), nullable=True),
        *_times("created_at", "expires_at"),
        *_times("used_at", nullable=True),
        *_of("pending_links", "account_id", "accounts"),
        *_of("pending_links", "connection_id", "connections"),
    )
    op.create_index("ix_pending_links_account", "pending_links", ["tenant_id", "account_id"], unique=False)
    op.create_index("ix_pending_links_expires_at", "pending_links", ["expires_at"], unique=False)


def _metadata() -> None:
    op.create_table(
        "fetched_metadata",
        *_key("fetched_metadata"),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("document", sa.String(), nullable=True),
        *_times("fetched_at", nullable=True),
        *_times("checked_at", "due_at"),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("fault", sa.String(length=300), nullable=True),
        sa.Column("proposed", sa.String(), nullable=True),
        *_times("proposed_at", nullable=True),
        sa.Column("proposed_why", sa.String(length=300), nullable=True),
        sa.Column("rejected_mark", sa.String(length=64), nullable=True),
        *_of("fetched_metadata", "id", "connections"),
    )
    op.create_index("ix_fetched_metadata_due_at", "fetched_metadata", ["due_at"], unique=False)
    op.create_table(
        "metadata_readings",
        *_key("metadata_readings"),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("kid", sa.String(length=80), nullable=False),
        *_times("read_at"),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("user_agent", sa.String(length=300), nullable=True),
        *_of("metadata_readings", "connection_id", "connections"),
    )
    op.create_index("uq_metadata_readings_key", "metadata_readings", ["tenant_id", "connection_id", "kid"], unique=True)


def _domains() -> None:
    op.create_table(
        "domain_challenges",
        *_key("domain_challenges"),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("token", sa.String(length=80), nullable=False),
        *_times("created_at"),
        *_times("checked_at", "seen_at", "missing_since", "conflict_at", nullable=True),
    )
    op.create_index("uq_domain_challenges_name", "domain_challenges", ["tenant_id", "name"], unique=True)


def _moves() -> None:
    op.create_table(
        "moves",
        *_key("moves"),
        sa.Column("from_id", sa.String(length=80), nullable=False),
        sa.Column("to_id", sa.String(length=80), nullable=False),
        *_times("created_at"),
        *_times("cut_over_at", "cut_at", "finished_at", "undone_at", nullable=True),
        sa.Column("was_enabled", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("moved_domains", sa.JSON(), nullable=False),
        *_of("moves", "from_id", "connections"),
        *_of("moves", "to_id", "connections"),
    )
    op.create_index("ix_moves_to", "moves", ["tenant_id", "to_id"], unique=False)
    is_open = sa.column("finished_at").is_(None) & sa.column("undone_at").is_(None)
    op.create_index(
        "uq_moves_open",
        "moves",
        ["tenant_id", "from_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "move_subjects",
        *_key("move_subjects"),
        sa.Column("move_id", sa.String(length=80), nullable=False),
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        *_times("linked_at", nullable=True),
        *_of("move_subjects", "move_id", "moves"),
        *_of("move_subjects", "account_id", "accounts"),
    )
    op.create_index("uq_move_subjects_account", "move_subjects", ["tenant_id", "move_id", "account_id"], unique=True)
    op.create_index("uq_move_subjects_subject", "move_subjects", ["tenant_id", "move_id", "issuer", "subject"], unique=True)


def _consents() -> None:
    op.create_table(
        "consents",
        *_key("consents"),
        sa.Column("connection_id", sa.String(length=80), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("state_hash", sa.String(length=64), nullable=True),
        sa.Column("browser_hash", sa.String(length=64), nullable=True),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        *_times("created_at", "expires_at"),
        sa.Column("directory", sa.String(length=36), nullable=True),
        sa.Column("domain", sa.String(length=255), nullable=True),
        sa.Column("may_bind", sa.Boolean(), nullable=False, server_default=sa.false()),
        *_times("granted_at", "proven_at", "bound_at", nullable=True),
        sa.Column("cause", sa.String(length=40), nullable=True),
        *_of("consents", "connection_id", "connections"),
    )
    op.create_index("uq_consents_token_hash", "consents", ["tenant_id", "token_hash"], unique=True)
    op.create_index("ix_consents_state_hash", "consents", ["tenant_id", "state_hash"], unique=False)
    op.create_index("ix_consents_expires_at", "consents", ["expires_at"], unique=False)


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
    op.drop_column("domain_proofs", "failing_since")
    op.drop_column("domain_proofs", "checked_at")
    op.drop_index("ix_login_transactions_away", table_name="login_transactions")
    op.drop_column("login_transactions", "test_id")
    for name in ("upstream_name", "upstream_sid", "identity"):
        op.drop_index(f"ix_sessions_{name}", table_name="sessions")
    for column in ("upstream_sealed", "upstream_name", "upstream_sid", "identity_id"):
        op.drop_column("sessions", column)
    op.drop_column("identities", "linked_by")
    op.drop_column("applications", "is_factor_demanded")
    for column in ("secret_expires_at", "acr_values", "factor_values", "group_rules"):
        op.drop_column("connections", column)
    # Roles that an identity provider gave: the version before could not take them back.
    _see_all_rows()
    op.execute("UPDATE accounts SET role = own_role WHERE role IS NOT NULL")
    op.drop_column("accounts", "own_role")
