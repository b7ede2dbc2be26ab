"""Applications: the OpenID Connect clients (and later SAML service providers) of a tenant, and who may use them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKeyConstraint, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped


class ClientAuth(StrEnum):
    """How a client proves itself at the token endpoint (OpenID Connect Core, section 9)."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    NONE = "none"


class Application(TenantScoped, Base):
    """A relying party. Secrets are random and stored as SHA-256; return addresses are compared character by character."""

    __tablename__ = "applications"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "organization_id"], ["organizations.tenant_id", "organizations.id"]),
        Index("uq_applications_key", "tenant_id", "key", unique=True),
        Index("uq_applications_client_id", "tenant_id", "client_id", unique=True),
    )

    organization_id: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(63))
    kind: Mapped[str] = mapped_column(String(20), default="oidc")
    name: Mapped[str] = mapped_column(String(200))
    launch_url: Mapped[str | None] = mapped_column(String(1000))
    is_enabled: Mapped[bool] = mapped_column(default=True)
    client_id: Mapped[str] = mapped_column(String(200))
    secret_hash: Mapped[str | None] = mapped_column(String(64))
    client_auth: Mapped[str] = mapped_column(String(30), default=ClientAuth.BASIC.value)
    redirect_uris: Mapped[list[str]] = mapped_column(default=list)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(default=list)
    is_pkce_required: Mapped[bool] = mapped_column(default=True)
    id_token_alg: Mapped[str] = mapped_column(String(10), default="RS256")
    accepted_connections: Mapped[list[str]] = mapped_column(default=list)
    """Keys of the ways in that it accepts (`local` among them); empty: all."""
    required_groups: Mapped[list[str]] = mapped_column(default=list)
    """A person needs one of these to enter; empty: everyone of the tenant."""
    is_factor_demanded: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A second factor is asked for, whatever the way in (requirements.md, R5)."""
    is_file_managed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
