"""Counters of tries in Redis, for installations of many processes: the same pauses as tenants/throttles.py, in one script.

Each call is one round trip and atomic. A counter carries its tenant and removes itself with its window. Where Redis does
not answer nothing is let pass: to begin anew in the database would give new tries to whoever brought it down (OP-07).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import redis

from tenants.causes import Breakage, Cause
from tenants.throttles import Limit

_ANSWERS_WITHIN = 1.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_FIELDS = 5
_TAKE = """
local now = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * 5
  local free, cap = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local window, longest, counts = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), ARGV[at + 4] == "1"
  local row = redis.call("HMGET", key, "tries", "last", "ends")
  local tries, last, ends = tonumber(row[1] or 0), tonumber(row[2] or 0), tonumber(row[3] or 0)
  if ends <= now then
    tries, ends = 0, 0
  elseif tries >= cap then
    return string.format("%.0f", ends)
  elseif tries >= free then
    local pause = last + math.min(1000000 * 2 ^ math.min(tries - free, 30), longest)
    if pause > now then
      return string.format("%.0f", pause)
    end
  end
  if counts then
    local is_new = ends == 0
    if is_new then ends = now + window end
    redis.call("HSET", key, "tries", tries + 1, "last", string.format("%.0f", now), "ends", string.format("%.0f", ends))
    if is_new then redis.call("PEXPIRE", key, math.floor(window / 1000)) end
  end
end
return "0"
"""
"""Pauses first, counter after counter, as `paused_until` of tenants/throttles.py; times in microseconds."""
_FORGIVE = """
if tonumber(redis.call("HGET", KEYS[1], "tries") or 0) > 0 then redis.call("HINCRBY", KEYS[1], "tries", -1) end
"""

T = TypeVar("T")


class RedisCounters:
    """The port `Counters` of broker/ports.py."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=_ANSWERS_WITHIN, socket_connect_timeout=_ANSWERS_WITHIN, decode_responses=True
        )
        self._take = self._redis.register_script(_TAKE)
        self._forgive = self._redis.register_script(_FORGIVE)

    def take(
        self, tenant_id: str, tries: Sequence[tuple[str, Limit]], now: datetime, looked_at: Sequence[tuple[str, Limit]] = ()
    ) -> datetime | None:
        keys = [_key(tenant_id, key) for key, _ in (*looked_at, *tries)]
        limits = [*((limit, 0) for _, limit in looked_at), *((limit, 1) for _, limit in tries)]
        values: list[int] = [(now - _EPOCH) // _TICK]
        for limit, counts in limits:
            values += [limit.free, limit.cap, limit.window // _TICK, limit.longest // _TICK, counts]
        until = int(cast(str, self._asked(lambda: self._take(keys=keys, args=values))))
        return _EPOCH + until * _TICK if until else None

    def count(self, tenant_id: str, key: str, limit: Limit, now: datetime) -> int:
        unlimited = Limit(free=2**53, cap=2**53, window=limit.window, longest=limit.longest)
        self.take(tenant_id, [(key, unlimited)], now)
        return int(cast(Any, self._asked(lambda: self._redis.hget(_key(tenant_id, key), "tries"))) or 0)

    def forgive(self, tenant_id: str, key: str) -> None:
        self._asked(lambda: self._forgive(keys=[_key(tenant_id, key)]))

    def forget(self, tenant_id: str, key: str) -> None:
        self._asked(lambda: self._redis.delete(_key(tenant_id, key)))

    def check(self) -> None:
        self._asked(self._redis.ping)

    @staticmethod
    def _asked(question: Callable[[], T]) -> T:
        try:
            return question()
        except redis.RedisError as error:
            raise Breakage(Cause.BUSY, f"Redis, which counts tries, does not answer: {type(error).__name__}") from None


def _key(tenant_id: str, counter: str) -> str:
    """In braces: of a cluster, one machine has all counters of a tenant (TI-07 keeps them apart from other ones)."""
    return f"broker:{{{tenant_id}}}:{counter}"
