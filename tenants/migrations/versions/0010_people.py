"""The users table: keys to search and sort by, the part of a tenant that a role is for; bulk actions and imports as rows."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from tenants.migrations.row_security import protect_tenant_table
from tenants.search_keys import domain_of, name_key, surname_key

revision = "0010"
down_revision = "0009"

_KEYS = {"name_key": 200, "surname_key": 200, "email_domain": 254}
_INDEXES = {
    "name": ["name_key", "id"],
    "surname": ["surname_key", "id"],
    "domain": ["email_domain", "id"],
    "last_login": ["last_login_at", "id"],
    "created": ["created_at", "id"],
    "state": ["state", "id"],
    "organization": ["organization_id", "id"],
}
_PARTIAL = {
    "role": (["role", "id"], sa.column("role").is_not(None)),
    "local": (["id"], sa.column("is_local_enabled", sa.Boolean()).is_(True)),
    "end": (["expires_at", "id"], sa.column("expires_at").is_not(None)),
}
_AT_ONCE = 1000


def upgrade() -> None:
    is_postgres = op.get_bind().dialect.name == "postgresql"
    # They could be NOT NULL only with a default of the database's; no row is without.
    for name, length in _KEYS.items():
        kind = sa.String(length=length, collation="C") if is_postgres else sa.String(length=length)
        op.add_column("accounts", sa.Column(name, kind, nullable=True))
    op.add_column("accounts", sa.Column("admin_organization_id", sa.String(length=80), nullable=True))
    if is_postgres:
        op.alter_column("accounts", "email_key", type_=sa.String(length=254, collation="C"), existing_nullable=False)
        # Row-level security holds for the owner of the tables too.
        op.execute("SELECT set_config('broker.platform', 'on', true)")
    _fill_keys()
    for name, columns in _INDEXES.items():
        op.create_index(f"ix_accounts_{name}", "accounts", ["tenant_id", *columns], unique=False)
    for name, (columns, those) in _PARTIAL.items():
        op.create_index(
            f"ix_accounts_{name}",
            "accounts",
            ["tenant_id", *columns],
            unique=False,
            sqlite_where=those,
            postgresql_where=those,
        )
    _jobs()


def _fill_keys() -> None:
    """What could be searched of the accounts that are there; a thousand at a time."""
    accounts = sa.table("accounts", *(sa.column(name) for name in ("tenant_id", "id", "name", "email_key", *_KEYS)))
    wanted = accounts.c.tenant_id == sa.bindparam("tenant"), accounts.c.id == sa.bindparam("account")
    change = accounts.update().where(*wanted).values({name: sa.bindparam(f"new_{name}") for name in _KEYS})
    last: tuple[str, str] = ("", "")
    while True:
        key = sa.tuple_(accounts.c.tenant_id, accounts.c.id)
        rows = (
            op.get_bind()
            .execute(
                sa.select(accounts.c.tenant_id, accounts.c.id, accounts.c.name, accounts.c.email_key)
                .where(key > sa.tuple_(*(sa.literal(part) for part in last)))
                .order_by(accounts.c.tenant_id, accounts.c.id)
                .limit(_AT_ONCE)
            )
            .all()
        )
        if not rows:
            return
        op.get_bind().execute(change, [_keys_of(row) for row in rows])
        last = (rows[-1].tenant_id, rows[-1].id)


def _keys_of(row: Any) -> dict[str, str]:
    return {
        "tenant": row.tenant_id,
        "account": row.id,
        "new_name_key": name_key(row.name),
        "new_surname_key": surname_key(row.name),
        "new_email_domain": domain_of(row.email_key),
    }


def _jobs() -> None:
    op.create_table(
        "people_jobs",
        *_key("people_jobs"),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.String(length=80), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_people_jobs_expires_at", "people_jobs", ["expires_at"], unique=False)
    op.create_index("ix_people_jobs_state", "people_jobs", ["state"], unique=False)
    op.create_table(
        "people_job_rows",
        *_key("people_job_rows"),
        sa.Column("job_id", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("account_id", sa.String(length=80), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["people_jobs.tenant_id", "people_jobs.id"],
            name=op.f("fk_people_job_rows_tenant_id_job_id"),
            ondelete="CASCADE",
        ),
    )
    for name, columns in (("position", ["position"]), ("outcome", ["outcome", "position"])):
        op.create_index(f"ix_people_job_rows_{name}", "people_job_rows", ["tenant_id", "job_id", *columns], unique=False)
    for table in ("people_jobs", "people_job_rows"):
        protect_tenant_table(op.get_bind(), table)


def _key(table: str) -> list[Any]:
    return [
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id"), ondelete="CASCADE"),
    ]


def downgrade() -> None:
    op.drop_table("people_job_rows")
    op.drop_table("people_jobs")
    for name in (*_INDEXES, *_PARTIAL):
        op.drop_index(f"ix_accounts_{name}", table_name="accounts")
    for name in ("admin_organization_id", *_KEYS):
        op.drop_column("accounts", name)
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("accounts", "email_key", type_=sa.String(length=254), existing_nullable=False)
