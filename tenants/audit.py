"""The audit log: a closed list of events, appended and never changed.

The database itself refuses UPDATE and DELETE on the table (triggers, on both databases), but for the one that gives an
event its number and its seal. What got past them shows in the chain (tenants/chains.py).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Integer, String, bindparam, column, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped, partly
from tenants.chains import ChainState, Sealed, content_of
from tenants.db import TenantSession
from tenants.ids import new_id
from tenants.statements import scoped

_TEXT_LIMIT = 500


class Event(StrEnum):
    """What happened. An event enters the list together with its first writer."""

    LOGIN_SUCCEEDED = "login.succeeded"
    LOGIN_REFUSED = "login.refused"
    LOGIN_ABANDONED = "login.abandoned"
    ACCESS_REFUSED = "access.refused"
    SIGNED_OUT = "session.ended"
    LOGOUT_REFUSED = "logout.refused"
    LOGOUT_UNFINISHED = "logout.unfinished"
    APPLICATION_ASSIGNED = "application.assigned"
    APPLICATION_OPENED = "application.opened"
    APPLICATION_UNASSIGNED = "application.unassigned"
    APPLICATION_CONSENTED = "application.consented"
    APPLICATION_DECLINED = "application.declined"
    APPLICATION_CONSENT_WITHDRAWN = "application.consent_withdrawn"
    GRANT_REUSED = "grant.reused"
    GRANT_REVOKED = "grant.revoked"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_ACTIVATED = "account.activated"
    ACCOUNT_REMOVED = "account.removed"
    PEOPLE_EXPORTED = "account.exported"
    PEOPLE_IMPORTED = "account.imported"
    ACCOUNT_WARNED = "account.warned"
    FACTORS_RESET = "factors.reset"
    INVITATION_MADE = "invitation.made"
    CODE_SENT = "code.sent"
    CODE_USED = "code.used"
    CODE_WRONG = "code.wrong"
    PASSWORD_COMPROMISED = "password.compromised"
    BREACH_CHECK_UNAVAILABLE = "password.breach_check.unavailable"
    IDENTITY_LINKED = "identity.linked"
    IDENTITY_CONFLICT = "identity.conflict"
    CONFIGURATION_CHANGED = "configuration.changed"
    CONFIGURATION_REMOVED = "configuration.removed"
    CONSENT_PROVEN = "consent.proven"
    DIRECTORY_ADDED = "directory.added"
    DIRECTORY_REMOVED = "directory.removed"
    SETUP_LINK_MADE = "setup_link.made"
    SETUP_LINK_OPENED = "setup_link.opened"
    SETUP_LINK_REVOKED = "setup_link.revoked"
    CONNECTION_TESTED = "connection.tested"
    KEYS_PROPOSED = "connection.keys.proposed"
    KEYS_REJECTED = "connection.keys.rejected"
    METADATA_TAKEN = "connection.metadata.taken"
    SIGNING_KEY_CHANGED = "signing_key.changed"
    DOMAIN_PROVEN = "domain.proven"
    DOMAIN_CONFLICT = "domain.conflict"
    DOMAIN_PROOF_MISSING = "domain.proof_missing"
    DOMAIN_PROOF_FOUND = "domain.proof_found"
    DOMAIN_PROOF_LOST = "domain.proof_lost"
    DOMAIN_RELEASED = "domain.released"
    MOVE_BEGUN = "move.begun"
    MOVE_MAPPED = "move.mapped"
    MOVE_CUT_OVER = "move.cut_over"
    MOVE_UNDONE = "move.undone"
    MOVE_FINISHED = "move.finished"
    CREDENTIAL_CHANGED = "credential.changed"
    DOOR_CHANGED = "door.changed"
    DOOR_GRANTED = "door.granted"
    DOOR_REVOKED = "door.revoked"
    DOOR_SET_UP = "door.set_up"
    DOOR_ENTERED = "door.entered"
    DOOR_REFUSED = "door.refused"
    THROTTLED = "attack.throttled"
    SPRAYED = "attack.spray"
    PASSKEY_CLONE = "passkey.clone"
    SUPPORT_GRANTED = "support.granted"
    SUPPORT_REVOKED = "support.revoked"
    SUPPORT_ENTERED = "support.entered"
    SUPPORT_VIEWED = "support.viewed"
    SUPPORT_LEFT = "support.left"
    TRACE_SHARED = "trace.shared"
    LOG_BROKEN = "audit.broken"
    LOG_EXPORTED = "audit.exported"
    BROKEN = "broker.failed"


LOOKED_UP = {"cause": "cause", "connection": "connection_id", "application": "application_id", "address": "address"}
"""What the log's page finds events by, besides person, kind and reference: name of the index → column."""


