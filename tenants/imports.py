"""An import as a plan: rows of a sheet and what is known in, the outcome of every row out. Pure (requirements.md, C2).

An import makes new accounts and changes the plain ones that are there: name, organization, e-mail login, end date. It
takes over nobody (security.md, PI-09): whoever has a role, is managed by a file or comes from an identity provider keeps
what that means, and the row says so.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from tenants.addresses import Address, AddressError, normalise_address
from tenants.reasons import Reason
from tenants.sheets import Cells, SheetError

MAX_NAME = 200


class Column(StrEnum):
    """The columns of an export and of an import, by their headings."""

    EMAIL = "E-mail"
    NAME = "Name"
    ORGANIZATION = "Organization"
    LOCAL = "Email login enabled"
    EXPIRES = "Expiry date"
    STATE = "State"
    METHODS = "Methods"
    LAST_SIGN_IN = "Last sign-in"
    CREATED = "Created"


WRITABLE = (Column.EMAIL, Column.NAME, Column.ORGANIZATION, Column.LOCAL, Column.EXPIRES)
"""What an import takes; the others are for reading."""
_YES = frozenset({"y", "yes", "true", "1", "ja", "oui", "j", "o"})
_NO = frozenset({"n", "no", "false", "0", "nein", "nee", "non"})


class RowOutcome(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row as it was written. None: the sheet has no such column, so nothing of it changes."""

    number: int
    email: str
    name: str | None = None
    organization: str | None = None
    local: str | None = None
    expires: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An account that has one of the addresses."""

    id: str
    email: str
    name: str
    organization_id: str
    is_local_enabled: bool
    expires_at: datetime | None
    role: str | None
    is_file_managed: bool
    is_linked: bool
    """An identity provider knows this person."""
    has_door: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else the rows are held against."""

    organizations: Mapping[str, str]
    """What may be written, normalised (name and key) → id. Only those that the admin looks after."""
    home_organization: str
    """Where a new account goes that names none."""
    reachable: frozenset[str] | None
    """Ids of the organizations whose people may be changed; None: all."""
    now: datetime


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One row with its outcome. `changes`: column of the account → value, as JSON has it."""

    number: int
    email: str
    outcome: RowOutcome
    account_id: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    problem: Reason | None = None
    note: str = ""
    """Another address that may be the same mailbox."""


def rows_of(sheet: Sequence[tuple[int, Cells]]) -> list[SheetRow]:
    """The rows below the headings. Raises SheetError where there is no column for the address, or one stands twice."""
    if not sheet:
        raise SheetError("This file is empty.")
    places = _places(sheet[0][1])
    if len(sheet) == 1:
        raise SheetError("There is nobody below the headings.")
    return [_row(number, cells, places) for number, cells in sheet[1:]]


def addresses_of(rows: Iterable[SheetRow]) -> dict[int, Address]:
    """Row's number → its address, of those that have one."""
    found = {}
    for row in rows:
        try:
            found[row.number] = normalise_address(row.email)
        except AddressError:
            continue
    return found


def plan_import(rows: Sequence[SheetRow], known: Mapping[str, Known], around: Surroundings) -> list[PlannedRow]:
    """The outcome of every row; `known` by normalised address."""
    seen: dict[str, int] = {}
    mailboxes: dict[str, str] = {}
    planned = []
    for row in rows:
        one = _plan_row(row, known, around, seen)
        planned.append(_noted(one, mailboxes, known))
    return planned


def _plan_row(row: SheetRow, known: Mapping[str, Known], around: Surroundings, seen: dict[str, int]) -> PlannedRow:
    try:
        address = normalise_address(row.email)
    except AddressError as error:
        return _wrong(row, Reason("address", str(error)))
    first = seen.setdefault(address.key, row.number)
    if first != row.number:
        return _wrong(row, Reason("twice", f"Row {first} has the same address."))
    try:
        wanted = _wanted(row, around)
    except SheetError as error:
        return _wrong(row, Reason("value", str(error)))
    account = known.get(address.key)
    return _new(row, address, wanted, around) if account is None else _changed(row, account, wanted, around)


def _new(row: SheetRow, address: Address, wanted: Mapping[str, Any], around: Surroundings) -> PlannedRow:
    defaults = {"name": "", "organization_id": around.home_organization, "is_local_enabled": False, "expires_at": None}
    values = {**defaults, **{name: value for name, value in wanted.items() if value is not None}, "email": address.text}
    return PlannedRow(row.number, address.text, RowOutcome.NEW, None, values | {"email_key": address.key})


