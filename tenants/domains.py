"""E-mail domains of a tenant: which are let in, which route to a connection."""

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped


class Domain(TenantScoped, Base):
    """One listed domain, `acme.example` or `*.acme.example`. Whether it is proven stands in `domain_proofs`."""

    __tablename__ = "domains"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"]),
        Index("uq_domains_name", "tenant_id", "name", unique=True),
    )

    name: Mapped[str] = mapped_column(String(255))
    is_allowed: Mapped[bool] = mapped_column(default=True)
    connection_id: Mapped[str | None] = mapped_column(String(80))
    is_enforced: Mapped[bool] = mapped_column(default=False)
    is_file_managed: Mapped[bool] = mapped_column(default=False)
