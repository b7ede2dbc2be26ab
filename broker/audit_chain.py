"""The chain of the logs as the worker keeps it: sealing what is new, and a look at a part of what was sealed, once a day."""

from collections.abc import Iterator
from datetime import datetime
from time import monotonic

import structlog
from sqlalchemy.exc import IntegrityError

from broker.daily import SLICE_SECONDS, Daily
from broker.wiring import Broker
from tenants.audit import AuditChain, AuditEvent, Event, append
from tenants.chains import Fault
from tenants.platform_log import Deed, note_deed
from tenants.sealing import BATCH, ChainBroken, Log, check_part, head_of, seal_batch
from tenants.tenants import KEPT_TENANTS, PlatformChain
from tenants.vault import PLATFORM

log = structlog.get_logger()

CHECKED_A_DAY = 2000
"""Entries of each log that are looked at again each day; after the last one it begins anew."""
_TENANTS_AT_ONCE = 100


class Sealer:
    """Seals what is new, a batch of each log a round. A log that can't be sealed is told of once, and holds up no other."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def work(self, broker: Broker) -> bool:
        """One round. Says whether there is more."""
        pause_at = monotonic() + SLICE_SECONDS
        waiting = broker.db.tenants_with(AuditEvent, AuditEvent.seal.is_(None), _TENANTS_AT_ONCE)
        sealed = [self._seal(broker, tenant_id) for tenant_id in (None, *waiting) if monotonic() < pause_at]
        return max(sealed) == BATCH or len(sealed) <= len(waiting)

    def _seal(self, broker: Broker, tenant_id: str | None) -> int:
        try:
            return seal_batch(Log(broker.db, broker.vault, tenant_id))
        except (ChainBroken, IntegrityError) as fault:
            # IntegrityError: the next number is taken; or another process began the same chain, which the next round finds.
            name = tenant_id or PLATFORM
            if isinstance(fault, ChainBroken) and name not in self._told:
                self._told.add(name)
                log.error("audit_chain_broken", tenant=name, detail=str(fault))
            return 0


def daily_chain_checks() -> Daily:
    """The look at all logs, a part of each."""
    return Daily("audit", _checks)


def _checks(broker: Broker, now: datetime) -> Iterator[object]:
    for tenant_id in (None, *(tenant.id for tenant in broker.db.look_up(KEPT_TENANTS))):
        which = Log(broker.db, broker.vault, tenant_id)
        fault, is_new = check_part(which, now, CHECKED_A_DAY)
        if fault is not None:
            alarm(broker, tenant_id, fault, now, is_new=is_new)
        elif head := head_of(which):
            # Kept outside of the database, as logs are, it shows when the end was cut off: `broker audit verify --head`.
            log.info("audit_chain_head", tenant=tenant_id or PLATFORM, head=f"{head[0]}:{head[1]}")
        yield tenant_id


def alarm(broker: Broker, tenant_id: str | None, fault: Fault, now: datetime, *, is_new: bool) -> None:
    """Say it in the log of the process, each time; and in the tenant's and the platform's, once."""
    log.error("audit_chain_broken", tenant=tenant_id or PLATFORM, detail=str(fault))
    if not is_new:
        return
    said = {"detail": str(fault)}
    if tenant_id is not None:
        with broker.db.tenant(tenant_id).writing() as session:
            append(session, Event.LOG_BROKEN, at=now, detail=said)
    with broker.db.own_tables() as own:
        note_deed(own, broker.vault, Deed.LOG_BROKEN, now, tenant_id=tenant_id, detail=said)


def is_chain_broken(broker: Broker) -> bool:
    """Is anything noted as tampered with?"""
    return broker.db.has_row(AuditChain, AuditChain.broken_at.is_not(None)) or broker.db.has_row(
        PlatformChain, PlatformChain.broken_at.is_not(None)
    )
