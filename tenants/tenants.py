"""Tenants, the hosts they are reached at, and what the platform itself remembers."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, bindparam, column, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped, partly
from tenants.chains import ChainState, Sealed
from tenants.ids import new_secret
from tenants.statements import platform


class TenantStatus(StrEnum):
    """Whether anybody may enter."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"
    """Gone for everybody, and can be taken back."""
    ERASING = "erasing"
    """Its rows are being removed."""


IS_THERE = frozenset({TenantStatus.ACTIVE, TenantStatus.SUSPENDED})
"""Tenants that anybody but an operator can know of."""


class Tenant(Base):
    """One customer: the isolation boundary. A platform table, read on every request through the cache."""

    __tablename__ = "tenants"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(20), default=TenantStatus.ACTIVE.value)
    canonical_host: Mapped[str | None] = mapped_column(String(255))
    """The host whose address fixes issuer, cookies and mail links; None: the path form `/t/<slug>` is canonical."""
    config_version: Mapped[int] = mapped_column(default=1)
    is_file_managed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    erase_at: Mapped[datetime | None]
    """When a deleted tenant goes for good."""


class TenantHost(Base):
    """A host name that leads to a tenant."""

    __tablename__ = "tenant_hosts"

    host: Mapped[str] = mapped_column(String(255), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(40), ForeignKey("tenants.id", ondelete="CASCADE"), index=True)


class DomainProof(Base):
    """Who has proven an e-mail domain: at most one tenant in the whole installation (requirements.md, T4)."""

    __tablename__ = "domain_proofs"

    domain: Mapped[str] = mapped_column(String(255), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(40), ForeignKey("tenants.id", ondelete="CASCADE"), index=True)
    method: Mapped[str] = mapped_column(String(20))
    proven_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    """The record that proved it has not been found since then (RT-08)."""


class PlatformEvent(Sealed, Base):
    """What an operator did, or why the product itself worked across tenants (tenants/platform_log.py)."""

    __tablename__ = "platform_events"
    __table_args__ = (
        Index("ix_platform_events_unsealed", "at", **partly(column("seal").is_(None))),
        Index("ix_platform_events_number", "number", unique=True),
        # What operators read: what was done, without the product's own work.
        Index("ix_platform_events_deeds", "at", "id", **partly(column("event").is_not(None))),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(String(500))
    event: Mapped[str | None] = mapped_column(String(40))
    """None: the product's own work, for `reason`."""
    operator_id: Mapped[str | None] = mapped_column(String(40))
    tenant_id: Mapped[str | None] = mapped_column(String(40))
    """The tenant that it was about; it may be gone by now."""
    address: Mapped[str | None] = mapped_column(String(45))
    detail: Mapped[dict[str, Any] | None]


class PlatformChain(ChainState, Base):
    """The chain of the platform's own events. One row."""

    __tablename__ = "platform_chains"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)


class TenantSettings(TenantScoped, Base):
    """What a tenant's admins set for the whole tenant: policy and branding. One row, id `settings`."""

    __tablename__ = "tenant_settings"

    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    colour: Mapped[str | None] = mapped_column(String(7))
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    logo_type: Mapped[str | None] = mapped_column(String(40))
    mail_logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A PNG, as mail programs show nothing else; not needed where `logo` is one."""
    wording: Mapped[dict[str, Any] | None]
    """The tenant's own sentence for each mail: message → text, or message → language → text."""
    languages: Mapped[list[str] | None]
    """What it offers, in this order; None: all there are."""
    language: Mapped[str | None] = mapped_column(String(35))
    """Its default; None: see tenants/languages.py."""
    texts: Mapped[dict[str, Any] | None]
    """Its own texts on pages, by name as `wording` has them by message."""
    pairwise_salt: Mapped[str | None] = mapped_column(String(43), default=new_secret)
    """Random and never changed: pairwise subjects hang on it. No secret against who reads this database."""


_TENANT = (
    Tenant.id,
    Tenant.slug,
    Tenant.name,
    Tenant.status,
    Tenant.canonical_host,
    Tenant.config_version,
    Tenant.is_file_managed,
)
_IS_THERE = or_(*(Tenant.status == status.value for status in sorted(IS_THERE)))
TENANT_BY_SLUG = platform(select(*_TENANT).where(Tenant.slug == bindparam("slug"), _IS_THERE))
TENANT_BY_ID = platform(select(*_TENANT).where(Tenant.id == bindparam("tenant_id"), _IS_THERE))
TENANT_BY_HOST = platform(
    select(*_TENANT).join(TenantHost, TenantHost.tenant_id == Tenant.id).where(TenantHost.host == bindparam("host"), _IS_THERE)
)
TENANT_COUNT_WITHOUT_HOST = platform(select(Tenant.id).where(Tenant.canonical_host.is_(None), _IS_THERE).limit(2))
ALL_TENANTS = platform(select(*_TENANT).where(_IS_THERE).order_by(Tenant.slug))
KEPT_TENANTS = platform(select(*_TENANT).where(Tenant.status != TenantStatus.ERASING).order_by(Tenant.slug))
"""With those that could be taken back."""
PROOFS_OF_TENANT = platform(select(DomainProof.domain).where(DomainProof.tenant_id == bindparam("tenant_id")))