class AuditEvent(Sealed, TenantScoped, Base):
    """One event of one tenant. `reference` is what the person saw on the page."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_at", "tenant_id", "at", "id"),
        Index("ix_audit_events_reference", "tenant_id", "reference"),
        # For what a person, or an admin, reads about one account.
        Index("ix_audit_events_account", "tenant_id", "account_id", "at", "id"),
        # For the log's own page, which finds by one of these and goes back in time.
        Index("ix_audit_events_event", "tenant_id", "event", "at", "id"),
        *(
            Index(f"ix_audit_events_{name}", "tenant_id", field, "at", "id", **partly(column(field).is_not(None)))
            for name, field in LOOKED_UP.items()
        ),
        # For the chain (tenants/sealing.py).
        Index("ix_audit_events_unsealed", "tenant_id", "at", "id", **partly(column("seal").is_(None))),
        Index("uq_audit_events_number", "tenant_id", "number", unique=True),
    )

    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(40))
    cause: Mapped[str | None] = mapped_column(String(40))
    reference: Mapped[str | None] = mapped_column(String(9))
    account_id: Mapped[str | None] = mapped_column(String(80))
    connection_id: Mapped[str | None] = mapped_column(String(80))
    application_id: Mapped[str | None] = mapped_column(String(80))
    address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(300))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class AuditChain(ChainState, TenantScoped, Base):
    """The chain of one tenant's log. One row."""

    __tablename__ = "audit_chains"
    __table_args__ = (Index("ix_audit_chains_broken", "tenant_id", **partly(column("broken_at").is_not(None))),)


_APPEND = scoped(insert(AuditEvent))
EVENTS_BY_REFERENCE = scoped(
    select(*AuditEvent.__table__.c)
    .where(AuditEvent.reference == bindparam("reference"))
    .order_by(AuditEvent.at, AuditEvent.id)
    .limit(100)
)
LATEST_EVENTS = scoped(
    select(*AuditEvent.__table__.c)
    .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    .limit(bindparam("count", type_=Integer))
)
"""The newest of the tenant, by the index that the log has for it."""
UNSEALED_EVENTS = scoped(
    select(*AuditEvent.__table__.c)
    .where(AuditEvent.seal.is_(None))
    .order_by(AuditEvent.at, AuditEvent.id)
    .limit(bindparam("count", type_=Integer))
)
SEAL_EVENT = scoped(
    update(AuditEvent)
    .where(AuditEvent.id == bindparam("entry"))
    .values(number=bindparam("its_number"), seal=bindparam("its_seal"))
)
"""Both for the chain (tenants/sealing.py)."""


def append(
    session: TenantSession,
    event: Event,
    *,
    at: datetime,
    cause: str | None = None,
    reference: str | None = None,
    account_id: str | None = None,
    connection_id: str | None = None,
    application_id: str | None = None,
    address: str | None = None,
    user_agent: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Append one event within the session's transaction. Values of `detail` are kept as short printable text."""
    told = {
        "cause": cause,
        "reference": reference,
        "account_id": account_id,
        "connection_id": connection_id,
        "application_id": application_id,
        "address": address,
        "user_agent": printable(user_agent)[:300] if user_agent else None,
    }
    session.run(_APPEND, **_signed(session, event, at, detail or {}, told))


def append_each(
    session: TenantSession, event: Event, about: Iterable[tuple[str, Mapping[str, object]]], *, at: datetime
) -> None:
    """The same event for many accounts, each with its detail, in one go."""
    nothing = dict.fromkeys(("cause", "reference", "connection_id", "application_id", "address", "user_agent"))
    rows = (_signed(session, event, at, detail, nothing | {"account_id": account_id}) for account_id, detail in about)
    session.run_each(_APPEND, list(rows))


def _signed(
    session: TenantSession, event: Event, at: datetime, detail: Mapping[str, object], told: Mapping[str, str | None]
) -> dict[str, Any]:
    kept = {key: printable(value) for key, value in detail.items() if value is not None and value != ""}
    values = {"id": new_id("aud"), "at": at, "event": event.value, **told, "detail": kept}
    return values | {"signature": session.sign(content_of(values | {"tenant_id": session.tenant_id}))}


def printable(value: object) -> str:
    """One line of text without control characters, cut to 500: nothing in it can forge a log line or a terminal."""
    text = value if isinstance(value, str) else str(value)
    cleaned = text[: _TEXT_LIMIT + 1]
    if not cleaned.isprintable():
        cleaned = "".join(letter if letter.isprintable() else " " for letter in cleaned)
    return cleaned if len(cleaned) <= _TEXT_LIMIT else cleaned[: _TEXT_LIMIT - 1] + "…"
