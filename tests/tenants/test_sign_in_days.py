"""Sign-ins by day: from lists of moments to days, and what is left out where a list was cut."""

from datetime import UTC, date, datetime, timedelta

from tenants.sign_in_days import DAYS, MOST_READ, by_day

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def test_each_of_the_last_days_has_its_numbers():
    days = by_day([NOW, NOW - timedelta(days=1)], [NOW, NOW], NOW)
    assert len(days) == DAYS
    assert (days[0].day, days[-1].day) == (date(2026, 11, 8), date(2026, 11, 21))
    assert [(one.worked, one.failed) for one in days[-2:]] == [(1, 0), (1, 2)]
    assert sum(one.worked + one.failed for one in days) == 4


def test_days_of_which_not_everything_was_read_are_left_out():
    crowd = [NOW - timedelta(minutes=number) for number in range(MOST_READ)]  # reaches back to the 19th, at 07:01
    assert [one.day.day for one in by_day(crowd, [], NOW)] == [20, 21]
    within_today = [NOW - timedelta(seconds=number) for number in range(MOST_READ)]
    assert [one.day.day for one in by_day(within_today, [], NOW)] == [21]
