"""The worker's part of the chain: giving entries their number and seal, and looking whether those before still fit.

Entries are sealed in the order in which they are found, after they were committed: a number says nothing of time, and a
transaction that took long is only sealed later. The chain's row is locked first, so that of two workers one waits.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import Row, inspect, select

from tenants.audit import SEAL_EVENT, UNSEALED_EVENTS, AuditChain, AuditEvent
from tenants.chains import BEGINNING, CHAIN_ID, Fault, Origin, content_of, origin_of, proof_of, seal_of
from tenants.db import Database
from tenants.ids import new_secret
from tenants.tenants import PlatformChain, PlatformEvent
from tenants.vault import PLATFORM, Place, Vault, VaultError

BATCH = 200
SEALED_WITHIN = timedelta(hours=1)
"""An entry that waits for longer is one that the workers don't get to."""
KEEP_PLATFORM = timedelta(days=400)
_GONE = Fault(None, "", "the chain's own row is gone")


class ChainBroken(Exception):
    """The chain's own row is not as the product left it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Log:
    """A log and its chain: a tenant's, or the platform's own (`tenant_id` None)."""

    db: Database
    vault: Vault
    tenant_id: str | None = None

    @property
    def entries(self) -> Any:
        return PlatformEvent if self.tenant_id is None else AuditEvent

    @property
    def chains(self) -> Any:
        return PlatformChain if self.tenant_id is None else AuditChain

    @property
    def key(self) -> Any:
        return CHAIN_ID if self.tenant_id is None else (self.tenant_id, CHAIN_ID)

    @property
    def place(self) -> Place:
        return Place(self.tenant_id or PLATFORM, self.chains.__tablename__, "key_sealed", CHAIN_ID)

    def writing(self) -> AbstractContextManager[Any]:
        return self.db.own_tables() if self.tenant_id is None else self.db.tenant(self.tenant_id).writing()

    def key_of(self, chain: Any) -> bytes:
        """The chain's key. Raises ChainBroken where its row was changed by somebody else."""
        try:
            key = base64.urlsafe_b64decode(f"{self.vault.open(chain.key_sealed, self.place)}=")
        except VaultError as error:
            raise ChainBroken(Fault(None, "", "the chain's key does not open with the master keys")) from error
        if proof_of(key, chain) != chain.proof:
            raise ChainBroken(Fault(None, "", "the chain's own row was changed"))
        return key


def seal_batch(log: Log) -> int:
    """Seal up to a batch of entries that have none, in one transaction. Returns how many; raises ChainBroken."""
    with log.writing() as session:
        chain = _locked(log, session)
        key, number, seal = log.key_of(chain), chain.number, chain.seal
        rows, marks = _waiting(log, session), []
        for row in rows:
            content = _content(row)
            origin = _origin(log, chain, row, content)
            if origin is None:
                continue
            number, seal = number + 1, seal_of(key, seal, number + 1, origin, content)
            marks.append({"entry": row.id, "its_number": number, "its_seal": seal})
        _mark(log, session, marks)
        chain.number, chain.seal = number, seal
        chain.inherits = chain.inherits and len(rows) == BATCH
        chain.proof = proof_of(key, chain)
    return len(marks)


def _waiting(log: Log, session: Any) -> Sequence[Any]:
    """The next entries. Of a tenant they are read, and marked, by statements that are made once: there are many of them."""
    if log.tenant_id is not None:
        rows: Sequence[Any] = session.all(UNSEALED_EVENTS, count=BATCH)
        return rows
    unsealed = select(PlatformEvent).where(PlatformEvent.seal.is_(None)).order_by(PlatformEvent.at, PlatformEvent.id)
    return session.scalars(unsealed.limit(BATCH)).all()  # type: ignore[no-any-return]  # a session of either kind


def _mark(log: Log, session: Any, marks: Sequence[Mapping[str, Any]]) -> None:
    if log.tenant_id is not None:
        session.run_each(SEAL_EVENT, marks)
        return
    for mark in marks:
        event = session.get_one(PlatformEvent, mark["entry"])
        event.number, event.seal = mark["its_number"], mark["its_seal"]


