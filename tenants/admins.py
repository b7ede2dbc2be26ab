"""Who can still configure a tenant: pure, for every change that could leave nobody (security.md, AC-06)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tenants.accounts import ADMIN_ROLES, AccountState

ENTERING = frozenset({AccountState.INVITED.value, AccountState.ACTIVE.value})
"""States of an account that gets in, now or when its invitation is accepted."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account as far as it matters to whether the tenant keeps an admin."""

    role: str | None
    state: str
    expires_at: datetime | None = None
    is_local_enabled: bool = False
    has_door_credential: bool = False
    """Password and app for the back door are set up."""

    def is_admin(self, now: datetime) -> bool:
        """Owner or admin, and neither switched off nor at an end."""
        is_over = self.expires_at is not None and self.expires_at <= now
        return self.role in ADMIN_ROLES and self.state in ENTERING and not is_over


@dataclass(frozen=True, slots=True)
class Ways:
    """What of the ways in is open."""

    local: bool
    connection: bool
    """Whether any connection is switched on."""
    door: bool


def has_admin(people: Iterable[Candidate], now: datetime) -> bool:
    """Is there anybody who may configure the tenant?"""
    return any(person.is_admin(now) for person in people)


def has_reachable_admin(people: Iterable[Candidate], ways: Ways, now: datetime) -> bool:
    """Is there an admin with a way in that is open?"""
    return any(person.is_admin(now) and (ways.connection or _enters_alone(person, ways)) for person in people)


def has_own_way_admin(people: Iterable[Candidate], ways: Ways, now: datetime) -> bool:
    """Is there an admin who gets in when every identity provider is down?"""
    return any(person.is_admin(now) and _enters_alone(person, ways) for person in people)


def _enters_alone(person: Candidate, ways: Ways) -> bool:
    return (ways.local and person.is_local_enabled) or (ways.door and person.has_door_credential)
