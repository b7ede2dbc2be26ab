"""The keys that a tenant's tokens are signed with, changed without anybody noticing (RFC 7517; security.md, OP-03).

For each algorithm there is one that signs. Its successor stands in the key set for two days before it signs, so that
applications which keep a key set for a day know it; the one before stays there for a month, so that what it signed can
still be verified, and then is good for nothing any more. Time moves a key on by itself, or the operator does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select

from tenants.audit import Event, append
from tenants.db import TenantSession
from tenants.key_changes import KeyChangeError
from tenants.keys import KeyState, SigningKey, place_of_private
from tenants.signing import ALGORITHMS, NewKey
from tenants.vault import Vault

USED_AFTER = timedelta(days=2)
RETIRED_AFTER = timedelta(days=30)


class Step(StrEnum):
    """What is to be done with the keys of one algorithm."""

    PUBLISH = "publish"
    USE = "use"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """One key as the plan sees it. `changed_at`: when it last became what it is; None: it is as it was made."""

    kid: str
    state: str
    created_at: datetime
    changed_at: datetime | None

    @property
    def signs_since(self) -> datetime:
        return self.changed_at or self.created_at


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one algorithm by what they do."""

    active: KeyFacts | None
    successor: KeyFacts | None
    before: tuple[KeyFacts, ...]


def sorted_keys(keys: Iterable[KeyFacts]) -> Keys:
    """A published key that never signed is the next one; one that did is one before. Pure."""
    known = sorted(keys, key=lambda key: key.created_at)
    published = [key for key in known if key.state == KeyState.PUBLISHED]
    return Keys(
        active=next((key for key in reversed(known) if key.state == KeyState.ACTIVE), None),
        successor=next((key for key in published if key.changed_at is None), None),
        before=tuple(key for key in published if key.changed_at is not None),
    )


def due_step(keys: Keys, days: int, now: datetime) -> Step | None:
    """What time asks for next; None: nothing. Pure."""
    if any(key.changed_at is not None and now - key.changed_at >= RETIRED_AFTER for key in keys.before):
        return Step.RETIRE
    if keys.successor is not None:
        return Step.USE if now - keys.successor.created_at >= USED_AFTER else None
    if keys.active is None or now - keys.active.signs_since >= timedelta(days=days) - USED_AFTER:
        return Step.PUBLISH
    return None


def keys_of(session: TenantSession, algorithm: str) -> Keys:
    """As they are now."""
    return sorted_keys(KeyFacts(row.id, row.state, row.created_at, row.changed_at) for row in _rows(session, algorithm))


def due_steps(session: TenantSession, days: int, now: datetime) -> list[tuple[str, Step]]:
    """Algorithm and step, for each that has one."""
    return [(name, step) for name in ALGORITHMS if (step := due_step(keys_of(session, name), days, now))]


def publish_next(session: TenantSession, vault: Vault, made: NewKey, now: datetime, by: str) -> None:
    """Put a successor beside the key that signs. Raises KeyChangeError."""
    keys = _locked(session, made.algorithm)
    if keys.successor is not None:
        raise KeyChangeError(f"There is a successor for {made.algorithm} already: {keys.successor.kid}.")
    is_first = keys.active is None
    session.add(
        SigningKey(
            id=made.kid,
            algorithm=made.algorithm,
            state=(KeyState.ACTIVE if is_first else KeyState.PUBLISHED).value,
            public_jwk=made.public_jwk,
            private_sealed=vault.seal(made.private, place_of_private(session.tenant_id, made.kid)),
            created_at=now,
        )
    )
    _note(session, "published", made.kid, now, by)


def use_next(session: TenantSession, algorithm: str, now: datetime, by: str) -> str:
    """Sign with the successor from now on; the key that signed stays in the key set. Raises KeyChangeError."""
    keys = _locked(session, algorithm)
    if keys.successor is None:
        raise KeyChangeError(f"There is no successor for {algorithm}.")
    for row in _rows(session, algorithm):
        if row.id == keys.successor.kid:
            row.state, row.changed_at = KeyState.ACTIVE.value, now
        elif row.state == KeyState.ACTIVE.value:
            row.state, row.changed_at = KeyState.PUBLISHED.value, now
    _note(session, "used", keys.successor.kid, now, by)
    return keys.successor.kid


def retire_before(session: TenantSession, algorithm: str, now: datetime, by: str, *, older_than: timedelta) -> list[str]:
    """Take out of the key set what signed once: nothing that it signed is believed any more. Returns what went."""
    keys = _locked(session, algorithm)
    going = [key.kid for key in keys.before if now - key.signs_since >= older_than]
    for row in _rows(session, algorithm):
        if row.id in going:
            row.state, row.changed_at = KeyState.RETIRED.value, now
            _note(session, "retired", row.id, now, by)
    return going


def _rows(session: TenantSession, algorithm: str) -> Sequence[SigningKey]:
    in_use = (KeyState.ACTIVE.value, KeyState.PUBLISHED.value)
    of_algorithm = select(SigningKey).where(SigningKey.algorithm == algorithm, SigningKey.state.in_(in_use))
    return session.scalars(of_algorithm.order_by(SigningKey.created_at, SigningKey.id)).all()


def _locked(session: TenantSession, algorithm: str) -> Keys:
    """One change at a time: counting the configuration up holds the tenant's row until the end."""
    session.touch_configuration()
    return keys_of(session, algorithm)


def _note(session: TenantSession, what: str, kid: str, now: datetime, by: str) -> None:
    append(session, Event.SIGNING_KEY_CHANGED, at=now, detail={"what": what, "key": kid, "by": by})
