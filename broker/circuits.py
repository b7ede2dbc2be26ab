"""A provider that does not answer is left alone for a while, for its own connection only (OU-14).

After three failures within a minute nobody of this process waits for it any more; after half a minute one person tries.
Only what was not reached counts: a provider that refuses has answered.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from tenants.causes import BrokerError, Cause, UpstreamFailure

FAILURES = 3
WINDOW = timedelta(minutes=1)
PAUSE = timedelta(seconds=30)
CAPACITY = 4096


class _Clock(Protocol):
    def now(self) -> datetime: ...


@dataclass(slots=True)
class _Circuit:
    failed_at: list[datetime] = field(default_factory=list)
    open_until: datetime | None = None


class Circuits:
    """By connection, in memory, thread-safe; only those that failed lately. The least recently used go first."""

    def __init__(self, clock: _Clock, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._circuits: OrderedDict[str, _Circuit] = OrderedDict()
        self._lock = Lock()

    def is_open(self, connection: str) -> bool:
        """Is it left alone at the moment?"""
        circuit = self._circuits.get(connection)
        return circuit is not None and circuit.open_until is not None and self._clock.now() < circuit.open_until

    @contextmanager
    def tried(self, connection: str, *, proves: bool) -> Iterator[None]:
        """Around what may ask the provider. Raises UpstreamFailure without asking while the circuit is open.

        `proves`: done without a failure, everything of the provider has answered. A start may have asked nothing.
        """
        is_trial = self._enter(connection)
        try:
            yield
        except BrokerError as error:
            self._leave(connection, is_trial, error)
            raise
        self._done(connection, is_trial, proves)

    def _enter(self, connection: str) -> bool:
        """Says whether this is the one try of a circuit that was open."""
        now = self._clock.now()
        with self._lock:
            circuit = self._circuits.get(connection)
            if circuit is None or circuit.open_until is None:
                return False
            if now < circuit.open_until:
                raise UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, "circuit", connection_id=connection, is_untried=True)
            # The others wait for what becomes of it.
            circuit.open_until = now + PAUSE
            return True

    def _leave(self, connection: str, is_trial: bool, error: BrokerError) -> None:
        now = self._clock.now()
        with self._lock:
            if error.cause is not Cause.UPSTREAM_UNREACHABLE or error.facts.get("is_hearsay"):
                self._let_next_try(connection, is_trial, now)
            elif not error.facts.get("is_untried"):
                self._note_failure(connection, is_trial, now)

    def _note_failure(self, connection: str, is_trial: bool, now: datetime) -> None:
        circuit = self._circuits.setdefault(connection, _Circuit())
        self._circuits.move_to_end(connection)
        circuit.failed_at = [*(at for at in circuit.failed_at if now - at < WINDOW), now][-FAILURES:]
        if is_trial or len(circuit.failed_at) == FAILURES:
            circuit.open_until = now + PAUSE
        if len(self._circuits) > self._capacity:
            self._circuits.popitem(last=False)

    def _let_next_try(self, connection: str, is_trial: bool, now: datetime) -> None:
        """It may have answered, or was not asked: nobody knows yet."""
        circuit = self._circuits.get(connection)
        if is_trial and circuit is not None:
            circuit.open_until = now

    def _done(self, connection: str, is_trial: bool, proves: bool) -> None:
        now = self._clock.now()
        with self._lock:
            circuit = self._circuits.get(connection)
            if circuit is None:
                return
            if proves:
                del self._circuits[connection]
            elif is_trial:
                # The way there is open. One failure on the way back opens it again.
                circuit.open_until = None
                circuit.failed_at = [now] * (FAILURES - 1)
