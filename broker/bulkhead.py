"""Keeps one slow identity provider from holding every worker thread (OU-14).

A host (with its port) that has just been slow gets few calls at a time; the ones beyond are refused at once instead of
waiting with it.
"""

import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from tenants.causes import Cause, UpstreamFailure

SLOW_SECONDS = 2.0
REMEMBERED_SECONDS = 30.0
CALLS_WHILE_SLOW = 2
CAPACITY = 1000


@dataclass(slots=True)
class _Host:
    calls: int = 0
    slow_until: float = 0.0


class Bulkhead:
    """By host, of the last used ones. A call of `slow_seconds` or more makes its host count as slow for a while."""

    def __init__(self, slow_seconds: float = SLOW_SECONDS) -> None:
        self._slow_seconds = slow_seconds
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def entered(self, name: str) -> Iterator[None]:
        """Around one call. Raises UpstreamFailure when a slow host has calls enough."""
        started_at = time.monotonic()
        host = self._enter(name, started_at)
        try:
            yield
        finally:
            self._leave(host, started_at)

    def _enter(self, name: str, now: float) -> _Host:
        with self._lock:
            host = self._hosts.setdefault(name, _Host())
            self._hosts.move_to_end(name)
            if len(self._hosts) > CAPACITY:
                self._hosts.popitem(last=False)
            if now < host.slow_until and host.calls >= CALLS_WHILE_SLOW:
                raise UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, "busy", host=name, is_untried=True)
            host.calls += 1
            return host

    def _leave(self, host: _Host, started_at: float) -> None:
        now = time.monotonic()
        with self._lock:
            host.calls -= 1
            if now - started_at >= self._slow_seconds:
                host.slow_until = now + REMEMBERED_SECONDS
