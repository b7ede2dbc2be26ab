"""What people have agreed to that an application may be told: only for applications that are not the tenant's own (OD-17)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.applications import Application
from tenants.base import Base, TenantScoped
from tenants.ids import new_id
from tenants.statements import scoped, scoped_upsert


class ApplicationConsent(TenantScoped, Base):
    """One person's word about one application: scopes, and claims that it named by themselves."""

    __tablename__ = "application_consents"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "application_id"], ["applications.tenant_id", "applications.id"], ondelete="CASCADE"
        ),
        Index("uq_application_consents_pair", "tenant_id", "account_id", "application_id", unique=True),
    )

    account_id: Mapped[str] = mapped_column(String(80))
    application_id: Mapped[str] = mapped_column(String(80))
    scopes: Mapped[list[str]] = mapped_column(default=list)
    claims: Mapped[list[str]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


_ROW = ApplicationConsent.__table__
CONSENT_OF = scoped(
    select(_ROW.c.id, _ROW.c.scopes, _ROW.c.claims).where(
        _ROW.c.account_id == bindparam("account"), _ROW.c.application_id == bindparam("application")
    )
)
_KEEP: dict[str, Any] = {
    "scopes": bindparam("scopes"),
    "claims": bindparam("claims"),
    "changed_at": bindparam("now"),
}
KEEP_CONSENT = scoped_upsert(
    _ROW,
    ("account_id", "application_id"),
    {
        "id": bindparam("consent_id"),
        "account_id": bindparam("account"),
        "application_id": bindparam("application"),
        "created_at": bindparam("now"),
    }
    | _KEEP,
    _KEEP,
)
CONSENTS_OF_ACCOUNT = scoped(
    select(_ROW.c.id, _ROW.c.application_id, _ROW.c.scopes, _ROW.c.claims, _ROW.c.changed_at, Application.name)
    .join(Application, (Application.tenant_id == _ROW.c.tenant_id) & (Application.id == _ROW.c.application_id))
    .where(_ROW.c.account_id == bindparam("account"))
    .order_by(Application.name, _ROW.c.id)
    .limit(200)
)
_THIS = (
    ApplicationConsent.account_id == bindparam("account"),
    ApplicationConsent.application_id == bindparam("application"),
)
NARROW_CONSENT = scoped(update(ApplicationConsent).where(*_THIS).values(scopes=bindparam("left"), changed_at=bindparam("now")))
WITHDRAW_CONSENT = scoped(delete(ApplicationConsent).where(*_THIS))


def new_consent_id() -> str:
    """For the row that is not there yet."""
    return new_id("cns")
