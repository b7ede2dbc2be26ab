"""Keys of a tenant, made when the tenant is made: one RS256 and one ES256 for tokens, one RSA for SAML."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.vault import Place


class KeyState(StrEnum):
    """`active` signs and is published; `published` is in the key set only; `retired` is in neither."""

    ACTIVE = "active"
    PUBLISHED = "published"
    RETIRED = "retired"


class SigningKey(TenantScoped, Base):
    """One key pair; `id` is its `kid`. The private half is sealed."""

    __tablename__ = "signing_keys"
    __table_args__ = (Index("ix_signing_keys_state", "tenant_id", "state"),)

    algorithm: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(20), default=KeyState.ACTIVE.value)
    public_jwk: Mapped[dict[str, Any]]
    private_sealed: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    """When its state last changed; None: never."""


def place_of_private(tenant_id: str, kid: str) -> Place:
    """Where the private half of a key stands: what its seal is bound to."""
    return Place(tenant_id, "signing_keys", "private_sealed", kid)
