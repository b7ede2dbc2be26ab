"""Authorization requests that an application has pushed ahead of the browser (RFC 9126): good once, for a minute."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.statements import scoped

LIFE = timedelta(seconds=90)
"""Until the browser shows it first; whoever then has to sign in has time until `WAIT` is over."""
WAIT = timedelta(minutes=30)


class PushedRequest(TenantScoped, Base):
    """One request; `id` is the SHA-256 of what stands in `request_uri`. A code is issued for it once."""

    __tablename__ = "pushed_requests"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "application_id"], ["applications.tenant_id", "applications.id"], ondelete="CASCADE"
        ),
        Index("ix_pushed_requests_expires_at", "expires_at"),
    )

    application_id: Mapped[str] = mapped_column(String(80))
    parameters: Mapped[list[Any]] = mapped_column(default=list)
    """Pairs of name and value, in the order in which they came."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


_ROW = PushedRequest.__table__
PUSH_REQUEST = scoped(insert(PushedRequest))
PUSHED_REQUEST = scoped(
    select(_ROW.c.id, _ROW.c.application_id, _ROW.c.parameters).where(
        _ROW.c.id == bindparam("handle"), _ROW.c.expires_at > bindparam("now"), _ROW.c.used_at.is_(None)
    )
)
SHOW_REQUEST = scoped(
    update(PushedRequest)
    .where(
        PushedRequest.id == bindparam("handle"),
        PushedRequest.used_at.is_(None),
        PushedRequest.expires_at > bindparam("now"),
    )
    .values(expires_at=bindparam("until"), parameters=bindparam("left"))
)
"""The browser is here and its person has to be asked first: the request waits for them, less what they are asked."""
USE_REQUEST = scoped(
    update(PushedRequest)
    .where(
        PushedRequest.id == bindparam("handle"),
        PushedRequest.used_at.is_(None),
        PushedRequest.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
)
"""For the one code that it is good for: the count of rows is the answer."""
