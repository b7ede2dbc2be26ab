"""Spreadsheets from outside: looked at before they are parsed, read in bounds, refused in a sentence (PI-05, PI-06).

A workbook is a zip of XML. Before any parser sees it, its parts are counted, unpacked once to see their real sizes, and
searched for what no list of people needs: entities, macros, links to elsewhere, other archives.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from zipfile import ZipFile, ZipInfo

MAX_BYTES = 5 * 1024 * 1024
"""Of the file as it is sent."""
MAX_ROWS = 10_000
MAX_COLUMNS = 40
MAX_CELL = 2000
_MAX_PARTS = 200
_MAX_UNPACKED = 24 * 1024 * 1024
_CHUNK = 64 * 1024
_ENTITIES = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_OVERLAP = 16
"""So much of a chunk is searched again with the next one."""
_BANNED_PARTS = (
    ("vbaproject", "It contains macros. Save it as .xlsx without them."),
    ("externallinks/", "It links to other files. Remove the links, or save the sheet alone as CSV."),
    ("connections.xml", "It loads data from elsewhere. Save the sheet alone as CSV."),
    ("querytables/", "It loads data from elsewhere. Save the sheet alone as CSV."),
    ("embeddings/", "It has other documents inside. Save the sheet alone."),
    ("activex/", "It contains controls. Save the sheet alone."),
    ("macrosheets/", "It contains macros. Save it as .xlsx without them."),
)
_ARCHIVES = (".zip", ".xlsx", ".xlsm", ".docx", ".gz", ".7z", ".rar")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Cells = tuple[str, ...]


class SheetError(ValueError):  # says what happened, as a Refusal does
    """Why a file can't be read: a sentence for whoever sent it."""


def read_sheet(content: bytes) -> list[tuple[int, Cells]]:
    """The rows that are not empty, each with its number in the sheet. Raises SheetError."""
    if len(content) > MAX_BYTES:
        raise SheetError("This file is larger than 5 MB.")
    if not content.strip():
        raise SheetError("This file is empty.")
    rows = _bounded(_workbook_rows(content) if content.startswith(b"PK") else _csv_rows(content))
    return [(number, cells) for number, cells in rows if any(cells)]


def guarded(text: str) -> str:
    """A text for a CSV cell that no program takes for a formula (PI-07)."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA_STARTS) else text


def _bounded(rows: Iterable[Sequence[object]]) -> Iterator[tuple[int, Cells]]:
    for number, row in enumerate(rows, 1):
        if number > MAX_ROWS + 1:
            raise SheetError("This sheet has more than 10,000 rows; empty ones count. Split it.")
        if len(row) > MAX_COLUMNS and any(cell is not None for cell in row[MAX_COLUMNS:]):
            raise SheetError(f"Row {number} has more than {MAX_COLUMNS} columns.")
        yield number, tuple(_text(cell, number) for cell in row[:MAX_COLUMNS])


def _text(cell: object, number: int) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, bool):
        return "Y" if cell else "N"
    text = cell.isoformat() if isinstance(cell, date) else str(cell).strip()
    if len(text) > MAX_CELL:
        raise SheetError(f"A cell of row {number} is longer than {MAX_CELL} characters.")
    return text


# Workbooks


def _workbook_rows(content: bytes) -> Iterator[Sequence[object]]:
    import defusedxml  # noqa: F401, PLC0415 - openpyxl reads XML by it wherever it is there
    from openpyxl import load_workbook  # noqa: PLC0415 - a tenth of a second that only those wait for who send a workbook

    try:
        _inspect(content)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0] if book.worksheets else None
        if sheet is None:
            raise SheetError("This workbook has no sheet.")
        sheet.reset_dimensions()
        yield from sheet.iter_rows(values_only=True)
    except SheetError:
        raise
    except Exception as error:  # whatever a parser makes of a broken file
        raise SheetError("This is not a workbook that can be read. Save it again as .xlsx or as CSV (UTF-8).") from error


def _inspect(content: bytes) -> None:
    with ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
            raise SheetError("This workbook is too large once it is unpacked.")
        for part in parts:
            _require_harmless(part)
        left = _MAX_UNPACKED
        for part in parts:
            left = _look_through(archive, part, left)
        if not any(part.filename.lower() == "[content_types].xml" for part in parts):
            raise SheetError("This is an archive and not a workbook.")


def _require_harmless(part: ZipInfo) -> None:
    name = part.filename.lower().replace("\\", "/")
    if part.flag_bits & 0x1:
        raise SheetError("This workbook is protected by a password.")
    if name.endswith(_ARCHIVES):
        raise SheetError("It has other files inside. Save the sheet alone.")
    for banned, sentence in _BANNED_PARTS:
        if banned in name:
            raise SheetError(sentence)


def _look_through(archive: ZipFile, part: ZipInfo, left: int) -> int:
    """Unpack one part, keeping nothing of it. Returns how much may still come: what is declared may be a lie."""
    is_xml = part.filename.lower().endswith((".xml", ".rels", ".vml"))
    before = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise SheetError("This workbook is too large once it is unpacked.")
            if is_xml and (_ENTITIES.search(before + chunk) or b"\0" in chunk):
                raise SheetError("It contains entities or an unusual encoding. Save it again as .xlsx.")
            if is_xml and b"macroEnabled" in before + chunk:
                raise SheetError("It contains macros. Save it as .xlsx without them.")
            before = chunk[-_OVERLAP:]
    return left


# Comma-separated values


def _csv_rows(content: bytes) -> Iterator[Sequence[object]]:
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetError("This is an old or protected Excel file. Save it as .xlsx or as CSV (UTF-8).")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise SheetError("This is a web page or XML and not a table, whatever its name says.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SheetError("This is neither .xlsx nor CSV in UTF-8. Save it as one of them.") from None
    if "\0" in text:
        raise SheetError("This is neither .xlsx nor CSV in UTF-8. Save it as one of them.")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            yield [_unguarded(cell) for cell in row]
    except csv.Error as error:
        raise SheetError("This CSV file can't be read: a cell is too long, or its quotes don't match.") from error
