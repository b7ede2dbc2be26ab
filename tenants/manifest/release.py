"""Handing a tenant over from its file to the console: what the file managed is managed by nobody but its admins then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from tenants.accounts import Account
from tenants.applications import Application
from tenants.audit import Event, append
from tenants.connections import Connection
from tenants.db import PlatformSession, TenantSession
from tenants.domains import Domain
from tenants.organizations import Organization
from tenants.tenants import Tenant

_MANAGED: tuple[type[Any], ...] = (Organization, Domain, Connection, Application, Account)


@dataclass(frozen=True, slots=True)
class Released:
    """How many objects were handed over, by what they are called."""

    numbers: dict[str, int]


def release(platform: PlatformSession, session: TenantSession, tenant_id: str, now: datetime) -> Released:
    """Hand everything over, in the caller's transaction. Values stay as they are."""
    tenant = platform.scalars(select(Tenant).where(Tenant.id == tenant_id).with_for_update()).one()
    tenant.is_file_managed = False
    numbers = {}
    for model in _MANAGED:
        rows = session.scalars(select(model).where(model.is_file_managed)).all()
        for row in rows:
            row.is_file_managed = False
        numbers[model.__tablename__] = len(rows)
    session.flush()
    detail = {"by": "operator", "path": "tenant", "what": "handed over from its file to the console"}
    append(session, Event.CONFIGURATION_CHANGED, at=now, detail=detail)
    session.touch_configuration()
    return Released(numbers)
