"""Counting tries of passwords and codes: for the account, for the network address, and apart on a known device (LC-03)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, after_this_request, g
from sqlalchemy import Row

from broker.moments import clock_time
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.audit import Event
from tenants.causes import Breakage, Cause, Refusal
from tenants.db import TenantSession
from tenants.statements import Scoped
from tenants.throttles import (
    ADDRESS_LIMIT,
    COUNT_TRY,
    DEVICE_PASSWORD_LIMIT,
    DEVICE_TOTP_LIMIT,
    FORGET_TRIES,
    FORGIVE_TRY,
    PASSWORD_LIMIT,
    RECOVERY_LIMIT,
    TENANT_LIMIT,
    THROTTLE_STATE,
    TOTP_LIMIT,
    Limit,
    counter_key,
    paused_until,
    take_try,
)

_TENANT = "password:tenant"
_LIMITS = {
    "password": (PASSWORD_LIMIT, DEVICE_PASSWORD_LIMIT),
    "totp": (TOTP_LIMIT, DEVICE_TOTP_LIMIT),
    "recovery-code": (RECOVERY_LIMIT, RECOVERY_LIMIT),
}


@dataclass(frozen=True, slots=True)
class Tries:
    """One counter and how far it may go."""

    counter: str
    limit: Limit
    cause: Cause
    """Why a try is refused while it pauses."""
    is_for_tenant: bool = False
    """Whether a wrong one counts against the whole tenant as well."""


def tries_of(what: str, whose: str, device: Row[Any] | None, cause: Cause) -> Tries:
    """The counter of an account, or that of a device on which this very account is known: nobody else can use it up."""
    limit, limit_on_device = _LIMITS[what]
    if device is None:
        return Tries(counter_key(what, whose), limit, cause, is_for_tenant=what == "password")
    return Tries(counter_key(f"{what}-device", device.id), limit_on_device, cause)


def spend_try(tries: Tries) -> None:
    """One try for the account and one for the network address, or a pause. The same for right and wrong ones."""
    until = _take(_counted_for(tries), the_broker().ports.clock.now(), _looked_at_for(tries))
    if until is not None:
        raise _paused(tries, until)


@contextmanager
def spending_try(tries: Tries, *, is_durable: bool) -> Iterator[TenantSession]:
    """The same, in one transaction with what is judged inside: for what is judged by the database alone, at no cost.

    Whatever is answered, the count has been committed; a pause is raised before anything is judged. What is raised inside takes
    the count back with it: a wrong code is an answer, never an exception.
    """
    counts_here = the_broker().ports.counters is None
    if not counts_here:
        spend_try(tries)
    until = None
    with g.db.writing(is_durable=is_durable) as db:
        if counts_here:
            until = _count(db, _counted_for(tries), the_broker().ports.clock.now(), _looked_at_for(tries))
        if until is None:
            yield db
    if until is not None:
        raise _paused(tries, until)


def spend_network_try(what: str) -> None:
    """One try for the network address alone, for what names no account before it is proven (a passkey). Or a pause."""
    until = _take([(_network(), ADDRESS_LIMIT)], the_broker().ports.clock.now())
    if until is not None:
        raise Refusal(Cause.RATE_LIMITED, f"{what} paused until {until.isoformat()}", until=clock_time(until))


def note_wrong_try(tries: Tries) -> None:
    """Count it against the tenant, and say so in the audit log when it has become too many (LC-02)."""
    if not tries.is_for_tenant:
        return
    now, counters = the_broker().ports.clock.now(), the_broker().ports.counters
    wrong = counters.count(g.tenant.id, _TENANT, TENANT_LIMIT, now) if counters else 0
    if counters and wrong != TENANT_LIMIT.free:
        return
    with g.db.writing() as db:
        if counters is None:
            db.run(COUNT_TRY, key=_TENANT, now=now, window_end=now + TENANT_LIMIT.window)
            row = db.one(THROTTLE_STATE, key=_TENANT)
            wrong = row.tries if row is not None else 0
        if wrong == TENANT_LIMIT.free:
            audit.append(db, Event.SPRAYED, at=now, address=client_address(), detail={"wrong passwords": wrong})


def forgive_network_try(db: TenantSession) -> None:
    """It was right: an office whose people sign in all morning is no attacker."""
    _give_back(db, FORGIVE_TRY, _network())


def note_right_try(db: TenantSession, statement: Scoped, tries: Tries) -> None:
    """`statement`: FORGET_TRIES or FORGIVE_TRY.

    The counters are locked in the same order as by the tries themselves, or two of them would wait for each other.
    """
    forgive_network_try(db)
    _give_back(db, statement, tries.counter)


def _take(tries: Sequence[tuple[str, Limit]], now: datetime, looked_at: Sequence[tuple[str, Limit]] = ()) -> datetime | None:
    """Count one try for each counter in order, or say until when the first that pauses does."""
    counters = the_broker().ports.counters
    if counters is not None:
        return counters.take(g.tenant.id, tries, now, looked_at)
    with g.db.writing(is_durable=False) as db:
        return _count(db, tries, now, looked_at)


def _count(
    db: TenantSession, tries: Sequence[tuple[str, Limit]], now: datetime, looked_at: Sequence[tuple[str, Limit]]
) -> datetime | None:
    for key, limit in looked_at:
        if until := paused_until(db.one(THROTTLE_STATE, key=key), limit, now):
            return until
    return next((until for key, limit in tries if (until := take_try(db, key, limit, now))), None)


def _counted_for(tries: Tries) -> list[tuple[str, Limit]]:
    return [(_network(), ADDRESS_LIMIT), (tries.counter, tries.limit)]


def _looked_at_for(tries: Tries) -> list[tuple[str, Limit]]:
    return [(_TENANT, TENANT_LIMIT)] if tries.is_for_tenant else []


def _paused(tries: Tries, until: datetime) -> Refusal:
    what = tries.counter.partition(":")[0]
    return Refusal(tries.cause, f"{what} paused until {until.isoformat()}", until=clock_time(until))


def _give_back(db: TenantSession, statement: Scoped, key: str) -> None:
    """Within the caller's transaction; Redis is asked when that is over."""
    counters, tenant_id = the_broker().ports.counters, g.tenant.id
    if counters is None:
        db.run(statement, key=key)
        return
    give_back = counters.forget if statement is FORGET_TRIES else counters.forgive

    @after_this_request
    def settle(response: Response) -> Response:
        # A try that is not given back costs its owner one; the sign-in itself is done.
        with suppress(Breakage):
            give_back(tenant_id, key)
        return response


def _network() -> str:
    return counter_key("address", client_address())
