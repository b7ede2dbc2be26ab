"""Answers that are dear to fetch, kept for a time: bounded, thread-safe, one fetch at a time for each key.

A failed fetch is remembered too, for `pause`, so that a dead identity provider costs one waiting request and not all.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Protocol, TypeVar, cast

from tenants.causes import UpstreamFailure

FAILURE_PAUSE = timedelta(seconds=5)
NO_GRACE = timedelta(0)

T = TypeVar("T")


class _Clock(Protocol):
    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class _State:
    value: Any = None
    made_at: datetime | None = None
    tried_at: datetime | None = None
    failure: UpstreamFailure | None = None

    def is_fresh(self, now: datetime, ttl: timedelta) -> bool:
        return self.made_at is not None and now - self.made_at < ttl

    def is_due(self, now: datetime, pause: timedelta) -> bool:
        return self.failure is None or self.tried_at is None or now - self.tried_at >= pause


@dataclass(slots=True)
class _Entry:
    state: _State = field(default_factory=_State)
    lock: Lock = field(default_factory=Lock)


class Kept:
    """The least recently used of `capacity` entries goes first."""

    def __init__(self, clock: _Clock, capacity: int = 4096) -> None:
        self._clock = clock
        self._capacity = capacity
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = Lock()

    def get(
        self,
        key: Hashable,
        make: Callable[[], T],
        *,
        ttl: timedelta,
        grace: timedelta = NO_GRACE,
        pause: timedelta = FAILURE_PAUSE,
    ) -> T:
        """A value no older than `ttl`; up to `ttl + grace` when it can't be renewed. Else raises what `make` raised,
        with the fact `is_untried` where that was for an earlier call.

        `pause` is the least time between two attempts that fail. Ask with a shorter `ttl` to insist on a newer one.
        """
        entry = self._entry(key)
        now = self._clock.now()
        if entry.state.is_fresh(now, ttl):
            return cast(T, entry.state.value)
        is_tried = False
        # Who can do with the old value does not wait for another's fetch of a new one.
        if entry.lock.acquire(blocking=not entry.state.is_fresh(now, ttl + grace)):
            try:
                if not entry.state.is_fresh(now, ttl) and entry.state.is_due(now, pause):
                    entry.state, is_tried = self._tried(entry.state, make, now), True
            finally:
                entry.lock.release()
        return cast(T, self._answer(entry.state, now, ttl + grace, is_tried))

    def _entry(self, key: Hashable) -> _Entry:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                entry = self._entries[key] = _Entry()
                if len(self._entries) > self._capacity:
                    self._entries.popitem(last=False)
            else:
                self._entries.move_to_end(key)
            return entry

    @staticmethod
    def _tried(state: _State, make: Callable[[], object], now: datetime) -> _State:
        try:
            return _State(value=make(), made_at=now, tried_at=now)
        except UpstreamFailure as failure:
            return replace(state, tried_at=now, failure=failure.with_traceback(None))

    @staticmethod
    def _answer(state: _State, now: datetime, limit: timedelta, is_tried: bool) -> object:
        if state.failure is None or state.is_fresh(now, limit):
            return state.value
        # A copy: several threads may raise it, and an exception collects the traceback of each.
        facts = state.failure.facts if is_tried else state.failure.facts | {"is_untried": True}
        raise UpstreamFailure(state.failure.cause, state.failure.detail, **facts)
