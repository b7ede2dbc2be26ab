"""What an operator does with a whole tenant: suspend it, resume it, delete it, and what becomes of one that is deleted.

A deleted tenant is gone for everybody at once, and can be taken back until its time is over. Then the worker removes its
rows for good, in small batches, and its names are given to nobody for a while (security.md, TI-04).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, bindparam, delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.db import Database
from tenants.operators import By, note
from tenants.organizations import Organization
from tenants.platform_log import Deed
from tenants.statements import platform
from tenants.tenants import Tenant, TenantHost, TenantStatus

QUARANTINE = timedelta(days=90)
BATCH = 500


class TenantLifeError(ValueError):  # says what happened, as a Refusal does
    """Why something can't be done with a tenant: a sentence."""


class QuarantinedName(Base):
    """The slug or a host of a tenant that is gone: nobody gets it before `until`."""

    __tablename__ = "quarantined_names"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)


QUARANTINED = platform(
    select(QuarantinedName.name, QuarantinedName.until).where(QuarantinedName.name.in_(bindparam("names", expanding=True)))
)
_DUE = platform(
    select(Tenant.id, Tenant.slug)
    .where(
        or_(
            Tenant.status == TenantStatus.ERASING,
            (Tenant.status == TenantStatus.DELETED) & (Tenant.erase_at <= bindparam("now")),
        )
    )
    .order_by(Tenant.erase_at)
    .limit(1)
)


def quarantined(db: Database, names: Iterable[str], now: datetime) -> dict[str, datetime]:
    """Which of these names nobody may have yet, and until when."""
    return {row.name: row.until for row in db.look_up(QUARANTINED, names=sorted(set(names))) if row.until > now}


def slug_name(slug: str) -> str:
    """A slug among the quarantined names: hosts have a dot or are `localhost`, and this a slash."""
    return f"/t/{slug}"


def suspend(db: Database, tenant_id: str, now: datetime, by: By) -> None:
    """Nobody enters, and sessions are dead, until it is resumed."""
    _move(db, tenant_id, {TenantStatus.ACTIVE}, TenantStatus.SUSPENDED, Deed.TENANT_SUSPENDED, now, by)


def resume(db: Database, tenant_id: str, now: datetime, by: By) -> None:
    """As it was."""
    _move(db, tenant_id, {TenantStatus.SUSPENDED}, TenantStatus.ACTIVE, Deed.TENANT_RESUMED, now, by)


def delete_tenant(db: Database, tenant_id: str, erase_at: datetime, now: datetime, by: By) -> None:
    """Gone at once, for good at `erase_at`."""
    before = {TenantStatus.ACTIVE, TenantStatus.SUSPENDED}
    _move(db, tenant_id, before, TenantStatus.DELETED, Deed.TENANT_DELETED, now, by, erase_at)


def take_back(db: Database, tenant_id: str, now: datetime, by: By) -> None:
    """A tenant that was deleted is there again, suspended."""
    _move(db, tenant_id, {TenantStatus.DELETED}, TenantStatus.SUSPENDED, Deed.TENANT_TAKEN_BACK, now, by)


def _move(
    db: Database,
    tenant_id: str,
    before: set[TenantStatus],
    after: TenantStatus,
    deed: Deed,
    now: datetime,
    by: By,
    erase_at: datetime | None = None,
) -> None:
    """From one status to another: a conditional UPDATE, so that of two operators one is told."""
    with db.own_tables() as own:
        row = own.scalars(select(Tenant).where(Tenant.id == tenant_id).with_for_update()).first()
        if row is None or row.status not in before:
            raise TenantLifeError("Somebody else changed this tenant meanwhile. Look at it again.")
        row.status, row.erase_at, row.config_version = after.value, erase_at, row.config_version + 1
        until = erase_at.date().isoformat() if erase_at else ""
        note(own, deed, now, by, tenant=row.slug, name=row.name, until=until)


def erase_some(db: Database, classes: Iterable[type[TenantScoped]], now: datetime) -> bool:
    """Remove one batch of a tenant whose time is over, or what is left of it. Says whether there was one."""
    due = next(iter(db.look_up(_DUE, now=now)), None)
    if due is None:
        return False
    with db.own_tables() as own:
        row = own.get_one(Tenant, due.id, with_for_update=True)
        if row.status == TenantStatus.DELETED and (row.erase_at is None or row.erase_at > now):
            return True
        row.status = TenantStatus.ERASING.value
    for model in _children_first(classes):
        if _erase_batch(db, due.id, model):
            return True
    _erase_tenant(db, due.id, now)
    return True


def _erase_batch(db: Database, tenant_id: str, model: Any) -> int:
    with db.tenant(tenant_id).writing() as session:
        if model is Organization:
            session.execute(update(Organization).values(parent_id=None).execution_options(synchronize_session=False))
        some = select(model.id).limit(BATCH)
        gone = session.execute(delete(model).where(model.id.in_(some)).execution_options(synchronize_session=False))
        return int(gone.rowcount)  # type: ignore[attr-defined]  # of a write there is one


def _erase_tenant(db: Database, tenant_id: str, now: datetime) -> None:
    """The last step: its own row, and its names into quarantine."""
    with db.own_tables() as own:
        row = own.get_one(Tenant, tenant_id, with_for_update=True)
        hosts = set(own.scalars(select(TenantHost.host).where(TenantHost.tenant_id == tenant_id)))
        for name in {slug_name(row.slug), *hosts, *({row.canonical_host} if row.canonical_host else ())}:
            own.merge(QuarantinedName(name=name, until=now + QUARANTINE))
        note(own, Deed.TENANT_ERASED, now, By(), tenant=row.slug)
        own.execute(delete(TenantHost).where(TenantHost.tenant_id == tenant_id))
        own.flush()
        own.delete(row)


def _children_first(classes: Iterable[type[TenantScoped]]) -> list[Any]:
    by_table = {model.__table__: model for model in classes}  # type: ignore[attr-defined]  # each has one
    return [by_table[table] for table in reversed(Base.metadata.sorted_tables) if table in by_table]
