"""Organizations: parts inside a tenant (affiliates, departments), never a boundary. Each tenant has one root."""

from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped


class Organization(TenantScoped, Base):
    """One node of the tenant's tree. The root has no parent; policy is inherited unless overridden."""

    __tablename__ = "organizations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "parent_id"], ["organizations.tenant_id", "organizations.id"]),
        Index("uq_organizations_key", "tenant_id", "key", unique=True),
    )

    key: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(200))
    parent_id: Mapped[str | None] = mapped_column(String(80))
    policy_overrides: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_file_managed: Mapped[bool] = mapped_column(default=False)


class Contact(TenantScoped, Base):
    """Whom a person can ask for help; one per affiliate (requirements.md, T10)."""

    __tablename__ = "contacts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "organization_id"], ["organizations.tenant_id", "organizations.id"], ondelete="CASCADE"
        ),
    )

    organization_id: Mapped[str] = mapped_column(String(80))
    position: Mapped[int] = mapped_column(default=0)
    label: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(60))
