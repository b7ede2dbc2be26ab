"""The small chart of sign-ins, as numbers that the template draws: SVG without a script and without a style of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from broker.moments import day_and_month, number_words
from tenants.sign_in_days import Day

WIDTH, HEIGHT, BASE, TOP = 640, 196, 166, 26
_LEFT, _BAR = 64, 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: where its two bars stand."""

    x: float
    middle: float
    worked_y: float
    worked_height: float
    failed_y: float
    failed_height: float
    label: str
    is_alternate: bool
    """Left out on a phone."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid with its number."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that is drawn, and the same in a sentence."""

    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    sentence: str
    total: int
    percent: int


def chart_of(days: Sequence[Day]) -> Chart | None:
    """None where nothing happened."""
    total = sum(day.worked + day.failed for day in days)
    if not total:
        return None
    top = _round(max(day.worked + day.failed for day in days))
    worked = sum(day.worked for day in days)
    sentence = _(
        "Sign-ins per day from %(first)s to %(last)s: %(worked)s worked, %(failed)s failed.",
        first=day_and_month(days[0].day),
        last=day_and_month(days[-1].day),
        worked=number_words(worked),
        failed=number_words(total - worked),
    )
    bars = tuple(_bar(number, day, len(days), top) for number, day in enumerate(days))
    lines = tuple(Line(_y(part * top / 3, top), number_words(round(part * top / 3)) if part else "") for part in range(4))
    return Chart(bars, lines, str(sentence), total, round(100 * worked / total))


def _bar(number: int, day: Day, count: int, top: int) -> Bar:
    room = (WIDTH - _LEFT) / count
    x = round(_LEFT + number * room + (room - min(_BAR, room - 4)) / 2, 1)
    height, failed = _height(day.worked, top), _height(day.failed, top)
    width = min(_BAR, room - 4)
    return Bar(
        x=x,
        middle=round(x + width / 2, 1),
        worked_y=round(BASE - height, 1),
        worked_height=height,
        failed_y=round(BASE - height - failed - (1.5 if height else 0), 1),
        failed_height=failed,
        label=str(day.day.day),
        is_alternate=number % 2 == 0,
    )


def _height(value: int, top: int) -> float:
    """What happened at all can be seen."""
    return round(max(value * (BASE - TOP) / top, 1.5), 1) if value else 0


def _y(value: float, top: int) -> float:
    return round(BASE - value * (BASE - TOP) / top, 1)


def _round(value: int) -> int:
    """Up to a number that divides by three and reads well."""
    step = 3
    while step * 10 < value:
        step *= 10
    return next(step * part for part in (1, 2, 4, 5, 10, 20) if step * part >= value)
