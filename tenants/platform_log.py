"""The platform's own log: what operators did, a closed list, and why the product itself worked across tenants."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from tenants.chains import content_of
from tenants.ids import new_id
from tenants.tenants import PlatformEvent
from tenants.vault import Vault

_TEXT = 300


class Deed(StrEnum):
    """What was done. A deed enters the list together with its first writer."""

    LOG_BROKEN = "audit.broken"
    OPERATOR_INVITED = "operator.invited"
    OPERATOR_SET_UP = "operator.set_up"
    OPERATOR_SIGNED_IN = "operator.signed_in"
    OPERATOR_REFUSED = "operator.refused"
    OPERATOR_SIGNED_OUT = "operator.signed_out"
    OPERATOR_DISABLED = "operator.disabled"
    OPERATOR_ENABLED = "operator.enabled"
    TENANT_CREATED = "tenant.created"
    TENANT_LINK_MADE = "tenant.link_made"
    TENANT_LOOKED_INTO = "tenant.looked_into"
    TENANT_SUSPENDED = "tenant.suspended"
    TENANT_RESUMED = "tenant.resumed"
    TENANT_DELETED = "tenant.deleted"
    TENANT_TAKEN_BACK = "tenant.taken_back"
    TENANT_ERASED = "tenant.erased"


class Takes(Protocol):
    """A session across tenants, or on the platform's own tables."""

    def add(self, instance: object) -> None:
        """Write this row with what else the session does."""


def note_work(session: Takes, vault: Vault | None, reason: str, at: datetime) -> None:
    """The product works across tenants, and says why."""
    _add(session, vault, {"at": at, "reason": reason[:500]})


def note_deed(
    session: Takes,
    vault: Vault | None,
    deed: Deed,
    at: datetime,
    *,
    operator_id: str | None = None,
    tenant_id: str | None = None,
    address: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Somebody did something, or something happened that an operator has to know. No secret in `detail`."""
    said = {name: _line(value) for name, value in (detail or {}).items() if value not in (None, "")}
    _add(
        session,
        vault,
        {
            "at": at,
            "reason": deed.value,
            "event": deed.value,
            "operator_id": operator_id,
            "tenant_id": tenant_id,
            "address": address,
            "detail": said or None,
        },
    )


def _add(session: Takes, vault: Vault | None, values: dict[str, object]) -> None:
    entry = {"id": new_id("evt")} | values
    session.add(PlatformEvent(**entry, signature=vault.sign(content_of(entry)) if vault else None))


def _line(value: object) -> str:
    """One printable line (IN-04)."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value)[:_TEXT])
