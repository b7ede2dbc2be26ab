"""Refusals of machines are audited one by one up to a measure: who repeats them without end fills no disk (OP-10).

Only the row is left out, never the refusal; the one in whose place nothing follows says so. What is an event of its own, such
as a refresh token that came back, is written elsewhere and always.
"""

from datetime import timedelta

from flask import request

from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.audit import Event
from tenants.db import TenantSession
from tenants.throttles import THROTTLE_STATE, Limit, counter_key, take_try

LIMIT = Limit(free=100, cap=100, window=timedelta(minutes=10), longest=timedelta(minutes=10))
"""Of one network address at one tenant. An application's server that is set up wrongly is told of a hundred times."""
_LOGOUTS = frozenset({"signin.take_logout_token", "signin.take_saml_logout"})


def is_too_many(db: TenantSession) -> bool:
    """Is this refusal one of so many that it is not written? Counts it, in the transaction that would write it."""
    if request.blueprint != "back_channel" and request.endpoint not in _LOGOUTS:
        return False
    now, counter = the_broker().ports.clock.now(), counter_key("refused", client_address())
    if take_try(db, counter, LIMIT, now) is not None:
        return True
    row = db.one(THROTTLE_STATE, key=counter)
    if row is not None and row.tries == LIMIT.cap:
        detail = {"what": "refused requests", "not written until": row.window_ends_at.isoformat(timespec="seconds")}
        audit.append(db, Event.THROTTLED, at=now, address=client_address(), detail=detail)
    return False
