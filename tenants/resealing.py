"""Sealing everything that is stored sealed with the newest master key, so that an older one can be given up."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from tenants import models
from tenants.base import Base, TenantScoped
from tenants.db import Database, TenantDatabase
from tenants.tenants import KEPT_TENANTS
from tenants.vault import PLATFORM, Place, Vault, VaultError

_AT_ONCE = 100
_SUFFIX = "_sealed"

Column = tuple[type[TenantScoped], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Resealed:
    """What was done: how many values were sealed anew, and the places of those that no key opens."""

    count: int
    lost: tuple[str, ...]


def sealed_columns() -> list[Column]:
    """Every class with sealed columns, and their names (design.md, section 4: they end in `_sealed`)."""
    found: list[Column] = []
    for model in models.TENANT_CLASSES:
        names = _sealed_names(model)
        if names:
            found.append((model, names))
    return found


def _sealed_names(model: type[Base]) -> tuple[str, ...]:
    return tuple(sorted(column.name for column in model.__table__.columns if column.name.endswith(_SUFFIX)))


def reseal(db: Database, vault: Vault) -> Resealed:
    """Go through every tenant in small batches. Safe beside a running product, and to be run again."""
    count, lost = _reseal_platform(db, vault)
    for tenant in db.look_up(KEPT_TENANTS):
        for model, names in sealed_columns():
            for done, failed in _batches(db.tenant(tenant.id), vault, model, names):
                count += done
                lost += [f"{tenant.slug}: {place}" for place in failed]
    return Resealed(count, tuple(lost))


def _reseal_platform(db: Database, vault: Vault) -> tuple[int, list[str]]:
    """What belongs to no tenant: a few rows."""
    count, lost = 0, []
    for model in models.PLATFORM_CLASSES:
        names = _sealed_names(model)
        if not names:
            continue
        with db.own_tables() as session:
            for row in session.scalars(select(model).with_for_update()):
                for name in names:
                    outcome = _reseal(row, name, vault)
                    count += outcome is True
                    lost += [f"platform: {row.__tablename__}.{name}"] if outcome is None else []
    return count, lost


def _batches(
    database: TenantDatabase, vault: Vault, model: type[TenantScoped], names: tuple[str, ...]
) -> Iterator[tuple[int, list[str]]]:
    """One write transaction for each batch, by id from the smallest on."""
    after = ""
    while True:
        with database.writing() as session:
            filled = or_(*(getattr(model, name).is_not(None) for name in names))
            batch = select(model).where(filled, model.id > after).order_by(model.id).limit(_AT_ONCE).with_for_update()
            rows = session.scalars(batch).all()
            done, failed = 0, []
            for row in rows:
                for name in names:
                    outcome = _reseal(row, name, vault)
                    done += outcome is True
                    failed += [f"{row.__tablename__}.{name} {row.id}"] if outcome is None else []  # type: ignore[attr-defined]
        yield done, failed
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1].id


def _reseal(row: Any, name: str, vault: Vault) -> bool | None:
    """True: sealed anew. False: it was already, or there is nothing. None: no key opens it."""
    sealed: str | None = getattr(row, name)
    if sealed is None or vault.is_current(sealed):
        return False
    tenant_id = row.tenant_id if isinstance(row, TenantScoped) else PLATFORM
    place = Place(tenant_id, str(type(row).__tablename__), name, row.id)
    try:
        setattr(row, name, vault.seal(vault.open(sealed, place), place))
    except VaultError:
        return None
    return True
