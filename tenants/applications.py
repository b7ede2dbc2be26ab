"""Applications: the OpenID Connect clients and SAML service providers of a tenant, and who may use them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String, bindparam, false, select, true
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.statements import scoped


class ClientAuth(StrEnum):
    """How a client proves itself at the token endpoint (OpenID Connect Core, section 9)."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    JWT = "private_key_jwt"
    NONE = "none"


class GrantType(StrEnum):
    """What a client may trade for tokens (RFC 6749, 1.3)."""

    CODE = "authorization_code"
    REFRESH = "refresh_token"
    CLIENT = "client_credentials"


class SubjectType(StrEnum):
    """Whether every application knows a person by the same `sub` (OpenID Connect Core, section 8)."""

    PUBLIC = "public"
    PAIRWISE = "pairwise"


class Application(TenantScoped, Base):
    """A relying party. Secrets are random and stored as SHA-256; return addresses are compared character by character."""

    __tablename__ = "applications"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "organization_id"], ["organizations.tenant_id", "organizations.id"]),
        Index("uq_applications_key", "tenant_id", "key", unique=True),
        Index("uq_applications_entity_id", "tenant_id", "entity_id", unique=True),
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
    is_assigned_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether it is for those only who are named: by a group, an organization, or as a person (tenants/assignments.py)."""
    required_groups: Mapped[list[str]] = mapped_column(default=list)
    """Groups whose people may enter, where it is for those only who are named."""
    assigned_organizations: Mapped[list[str]] = mapped_column(default=list, nullable=True)
    """Ids of organizations whose people may enter, those of their parts among them."""
    is_factor_demanded: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A second factor is asked for, whatever the way in (requirements.md, R5)."""
    grant_types: Mapped[list[str] | None]
    """None: a code, and refresh tokens with it."""
    response_modes: Mapped[list[str] | None]
    """None or empty: all that there are."""
    scopes: Mapped[list[str] | None]
    """Which it may ask for, words of its own among them; None or empty: the usual ones."""
    claims: Mapped[list[Any] | None]
    """What it is told beside the usual claims (tenants/claim_rules.py)."""
    jwks: Mapped[dict[str, Any] | None]
    """The public keys that it proves itself with, or where they are to be fetched:"""
    jwks_uri: Mapped[str | None] = mapped_column(String(1000))
    userinfo_alg: Mapped[str | None] = mapped_column(String(10))
    """None: UserInfo answers in plain JSON."""
    subject_type: Mapped[str] = mapped_column(String(10), default=SubjectType.PUBLIC.value, server_default="public")
    sector: Mapped[str | None] = mapped_column(String(255))
    """Applications of one sector know a person by the same pairwise `sub`; None: the host of its return address."""
    is_third_party: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Not the organization's own: people are asked before it is told about them (OD-17)."""
    is_par_required: Mapped[bool] = mapped_column(default=False, server_default=false())
    backchannel_logout_uri: Mapped[str | None] = mapped_column(String(1000))
    is_logout_session_required: Mapped[bool] = mapped_column(default=True, server_default=true())
    cors_origins: Mapped[list[str] | None]
    sign_in_minutes: Mapped[int | None]
    """How long ago a sign-in may be; None: as long as the session lasts."""
    session_minutes: Mapped[int | None]
    """How long its tokens can be renewed; None: as long as the session lasts."""
    access_token_minutes: Mapped[int | None]
    id_token_minutes: Mapped[int | None]
    offline_days: Mapped[int | None]
    icon: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A PNG for its tile."""
    icon_version: Mapped[str | None] = mapped_column(String(16))
    is_file_managed: Mapped[bool] = mapped_column(default=False)
    entity_id: Mapped[str | None] = mapped_column(String(256))
    """Of a SAML service provider; None: it is an OpenID Connect client."""
    saml: Mapped[dict[str, Any] | None]
    """What a service provider is beside the columns that all applications have (tenants/saml_applications.py)."""
    created_at: Mapped[datetime]


APPLICATION_ICON = scoped(select(Application.icon).where(Application.id == bindparam("application")))
