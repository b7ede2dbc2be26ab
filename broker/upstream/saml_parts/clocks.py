"""How far the provider's clock is from ours, as a signed response tells.

A response that answers our request was made after that, and a moment before it arrived: what says otherwise is the clock.
"""

from datetime import datetime, timedelta

NOTABLE = timedelta(seconds=30)
"""What the way here, and a clock in good order, may make up."""
_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def clocks(made_at: datetime, asked_at: datetime | None, now: datetime) -> str:
    """A sentence for the admin. `made_at` by their clock, the others by ours; `asked_at` None: nobody asked."""
    found = deviation(made_at, asked_at, now)
    if found:
        return found
    if now - made_at > NOTABLE:
        return f"the response was {span(now - made_at)} on its way"
    return "the clocks agree"


def deviation(made_at: datetime, asked_at: datetime | None, now: datetime) -> str:
    """The sentence where the clocks differ; empty where nothing says so."""
    if made_at - now > NOTABLE:
        return f"their clock is {span(made_at - now)} ahead"
    if asked_at is not None and asked_at - made_at > NOTABLE:
        return f"their clock is {span(now - made_at)} behind"
    return ""


def span(length: timedelta) -> str:
    """A length of time in its largest unit of which there are two or more."""
    seconds = round(length.total_seconds())
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= 2 * size), _UNITS[-1])
    return f"{seconds // size} {unit}{'s' if seconds // size != 1 else ''}"
