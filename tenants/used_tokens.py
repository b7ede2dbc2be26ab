"""Tokens that are good for nothing any more before their time is over: client assertions that were shown (RFC 7523, 3),
and access tokens without a grant that were revoked (RFC 7009)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.ids import digest
from tenants.statements import TENANT_PARAMETER, Scoped, scoped


class UsedToken(TenantScoped, Base):
    """`id` is the SHA-256 of the application and the token's `jti`; the row stays until the token has run out."""

    __tablename__ = "used_tokens"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "application_id"], ["applications.tenant_id", "applications.id"], ondelete="CASCADE"
        ),
        Index("ix_used_tokens_expires_at", "expires_at"),
    )

    application_id: Mapped[str] = mapped_column(String(80))
    expires_at: Mapped[datetime]


def used_token_id(kind: str, application_id: str, jti: str) -> str:
    """What a row of it is called; `kind` keeps assertions and access tokens apart."""
    return digest(f"{kind}\n{application_id}\n{jti}")


_TABLE = UsedToken.__table__
_VALUES: dict[str, Any] = {
    "tenant_id": bindparam(TENANT_PARAMETER),
    "id": bindparam("token_id"),
    "application_id": bindparam("application"),
    "expires_at": bindparam("until"),
}
USE_TOKEN = Scoped(
    {
        "sqlite": sqlite.insert(UsedToken).values(_VALUES).on_conflict_do_nothing(),
        "postgresql": postgresql.insert(UsedToken).values(_VALUES).on_conflict_do_nothing(),
    }
)
"""Takes it: the count of rows says whether it was there for the taking."""
USED_TOKEN = scoped(select(_TABLE.c.id).where(_TABLE.c.id == bindparam("token_id")))
