"""Traces: what an identity provider sent at a sign-in that failed, redacted, and how it was judged. Kept for a set time."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, Row, String, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.audit import printable
from tenants.base import Base, TenantScoped
from tenants.db import TenantSession
from tenants.ids import digest, new_secret
from tenants.statements import scoped

SHARE_LIFE = timedelta(days=7)
"""How long a helpdesk's link works."""
REMOVED = "(removed)"
_MAX_NAMES = 100
_MAX_VALUES = 50
_MAX_VALUE = 500
_SHORTEST_SECRET = 6
_SECRET_NAME = re.compile(r"token|secret|passw|assertion|nonce|verifier|cookie|credential|(^|_)(code|key|state|otp|pin)$", re.I)
"""Names of claims whose values are of no use to a reader, and of some to a thief (OP-02)."""
_TOKEN = re.compile(r"eyJ[\w-]{8,}(\.[\w-]*){1,4}|-----BEGIN [A-Z ]*PRIVATE KEY")


class Trace(TenantScoped, Base):
    """One attempt, found by the reference that the person saw."""

    __tablename__ = "traces"
    __table_args__ = (
        Index("ix_traces_reference", "tenant_id", "reference"),
        Index("ix_traces_connection", "tenant_id", "connection_id", "at"),
        Index("uq_traces_share_hash", "tenant_id", "share_hash", unique=True),
        Index("ix_traces_expires_at", "expires_at"),
    )

    reference: Mapped[str] = mapped_column(String(9))
    at: Mapped[datetime]
    connection_id: Mapped[str | None] = mapped_column(String(80))
    connection_version: Mapped[int | None]
    application_id: Mapped[str | None] = mapped_column(String(80))
    account_id: Mapped[str | None] = mapped_column(String(80))
    cause: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(String(500), default="")
    received: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Claims or attributes without one-time values, as `Assertion.raw`."""
    steps: Mapped[list[Any]] = mapped_column(default=list)
    """Reasons in their order: {"code": …, "sentence": …}."""
    expires_at: Mapped[datetime]
    share_hash: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of what a helpdesk's link holds."""
    share_expires_at: Mapped[datetime | None]


ADD_TRACE = scoped(insert(Trace))
TRACES_BY_REFERENCE = scoped(
    select(*Trace.__table__.c).where(Trace.reference == bindparam("reference")).order_by(Trace.at, Trace.id).limit(20)
)
_SHARED_TRACE = scoped(
    select(*Trace.__table__.c).where(
        Trace.share_hash == bindparam("share"),
        Trace.share_expires_at > bindparam("now"),
        Trace.expires_at > bindparam("now"),
    )
)
_SHARE = scoped(
    update(Trace)
    .where(Trace.id == bindparam("trace"))
    .values(share_hash=bindparam("share"), share_expires_at=bindparam("until"))
)


def share(session: TenantSession, trace: Row[Any], now: datetime) -> tuple[str, datetime]:
    """Make the link's secret for a trace, and say until when it works. One that was made before works no longer."""
    token, until = new_secret(), min(now + SHARE_LIFE, trace.expires_at)
    session.run(_SHARE, trace=trace.id, share=digest(token), until=until)
    return token, until


def shared(session: TenantSession, token: str, now: datetime) -> Row[Any] | None:
    """The trace that a link leads to, as long as it works."""
    return session.one(_SHARED_TRACE, share=digest(token), now=now)


def lines_of(received: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was received as names and texts, for a page and a command. Groups and the like are one line each name."""
    return [(name, _text(value)) for name, value in received.items()]


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(one)}" for name, one in value.items())
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)


def redacted(received: Mapping[str, Any], secrets: Iterable[str] = ()) -> dict[str, Any]:
    """What may be kept and shown of what was received: bounded, printable, without what opens anything.

    `secrets` are the values that this very sign-in went by: they go wherever they stand, whatever they are called.
    """
    known = sorted({one for one in secrets if len(one) >= _SHORTEST_SECRET}, key=len, reverse=True)
    return _pairs(received, known)


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """The same for one text."""
    return _clean(text, sorted({one for one in secrets if len(one) >= _SHORTEST_SECRET}, key=len, reverse=True))


def _pairs(values: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    pairs = list(values.items())[:_MAX_NAMES]
    return {
        _clean(str(name), known)[:200]: REMOVED if _SECRET_NAME.search(str(name)) else _value(value, known)
        for name, value in pairs
    }


def _value(value: Any, known: Sequence[str]) -> Any:
    if isinstance(value, Mapping):
        return _pairs(value, known)
    if isinstance(value, list | tuple):
        return [_value(one, known) for one in list(value)[:_MAX_VALUES]]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _clean(str(value), known)


def _clean(text: str, known: Sequence[str]) -> str:
    for secret in known:
        text = text.replace(secret, REMOVED)
    return printable(_TOKEN.sub(REMOVED, text))[:_MAX_VALUE]
