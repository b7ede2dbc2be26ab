"""Texts as cells of a file that a spreadsheet opens: none of them is taken for a formula (security.md, PI-07)."""

from collections.abc import Iterable

_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(text: str) -> str:
    """The text; with an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_BEGINS_FORMULA) else text


def csv_line(cells: Iterable[str]) -> str:
    """One line of CSV (RFC 4180), each cell quoted."""
    quoted = ('"{}"'.format(safe_cell(cell).replace('"', '""')) for cell in cells)
    return f"{','.join(quoted)}\r\n"
