"""People as rows of a sheet, read in batches: the memory for it does not grow with their number (requirements.md, C2)."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import Any

from tenants.account_filters import Filters
from tenants.account_search import Sort, methods_of, search_accounts
from tenants.db import TenantDatabase
from tenants.ends import effective_state
from tenants.imports import Column
from tenants.lifecycle import life_facts
from tenants.policies import TenantPolicy
from tenants.sheets import guarded

BATCH = 500
_CHUNK = 64 * 1024
HEADINGS = tuple(column.value for column in Column)
_WIDTHS = (34, 26, 24, 20, 14, 16, 26, 18, 18)

Line = tuple[str, ...]


def export_rows(
    database: TenantDatabase,
    filters: Filters,
    organizations: Mapping[str, str],
    policy_for: Callable[[str], TenantPolicy],
    now: datetime,
) -> Iterator[Line]:
    """A line for everybody who matches, by address, in the order of `Column`. `organizations`: id → name."""
    cursor: str | None = ""
    while cursor is not None:
        with database.reading() as db:
            found = search_accounts(db, filters, Sort.ADDRESS, now, cursor=cursor, size=BATCH)
            methods = methods_of(db, [row.id for row in found.rows]) if found.rows else {}
        for row in found.rows:
            state = effective_state(life_facts(row), policy_for(row.organization_id), now)
            yield _line(row, organizations.get(row.organization_id, ""), state.value, methods.get(row.id, ()))
        cursor = found.next


def as_csv(lines: Iterable[Line]) -> Iterator[bytes]:
    """CSV in UTF-8 with the mark that spreadsheet programs look for; no cell is a formula (PI-07)."""
    yield "\ufeff".encode()
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(HEADINGS)
    for number, line in enumerate(lines, 1):
        writer.writerow([guarded(cell) for cell in line])
        if number % BATCH == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def as_workbook(lines: Iterable[Line]) -> Iterator[bytes]:
    """An .xlsx, written to a file first. Every cell is a text, whatever it begins with (PI-07)."""
    from openpyxl import Workbook  # noqa: PLC0415 - a tenth of a second that only those wait for who want a workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Users")
    for place, width in enumerate(_WIDTHS):
        sheet.column_dimensions["ABCDEFGHI"[place]].width = width
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, heading) for heading in HEADINGS])
    for line in lines:
        sheet.append([_cell(sheet, text) for text in line])
    with TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _line(row: Any, organization: str, state: str, methods: Sequence[str]) -> Line:
    return (
        row.email,
        row.name,
        organization,
        "Y" if row.is_local_enabled else "N",
        (row.expires_at - timedelta(microseconds=1)).date().isoformat() if row.expires_at else "",
        state,
        ", ".join(methods),
        _moment(row.last_login_at),
        _moment(row.created_at),
    )


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def _cell(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - as above
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415 - as above

    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub(" ", text))
    if text:
        cell.data_type = "s"
    return cell


def _taken(buffer: io.StringIO) -> bytes:
    data = buffer.getvalue().encode("utf-8", "replace")
    buffer.seek(0)
    buffer.truncate()
    return data
