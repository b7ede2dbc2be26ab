"""The chain that shows whether a log was tampered with (security.md, AC-12). Pure; the work is in tenants/sealing.py.

An entry is signed by the process that writes it, with a key that is derived from the master key. Later the worker gives
it its number in the log and a seal: an HMAC over the seal before it, the number and all that the entry says, under the
log's own key, which is stored sealed. Whoever can write to the database has neither key: an entry that was changed,
removed or put in between no longer fits, and one that was only added has no good signature.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

CHAIN_ID = "chain"
BEGINNING = "0" * 64
"""What stands before the first seal."""
_NOT_SAID = frozenset({"number", "seal", "signature"})


class Origin(StrEnum):
    """Who wrote an entry, as far as it can be shown. It is part of the seal."""

    OURS = "ours"
    INHERITED = "inherited"
    """It was there before entries were signed."""
    FOREIGN = "foreign"
    """It was put into the database by somebody else."""


class Sealed:
    """Columns of a log that has a chain."""

    number: Mapped[int | None] = mapped_column(BigInteger)
    seal: Mapped[str | None] = mapped_column(String(64))
    signature: Mapped[str | None] = mapped_column(String(100))


class ChainState:
    """Columns of a chain: its key, its end, its beginning, and how far it was looked at. `proof` binds all of them."""

    key_sealed: Mapped[str]
    number: Mapped[int] = mapped_column(BigInteger, default=0)
    seal: Mapped[str] = mapped_column(String(64), default=BEGINNING)
    anchor_number: Mapped[int] = mapped_column(BigInteger, default=0)
    """Entries up to this one were removed because they were old."""
    anchor_seal: Mapped[str] = mapped_column(String(64), default=BEGINNING)
    checked_number: Mapped[int] = mapped_column(BigInteger, default=0)
    checked_seal: Mapped[str] = mapped_column(String(64), default=BEGINNING)
    inherits: Mapped[bool] = mapped_column(default=True)
    """Entries without a signature are from before there were any. Ends with the first round that finds nothing left."""
    proof: Mapped[str] = mapped_column(String(64))
    checked_at: Mapped[datetime | None]
    broken_at: Mapped[datetime | None]
    broken_note: Mapped[str | None] = mapped_column(String(300))


@dataclass(frozen=True, slots=True)
class Fault:
    """The first entry that does not fit, and how."""

    number: int | None
    entry: str
    """Its id, where there is one."""
    sentence: str

    def __str__(self) -> str:
        place = f"entry {self.number}" if self.number is not None else "entry"
        return f"{place}{f' ({self.entry})' if self.entry else ''}: {self.sentence}"


def content_of(values: Mapping[str, Any]) -> bytes:
    """All that an entry says, as bytes that are the same whenever it is read. Empty columns count as none."""
    said = {name: _plain(value) for name, value in values.items() if value is not None and name not in _NOT_SAID}
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def seal_of(key: bytes, before: str, number: int, origin: Origin, content: bytes) -> str:
    """The seal of one entry; it carries all seals before it."""
    head = f"{before}|{number}|{origin.value}|".encode()
    return hmac.new(key, head + content, hashlib.sha256).hexdigest()


def proof_of(key: bytes, chain: Any) -> str:
    """What binds a chain's end, beginning and state: they are not set back, or forward, by a writer of rows."""
    parts = (
        "chain",
        chain.number,
        chain.seal,
        chain.anchor_number,
        chain.anchor_seal,
        chain.checked_number,
        chain.checked_seal,
        int(chain.inherits),
    )
    return hmac.new(key, "|".join(str(part) for part in parts).encode(), hashlib.sha256).hexdigest()


def origin_of(key: bytes, before: str, number: int, content: bytes, seal: str | None) -> Origin | None:
    """Whose entry the seal says that it is; None where it says nothing of this entry at this place."""
    for origin in Origin:
        if hmac.compare_digest(seal_of(key, before, number, origin, content), seal or ""):
            return origin
    return None


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value
