"""When token keys change: a plan of pure decisions."""

from datetime import timedelta

import pytest

from tenants.token_keys import RETIRED_AFTER, USED_AFTER, KeyFacts, Step, due_step, sorted_keys
from tests.support.clock import START

DAY = timedelta(days=1)
LIFE = 180


def key(state: str, made: timedelta, changed: timedelta | None = None) -> KeyFacts:
    """One that was made, and changed, so long ago."""
    return KeyFacts("k", state, START - made, None if changed is None else START - changed)


PLANS = {
    "a new key has time": ([key("active", 10 * DAY)], None),
    "an old one gets a successor": ([key("active", (LIFE - 2) * DAY)], Step.PUBLISH),
    "one that was rotated in counts from then": ([key("active", 500 * DAY, 10 * DAY)], None),
    "a tenant without a key gets one": ([], Step.PUBLISH),
    "a successor waits until it is known": ([key("active", 200 * DAY), key("published", USED_AFTER - DAY)], None),
    "and signs then": ([key("active", 200 * DAY), key("published", USED_AFTER)], Step.USE),
    "what signed before is kept": ([key("active", 9 * DAY, DAY), key("published", 200 * DAY, DAY)], None),
    "and goes after a month": ([key("active", 40 * DAY, 31 * DAY), key("published", 200 * DAY, RETIRED_AFTER)], Step.RETIRE),
    "before anything else": (
        [key("active", 200 * DAY), key("published", USED_AFTER), key("published", 300 * DAY, RETIRED_AFTER)],
        Step.RETIRE,
    ),
}


@pytest.mark.parametrize(("keys", "step"), PLANS.values(), ids=PLANS.keys())
def test_time_moves_keys_on(keys: list[KeyFacts], step: Step | None) -> None:
    assert due_step(sorted_keys(keys), LIFE, START) is step
