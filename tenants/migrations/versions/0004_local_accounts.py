"""Local accounts, whole: mailed codes, passkeys, known devices, links by purpose, and what the life cycle remembers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from tenants.migrations.row_security import protect_tenant_table

revision = "0004"
down_revision = "0003"

_ACCOUNT_COLUMNS = ("state_changed_at", "factors_reset_at", "warned_at")


def upgrade() -> None:
    _mailed_codes()
    _passkeys()
    _devices()
    for name in _ACCOUNT_COLUMNS:
        op.add_column("accounts", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("accounts", sa.Column("warned_of", sa.String(length=20), nullable=True))
    op.add_column("invitations", sa.Column("purpose", sa.String(length=20), nullable=False, server_default="invitation"))
    op.add_column("credentials", sa.Column("compromised_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("login_transactions", sa.Column("challenge", sa.String(length=90), nullable=True))
    under_way = sa.column("account_id").is_not(None) & sa.column("finished_at").is_(None)
    op.create_index(
        "ix_login_transactions_account",
        "login_transactions",
        ["tenant_id", "account_id"],
        unique=False,
        sqlite_where=under_way,
        postgresql_where=under_way,
    )
    op.add_column("tenant_settings", sa.Column("wording", sa.JSON(), nullable=True))
    op.create_table(
        "job_claims",
        sa.Column("id", sa.String(length=40), nullable=False),
        *_times("due_at"),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_claims")),
    )
    op.add_column("tenant_settings", sa.Column("mail_logo", sa.LargeBinary(), nullable=True))
    op.create_index("ix_audit_events_account", "audit_events", ["tenant_id", "account_id", "at", "id"], unique=False)


def _mailed_codes() -> None:
    op.create_table(
        "mailed_codes",
        *_key("mailed_codes"),
        sa.Column("account_id", sa.String(length=80), nullable=True),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        *_times("created_at", "expires_at"),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        *_of_account("mailed_codes"),
    )
    op.create_index("ix_mailed_codes_account", "mailed_codes", ["tenant_id", "account_id"], unique=False)
    op.create_index("ix_mailed_codes_expires_at", "mailed_codes", ["expires_at"], unique=False)
    protect_tenant_table(op.get_bind(), "mailed_codes")


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        *_key("passkeys"),
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("aaguid", sa.String(length=36), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        *_times("created_at"),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_address", sa.String(length=45), nullable=True),
        sa.Column("use_count", sa.Integer(), nullable=False),
        *_of_account("passkeys"),
    )
    op.create_index("uq_passkeys_credential_id", "passkeys", ["tenant_id", "credential_id"], unique=True)
    op.create_index("ix_passkeys_account", "passkeys", ["tenant_id", "account_id"], unique=False)
    protect_tenant_table(op.get_bind(), "passkeys")


def _devices() -> None:
    op.create_table(
        "devices",
        *_key("devices"),
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("user_agent", sa.String(length=300), nullable=True),
        *_times("created_at", "last_seen_at", "expires_at"),
        sa.Column("trusted_until", sa.DateTime(timezone=True), nullable=True),
        *_of_account("devices"),
    )
    op.create_index("uq_devices_token_hash", "devices", ["tenant_id", "token_hash"], unique=True)
    op.create_index("ix_devices_account", "devices", ["tenant_id", "account_id"], unique=False)
    op.create_index("ix_devices_expires_at", "devices", ["expires_at"], unique=False)
    protect_tenant_table(op.get_bind(), "devices")


def _key(table: str) -> list[Any]:
    return [
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id"), ondelete="CASCADE"),
    ]


def _of_account(table: str) -> list[Any]:
    return [
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["accounts.tenant_id", "accounts.id"],
            name=op.f(f"fk_{table}_tenant_id_account_id"),
            ondelete="CASCADE",
        )
    ]


def _times(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in names]


def downgrade() -> None:
    op.drop_table("job_claims")
    op.drop_index("ix_audit_events_account", "audit_events")
    op.drop_column("tenant_settings", "mail_logo")
    op.drop_column("tenant_settings", "wording")
    op.drop_index("ix_login_transactions_account", table_name="login_transactions")
    op.drop_column("login_transactions", "challenge")
    op.drop_column("credentials", "compromised_at")
    op.drop_column("invitations", "purpose")
    for name in ("warned_of", *_ACCOUNT_COLUMNS):
        op.drop_column("accounts", name)
    for table in ("devices", "passkeys", "mailed_codes"):
        op.drop_table(table)
