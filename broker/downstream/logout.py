"""Telling applications that a session is over: the half of the seam that sends (tenants/logouts.py has the other).

A channel is a function that tells one application, and raises `NotTold` where that did not work. It runs in the worker,
with an application context and no request. The worker passes on the ends that nobody has passed on yet, and makes the
deliveries that are due; what fails is tried again with growing pauses, for a day.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from broker.downstream.oidc.logout_token import tell_by_back_channel
from broker.downstream.saml.soap import tell_by_soap
from broker.downstream.telling import NotTold
from broker.wiring import Broker
from tenants import audit, logouts
from tenants.audit import Event
from tenants.db import TenantSession
from tenants.logout_leases import BATCH, Leased, ended_sessions, lease
from tenants.logout_reach import BACK_CHANNEL, SAML, SOAP
from tenants.snapshot import ApplicationConfig, TenantConfig

log = structlog.get_logger()

ROUND = timedelta(seconds=10)
"""Mail and all other work waits for the end of a round: after so long nothing more is begun in it."""
AT_ONCE = 2
"""Leased together. A lease runs from there, so that all of them have to end within one, however late they are answered."""

Channel = Callable[[Broker, TenantConfig, ApplicationConfig, Leased], None]

CHANNELS: Mapping[str, Channel] = {
    BACK_CHANNEL: tell_by_back_channel,
    SOAP: tell_by_soap,
    # Of an application that has both ways, once its browser has had its time.
    SAML: tell_by_soap,
}


def work(broker: Broker) -> bool:
    """One round. Says whether more may wait."""
    passed = pass_on_ended(broker)
    return tell(broker) or passed


def pass_on_ended(broker: Broker) -> bool:
    """What ended without a page that passed it on: by an admin, a changed password, a provider, its own time."""
    now = broker.ports.clock.now()
    sessions = ended_sessions(broker.db, now)
    for tenant_id, session_id in sessions:
        with broker.db.tenant(tenant_id).writing() as db:
            logouts.pass_on(db, session_id, now, has_browser=False)
    return bool(sessions)


def tell(broker: Broker) -> bool:
    """Make the deliveries that are due."""
    now = broker.ports.clock.now
    ends_at, count = now() + ROUND, 0
    while count < BATCH and now() < ends_at and (due := lease(broker.db, CHANNELS, now(), AT_ONCE)):
        for delivery in due:
            _tell_one(broker, delivery)
        count += len(due)
    return count > 0


def _tell_one(broker: Broker, delivery: Leased) -> None:
    tenant = broker.snapshots.find_by_id(delivery.tenant_id)
    application = tenant.application_by_id(delivery.application_id) if tenant else None
    try:
        if tenant is None or application is None:
            raise NotTold("the application is gone", is_final=True)
        CHANNELS[delivery.channel](broker, tenant, application, delivery)
    except NotTold as fault:
        _note_fault(broker, delivery, fault)
    except Exception as error:
        # One that can't be told must not hold up the others.
        log.error("logout_broken", delivery=delivery.id, exc_info=error)
        _note_fault(broker, delivery, NotTold(type(error).__name__))
    else:
        now = broker.ports.clock.now()
        # Lost by a power cut, it is told once more, which harms nobody.
        with broker.db.tenant(delivery.tenant_id).writing(is_durable=False) as db:
            logouts.note_confirmed(db, delivery.id, now)


def _note_fault(broker: Broker, delivery: Leased, why: NotTold) -> None:
    """Later again; or given up, which an admin can read."""
    now, fault = broker.ports.clock.now(), str(why)
    tries = 1 if why.goes_on else delivery.tries
    then = None if why.is_final else logouts.next_try(delivery.created_at, tries, now)
    with broker.db.tenant(delivery.tenant_id).writing() as db:
        if then is not None:
            logouts.try_again(db, delivery.id, fault, then)
        elif logouts.note_failed(db, delivery.id, fault, now):
            _audit(db, delivery, fault, now)
    log.warning("logout_not_told", delivery=delivery.id, application=delivery.application_id, fault=fault, tries=delivery.tries)


def _audit(db: TenantSession, delivery: Leased, fault: str, now: datetime) -> None:
    audit.append(
        db,
        Event.LOGOUT_UNFINISHED,
        at=now,
        account_id=delivery.account_id,
        application_id=delivery.application_id,
        detail={"detail": fault, "channel": delivery.channel},
    )
