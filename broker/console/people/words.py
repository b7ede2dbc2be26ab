"""What the pages about people say: states, ways, roles, what is done to somebody and why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from flask import g
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from broker.upstream import KINDS
from tenants.account_filters import NEVER
from tenants.accounts import AccountState
from tenants.bulk import Action
from tenants.ways import LOCAL

Tone = Literal["", "ok", "warn", "bad"]

STATES: dict[str, LazyString] = {
    AccountState.ACTIVE: _l("Active"),
    AccountState.INVITED: _l("Invited"),
    AccountState.DISABLED: _l("Disabled"),
    AccountState.DEACTIVATED: _l("Never activated"),
    AccountState.INACTIVE: _l("Inactive"),
    AccountState.EXPIRED: _l("Expired"),
    NEVER: _l("Never signed in"),
}
ROLES: dict[str, LazyString] = {
    "owner": _l("Owner"),
    "admin": _l("Admin"),
    "helpdesk": _l("Helpdesk"),
    "auditor": _l("Auditor"),
}
_TONES: dict[str, Tone] = {AccountState.ACTIVE: "ok", AccountState.DISABLED: "bad", AccountState.EXPIRED: "bad"}
REFUSALS: dict[str, LazyString] = {
    "self": _l("Your own account"),
    "role": _l("Has a role"),
    "owner": _l("Only owners change an owner"),
    "file": _l("Managed by a tenants file"),
    "door": _l("Has emergency access: take that back first"),
    "last_admin": _l("Nobody would be left to look after your organization"),
    "elsewhere": _l("Not of the organizations that you look after"),
    "not_yours": _l("Your role doesn’t do this"),
    "gone": _l("Deleted meanwhile"),
    "ended": _l("The end date has passed: set another one first"),
    "local_off": _l("E-mail and password is off for your organization"),
    "local_off_account": _l("E-mail login is off for this account"),
    "shut": _l("Switched off: reactivate first"),
    "": _l("Could not be done"),
}


@dataclass(frozen=True, slots=True)
class Glyph:
    """A way in as a small sign with its name."""

    icon: str
    label: str


@dataclass(frozen=True, slots=True)
class ActionWords:
    """How an action is called: on a button, as the question, on the last button, and afterwards."""

    button: LazyString
    question: LazyString
    effect: LazyString
    done: LazyString


ACTIONS: dict[Action, ActionWords] = {
    Action.LOCAL_ON: ActionWords(
        _l("Enable e-mail login"),
        _l("Enable e-mail login?"),
        _l("They may then sign in with e-mail and password. Nothing is mailed: send them a link afterwards."),
        _l("E-mail login is enabled."),
    ),
    Action.LOCAL_OFF: ActionWords(
        _l("Disable e-mail login…"),
        _l("Disable e-mail login?"),
        _l("This deletes their passwords and second factors and signs them out. Each gets a mail about it."),
        _l("E-mail login is disabled."),
    ),
    Action.SEND_LINK: ActionWords(
        _l("Send mail again"),
        _l("Send the mail again?"),
        _l("Who has not set the account up gets a new invitation, everybody else a link for a new password. Older links end."),
        _l("The mail is on its way."),
    ),
    Action.DISABLE: ActionWords(
        _l("Disable…"),
        _l("Disable these accounts?"),
        _l("Nobody enters with them any more, and they are signed out. Passwords and second factors wait."),
        _l("Disabled."),
    ),
    Action.REACTIVATE: ActionWords(
        _l("Reactivate"),
        _l("Reactivate these accounts?"),
        _l("They work again, with what people signed in with before."),
        _l("Reactivated."),
    ),
    Action.DELETE: ActionWords(
        _l("Delete…"),
        _l("Delete these people for good?"),
        _l("Name, address, credentials, links to identity providers, groups and sessions go. It can’t be undone."),
        _l("Deleted."),
    ),
}


def state_words(state: str, expires_at: datetime | None, now: datetime) -> tuple[Tone, str]:
    """The state with its colour; an end that is near stands in its place."""
    if state == AccountState.ACTIVE and expires_at is not None and expires_at - now < timedelta(days=30):
        return "warn", str(_("Expires %(day)s", day=day_text(expires_at)))
    return _TONES.get(state, ""), str(STATES.get(state, state))


def day_text(end: datetime) -> str:
    """The last day of what ends: an end is the first moment after it."""
    return (end - timedelta(microseconds=1)).date().isoformat()


def ways_of(is_local: bool, keys: Sequence[str]) -> list[Glyph]:
    """The ways of somebody, as signs."""
    known = g.tenant.connections
    found = [Glyph(known[key].icon or KINDS[known[key].kind].icon, known[key].label) for key in keys if key in known]
    return [*found, *([Glyph("way-local", str(_("E-mail and password")))] if is_local else [])]


def way_choices() -> list[tuple[str, str]]:
    """For the filter."""
    ways = [(LOCAL, str(_("E-mail and password"))), *((key, one.label) for key, one in g.tenant.connections.items())]
    return [("", str(_("Any method"))), *ways]


def organization_choices(reachable: frozenset[str] | None, top: str) -> list[tuple[str, str]]:
    """Organizations that an admin may name, as a tree of lines; `top` is the first line, empty: none."""
    tree = g.tenant.organizations
    lines = [(row.id, f"{'– ' * depth}{row.name}") for depth, row in tree.walk() if reachable is None or row.id in reachable]
    return [("", top), *lines] if top else lines


def organization_name(organization_id: str) -> str:
    row: Any = g.tenant.organizations.rows.get(organization_id)
    return str(row.name) if row is not None else ""


def refusal_words(code: str, sentence: str = "") -> str:
    """Why somebody is left out."""
    return str(REFUSALS[code]) if code in REFUSALS and (code or not sentence) else sentence
