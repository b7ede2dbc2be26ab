"""Proof of a domain by DNS: what its TXT record has to say, and when it was last seen (RT-05, RT-08)."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped


class DomainChallenge(TenantScoped, Base):
    """The record that one tenant has to publish for one domain. Not secret: it is published."""

    __tablename__ = "domain_challenges"
    __table_args__ = (Index("uq_domain_challenges_name", "tenant_id", "name", unique=True),)

    name: Mapped[str] = mapped_column(String(255))
    token: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    """When the record was last found."""
    missing_since: Mapped[datetime | None]
    """It was found once, and has not been found since then."""
    conflict_at: Mapped[datetime | None]
    """Found, but another tenant has proven the domain: for the operator."""
