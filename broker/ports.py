"""What the product asks of the outside world, as small protocols. The real ones are made in `broker/real_ports.py`.

A port is made once in `create_app` and handed on; tests hand in a clock that stands still or a resolver that lies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from broker.kept import Kept
from tenants.throttles import Limit


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


class Randomness(Protocol):
    def token_bytes(self, count: int) -> bytes: ...

    def token_urlsafe(self, count: int) -> str:
        """`count` random bytes in base64url without padding."""
        ...

    def randbelow(self, limit: int) -> int: ...


class Dns(Protocol):
    def resolve(self, host: str, port: int) -> Sequence[str]:
        """The addresses of `host`, best first, as text. Raises OSError when there are none in good time."""
        ...

    def txt(self, name: str, *, timeout: float | None = None) -> Sequence[str]:
        """The TXT records of `name`, as they are and empty where it has none; `timeout` (seconds) bounds all of it.

        Raises OSError without an answer in good time.
        """
        ...


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A whole answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        xml: bytes | None = None,
        auth: tuple[str, str] | None = None,
        max_bytes: int = 1_000_000,
        timeout: float = 5.0,
    ) -> HttpReply:
        """One request without redirects; `timeout` (seconds) bounds all of it, also an answer that only trickles.

        Raises UpstreamFailure(UPSTREAM_UNREACHABLE, detail) unless a whole answer came; its status is the caller's.
        """
        ...

    def is_safe_url(self, url: str) -> bool:
        """Whether the form of `url` is one to send a browser or a secret to: https, or permitted loopback http."""
        ...


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture inside a mail; the HTML names it as `cid:<name>`."""

    name: str
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail to one address. `id` names it for good: tried again, it is recognizably the same."""

    id: str
    to_address: str
    subject: str
    text: str
    html: str
    pictures: tuple[Picture, ...] = ()


class MailFault(Exception):
    """A mail was not sent; the words are for the operator. `is_final`: trying again would not help."""

    def __init__(self, words: str, *, is_final: bool) -> None:
        super().__init__(words)
        self.is_final = is_final


class Mailer(Protocol):
    def send(self, mail: OutgoingMail, now: datetime) -> None:
        """Hand a mail to the server; `now` is its date. Raises MailFault unless the server has taken it."""
        ...

    def check(self) -> None:
        """Ask the server whether it would let us send. Raises MailFault."""
        ...


class Counters(Protocol):
    """Where tries of passwords and codes are counted, where that is not the database. All raise Breakage without an answer."""

    def take(
        self, tenant_id: str, tries: Sequence[tuple[str, Limit]], now: datetime, looked_at: Sequence[tuple[str, Limit]] = ()
    ) -> datetime | None:
        """Count one try for each key in order, or say until when the first that pauses does; `looked_at` only pause."""
        ...

    def count(self, tenant_id: str, key: str, limit: Limit, now: datetime) -> int:
        """Count one without asking, and say how many of its window there are."""
        ...

    def forgive(self, tenant_id: str, key: str) -> None:
        """Take one back."""
        ...

    def forget(self, tenant_id: str, key: str) -> None: ...

    def check(self) -> None:
        """Ask for a sign of life."""
        ...


@dataclass(frozen=True, slots=True)
class HashCost:
    """How much work one argon2id hash of a password is."""

    memory_kib: int
    passes: int


HASH_COST = HashCost(memory_kib=19456, passes=2)
"""OWASP's second recommendation; never left to the library's default, which costs 8 times that."""


@dataclass(frozen=True, slots=True)
class Ports:
    clock: Clock
    randomness: Randomness
    dns: Dns
    http: Http
    kept: Kept = field(repr=False)
    mailer: Mailer | None = None
    """None: no mail server is set up. Mails then wait in the outbox, and what needs them is not offered."""
    hash_cost: HashCost = HASH_COST
    counters: Counters | None = None
    """None: tries are counted in the database."""
