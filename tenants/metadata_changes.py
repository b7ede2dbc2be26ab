"""What becomes of metadata that was fetched: is it taken, or does an admin have to say so? (security.md, SU-24). Pure.

Whoever can change what the address says could name keys of their own. So a description is taken by itself only where
it is the same provider's, with at least one of the keys that were there before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tenants.ids import digest

EVERY = timedelta(hours=4)
FIRST_PAUSE = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(hours=24)


class Verdict(StrEnum):
    SAME = "same"
    TAKEN = "taken"
    PROPOSED = "proposed"


class Why(StrEnum):
    """Why something is not taken without an admin's word."""

    EXPIRED = "expired"
    ENTITY_ID = "entity_id"
    KEYS = "keys"
    ADDRESS = "address"
    """It names an address that nobody is sent to: not https. Such a one can't be accepted either."""
    UNREADABLE = "unreadable"
    """What counts now can't be read any more, so there is nothing to compare with."""


SENTENCES = {
    Why.EXPIRED: "it says of itself that it is no longer valid",
    Why.ENTITY_ID: "it is about another entity id",
    Why.KEYS: "none of the keys that were known is in it any more",
    Why.ADDRESS: "it names an address for signing in that is not https",
    Why.UNREADABLE: "the copy from before can't be read any more, so the two can't be compared",
}


@dataclass(frozen=True, slots=True)
class Description:
    """What matters of a provider's metadata. `keys`: SHA-256 of each public key; `addresses`: binding and address."""

    entity_id: str
    keys: frozenset[str]
    addresses: frozenset[str]
    valid_until: datetime | None = None

    @property
    def mark(self) -> str:
        """The same for the same content, however it is written down."""
        return digest("\n".join([self.entity_id, *sorted(self.keys), "", *sorted(self.addresses)]))


@dataclass(frozen=True, slots=True)
class Judgement:
    """`why` is set where it is proposed; `added` and `removed` are keys."""

    verdict: Verdict
    why: Why | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def judge(known: Description | None, new: Description, now: datetime, *, is_first: bool = False) -> Judgement:
    """`known` is what counts now. None: nothing was fetched from this address before (`is_first`), or it can't be read."""
    before = known.keys if known else frozenset()
    changes = tuple(sorted(new.keys - before)), tuple(sorted(before - new.keys))
    why = _objection(known, new, now, is_first=is_first)
    if why is not None:
        return Judgement(Verdict.PROPOSED, why, *changes)
    return Judgement(Verdict.SAME if known is not None and known.mark == new.mark else Verdict.TAKEN, None, *changes)


def _objection(known: Description | None, new: Description, now: datetime, *, is_first: bool) -> Why | None:
    # What counts already goes on counting, also where an admin has taken it after its end.
    if known is not None and known.mark == new.mark:
        return None
    if new.valid_until is not None and new.valid_until <= now:
        return Why.EXPIRED
    if known is None:
        return None if is_first else Why.UNREADABLE
    if new.entity_id != known.entity_id:
        return Why.ENTITY_ID
    return None if new.keys & known.keys else Why.KEYS


def next_try(failures: int, now: datetime) -> datetime:
    """When to ask again: every four hours; after failures a quarter of an hour, then twice as long each time."""
    if not failures:
        return now + EVERY
    doubled: int = 2 ** min(failures - 1, 20)
    return now + min(FIRST_PAUSE * doubled, LONGEST_PAUSE)
