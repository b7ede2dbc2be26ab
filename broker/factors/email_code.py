"""Six digits by mail: sent, counted, and taken once, by the browser and for the purpose that asked for them.

Whether the address has an account changes nothing that is done here: the same counters, the same rows, the same mail
in the outbox. Only the worker, which writes to the address itself, looks whether there is something to say (IR-08).
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Protocol

from flask import g

from broker.language import language
from broker.mail.letters import post
from broker.moments import clock_time
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.accounts import ACCOUNT_BY_ADDRESS
from tenants.addresses import Address, AddressError, normalise_address
from tenants.audit import Event
from tenants.causes import Cause, Refusal
from tenants.db import TenantSession
from tenants.ids import is_same
from tenants.mailed_codes import (
    CODE_STATE,
    CODES_FOR_ADDRESS,
    CODES_FOR_NETWORK,
    CODES_FOR_TENANT,
    LIFE,
    MAX_TRIES,
    PUT_CODE,
    TRIES_FOR_ADDRESS,
    TRY_CODE,
    USE_CODE,
)
from tenants.throttles import ADDRESS_LIMIT, FORGIVE_TRY, counter_key, take_try

_DIGITS = 6
OWN_ADDRESS = "own_address"
"""Somebody who is signed in shows that the account's address is theirs."""
_OWN_PURPOSES = frozenset({"first_login", "reset", OWN_ADDRESS})


class Attempt(Protocol):
    """What is asked of a login transaction."""

    row: Any

    @property
    def id_hash(self) -> str: ...


class CodeState(StrEnum):
    """What a typed code was."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    """Older than five minutes, used already, or replaced by another flow's."""
    SPENT = "spent"
    """Typed wrongly too often."""


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The answer to a try; `account_id` where the code was right."""

    state: CodeState
    account_id: str | None = None


def send(transaction: Attempt, email: str, purpose: str) -> None:
    """Have a new code sent; the one before ends with it. Raises Refusal(RATE_LIMITED), for every address alike."""
    address, now = normalise_address(email), the_broker().ports.clock.now()
    code = f"{the_broker().ports.randomness.randbelow(10**_DIGITS):0{_DIGITS}}"
    with g.db.writing() as db:
        until = _count_sending(db, address, now)
        if until is None:
            _write(db, transaction, address, purpose, code, now)
    if until is not None:
        raise _paused(until, "codes_sent", email)


def check(transaction: Attempt, typed: str) -> bool | None:
    """Is this the code? Takes it. None: there is none that could be right any more. Raises Refusal(RATE_LIMITED)."""
    return {CodeState.RIGHT: True, CodeState.WRONG: False}.get(redeem(transaction, typed).state)


def redeem(transaction: Attempt, typed: str) -> Redeemed:
    """The same, with what a page wants to say, and whose code it was."""
    now = the_broker().ports.clock.now()
    network, tries = counter_key("address", client_address()), counter_key("mailed-code", _counted_as(transaction))
    with g.db.writing() as db:
        until = take_try(db, network, ADDRESS_LIMIT, now) or take_try(db, tries, TRIES_FOR_ADDRESS, now)
        redeemed = Redeemed(CodeState.EXPIRED) if until else _judge(db, transaction, "".join(typed.split()), now)
        if redeemed.state is CodeState.RIGHT:
            db.run(FORGIVE_TRY, key=network)
            db.run(FORGIVE_TRY, key=tries)
    if until is not None:
        raise _paused(until, "codes_tried", transaction.row.email)
    return redeemed


def purpose_of(transaction: Attempt) -> str:
    """What a code of this attempt is for. One for another purpose is none (LC-08)."""
    purpose: str = transaction.row.purpose
    return purpose if purpose in _OWN_PURPOSES else "factor"


def _count_sending(db: TenantSession, address: Address, now: datetime) -> datetime | None:
    """Always in this order: two that ask at once wait for each other and never in a circle."""
    return (
        take_try(db, counter_key("code-address", address.key), CODES_FOR_ADDRESS, now)
        or take_try(db, counter_key("code-network", client_address()), CODES_FOR_NETWORK, now)
        or take_try(db, counter_key("code-tenant", ""), CODES_FOR_TENANT, now)
    )


def _write(db: TenantSession, transaction: Attempt, address: Address, purpose: str, code: str, now: datetime) -> None:
    """Code, mail and audit. The mail goes to the account's own spelling of the address, where there is one."""
    found = db.one(ACCOUNT_BY_ADDRESS, email_key=address.key)
    db.run(
        PUT_CODE,
        transaction=transaction.id_hash,
        account=found.id if found else None,
        of_purpose=purpose,
        new_hash=_hash(transaction, purpose, code),
        now=now,
        until=now + LIFE,
    )
    # For whom no language is kept: also where there is nobody, so that the row is the same.
    facts = {"code": code, "purpose": purpose, "language": language()}
    post(db, found.email if found else address.text, "code", now, **facts)
    _note(db, transaction, Event.CODE_SENT, found.id if found else None, purpose, now)


def _judge(db: TenantSession, transaction: Attempt, digits: str, now: datetime) -> Redeemed:
    purpose = purpose_of(transaction)
    own = {"transaction": transaction.id_hash, "of_purpose": purpose}
    row = db.one(TRY_CODE, now=now, **own)
    if row is None:
        return Redeemed(_why_not(db, own, now))
    typed_hash = _hash(transaction, purpose, digits)
    if is_same(typed_hash, row.code_hash) and db.run(USE_CODE, typed_hash=typed_hash, now=now, **own):
        _note(db, transaction, Event.CODE_USED, row.account_id, purpose, now)
        return Redeemed(CodeState.RIGHT, row.account_id)
    return Redeemed(CodeState.WRONG if row.tries < MAX_TRIES else CodeState.SPENT)


def _why_not(db: TenantSession, own: dict[str, str], now: datetime) -> CodeState:
    row = db.one(CODE_STATE, **own)
    is_spent = row is not None and row.used_at is None and row.expires_at > now and row.tries >= MAX_TRIES
    return CodeState.SPENT if is_spent else CodeState.EXPIRED


def _note(db: TenantSession, transaction: Attempt, event: Event, account_id: str | None, purpose: str, now: datetime) -> None:
    row = transaction.row
    audit.append(
        db,
        event,
        at=now,
        reference=row.reference,
        account_id=account_id,
        address=client_address(),
        detail={"purpose": purpose, "email": row.email},
    )


def _hash(transaction: Attempt, purpose: str, code: str) -> str:
    """Keyed, and good for this browser, this attempt, this purpose and the address whose tries are counted (LC-07) alone."""
    whose = _counted_as(transaction)
    bound = "\n".join((g.tenant.id, transaction.id_hash, transaction.row.browser_hash, purpose, whose, code))
    key = the_broker().vault.derive("mailed-code")
    return hmac.new(key, bound.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def _counted_as(transaction: Attempt) -> str:
    """One counter for all spellings of an address; one for the account where the attempt has named it already."""
    if purpose_of(transaction) == "factor":
        return str(transaction.row.account_id)
    try:
        return normalise_address(transaction.row.email or "").key
    except AddressError:
        return ""


def _paused(until: datetime, fact: str, email: str | None) -> Refusal:
    detail = f"mailed codes paused until {until.isoformat()}"
    return Refusal(Cause.RATE_LIMITED, detail, fact=fact, email=email, until=clock_time(until))