def _locked(log: Log, session: Any) -> Any:
    """The chain's row, which nobody else changes until the transaction ends; made now where there is none."""
    chain = session.get(log.chains, log.key, with_for_update=True)
    if chain is not None:
        return chain
    if _has_seals(log, session):
        raise ChainBroken(_GONE)
    secret = new_secret()
    chain = log.chains(id=CHAIN_ID, key_sealed=log.vault.seal(secret, log.place), proof="", inherits=True)
    session.add(chain)
    # Of two processes that begin the same chain, the other one's insert fails here, and it finds the row next time.
    session.flush()
    chain.proof = proof_of(base64.urlsafe_b64decode(f"{secret}="), chain)
    return chain


def _origin(log: Log, chain: Any, row: Any, content: bytes) -> Origin | None:
    """Who wrote an entry. None: signed with a master key that this process has not; another one will seal it."""
    if row.signature is None:
        return Origin.INHERITED if chain.inherits else Origin.FOREIGN
    is_ours = log.vault.has_signed(content, row.signature)
    return None if is_ours is None else Origin.OURS if is_ours else Origin.FOREIGN


def _content(row: Any) -> bytes:
    """Of an object, or of a row with all columns."""
    if isinstance(row, Row):
        return content_of(dict(row._mapping))
    return content_of({column.key: getattr(row, column.key) for column in inspect(type(row)).columns})


@dataclass(slots=True)
class Walk:
    """A look at a chain from one of its entries on."""

    log: Log
    number: int = 0
    seal: str = BEGINNING
    seen: int = 0

    def step(self, session: Any, key: bytes, limit: int = BATCH) -> Fault | None:
        """The next entries. `seen` stays as it is at the end of the chain."""
        entries = self.log.entries
        batch = select(entries).where(entries.number > self.number).order_by(entries.number, entries.id).limit(limit)
        for row in session.scalars(batch.execution_options(populate_existing=True)):
            if fault := self._fault(key, row):
                return fault
            self.number, self.seal, self.seen = row.number, row.seal, self.seen + 1
        session.expunge_all()
        return None

    def _fault(self, key: bytes, row: Any) -> Fault | None:
        if row.number != self.number + 1:
            return Fault(self.number + 1, "", "it was removed")
        origin = origin_of(key, self.seal, row.number, _content(row), row.seal)
        if origin is None:
            return Fault(row.number, row.id, "it was changed, or put in, after it was sealed")
        if origin is Origin.FOREIGN:
            return Fault(row.number, row.id, "it was not written by the product")
        return None


def verify(log: Log, now: datetime, *, head: tuple[int, str] | None = None) -> Iterator[int | Fault]:
    """Look at the whole chain, batch after batch, in short transactions: counts of good entries, or the first fault.

    `head`: a number and its seal, as the log of a process had them.
    """
    walk, is_at_end = Walk(log), False
    while not is_at_end:
        before = walk.number
        with log.writing() as session:
            fault, is_at_end = _look_on(walk, session, now, head)
        if fault is not None:
            yield fault
            return
        yield walk.number - before


def _look_on(walk: Walk, session: Any, now: datetime, head: tuple[int, str] | None) -> tuple[Fault | None, bool]:
    """A fault, if there is one, and whether the end was reached."""
    log = walk.log
    chain = session.get(log.chains, log.key)
    if chain is None:
        return (_GONE if _has_seals(log, session) else _waits(log, session, now)), True
    try:
        key = log.key_of(chain)
    except ChainBroken as broken:
        return broken.fault, True
    if walk.number < chain.anchor_number:
        walk.number, walk.seal = chain.anchor_number, chain.anchor_seal
    before, end = walk.number, (chain.number, chain.seal)
    fault = walk.step(session, key)
    if fault is None and head and before < head[0] <= walk.number:
        fault = _head_fault(log, session, *head)
    if fault is not None or walk.number > before:
        return fault, False
    return _end_fault(walk, session, end, now, head), True


