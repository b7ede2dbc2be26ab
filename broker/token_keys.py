"""Token keys move on by themselves: the night's work, tenant after tenant (tenants/token_keys.py decides)."""

from collections.abc import Iterator
from datetime import datetime

import structlog

from broker.daily import Daily
from broker.wiring import Broker
from tenants.db import TenantSession
from tenants.policies import TenantPolicy
from tenants.signing import new_key
from tenants.tenants import ALL_TENANTS, TenantSettings
from tenants.token_keys import RETIRED_AFTER, Step, due_steps, publish_next, retire_before, use_next

log = structlog.get_logger()

JOB = "token_keys"
BY = "time"


def daily_keys() -> Daily:
    """The work of once a day."""
    return Daily(JOB, move_on)


def move_on(broker: Broker, now: datetime) -> Iterator[str]:
    """What is due at each tenant. One's failure is logged, and the others go on."""
    for tenant in broker.db.look_up(ALL_TENANTS):
        try:
            move_on_tenant(broker, tenant.id, now)
        except Exception as error:
            log.error("token_keys_failed", tenant=tenant.slug, exc_info=error)
        yield tenant.slug


def move_on_tenant(broker: Broker, tenant_id: str, now: datetime) -> None:
    """What is due at one tenant."""
    database = broker.db.tenant(tenant_id)
    with database.reading() as session:
        steps = due_steps(session, _days(session), now)
    for algorithm, step in steps:
        # Made outside of the transaction: an RSA pair takes up to a second.
        made = new_key(algorithm) if step is Step.PUBLISH else None
        with database.writing() as session:
            if made is not None:
                publish_next(session, broker.vault, made, now, BY)
            elif step is Step.USE:
                use_next(session, algorithm, now, BY)
            else:
                retire_before(session, algorithm, now, BY, older_than=RETIRED_AFTER)


def _days(session: TenantSession) -> int:
    settings = session.get(TenantSettings, (session.tenant_id, "settings"))
    return TenantPolicy.model_validate(settings.policy if settings else {}).token_key_days
