"""Who stays when an owner or admin goes: somebody with an end date does for today, and not for good (AC-06)."""

from datetime import UTC, datetime, timedelta

import pytest

from tenants.admins import Candidate, Ways
from tenants.last_admin import ENDING, NOBODY, SHUT_OUT, Admins

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(days=30), NOW - timedelta(days=1)


def admin(expires_at=None, *, local=True):
    return Candidate("admin", "active", expires_at, local)


@pytest.mark.parametrize(
    ("others", "objection"),
    [
        pytest.param([], NOBODY, id="nobody else"),
        pytest.param([admin()], None, id="somebody who stays"),
        pytest.param([admin(LATER)], ENDING, id="somebody until next month"),
        pytest.param([admin(LATER), admin()], None, id="somebody until next month, and somebody who stays"),
        pytest.param([admin(EARLIER)], NOBODY, id="somebody whose time is over"),
        pytest.param([admin(local=False)], SHUT_OUT, id="somebody who has no way in"),
        pytest.param([admin(LATER), admin(local=False)], SHUT_OUT, id="who stays has no way in"),
    ],
)
def test_last_one_who_stays_is_not_lost(others, objection):
    people = {"acc_a": admin(), **{f"acc_{number}": one for number, one in enumerate(others)}}
    admins = Admins(people, Ways(local=True, connection=False, door=False))
    assert admins.objection_to_loss("acc_a", NOW) == objection


def test_who_has_an_end_date_may_go_before_it():
    admins = Admins({"acc_a": admin(LATER), "acc_b": admin()}, Ways(local=True, connection=False, door=False))
    assert admins.objection_to_loss("acc_a", NOW) is None
