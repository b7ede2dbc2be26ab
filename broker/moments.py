"""Days, times and numbers as the language of the page writes them. Times are UTC and say so, as a page may be read anywhere.

The order of a date's parts is a text like any other: each catalogue has its own (CLDR's letters: d MMMM y, HH:mm).
"""

from datetime import UTC, date, datetime

from flask_babel import format_date, format_datetime, format_decimal, pgettext


def day_words(day: date) -> str:
    """In full: 21 November 2026. Of a moment: its day in UTC."""
    return str(format_date(_date(day), pgettext("pattern of a date", "d MMMM y")))


def short_day(day: date) -> str:
    """21 Nov 2026."""
    return str(format_date(_date(day), pgettext("pattern of a date", "d MMM y")))


def day_and_month(day: date) -> str:
    """21 Nov."""
    return str(format_date(_date(day), pgettext("pattern of a date", "d MMM")))


def moment_words(moment: datetime) -> str:
    """21 November 2026, 09:14 UTC."""
    return f"{format_datetime(_utc(moment), pgettext('pattern of a date', 'd MMMM y, HH:mm'))} UTC"


def short_moment(moment: datetime) -> str:
    """21 Nov 2026, 09:14 UTC."""
    return str(format_datetime(_utc(moment), pgettext("pattern of a date", "d MMM y, HH:mm z")))


def exact_moment(moment: datetime) -> str:
    """21 November 2026, 09:14:30 Coordinated Universal Time."""
    return str(format_datetime(_utc(moment), pgettext("pattern of a date", "d MMMM y, HH:mm:ss zzzz")))


def clock_time(moment: datetime) -> str:
    """09:14 UTC."""
    return f"{format_datetime(_utc(moment), pgettext('pattern of a date', 'HH:mm'))} UTC"


def number_words(number: int) -> str:
    """4,218."""
    return str(format_decimal(number))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _date(day: date) -> date:
    return _utc(day).date() if isinstance(day, datetime) else day
