"""What of a tenant's connections runs out when, and the nightly mails about it (tenants/endings.py decides)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, select

from broker.daily import Daily
from broker.upstream import KINDS
from broker.upstream.kind import Certified
from broker.wiring import Broker
from tenants.applications import Application
from tenants.causes import BrokerError
from tenants.endings import (
    CONNECTIONS,
    JOB,
    Ending,
    Thing,
    fetched_document,
    of_certificates,
    of_client_certificate,
    of_own_certificates,
    of_secret,
    warn,
)
from tenants.saml_applications import SAML_KIND
from tenants.tenants import ALL_TENANTS, TenantStatus

log = structlog.get_logger()


def endings_of(broker: Broker, tenant_id: str) -> list[Ending]:
    """Everything of its connections that has an end, the next one first."""
    with broker.db.tenant(tenant_id).reading() as session:
        connections = session.all(CONNECTIONS)
        certified = [one for one in connections if isinstance(KINDS.get(one.kind), Certified)]
        documents = {one.id: fetched_document(session, one.id) for one in certified}
        own = [Thing.OWN_CERTIFICATE] if certified else []
        if session.scalars(select(Application.id).where(Application.kind == SAML_KIND).limit(1)).first():
            own.append(Thing.APPLICATIONS_CERTIFICATE)
        found = of_own_certificates(session, own)
    for connection in connections:
        found += [*of_secret(connection), *_certificates(connection, documents.get(connection.id))]
    return sorted(found, key=lambda one: (one.ends_at, one.connection, one.name))


def daily_warnings() -> Daily:
    """The work of once a day."""
    return Daily(JOB, warnings)


def warnings(broker: Broker, now: datetime) -> Iterator[str]:
    """Tenant after tenant. One's failure is logged, and the others go on; a suspended one gets no mail."""
    for tenant in broker.db.look_up(ALL_TENANTS):
        if tenant.status == TenantStatus.ACTIVE:
            try:
                warn(broker.db, broker.vault, tenant.id, endings_of(broker, tenant.id), now)
            except Exception as error:
                log.error("endings_failed", tenant=tenant.slug, exc_info=error)
            yield tenant.slug


def _certificates(connection: Row[Any], document: str | None) -> list[Ending]:
    """None where its options don't fit this version: the connection test says so."""
    kind = KINDS.get(connection.kind)
    try:
        found = of_client_certificate(connection)
        if isinstance(kind, Certified):
            options = kind.options_type.model_validate(connection.options)
            found += of_certificates(connection, kind.certificates(options, document))
        return found
    except (ValueError, BrokerError) as error:
        log.warning("endings_unread", connection=connection.id, error=type(error).__name__)
        return []
