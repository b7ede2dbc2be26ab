"""Spreadsheets from outside (security.md, PI-05 to PI-09): refused in a sentence, soon, and without reaching anywhere."""

import io
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest

from tenants.imports import Known, RowOutcome, Surroundings, plan_import, rows_of
from tenants.sheets import MAX_ROWS, SheetError, guarded, read_sheet

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HEAD = ["E-mail", "Name", "Organization", "Email login enabled", "Expiry date"]


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


PLAIN = workbook(HEAD, ["a@x.example", "Ada", None, "Y", datetime(2027, 3, 31)])  # noqa: DTZ001  # as Excel has dates


def rewritten(content: bytes = PLAIN, *, change: dict[str, bytes] | None = None, **added: bytes) -> bytes:
    """The workbook with other parts, or more of them; `_` in a name is a slash."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.infolist():
            after.writestr(part.filename, (change or {}).get(part.filename, before.read(part)))
        for name, data in added.items():
            after.writestr(name.replace("__", "/").replace("_DOT_", "."), data)
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet>&e;</worksheet>'
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'
OPEN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
CLOSE = b"</sheetData></worksheet>"


def wide() -> bytes:
    cells = b"".join(b'<c t="inlineStr"><is><t>x</t></is></c>' for _ in range(4_096))
    return OPEN + b'<row r="1">' + cells + b"</row>" + CLOSE


def long_sheet() -> bytes:
    return OPEN + b"".join(b'<row r="%d"><c><v>1</v></c></row>' % number for number in range(1, 30_000)) + CLOSE


NAMES = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
TEXTS = b"".join((b"<sst ", NAMES, b">", b"<si/>" * 250_000, b"</sst>"))
STYLES = b"".join((b"<styleSheet ", NAMES, b"><cellXfs>", b"<xf/>" * 60_000, b"</cellXfs></styleSheet>"))
TYPES = zipfile.ZipFile(io.BytesIO(PLAIN)).read("[Content_Types].xml")
MAIN = TYPES.replace(b"/xl/workbook.xml", b"/xl/worksheets/w.xml")


def one_row(inside: bytes) -> bytes:
    return rewritten(change={SHEET: OPEN + b"<row>" + inside + b"</row>" + CLOSE})


REFUSED = {
    "pi05 bomb": (lambda: rewritten(xl__media__DOT_bin=b"\0" * 60_000_000), "too large once it is unpacked"),
    "pi05 bomb in the sheet": (lambda: rewritten(change={SHEET: OPEN + b" " * 30_000_000 + CLOSE}), "too large once"),
    "pi05 very many rows": (lambda: rewritten(change={SHEET: long_sheet()}), "more than 10,000 rows"),
    "pi05 a row far down": (
        lambda: rewritten(change={SHEET: OPEN + b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>' + CLOSE}),
        "more than 10,000 rows",
    ),
    "pi05 a million empty rows": (
        lambda: rewritten(change={SHEET: OPEN + b"<row/>" * 1_000_000 + CLOSE}),
        "too large once it is unpacked",
    ),
    "pi05 a row of very many cells": (lambda: one_row(b"<c/>" * 50_000), "too large once it is unpacked"),
    "pi05 very deep": (lambda: one_row(b"<c>" * 50_000 + b"</c>" * 50_000), "too large once it is unpacked"),
    "pi05 a comment of megabytes": (lambda: one_row(b"<!--" + b"x" * 900_000 + b"-->"), "too large once it is unpacked"),
    "pi05 a cell of megabytes": (
        lambda: one_row(b'<c t="inlineStr"><is><t>' + b"x" * 20_000_000 + b"</t></is></c>"),
        "longer than 2000",
    ),
    "pi05 very many styles": (lambda: rewritten(change={"xl/styles.xml": STYLES}), "too large once it is unpacked"),
    "pi05 very many texts": (lambda: rewritten(xl__sharedStrings_DOT_xml=TEXTS), "too large once it is unpacked"),
    "pi05 a workbook that is named as a sheet": (
        lambda: rewritten(change={"[Content_Types].xml": MAIN}, xl__worksheets__w_DOT_xml=b"<worksheet/>"),
        "not a workbook",
    ),
    "pi05 a sheet with rests": (lambda: rewritten(change={SHEET: OPEN + CLOSE + b"<x/>"}), "can be read"),
    "pi05 very many columns": (lambda: rewritten(change={SHEET: wide()}), "more than 40 columns"),
    "pi05 zip in the zip": (lambda: rewritten(inner_DOT_zip=PLAIN), "other files inside"),
    "pi05 very many parts": (lambda: rewritten(**{f"p{number}": b"" for number in range(300)}), "too large"),
    "pi05 too large a file": (lambda: b"PK" + b"\0" * 6_000_000, "larger than 5 MB"),
    "pi05 a cell of a megabyte": (lambda: b"E-mail\n" + b"a" * 100_000, "longer than 2000"),
    "pi06 entity": (lambda: rewritten(change={SHEET: ENTITY}), "entities"),
    "pi06 laughs": (lambda: rewritten(change={"xl/workbook.xml": LAUGHS}), "entities"),
    "pi06 entity in another encoding": (lambda: rewritten(change={SHEET: ENTITY.decode().encode("utf-16")}), "encoding"),
    "pi06 entity where chunks meet": (
        lambda: rewritten(change={SHEET: b"<!--" + b"x" * (65_536 - 9) + b"--><!DOCTYPE x><worksheet/>"}),
        "entities",
    ),
    "pi06 macros": (lambda: rewritten(xl__vbaProject_DOT_bin=b"x"), "macros"),
    "pi06 macros by their type": (
        lambda: rewritten(change={"[Content_Types].xml": b"<Types>application/vnd.ms-excel.sheet.macroEnabled.12</Types>"}),
        "macros",
    ),
    "pi06 external link": (lambda: rewritten(xl__externalLinks__externalLink1_DOT_xml=b"<x/>"), "links to other files"),
    "pi06 connection": (lambda: rewritten(xl__connections_DOT_xml=b"<x/>"), "loads data from elsewhere"),
    "pi06 old excel": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old or protected Excel"),
    "pi06 web page": (lambda: b"\xef\xbb\xbf <html><table><tr><td>E-mail</td></tr></table>", "web page"),
    "pi06 no workbook": (lambda: rewritten(b"PK\x05\x06" + b"\0" * 18), "archive and not a workbook"),
    "pi06 half a workbook": (lambda: PLAIN[: len(PLAIN) // 2], "can be read"),
    "pi06 latin": (lambda: "E-mail\nm\xfcller@x.example".encode("latin-1"), "CSV in UTF-8"),
    "pi06 nothing": (lambda: b" \n", "empty"),
    "pi06 NUL": (lambda: b"E-mail\na\0", "CSV in UTF-8"),
}


@pytest.mark.parametrize(("make", "sentence"), REFUSED.values(), ids=REFUSED)
def test_pi05_pi06_harmful_sheet_is_refused(make, sentence):
    content = make()
    tracemalloc.start()
    with pytest.raises(SheetError, match=sentence):
        rows_of(read_sheet(content))
    assert tracemalloc.get_traced_memory()[1] < 60_000_000
    tracemalloc.stop()


def test_pi05_first_sheet_alone_is_opened_and_a_chart_is_none():
    """Each that is opened is looked through from its begin: hundreds of the same long one are a minute."""
    related = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    sheets = b"".join(
        b'<sheet name="%s" sheetId="%d" r:id="rId%d"/>' % one for one in ((b"a", 1, 98), (b"b", 2, 1), (b"c", 3, 99))
    )
    book = b'<workbook %s xmlns:r="%s"><sheets>%s</sheets></workbook>' % (NAMES, related, sheets)
    more = b'<Relationship Id="rId98" Target="/xl/chart.xml" Type="%s/chartsheet"/>' % related
    more += b'<Relationship Id="rId99" Target="/xl/broken.bin" Type="%s/worksheet"/></Relationships>' % related
    relations = zipfile.ZipFile(io.BytesIO(PLAIN)).read("xl/_rels/workbook.xml.rels").replace(b"</Relationships>", more)
    change = {"xl/workbook.xml": book, "xl/_rels/workbook.xml.rels": relations}
    content = rewritten(change=change, xl__chart_DOT_xml=b"<chartsheet/>", xl__broken_DOT_bin=b"no XML")
    assert read_sheet(content) == read_sheet(PLAIN)


def test_sheet_as_excel_and_as_csv_is_read_alike():
    csv = "\ufeffE-mail;Name;Organization;Email login enabled;Expiry date\r\na@x.example;Ada;;Y;2027-03-31\r\n;;;;\r\n"
    assert read_sheet(PLAIN) == read_sheet(csv.encode())
    (row,) = rows_of(read_sheet(PLAIN))
    assert (row.number, row.email, row.name, row.organization, row.local, row.expires) == (
        2,
        "a@x.example",
        "Ada",
        "",
        "Y",
        "2027-03-31",
    )


@pytest.mark.parametrize("text", ["=1+1", "+31 20", "-", "@SUM(A1)", "\tx", "'quoted", "O'Neil", "", "ordinary"])
def test_pi07_formula_is_a_text_and_comes_back_as_it_was(text):
    kept = guarded(text)
    assert not kept.startswith(("=", "+", "-", "@", "\t", "\r"))
    sheet = read_sheet(f'E-mail,Name\na@x.example,"{kept}"\n'.encode())
    assert sheet[1][1][1].strip() == text.strip()


@pytest.mark.parametrize(
    ("sheet", "sentence"),
    [
        (b"Name\nAda\n", "needs the heading"),
        (b"E-mail,e-mail\na@x.example,b\n", "twice"),
        (b"E-mail,Email\na@x.example,b\n", "twice"),
        (b"E-mail\n", "nobody below"),
        (b"E-mail\n" + b"a@x.example\n" * (MAX_ROWS + 1), "more than 10,000 rows"),
    ],
)
def test_sheet_without_what_is_needed_says_so(sheet, sentence):
    with pytest.raises(SheetError, match=sentence):
        rows_of(read_sheet(sheet))


# What becomes of each row

AROUND = Surroundings({"studio": "org_studio", "root": "org_root"}, "org_root", None, NOW)
PLAIN_ACCOUNT = Known("acc_1", "jane@x.example", "Jane", "org_root", True, None, None, False, False)


def outcome(text: str, known: Known | None = None, around: Surroundings = AROUND) -> list[tuple[str, str]]:
    sheet = f"E-mail,Name,Organization,Email login enabled,Expiry date\n{text}\n"
    planned = plan_import(rows_of(read_sheet(sheet.encode())), {known.email: known} if known else {}, around)
    return [(one.outcome.value, one.problem.code if one.problem else one.note) for one in planned]


def like(**changes: object) -> Known:
    return Known(**({name: getattr(PLAIN_ACCOUNT, name) for name in PLAIN_ACCOUNT.__slots__} | changes))


OUTCOMES = {
    "somebody new": ("new@x.example,New,,Y,", None, ("new", "")),
    "into an organization": ("new@x.example,New, STUDIO ,N,2027-01-01", None, ("new", "")),
    "as it is": ("jane@x.example,Jane,,Y,", PLAIN_ACCOUNT, ("same", "")),
    "by case and form": ("ＪＡＮＥ@X.example,Jane,,,", PLAIN_ACCOUNT, ("same", "")),
    "another name": ("jane@x.example,Jane Doe,,Y,", PLAIN_ACCOUNT, ("changed", "")),
    "no address": ("jane,Jane,,Y,", None, ("wrong", "address")),
    "an address that cannot be seen": ("a\u200bb@x.example,Jane,,Y,", None, ("wrong", "address")),
    "no such organization": ("new@x.example,,Nowhere,,", None, ("wrong", "value")),
    "neither Y nor N": ("new@x.example,,,maybe,", None, ("wrong", "value")),
    "no date": ("new@x.example,,,,31.03.2027", None, ("wrong", "value")),
    "a date that has passed": ("new@x.example,,,,2020-01-01", None, ("wrong", "value")),
    "the last day of all": ("new@x.example,,,,9999-12-31", None, ("wrong", "value")),
    "a name of two lines": ("new@x.example,\x1b[31mred,,,", None, ("wrong", "value")),
    "an admin": ("jane@x.example,Mallory,,Y,", like(role="admin"), ("wrong", "role")),
    "an admin's end": ("jane@x.example,Jane,,Y,2027-01-01", like(role="owner"), ("wrong", "role")),
    "who holds the back door": ("jane@x.example,J,,Y,", like(has_door=True), ("wrong", "role")),
    "who a file names": ("jane@x.example,J,,Y,", like(is_file_managed=True), ("wrong", "file")),
    "a name that a provider rules": ("jane@x.example,J,,Y,", like(is_linked=True), ("wrong", "linked")),
    "e-mail login for who comes from a provider": (
        "jane@x.example,Jane,,Y,",
        like(is_linked=True, is_local_enabled=False),
        ("wrong", "linked"),
    ),
    "an end for who comes from a provider": ("jane@x.example,Jane,,,2027-01-01", like(is_linked=True), ("changed", "")),
    "a tag of somebody who is there": ("jane+x@x.example,J,,,", PLAIN_ACCOUNT, ("new", "jane@x.example")),
}


@pytest.mark.parametrize(("text", "known", "expected"), OUTCOMES.values(), ids=OUTCOMES)
def test_pi09_ac06_row_takes_over_nobody(text, known, expected):
    assert outcome(text, known) == [expected]


def test_pi09_same_person_twice_is_told_by_row():
    told = outcome("a@x.example,A,,,\nA@X.example,B,,,\nａ@x.example,C,,,\na+b@x.example,D,,,")
    assert told == [("new", ""), ("wrong", "twice"), ("wrong", "twice"), ("new", "a@x.example")]


def test_pi09_delegated_admin_reaches_no_other_part():
    around = Surroundings({"studio": "org_studio"}, "org_studio", frozenset({"org_studio"}), NOW)
    assert outcome("jane@x.example,Mine,,Y,", PLAIN_ACCOUNT, around) == [("wrong", "elsewhere")]
    assert outcome("new@x.example,,root,,", None, around) == [("wrong", "value")]
    assert outcome("new@x.example,,,,", None, around) == [("new", "")]


def test_columns_that_are_not_there_change_nothing():
    known = like(expires_at=NOW + timedelta(days=9))
    planned = plan_import(rows_of(read_sheet(b"email,State\njane@x.example,deleted\n")), {known.email: known}, AROUND)
    assert [one.outcome for one in planned] == [RowOutcome.SAME]
