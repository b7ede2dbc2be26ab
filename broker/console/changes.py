"""How the console changes something: one transaction, an event with before and after, and nobody's work overwritten.

with changing(admin) as work:
    row = …                                            # read and locked within the transaction
    work.require_ours(row)                             # a tenants file may hold it
    work.require_unchanged(seen, values_of(row), path) # what the form showed is what is there
    row.label = label
    work.note(path, before, after)
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from flask import g, request
from flask_babel import gettext as _
from sqlalchemy import bindparam, select

from broker.console.access import Admin
from broker.look import when
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants.accounts import Account
from tenants.audit import LATEST_EVENTS, Event, append
from tenants.causes import Cause, Refusal
from tenants.connections import CONNECTION_HELD
from tenants.db import TenantSession
from tenants.setup_links import PREFIX
from tenants.statements import scoped

_EVENTS_READ = 100
_NAME_OF_ACCOUNT = scoped(select(Account.name, Account.email).where(Account.id == bindparam("account")))


class _Kept(Protocol):
    is_file_managed: bool


@dataclass(frozen=True, slots=True)
class LastChange:
    """Who changed something last, when, and which fields of it."""

    by: str
    at: datetime
    fields: str


class StaleError(Exception):
    """Somebody else changed it since the form was shown. Nothing was written."""

    def __init__(self, last: LastChange | None) -> None:
        super().__init__("changed meanwhile")
        self.last = last

    @property
    def sentence(self) -> str:
        """For the top of the form, which comes back with what was typed."""
        told = str(_("Somebody else changed this meanwhile."))
        if self.last is not None:
            told = str(_("%(who)s changed this meanwhile, at %(time)s.", who=self.last.by, time=when(self.last.at).striptags()))
            if self.last.fields:
                told = f"{told} {_('Changed: %(fields)s.', fields=self.last.fields)}"
        rest = _("Nothing of yours was saved yet: what you typed is still here. Look at it again, then save.")
        return f"{told} {rest}"


@dataclass(frozen=True, slots=True)
class Work:
    """One change while it is made."""

    db: TenantSession
    admin: Admin
    now: datetime

    def require_ours(self, row: _Kept) -> None:
        """Raise Refusal for what a tenants file manages: its page shows it and offers no change."""
        require_ours(row, self.admin)

    def require_unchanged(self, seen: str, present: Mapping[str, object], path: str) -> None:
        """Raise StaleError unless `seen`, the form's fingerprint, is that of what is there now."""
        if seen != fingerprint(present):
            raise StaleError(last_change(self.db, path))

    def hold_connections(self, keys: Iterable[str]) -> None:
        """These stay until the transaction ends. Raises StaleError for one that is gone.

        Before what is to lead to them is locked: whoever deletes a connection takes the locks in this order.
        """
        for key in keys:
            known = g.tenant.connections.get(key)
            if known is not None and self.db.one(CONNECTION_HELD, connection_id=known.id) is None:
                raise StaleError(last_change(self.db, f"connections.{key}"))

    def note(
        self,
        path: str,
        before: Mapping[str, object],
        after: Mapping[str, object],
        *,
        what: str = "",
        secrets: tuple[str, ...] = (),
        event: Event = Event.CONFIGURATION_CHANGED,
        is_configuration: bool = True,
        account_id: str | None = None,
        connection_id: str | None = None,
        application_id: str | None = None,
    ) -> bool:
        """Into the audit log; every process drops its copy of the configuration where it `is_configuration`.

        `secrets` are names of values that changed and stand nowhere. Returns False, and notes nothing, where nothing differs.
        """
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        if not changed and not secrets and not what:
            return False
        detail = {"path": path, "what": what, "by": self.admin.id, "fields": ", ".join((*changed, *secrets))}
        detail |= {f"before {name}": shown(before.get(name)) for name in changed}
        detail |= {f"after {name}": shown(after.get(name)) for name in changed} | dict.fromkeys(secrets, "changed")
        self.db.flush()
        append(
            self.db,
            event,
            at=self.now,
            account_id=account_id,
            connection_id=connection_id,
            application_id=application_id,
            address=client_address(),
            user_agent=request.user_agent.string,
            detail=detail,
        )
        if is_configuration:
            self.db.touch_configuration()
        return True


@contextmanager
def changing(admin: Admin) -> Iterator[Work]:
    """A change: commits at its end, and leaves nothing of it on a raise."""
    with g.db.writing() as db:
        yield Work(db, admin, the_broker().ports.clock.now())


def require_ours(row: _Kept, admin: Admin) -> None:
    """Raise Refusal for what a tenants file manages."""
    if row.is_file_managed:
        raise Refusal(Cause.ROLE_MISSING, "managed by a tenants file", fact="file", account_id=admin.id)


def fingerprint(values: Mapping[str, object]) -> str:
    """A mark of what a form shows, for its hidden field `seen`."""
    text = json.dumps(values, sort_keys=True, default=str)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def last_change(db: TenantSession, path: str) -> LastChange | None:
    """Who changed what stands at a path, as far as the newest events tell. A bounded read."""
    for event in db.all(LATEST_EVENTS, count=_EVENTS_READ):
        if event.detail.get("path") == path:
            return LastChange(name_of(db, event.detail.get("by", "")), event.at, event.detail.get("fields", ""))
    return None


def name_of(db: TenantSession, by: str) -> str:
    """Who did something, from what an event has: an account's id, `file` or `operator`."""
    words = {"file": _("The tenants file"), "operator": _("The operator"), "": _("Somebody")}
    if by in words:
        return str(words[by])
    if by.startswith(f"{PREFIX}_"):
        return str(_("A set-up link"))
    row = db.one(_NAME_OF_ACCOUNT, account=by)
    return str(row.name or row.email) if row is not None else str(_("Somebody"))


def shown(value: object) -> str:
    """A value as an event keeps it."""
    if value is None or value in ("", (), []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return str(value)
