"""Moves that are cut over on their date."""

from collections.abc import Iterator
from datetime import datetime

import structlog

from broker.daily import Daily
from broker.wiring import Broker
from tenants.moving import MoveError, Moving, due_moves

log = structlog.get_logger()

JOB = "moves"
BY = "date"


def daily_moves() -> Daily:
    """The work of once a day."""
    return Daily(JOB, cut_over_due)


def cut_over_due(broker: Broker, now: datetime) -> Iterator[str]:
    """Cut over what is due. What stands against one is logged, and the others go on; it is tried again the next day."""
    for tenant_id, key in due_moves(broker.db, now):
        try:
            with broker.db.tenant(tenant_id).writing() as session:
                moving = Moving(session, broker.vault, BY, now)
                moving.cut_over(moving.get(key))
        except MoveError as error:
            log.warning("move_not_cut_over", tenant_id=tenant_id, connection=key, detail=str(error))
        except Exception as error:
            log.error("move_failed", tenant_id=tenant_id, connection=key, exc_info=error)
        yield key
