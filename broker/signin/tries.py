"""Counting tries of passwords and codes: for the account, for the network address, and apart on a known device (LC-03)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from flask_babel import format_time
from sqlalchemy import Row

from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.audit import Event
from tenants.causes import Cause, Refusal
from tenants.db import TenantSession
from tenants.statements import Scoped
from tenants.throttles import (
    ADDRESS_LIMIT,
    COUNT_TRY,
    DEVICE_PASSWORD_LIMIT,
    DEVICE_TOTP_LIMIT,
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
    now = the_broker().ports.clock.now()
    with g.db.writing(is_durable=False) as db:
        until = paused_until(db.one(THROTTLE_STATE, key=_TENANT), TENANT_LIMIT, now) if tries.is_for_tenant else None
        until = until or take_try(db, counter_key("address", client_address()), ADDRESS_LIMIT, now)
        until = until or take_try(db, tries.counter, tries.limit, now)
    if until is not None:
        what = tries.counter.partition(":")[0]
        raise Refusal(tries.cause, f"{what} paused until {until.isoformat()}", until=_clock_time(until))


def spend_network_try(what: str) -> None:
    """One try for the network address alone, for what names no account before it is proven (a passkey). Or a pause."""
    now = the_broker().ports.clock.now()
    with g.db.writing(is_durable=False) as db:
        until = take_try(db, counter_key("address", client_address()), ADDRESS_LIMIT, now)
    if until is not None:
        raise Refusal(Cause.RATE_LIMITED, f"{what} paused until {until.isoformat()}", until=_clock_time(until))


def forgive_network_try(db: TenantSession) -> None:
    """It was right: an office whose people sign in all morning is no attacker."""
    db.run(FORGIVE_TRY, key=counter_key("address", client_address()))


def note_wrong_try(tries: Tries) -> None:
    """Count it against the tenant, and say so in the audit log when it has become too many (LC-02)."""
    if not tries.is_for_tenant:
        return
    now = the_broker().ports.clock.now()
    with g.db.writing() as db:
        db.run(COUNT_TRY, key=_TENANT, now=now, window_end=now + TENANT_LIMIT.window)
        row = db.one(THROTTLE_STATE, key=_TENANT)
        if row is not None and row.tries == TENANT_LIMIT.free:
            audit.append(db, Event.SPRAYED, at=now, address=client_address(), detail={"wrong passwords": row.tries})


def note_right_try(db: TenantSession, statement: Scoped, tries: Tries) -> None:
    """`statement`: FORGET_TRIES or FORGIVE_TRY.

    The counters are locked in the same order as by the tries themselves, or two of them would wait for each other.
    """
    forgive_network_try(db)
    db.run(statement, key=tries.counter)


def _clock_time(moment: datetime) -> str:
    return f"{format_time(moment, 'HH:mm')} UTC"
