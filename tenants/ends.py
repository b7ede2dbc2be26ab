"""When an account ends by itself, and what it is then (requirements.md, A1, A3). Pure.

The state that is stored is what somebody has set or the nightly job has written down. What counts is this: time ends an
account whether or not a worker has noticed it yet.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from tenants.accounts import AccountState


class End(StrEnum):
    """What an account runs into by itself."""

    ACTIVATION = "activation"
    DISUSE = "disuse"
    EXPIRY = "expiry"


STATE_AFTER = {
    End.ACTIVATION: AccountState.DEACTIVATED,
    End.DISUSE: AccountState.INACTIVE,
    End.EXPIRY: AccountState.EXPIRED,
}


class Periods(Protocol):
    """What of a tenant's policy this depends on."""

    @property
    def activation_days(self) -> int: ...

    @property
    def inactive_days(self) -> int: ...


class Lifetime(Protocol):
    """What of an account it depends on: see AccountFacts in tenants/policies.py."""

    @property
    def state(self) -> AccountState: ...

    @property
    def invited_at(self) -> datetime: ...

    @property
    def used_at(self) -> datetime | None: ...

    @property
    def expires_at(self) -> datetime | None: ...

    @property
    def is_admin(self) -> bool: ...


def effective_state(account: Lifetime, policy: Periods, now: datetime) -> AccountState:
    """The state that time has made of the stored one.

    An owner or admin ends by an end date only: disuse and an old invitation end those when the nightly job writes it
    down, which spares a tenant's last one (security.md, AC-06).
    """
    reached = [end for end, at in ends_of(account, policy).items() if at <= now]
    end = next((end for end in reached if end is End.EXPIRY or not account.is_admin), None)
    return STATE_AFTER[end] if end else account.state


def ends_of(account: Lifetime, policy: Periods) -> dict[End, datetime]:
    """When an account that may enter runs out, by cause. An end date comes first: it was set for this very account."""
    if account.state not in (AccountState.INVITED, AccountState.ACTIVE):
        return {}
    ends = {End.EXPIRY: account.expires_at} if account.expires_at else {}
    if account.state is AccountState.INVITED:
        return ends | {End.ACTIVATION: account.invited_at + timedelta(days=policy.activation_days)}
    return ends | {End.DISUSE: (account.used_at or account.invited_at) + timedelta(days=policy.inactive_days)}


def invited_at_of(row: Any) -> datetime:
    """When the activation period of an account's row began: at the newest invitation, or when it was given back."""
    known: list[datetime] = [row.invited_at or row.created_at]
    if row.state == AccountState.INVITED and row.state_changed_at:
        known.append(row.state_changed_at)
    return max(known)


def used_at_of(row: Any) -> datetime | None:
    """When an account's row was last used. That it was given back counts as use (requirements.md, A2)."""
    given_back = row.state_changed_at if row.state == AccountState.ACTIVE else None
    return max(filter(None, (row.last_login_at, row.activated_at, given_back)), default=None)
