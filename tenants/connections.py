"""Connections: the upstream ways in that a tenant has configured."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.statements import scoped

RESERVED_KEYS = frozenset({"door", "idp", "local"})
"""`idp` names our own SAML identity provider in URLs; `local` and `door` are ways in that are no connections."""
BEING_SAVED = "being_saved"
"""In the context of validation: a rule for new options only, as what is stored already has to go on working."""


class Provisioning(StrEnum):
    """Who may enter by a connection (requirements.md, U6)."""

    EXISTING = "existing"
    INVITED = "invited"
    """Accounts that were invited by this very address, which is proven; nobody is created."""
    JUST_IN_TIME = "just_in_time"


class Linking(StrEnum):
    """What happens when an account with the same address exists (requirements.md, U6)."""

    NEVER = "never"
    ASK = "ask"
    """Its owner proves it once; then both ways work."""
    PROVEN = "proven"
    """Linked without asking where the domain's owner vouches for the address."""


class NetworkMode(StrEnum):
    """What the networks of a connection are for (requirements.md, T6)."""

    ONLY = "only"
    FIRST = "first"


class Connection(TenantScoped, Base):
    """A configured upstream. `options` are the kind's own, typed in `broker/upstream/<kind>.py`; secrets stand apart."""

    __tablename__ = "connections"
    __table_args__ = (Index("uq_connections_key", "tenant_id", "key", unique=True),)

    key: Mapped[str] = mapped_column(String(63))
    kind: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(String(200), default="")
    icon: Mapped[str] = mapped_column(String(40), default="")
    position: Mapped[int] = mapped_column(default=0)
    is_enabled: Mapped[bool] = mapped_column(default=True)
    is_shown: Mapped[bool] = mapped_column(default=True)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secrets_sealed: Mapped[str | None]
    provisioning: Mapped[str] = mapped_column(String(20), default=Provisioning.EXISTING.value)
    linking: Mapped[str] = mapped_column(String(20), default=Linking.ASK.value)
    networks: Mapped[list[str]] = mapped_column(default=list)
    network_mode: Mapped[str] = mapped_column(String(10), default=NetworkMode.ONLY.value)
    """`only`: usable from the networks and nowhere else. `first`: usable from everywhere, offered first inside them."""
    group_rules: Mapped[list[Any]] = mapped_column(default=list, nullable=True)
    """What becomes of the groups that arrive; how they are read stands in tenants/group_rules.py."""
    factor_values: Mapped[list[str]] = mapped_column(default=lambda: ["mfa"], nullable=True)
    """Which `amr`, `acr` or authentication context of the provider counts as a second factor (SF-12)."""
    acr_values: Mapped[str | None] = mapped_column(String(500))
    """What is asked of the provider at each sign-in, and checked on return."""
    secret_expires_at: Mapped[datetime | None]
    """When the client secret ends, as the admin was told; for the warning before."""
    version: Mapped[int] = mapped_column(default=1)
    is_file_managed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


CONNECTION_STATE = scoped(
    select(Connection.id, Connection.is_enabled, Connection.version).where(Connection.id == bindparam("connection_id"))
)
"""Read on every start and return: a connection that was switched off must not wait for a cache."""
CONNECTION_HELD = scoped(
    select(Connection.id, Connection.is_enabled, Connection.version)
    .where(Connection.id == bindparam("connection_id"))
    .with_for_update(read=True)
)
"""The same, as it stays until the transaction ends: what is written by its rules is not overtaken by a change of them."""
