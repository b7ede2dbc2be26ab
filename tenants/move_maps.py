"""An uploaded map: which account arrives at the new provider as which subject. All of it is checked before any is written."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from tenants.accounts import Account
from tenants.addresses import AddressError, normalise_address
from tenants.audit import Event, append
from tenants.db import TenantDatabase, TenantSession
from tenants.identities import Identity
from tenants.ids import new_id
from tenants.move_reports import accounts_at
from tenants.moves import IS_OPEN, Move, MoveSubject
from tenants.moving import MoveError
from tenants.statements import scoped

MAX_ROWS = 100_000
FAULTS_TOLD = 50
_LONGEST = 255
_AT_ONCE = 500
_COLUMNS = ({"email", "subject"}, {"email", "issuer", "subject"})
_DROP_UNUSED = scoped(delete(MoveSubject).where(MoveSubject.move_id == bindparam("move"), MoveSubject.linked_at.is_(None)))
_ADD = scoped(insert(MoveSubject))


@dataclass(frozen=True, slots=True)
class MapRow:
    """One line of the file, in the form in which it is compared."""

    line: int
    email_key: str
    issuer: str
    subject: str


@dataclass(slots=True)
class MapCheck:
    """What a whole file comes to. It is applied only where it has no fault."""

    wanted: list[tuple[str, str, str]] = field(default_factory=list)
    """Account id, issuer and subject of everybody who is still to move."""
    moved: int = 0
    """Accounts that have moved already, as the file says."""
    faults: list[str] = field(default_factory=list)
    """The first of them."""
    fault_count: int = 0

    def note(self, line: int, sentence: str) -> None:
        self.fault_count += 1
        if len(self.faults) < FAULTS_TOLD:
            self.faults.append(f"line {line}: {sentence}")


def known_issuer(session: TenantSession, move: Move) -> str | None:
    """By what issuer people have come from the new connection so far, where it is one."""
    found = session.scalars(select(Identity.issuer).where(Identity.connection_id == move.to_id).distinct().limit(2)).all()
    return found[0] if len(found) == 1 else None


def read_map(lines: Iterable[str], issuer: str | None, check: MapCheck) -> Iterator[MapRow]:
    """The rows of a CSV file, one by one; what is wrong with one is noted. Raises MoveError where it is no such file.

    `issuer`: of rows that name none.
    """
    rows = csv.reader(lines, strict=True)
    try:
        columns = [name.strip().lower() for name in next(rows, [])]
        if set(columns) not in _COLUMNS or len(columns) != len(set(columns)):
            raise MoveError("The first line names the columns: email,issuer,subject or email,subject.")
        if issuer is None and "issuer" not in columns:
            raise MoveError("Nobody has come from the new connection yet: the file needs a column issuer, or say --issuer.")
        for count, cells in enumerate((row for row in rows if row), 1):
            if count > MAX_ROWS:
                raise MoveError(f"The file has more than {MAX_ROWS} rows.")
            row = _row(rows.line_num, columns, cells, issuer, check)
            if row is not None:
                yield row
    except csv.Error as error:
        raise MoveError(f"line {rows.line_num}: this is not CSV: {error}.") from None


def _row(line: int, columns: list[str], cells: list[str], issuer: str | None, check: MapCheck) -> MapRow | None:
    if len(cells) != len(columns):
        check.note(line, "has another number of columns than the first line.")
        return None
    named = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    values = (named.get("issuer") or issuer or "", named["subject"])
    if not all(value.isprintable() and 0 < len(value) <= _LONGEST for value in values):
        check.note(line, f"issuer and subject have 1 to {_LONGEST} characters, all of which can be seen.")
        return None
    try:
        return MapRow(line, normalise_address(named["email"]).key, *values)
    except AddressError as error:
        check.note(line, str(error))
        return None


def check_map(database: TenantDatabase, move: Move, rows: Iterator[MapRow], check: MapCheck) -> None:
    """Compare with the accounts, some hundred rows at a time; nothing is written."""
    emails: set[str] = set()
    subjects: set[tuple[str, str]] = set()
    while some := list(islice(rows, _AT_ONCE)):
        kept = []
        for row in some:
            if row.email_key in emails or (row.issuer, row.subject) in subjects:
                check.note(row.line, "names an account or a subject that an earlier line has named.")
            else:
                kept.append(row)
            emails.add(row.email_key)
            subjects.add((row.issuer, row.subject))
        with database.reading() as session:
            _compare(session, move, kept, check)


def _compare(session: TenantSession, move: Move, rows: list[MapRow], check: MapCheck) -> None:
    wanted = select(Account.email_key, Account.id).where(Account.email_key.in_([row.email_key for row in rows]))
    ids = {one.email_key: one.id for one in session.execute(wanted)}
    leaving = accounts_at(session, move.from_id, ids.values())
    there = accounts_at(session, move.to_id, ids.values())
    known = select(Identity.issuer, Identity.subject, Identity.account_id).where(
        Identity.connection_id == move.to_id, Identity.subject.in_([row.subject for row in rows])
    )
    owners = {(one.issuer, one.subject): one.account_id for one in session.execute(known)}
    for row in rows:
        account, owner = ids.get(row.email_key), owners.get((row.issuer, row.subject))
        if account is None:
            check.note(row.line, "there is no account with this address.")
        elif account not in leaving:
            check.note(row.line, "this account does not sign in by the old connection, so it does not move.")
        elif owner not in (None, account):
            check.note(row.line, "this subject belongs to another account already.")
        elif owner == account:
            check.moved += 1
        elif account in there:
            check.note(row.line, "this account has moved already, as another subject.")
        else:
            check.wanted.append((account, row.issuer, row.subject))


def write_map(database: TenantDatabase, move: Move, check: MapCheck, now: datetime, by: str) -> None:
    """Write the whole map, in place of what an earlier one said and nobody has used. Raises MoveError."""
    if check.fault_count:
        raise MoveError("The file has faults; nothing was written.")
    rows = [
        {"id": new_id("msb"), "move_id": move.id, "account_id": account, "issuer": issuer, "subject": subject}
        for account, issuer, subject in check.wanted
    ]
    try:
        with database.writing() as session:
            still = select(Move.id).where(Move.id == move.id, IS_OPEN).with_for_update()
            if session.scalars(still).first() is None:
                raise MoveError("This move has ended meanwhile; nothing was written.")
            session.run(_DROP_UNUSED, move=move.id)
            session.run_each(_ADD, rows)
            append(
                session,
                Event.MOVE_MAPPED,
                at=now,
                connection_id=move.to_id,
                detail={"accounts": len(rows), "moved": check.moved, "by": by},
            )
    except IntegrityError:
        raise MoveError("Accounts have changed meanwhile; nothing was written. Run it again.") from None
