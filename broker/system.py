"""The system's clock and randomness, without anything else of the outside world."""

import secrets
from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemRandomness:
    def token_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)

    def token_urlsafe(self, count: int) -> str:
        return secrets.token_urlsafe(count)

    def randbelow(self, limit: int) -> int:
        return secrets.randbelow(limit)
