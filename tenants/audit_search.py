"""Finding entries of the audit log: by what they are about, from the newest back. Bounded reads, by its indexes."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select

from tenants.accounts import Account
from tenants.audit import AuditEvent
from tenants.db import TenantSession
from tenants.traces import Trace

EXACT = ("event", "cause", "reference", "account_id", "connection_id", "application_id", "address")
"""What is compared as a whole."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the log: an entry's time and id."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for; empty fields say nothing."""

    event: str = ""
    cause: str = ""
    reference: str = ""
    account_id: str = ""
    connection_id: str = ""
    application_id: str = ""
    address: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Not itself included."""
    organization_ids: frozenset[str] | None = None
    """Entries about people of these organizations; None: of all, and those that are about nobody."""


def entries(
    session: TenantSession, sought: Sought, count: int, *, older: Mark | None = None, newer: Mark | None = None
) -> list[AuditEvent]:
    """Up to `count` entries, the newest first: the latest, or those next to a mark on its older or newer side."""
    query = _of(sought)
    if newer is not None:
        beside = _beside(newer, is_newer=True)
        query = query.where(beside).order_by(AuditEvent.at, AuditEvent.id)
        return list(reversed(session.scalars(query.limit(count)).all()))
    if older is not None:
        query = query.where(_beside(older, is_newer=False))
    return list(session.scalars(query.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(count)))


def find_entry(session: TenantSession, entry_id: str, organization_ids: frozenset[str] | None) -> AuditEvent | None:
    """One entry, where it may be seen."""
    return session.scalars(_of(Sought(organization_ids=organization_ids)).where(AuditEvent.id == entry_id)).first()


def traces_of(session: TenantSession, reference: str, organization_ids: frozenset[str] | None, now: datetime) -> list[Trace]:
    """What was kept of a sign-in, the newest last."""
    query = select(Trace).where(Trace.reference == reference, Trace.expires_at > now)
    if organization_ids is not None:
        query = query.join(Account, Account.id == Trace.account_id).where(Account.organization_id.in_(organization_ids))
    return list(session.scalars(query.order_by(Trace.at, Trace.id).limit(20)))


def people(session: TenantSession, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Account → name and address, of those that are still there."""
    wanted = sorted({one for one in ids if one})
    if not wanted:
        return {}
    rows = session.execute(select(Account.id, Account.name, Account.email).where(Account.id.in_(wanted)))
    return {row.id: (row.name, row.email) for row in rows}


def _of(sought: Sought) -> Select[AuditEvent]:
    conditions: list[ColumnElement[bool]] = [
        getattr(AuditEvent, name) == getattr(sought, name) for name in EXACT if getattr(sought, name)
    ]
    if sought.since is not None:
        conditions.append(AuditEvent.at >= sought.since)
    if sought.until is not None:
        conditions.append(AuditEvent.at < sought.until)
    query = select(AuditEvent).where(*conditions)
    return query if sought.organization_ids is None else _confined(query, sought.organization_ids)


def _confined(query: Select[AuditEvent], organization_ids: Collection[str]) -> Select[AuditEvent]:
    own = query.join(Account, Account.id == AuditEvent.account_id)
    return own.where(Account.organization_id.in_(organization_ids))


def _beside(mark: Mark, *, is_newer: bool) -> ColumnElement[bool]:
    at, entry = AuditEvent.at, AuditEvent.id
    if is_newer:
        return and_(at >= mark.at, or_(at > mark.at, entry > mark.id))
    return and_(at <= mark.at, or_(at < mark.at, entry < mark.id))


def ids_in(rows: Sequence[AuditEvent]) -> set[str]:
    """Whom these entries are about, and who did it."""
    return {one for row in rows for one in (row.account_id, row.detail.get("by")) if one}
