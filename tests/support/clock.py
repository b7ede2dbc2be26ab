"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2021, 3, 2, 9, 0, tzinfo=UTC)


class FakeClock:
    """The Clock port. It only goes forward, as the rows of earlier tests in the same database expect."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, **duration: float) -> datetime:
        """Move on by `days=`, `hours=`, `minutes=`, `seconds=`; returns the new present."""
        step = timedelta(**duration)
        if step < timedelta(0):
            raise ValueError("time does not go back")
        self._now += step
        return self._now
