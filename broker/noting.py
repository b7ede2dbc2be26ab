"""What was written down a moment ago need not be written again: in memory of the process, bounded, thread-safe."""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

CAPACITY = 20_000


class _Clock(Protocol):
    def now(self) -> datetime: ...


class Noting:
    """Says once in `every` for each key that it is time to write."""

    def __init__(self, clock: _Clock, every: timedelta, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._every = every
        self._capacity = capacity
        self._noted: OrderedDict[str, datetime] = OrderedDict()
        self._lock = Lock()

    def is_due(self, key: str) -> bool:
        """Whoever asks and hears yes writes it."""
        now = self._clock.now()
        with self._lock:
            noted = self._noted.get(key)
            if noted is not None and now - noted < self._every:
                return False
            self._noted[key] = now
            self._noted.move_to_end(key)
            if len(self._noted) > self._capacity:
                self._noted.popitem(last=False)
            return True

    def forget(self, key: str) -> None:
        """Something happened meanwhile: the next one counts."""
        with self._lock:
            self._noted.pop(key, None)
