"""Bulk actions as a plan: people in, changes and refusals out. Pure; who carries it out asks again at each person.

What a plan refuses it refuses for all that come after as well: of two admins that are to be deleted the second stays.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tenants.accounts import ADMIN_ROLES, AccountState
from tenants.admins import ENTERING, Candidate
from tenants.last_admin import Admins
from tenants.reasons import Reason


class Action(StrEnum):
    """What is done with several people at once (requirements.md, C1)."""

    LOCAL_ON = "local_on"
    LOCAL_OFF = "local_off"
    SEND_LINK = "send_link"
    """An invitation to who has not set the account up, a reset link to who has."""
    DISABLE = "disable"
    REACTIVATE = "reactivate"
    DELETE = "delete"


ENDING = frozenset({Action.LOCAL_OFF, Action.DISABLE, Action.DELETE})
"""What takes something away: asked twice, and with a fresh proof."""
_LOSING = frozenset({Action.DISABLE, Action.DELETE})


@dataclass(frozen=True, slots=True)
class Person:
    """An account as a plan sees it."""

    id: str
    email: str
    organization_id: str
    state: AccountState
    """As time has made it."""
    role: str | None = None
    is_local_enabled: bool = False
    is_file_managed: bool = False
    has_door: bool = False
    has_ended: bool = False
    """Its end date has passed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What else a plan depends on: who acts, what policy says, and who could still configure the tenant."""

    actor_id: str
    actor_role: str | None
    is_local_on: bool
    admins: Admins
    now: datetime
    reachable: frozenset[str] | None = None
    """Organizations whose people the actor looks after; None: all."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One person of a plan. `refusal` None: it will be done, unless `is_same`."""

    person: Person
    refusal: Reason | None = None
    is_same: bool = False
    """There is nothing to do."""

    @property
    def is_due(self) -> bool:
        return self.refusal is None and not self.is_same


def may_act(role: str | None, action: Action) -> bool:
    """May somebody with this role do that to others?"""
    return role in ADMIN_ROLES or (role == "helpdesk" and action is Action.SEND_LINK)


def plan_bulk(action: Action, people: Iterable[Person], setting: Setting) -> list[Planned]:
    """What becomes of each of them, in their order."""
    left = dict(setting.admins.people)
    planned = []
    for person in people:
        one = _plan_one(action, person, setting, left)
        if one.is_due and person.id in left and action in ENDING:
            _take(left, person, action)
        planned.append(one)
    return planned


def _plan_one(action: Action, person: Person, setting: Setting, left: Mapping[str, Candidate]) -> Planned:
    if refusal := _whose(action, person, setting) or _CHECKS[action](person, setting):
        return Planned(person, refusal)
    if _is_same(action, person):
        return Planned(person, is_same=True)
    if action in ENDING and person.id in left:
        after = dict(left)
        _take(after, person, action)
        if objection := setting.admins.objection(after, setting.now):
            return Planned(person, Reason("last_admin", objection))
    return Planned(person)


def _take(left: dict[str, Candidate], person: Person, action: Action) -> None:
    if action in _LOSING:
        left.pop(person.id)
    else:
        left[person.id] = replace(left[person.id], is_local_enabled=False)


def _whose(action: Action, person: Person, setting: Setting) -> Reason | None:
    """Whose account nobody changes by a bulk action."""
    if not may_act(setting.actor_role, action):
        return Reason("not_yours", "Your role does not do this.")
    if person.state is AccountState.DELETED:
        return Reason("gone", "This account was deleted meanwhile.")
    if setting.reachable is not None and person.organization_id not in setting.reachable:
        return Reason("elsewhere", "This person belongs to a part of the organization that you don't look after.")
    reason = out_of_reach(person.id, person.role, setting.actor_id, setting.actor_role, setting.reachable)
    return reason or _bound(action, person)


def out_of_reach(
    account_id: str, role: str | None, actor_id: str, actor_role: str | None, reachable: frozenset[str] | None
) -> Reason | None:
    """Who has a role that the actor's own does not reach; nobody does this to themselves either."""
    if account_id == actor_id:
        return Reason("self", "This is your own account.")
    if role is not None and actor_role not in ADMIN_ROLES:
        return Reason("role", "Only admins change the account of somebody with a role.")
    if role in ADMIN_ROLES and reachable is not None:
        return Reason("role", "Only admins of the whole organization change the account of an admin.")
    if role == "owner" and actor_role != "owner":
        return Reason("owner", "Only owners change the account of an owner.")
    return None


def _bound(action: Action, person: Person) -> Reason | None:
    if person.is_file_managed and action is not Action.SEND_LINK:
        return Reason("file", "A tenants file manages this account.")
    if person.has_door and action in _LOSING:
        return Reason("door", "This account has emergency access. Take that back first.")
    return None


def _is_same(action: Action, person: Person) -> bool:
    return {
        Action.LOCAL_ON: person.is_local_enabled,
        Action.LOCAL_OFF: not person.is_local_enabled,
        Action.DISABLE: person.state is AccountState.DISABLED,
        Action.REACTIVATE: person.state.value in ENTERING,
    }.get(action, False)


def _anybody(person: Person, setting: Setting) -> Reason | None:
    return None


def _has_time_left(person: Person, setting: Setting) -> Reason | None:
    return Reason("ended", "Its end date has passed. Set another one first.") if person.has_ended else None


def _may_get_link(person: Person, setting: Setting) -> Reason | None:
    """A link is for who may use it now (security.md, IR-11)."""
    if not setting.is_local_on:
        return Reason("local_off", "E-mail and password is off for your organization.")
    if not person.is_local_enabled:
        return Reason("local_off_account", "E-mail login is off for this account.")
    if person.state not in (AccountState.INVITED, AccountState.ACTIVE, AccountState.DEACTIVATED):
        return Reason("shut", "This account is switched off. Reactivate it first.")
    return None


_CHECKS = {
    Action.LOCAL_ON: _anybody,
    Action.LOCAL_OFF: _anybody,
    Action.SEND_LINK: _may_get_link,
    Action.DISABLE: _anybody,
    Action.REACTIVATE: _has_time_left,
    Action.DELETE: _anybody,
}
