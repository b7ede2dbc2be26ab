"""Password hashes: argon2id in a pool of its own, one thread a worker, with a bounded queue.

Measured (performance.md 5.2): without the bound a handful of password checks stop every other request; with one
thread of its own they cost 5 ms at the 99th percentile, and memory stays at one hash's 19 MiB.
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from broker.ports import HASH_COST, HashCost
from tenants.causes import Breakage, Cause

_LANES = 1
_STEPS_BACK = 10
"""Of 19; each gives it about a fifth less of a core that others want too: with ten it has a tenth of that core left."""

T = TypeVar("T")


class Hasher:
    """Hashes and checks passwords, one at a time for each worker process."""

    def __init__(self, queue: int, cost: HashCost = HASH_COST) -> None:
        self._argon2 = _argon2_of(cost)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="argon2", initializer=_stand_back)
        self._places = BoundedSemaphore(queue)
        self._nobody = _hash_of_nobody(cost)

    def hash(self, password: str) -> str:
        """An argon2id hash with its parameters. Raises Breakage(BUSY) when too many wait."""
        return self._queued(self._argon2.hash, password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Does the password fit? Takes as long without a hash, so that nobody learns who has one."""
        fits = self._queued(self._verify, password_hash or self._nobody, password)
        return fits and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Was it made with other parameters than today's?"""
        return self._argon2.check_needs_rehash(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def _queued(self, work: Callable[..., T], *arguments: str) -> T:
        if not self._places.acquire(blocking=False):
            raise Breakage(Cause.BUSY, "the queue of password checks is full")
        try:
            return self._pool.submit(work, *arguments).result()
        finally:
            self._places.release()


def _stand_back() -> None:
    """Let every other thread go first: a hash takes 20 ms in one go, and a light request a fraction of one.

    On one core beside six sign-ins, 99 of 100 light requests took 8 to 16 ms at most, by what else the machine did, and
    without it up to 36. Only Linux has a priority for each thread.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _STEPS_BACK)


def _argon2_of(cost: HashCost) -> PasswordHasher:
    return PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=_LANES)


@cache
def _hash_of_nobody(cost: HashCost) -> str:
    """What is checked where there is no hash; made once."""
    return _argon2_of(cost).hash("the password of nobody")