def _changed(row: SheetRow, account: Known, wanted: Mapping[str, Any], around: Surroundings) -> PlannedRow:
    if around.reachable is not None and account.organization_id not in around.reachable:
        return _wrong(row, Reason("elsewhere", "This address belongs to a part of the organization that you don't look after."))
    present = {
        "name": account.name,
        "organization_id": account.organization_id,
        "is_local_enabled": account.is_local_enabled,
        "expires_at": account.expires_at.isoformat() if account.expires_at else None,
    }
    changes = {name: value for name, value in wanted.items() if value != present[name]}
    if not changes:
        return PlannedRow(row.number, account.email, RowOutcome.SAME, account.id)
    if objection := _objection(account, changes):
        return _wrong(row, objection)
    return PlannedRow(row.number, account.email, RowOutcome.CHANGED, account.id, changes)


def _objection(account: Known, changes: Mapping[str, Any]) -> Reason | None:
    """Whom an import leaves as they are (PI-09, AC-06)."""
    if account.role is not None or account.has_door:
        return Reason("role", "This person has a role. Change them on their own page.")
    if account.is_file_managed:
        return Reason("file", "A tenants file manages this account.")
    if account.is_linked and "name" in changes:
        return Reason("linked", "An identity provider rules this name. Change it there.")
    if account.is_linked and changes.get("is_local_enabled"):
        return Reason(
            "linked", "This person signs in with an identity provider. Switch e-mail login on for them in the list of users."
        )
    return None


def _wanted(row: SheetRow, around: Surroundings) -> dict[str, Any]:
    """What the row says, by the account's columns. Raises SheetError."""
    wanted: dict[str, Any] = {}
    if row.name is not None:
        wanted["name"] = _name(row.name)
    if row.organization:
        wanted["organization_id"] = _organization(row.organization, around)
    if row.local:
        wanted["is_local_enabled"] = _yes_or_no(row.local)
    if row.expires is not None:
        wanted["expires_at"] = _end(row.expires, around.now)
    return wanted


def _name(text: str) -> str:
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if len(name) > MAX_NAME or not name.isprintable():
        raise SheetError("A name is one line of at most 200 characters.")
    return name


def _organization(text: str, around: Surroundings) -> str:
    found = around.organizations.get(organization_key(text))
    if found is None:
        raise SheetError("There is no such organization among those that you look after.")
    return found


def organization_key(text: str) -> str:
    """How a name or key of an organization is compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _yes_or_no(text: str) -> bool:
    word = text.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise SheetError("Email login enabled is Y or N.")


def _end(text: str, now: datetime) -> str | None:
    """The first moment after the last day, UTC, as everywhere."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        end = datetime.combine(day + timedelta(days=1), time(), UTC)
    except (ValueError, OverflowError):
        raise SheetError("An expiry date looks like 2027-03-31.") from None
    if end <= now:
        raise SheetError("This expiry date has passed.")
    return end.isoformat()


def _wrong(row: SheetRow, problem: Reason) -> PlannedRow:
    return PlannedRow(row.number, row.email[:254], RowOutcome.WRONG, problem=problem)


def _noted(one: PlannedRow, mailboxes: dict[str, str], known: Mapping[str, Known]) -> PlannedRow:
    """Tags behind a + mostly lead to one mailbox; both stay people of their own."""
    if one.outcome is not RowOutcome.NEW:
        return one
    mailbox = untagged(one.changes["email_key"])
    holder = known.get(mailbox)
    first = mailboxes.setdefault(mailbox, holder.email if holder is not None else one.email)
    return one if first == one.email else replace(one, note=first)


def untagged(key: str) -> str:
    """A normalised address without the tag behind a + in it."""
    local, _at, domain = key.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _places(headings: Cells) -> dict[Column, int]:
    names = {organization_key(column.value): column for column in Column} | {
        "email": Column.EMAIL,
        "e-mail address": Column.EMAIL,
    }
    places: dict[Column, int] = {}
    for place, heading in enumerate(headings):
        column = names.get(organization_key(heading))
        if column in places:
            raise SheetError(f"The column {column} stands there twice.")
        if column is not None:
            places[column] = place
    if Column.EMAIL not in places:
        raise SheetError("The first row needs the heading “E-mail”. Export the users to see how a sheet looks.")
    return places


def _row(number: int, cells: Cells, places: Mapping[Column, int]) -> SheetRow:
    def cell(column: Column) -> str | None:
        place = places.get(column)
        return None if place is None else (cells[place] if place < len(cells) else "")

    return SheetRow(
        number,
        cell(Column.EMAIL) or "",
        cell(Column.NAME),
        cell(Column.ORGANIZATION),
        cell(Column.LOCAL),
        cell(Column.EXPIRES),
    )
