"""What a list of accounts is narrowed to: by conditions, and by the ids of those whom an index says are few."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from tenants.accounts import Account, AccountState
from tenants.addresses import AddressError, normalise_domain
from tenants.admins import ENTERING
from tenants.connections import Connection
from tenants.db import TenantSession
from tenants.identities import Identity
from tenants.search_keys import HIGHEST, name_key
from tenants.ways import LOCAL

FEW = 1500
"""So many are read and sorted; of more, enough are met soon by walking."""
SOME = 4000
"""So many are read where a second thing narrows the list: of those who fulfil both there may be hardly any."""
_MOST_ASKED = 3
MAX_TEXT = 200
_IS_LOCAL = Account.is_local_enabled.is_(True)
"""As the index has it."""
NEVER = "never"
"""Beside the states: who has never signed in."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to. `organizations`: those whom a delegated admin may see; None: everybody."""

    text: str = ""
    method: str = ""
    state: str = ""
    organization: str = ""
    role: str = ""
    organizations: frozenset[str] | None = None

    @property
    def are_any(self) -> bool:
        return bool(self.text or self.method or self.state or self.organization or self.role)


def few_of(db: TenantSession, filters: Filters, now: datetime) -> Select[Any] | None:
    """What selects the ids of those who may match, where an index says that they are few; of several indexes, that the best
    leaves few."""
    most = SOME if len(_indexed(filters, now, SOME)) > 1 else FEW
    counted: list[tuple[int, Select[Any]]] = []
    for ids in _indexed(filters, now, most)[:_MOST_ASKED]:
        count = _count_to(db, ids, most + 1)
        if count <= FEW:
            return ids
        counted.append((count, ids))
    count, best = min(counted, key=lambda one: one[0], default=(most + 1, None))
    return best if count <= most else None


def _count_to(db: TenantSession, ids: Select[Any], most: int) -> int:
    """How many there are, up to this many: to have them sent here and count them takes several times as long."""
    bounded = ids.limit(most).subquery()
    return int(db.scalar(select(func.count(next(iter(bounded.c))))) or 0)


def conditions_of(db: TenantSession, filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    """What everybody on the list fulfils."""
    return list(map(_unindexed(db), [Account.state != AccountState.DELETED.value, *_conditions(filters, now)]))


def _conditions(filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    found: list[Any] = []
    if filters.text:
        found.append(or_(*(_begins(column, key) for column, key in _text_keys(filters.text))))
    if filters.method:
        found.append(_IS_LOCAL if filters.method == LOCAL else _is_linked(filters.method))
    if filters.state:
        found.append(_is_in_state(filters.state, now))
    if filters.organization:
        found.append(Account.organization_id == filters.organization)
    if filters.role:
        found.append(Account.role == filters.role)
    if filters.organizations is not None:
        found.append(Account.organization_id.in_(sorted(filters.organizations)))
    return found


def _indexed(filters: Filters, now: datetime, most: int) -> list[Select[Any]]:
    """For each thing that narrows the list: the ids that it leaves, by an index of its own."""
    found: list[Select[Any]] = []
    if filters.role:
        found.append(select(Account.id).where(Account.role == filters.role))
    if filters.state:
        found.append(_indexed_state(filters.state, now, most))
    if filters.text:
        found.append(_any_of(_text_keys(filters.text), most))
    if filters.organization:
        found.append(select(Account.id).where(Account.organization_id == filters.organization))
    if filters.organizations is not None:
        found.append(select(Account.id).where(Account.organization_id.in_(sorted(filters.organizations))))
    if filters.method == LOCAL:
        found.append(select(Account.id).where(_IS_LOCAL))
    elif filters.method:
        found.append(
            select(Identity.account_id)
            .join(Connection, Connection.id == Identity.connection_id)
            .where(Connection.key == filters.method)
        )
    return found


def _any_of(keys: Sequence[tuple[Any, str]], most: int) -> Select[Any]:
    """One range of an index each, put together."""
    return _united(most, *(select(Account.id).where(_begins(column, key)) for column, key in keys))


def _united(most: int, *queries: Select[Any]) -> Select[Any]:
    parts = [query.limit(most + 1).subquery() for query in queries]
    united = select(parts[0].c.id).union(*(select(part.c.id) for part in parts[1:])).subquery()
    return select(united.c.id)


def _text_keys(text: str) -> list[tuple[Any, str]]:
    """Where the text may be found: the beginning of a name, of its second word, of an address; a domain; a whole id."""
    key = name_key(text[:MAX_TEXT])
    if not key.isprintable():
        key = HIGHEST  # nobody: PostgreSQL takes not every character
    if key.startswith("@"):
        return [(Account.email_domain, _domain(key[1:]))]
    found: list[tuple[Any, str]] = [(Account.email_key, key), (Account.name_key, key), (Account.surname_key, key)]
    if "." in key and "@" not in key and " " not in key:
        found.append((Account.email_domain, _domain(key)))
    return found


def _domain(text: str) -> str:
    try:
        return normalise_domain(text)
    except AddressError:
        return text


def _begins(column: Any, key: str) -> ColumnElement[bool]:
    """A range, so that no letter of what was typed has a meaning of its own (IN-06)."""
    return and_(column >= key, column < key + HIGHEST)


def _is_linked(connection_key: str) -> ColumnElement[bool]:
    return exists().where(
        Identity.account_id == Account.id, Identity.connection_id == Connection.id, Connection.key == connection_key
    )


def _is_in_state(state: str, now: datetime) -> ColumnElement[bool]:
    """As stored, but for an end date: that one counts at once. What else time ends is written down each night."""
    is_over = and_(Account.expires_at.is_not(None), Account.expires_at <= now)
    if state == NEVER:
        return Account.last_login_at.is_(None)
    if state == AccountState.EXPIRED:
        return or_(Account.state == state, and_(Account.state.in_(sorted(ENTERING)), is_over))
    if state in ENTERING:
        return and_(Account.state == state, or_(Account.expires_at.is_(None), Account.expires_at > now))
    return Account.state == state


def _indexed_state(state: str, now: datetime, most: int) -> Select[Any]:
    if state == NEVER:
        return select(Account.id).where(Account.last_login_at.is_(None))
    stored = select(Account.id).where(Account.state == state)
    over = select(Account.id).where(Account.expires_at <= now)
    return _united(most, stored, over) if state == AccountState.EXPIRED else stored


def _unindexed(db: TenantSession) -> Callable[[ColumnElement[bool]], ColumnElement[bool]]:
    """SQLite takes an index of what narrows the list before that of its order, and then sorts all of it; unless it can't."""
    is_sqlite = db.get_bind().dialect.name == "sqlite"
    return lambda condition: func.coalesce(condition, False) if is_sqlite else condition
