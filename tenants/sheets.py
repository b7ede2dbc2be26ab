"""Spreadsheets from outside: looked at before they are parsed, read in bounds, refused in a sentence (PI-05, PI-06).

A workbook is a zip of XML. Before any parser sees it, its parts are counted, unpacked once to see their real sizes, and
searched for what no list of people needs: entities, macros, links to elsewhere, other archives. What is left is small
enough to be parsed: tags are counted, of all parts and of each row, and the first sheet alone is opened.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.parsers import expat
from zipfile import ZipFile, ZipInfo

MAX_BYTES = 5 * 1024 * 1024
"""Of the file as it is sent."""
MAX_ROWS = 10_000
MAX_COLUMNS = 40
MAX_CELL = 2000
_MAX_PARTS = 200
_MAX_UNPACKED = 24 * 1024 * 1024
_MAX_TAGS = 700_000
"""In the sheets and their texts together: a small archive can hold millions, each of which a parser makes an object of."""
_MAX_OTHER_TAGS = 50_000
"""In everything else: styles, names, relations."""
_MAX_ROW_TAGS = 40_000
_MAX_TEXTS = 200_000
"""Texts that cells share."""
_MAX_PIECE = 512 * 1024
"""Of one tag or comment."""
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
_WORKBOOK = "/xl/workbook.xml"
_DEPTH_OF_TEXT, _DEPTH_OF_ROW = 2, 3
_TOO_LARGE = "This workbook is too large once it is unpacked."
_UNREADABLE = "This is not a workbook that can be read. Save it again as .xlsx or as CSV (UTF-8)."
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
    # A tenth of a second that only those wait for who send a workbook. openpyxl reads XML by defusedxml wherever it is there.
    import defusedxml  # noqa: F401, PLC0415
    from openpyxl.reader.excel import ExcelReader  # noqa: PLC0415

    class FirstSheet(ExcelReader):
        """Opens no other sheet: each of hundreds could make it look through all of a long part."""

        def read_workbook(self) -> None:
            mains = {part.PartName for part in self.package.Override if str(part.ContentType).endswith("main+xml")}
            if mains != {_WORKBOOK}:
                raise SheetError(_UNREADABLE)  # its tags would be counted as a sheet's
            super().read_workbook()

        def read_worksheets(self) -> None:
            charts = {sheet.id for sheet, relation in self.parser.find_sheets() if "chartsheet" in relation.Type}
            self.parser.sheets = [sheet for sheet in self.parser.sheets if sheet.id not in charts][:1]
            super().read_worksheets()

    try:
        _inspect(content)
        reader = FirstSheet(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        reader.read()
        sheet = reader.wb.worksheets[0] if reader.wb.worksheets else None
        if sheet is None:
            raise SheetError("This workbook has no sheet.")
        sheet.reset_dimensions()
        yield from sheet.iter_rows(values_only=True)
    except SheetError:
        raise
    except Exception as error:  # whatever a parser makes of a broken file
        raise SheetError(_UNREADABLE) from error


def _inspect(content: bytes) -> None:
    with ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
            raise SheetError(_TOO_LARGE)
        for part in parts:
            _require_harmless(part)
        left = _Left()
        for part in parts:
            _look_through(archive, part, left)
        if not any(part.filename.lower() == "[content_types].xml" for part in parts):
            raise SheetError("This is an archive and not a workbook.")


@dataclass(slots=True)
class _Left:
    """What may still come, in all parts together: what an archive declares may be a lie. `spend` raises SheetError."""

    size: int = _MAX_UNPACKED
    tags: int = _MAX_TAGS
    other_tags: int = _MAX_OTHER_TAGS

    def spend(self, chunk: bytes, *, is_sheet: bool) -> None:
        tags = chunk.count(b"<")
        self.size -= len(chunk)
        self.tags -= tags if is_sheet else 0
        self.other_tags -= 0 if is_sheet else tags
        if min(self.size, self.tags, self.other_tags) < 0:
            raise SheetError(_TOO_LARGE)


class _Rows:
    """Counts what each row of a sheet has inside, as a parser keeps that until the row ends; `feed` raises SheetError."""

    def __init__(self) -> None:
        self._depth = self._texts = self._inside = self._fed = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end

    def feed(self, chunk: bytes) -> None:
        self._parser.Parse(chunk)
        self._fed += len(chunk)
        # One comment of megabytes is looked through again with every chunk of it.
        if self._fed - self._parser.CurrentByteIndex > _MAX_PIECE:
            raise SheetError(_TOO_LARGE)

    def _start(self, _name: str, _attributes: object) -> None:
        self._depth += 1
        self._texts += self._depth == _DEPTH_OF_TEXT
        self._inside = self._inside + 1 if self._depth > _DEPTH_OF_ROW else 0
        if self._inside > _MAX_ROW_TAGS or self._texts > _MAX_TEXTS:
            raise SheetError(_TOO_LARGE)

    def _end(self, _name: str) -> None:
        self._depth -= 1


def _require_harmless(part: ZipInfo) -> None:
    name = part.filename.lower().replace("\\", "/")
    if part.flag_bits & 0x1:
        raise SheetError("This workbook is protected by a password.")
    if name.endswith(_ARCHIVES):
        raise SheetError("It has other files inside. Save the sheet alone.")
    for banned, sentence in _BANNED_PARTS:
        if banned in name:
            raise SheetError(sentence)


def _look_through(archive: ZipFile, part: ZipInfo, left: _Left) -> None:
    """Unpack one part, keeping nothing of it."""
    name, before = part.filename.lower(), b""
    is_xml = name.endswith((".xml", ".rels", ".vml"))
    is_sheet = name == "xl/sharedstrings.xml" or (name.startswith("xl/worksheets/") and name.endswith(".xml"))
    rows = _Rows() if is_sheet else None
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            left.spend(chunk, is_sheet=is_sheet)
            if is_xml and (_ENTITIES.search(before + chunk) or b"\0" in chunk):
                raise SheetError("It contains entities or an unusual encoding. Save it again as .xlsx.")
            if is_xml and b"macroEnabled" in before + chunk:
                raise SheetError("It contains macros. Save it as .xlsx without them.")
            if rows:
                rows.feed(chunk)
            before = chunk[-_OVERLAP:]


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