def check_part(log: Log, now: datetime, limit: int) -> tuple[Fault | None, bool]:
    """Look at the next entries after those of last time; from the beginning again after the end. The first fault, and
    whether it is the first that was found: it stays noted until `verify` finds nothing (`mend`)."""
    with log.writing() as session:
        chain = session.get(log.chains, log.key, with_for_update=True)
        if chain is None:
            return (_GONE if _has_seals(log, session) else _waits(log, session, now)), True
        was_broken, end = chain.broken_at is not None, (chain.number, chain.seal)
        try:
            key = log.key_of(chain)
        except ChainBroken as broken:
            return _noted(chain, broken.fault, now), not was_broken
        walk = Walk(log, *max((chain.anchor_number, chain.anchor_seal), (chain.checked_number, chain.checked_seal)))
        fault = walk.step(session, key, limit)
        if fault is None and walk.seen < limit:
            fault = _end_fault(walk, session, end, now, None)
            walk.number, walk.seal = 0, BEGINNING
        chain = session.get(log.chains, log.key)
        chain.checked_number, chain.checked_seal, chain.checked_at = walk.number, walk.seal, now
        chain.proof = proof_of(key, chain)
        return (_noted(chain, fault, now) if fault else None), not was_broken


def mend(log: Log) -> None:
    """Everything fits, so there is nothing to warn of any longer."""
    with log.writing() as session:
        chain = session.get(log.chains, log.key)
        if chain is not None and chain.broken_at is not None:
            chain.broken_at = chain.broken_note = None


def forget_platform(log: Log, now: datetime, limit: int) -> int:
    """Remove the oldest events of the platform, and let the chain begin behind them."""
    with log.writing() as session:
        chain = session.get(log.chains, log.key, with_for_update=True)
        if chain is None:
            return 0
        key = log.key_of(chain)
        after = select(PlatformEvent).where(PlatformEvent.number > chain.anchor_number).order_by(PlatformEvent.number)
        old = list(takewhile(lambda row: row.at < now - KEEP_PLATFORM, session.scalars(after.limit(limit))))
        for row in old:
            chain.anchor_number, chain.anchor_seal = row.number, row.seal
            session.delete(row)
        chain.proof = proof_of(key, chain)
    return len(old)


def head_of(log: Log) -> tuple[int, str] | None:
    """The last number and its seal: what to keep somewhere else."""
    with log.writing() as session:
        chain = session.get(log.chains, log.key)
        return None if chain is None else (chain.number, chain.seal)


def _noted(chain: Any, fault: Fault, now: datetime) -> Fault:
    chain.broken_at = chain.broken_at or now
    chain.broken_note = str(fault)[:300]
    return fault


def _has_seals(log: Log, session: Any) -> bool:
    return session.scalar(select(log.entries.id).where(log.entries.seal.is_not(None)).limit(1)) is not None


def _head_fault(log: Log, session: Any, number: int, seal: str) -> Fault | None:
    known = session.scalar(select(log.entries.seal).where(log.entries.number == number))
    return None if known == seal else Fault(number, "", "its seal is another than the one that was noted")


def _end_fault(walk: Walk, session: Any, end: tuple[int, str], now: datetime, head: tuple[int, str] | None) -> Fault | None:
    """What can be wrong after the last entry."""
    if (walk.number, walk.seal) != end:
        return Fault(walk.number + 1, "", "it was removed from the end, or put there")
    if head and head[0] > end[0]:
        return Fault(head[0], "", "it was removed from the end")
    return _waits(walk.log, session, now)


def _waits(log: Log, session: Any, now: datetime) -> Fault | None:
    waiting = select(log.entries.id).where(log.entries.seal.is_(None), log.entries.at < now - SEALED_WITHIN).limit(1)
    entry = session.scalar(waiting)
    return None if entry is None else Fault(None, entry, "it was not sealed within an hour: is a worker running?")
