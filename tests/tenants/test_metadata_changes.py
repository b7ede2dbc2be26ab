"""What becomes of fetched metadata, as a table: taken, or left to an admin (security.md, SU-24)."""

from datetime import timedelta

import pytest

from tenants.metadata_changes import Description, Verdict, Why, judge, next_try
from tests.support.clock import START

KNOWN = Description("https://idp.example", frozenset({"a", "b"}), frozenset({"redirect https://idp.example/sso"}))


def said(entity_id=KNOWN.entity_id, keys="ab", addresses=KNOWN.addresses, valid_until=None):
    return Description(entity_id, frozenset(keys), addresses, valid_until)


PAST, FUTURE = START - timedelta(seconds=1), START + timedelta(days=1)
TABLE = {
    "nothing has changed": (KNOWN, said(), Verdict.SAME, None),
    "it holds for longer": (KNOWN, said(valid_until=FUTURE), Verdict.SAME, None),
    "a key more": (KNOWN, said(keys="abc"), Verdict.TAKEN, None),
    "a key less": (KNOWN, said(keys="a"), Verdict.TAKEN, None),
    "one of two is new": (KNOWN, said(keys="bc"), Verdict.TAKEN, None),
    "another address": (KNOWN, said(addresses=frozenset({"redirect https://new.example"})), Verdict.TAKEN, None),
    "the first time": (None, said(), Verdict.TAKEN, None),
    "all keys are new": (KNOWN, said(keys="cd"), Verdict.PROPOSED, Why.KEYS),
    "another provider": (KNOWN, said(entity_id="https://idp.example/"), Verdict.PROPOSED, Why.ENTITY_ID),
    "another provider with all keys": (KNOWN, said(entity_id="https://evil.example"), Verdict.PROPOSED, Why.ENTITY_ID),
    "over": (KNOWN, said(keys="abc", valid_until=PAST), Verdict.PROPOSED, Why.EXPIRED),
    "over in this moment": (KNOWN, said(keys="abc", valid_until=START), Verdict.PROPOSED, Why.EXPIRED),
    "over at the first time": (None, said(valid_until=PAST), Verdict.PROPOSED, Why.EXPIRED),
    "over, and what counts already": (KNOWN, said(valid_until=PAST), Verdict.SAME, None),
}


@pytest.mark.parametrize(("known", "new", "verdict", "why"), TABLE.values(), ids=TABLE)
def test_su24_what_becomes_of_metadata(known, new, verdict, why):
    found = judge(known, new, START, is_first=known is None)
    assert (found.verdict, found.why) == (verdict, why)
    before = known.keys if known else frozenset()
    assert set(found.added) == new.keys - before
    assert set(found.removed) == before - new.keys


def test_su24_what_can_not_be_compared_is_not_taken():
    found = judge(None, said(), START)
    assert (found.verdict, found.why, found.added) == (Verdict.PROPOSED, Why.UNREADABLE, ("a", "b"))


def test_mark_tells_contents_apart_and_not_how_they_are_written():
    others = [said(keys="abc"), said(entity_id="x"), said(addresses=frozenset()), said(keys="a")]
    assert said(valid_until=FUTURE).mark == KNOWN.mark
    assert len({KNOWN.mark, *(one.mark for one in others)}) == 5


def test_pause_grows_with_failures_up_to_a_day():
    pauses = [next_try(failures, START) - START for failures in (0, 1, 2, 3, 7, 8, 500)]
    minutes = [int(pause.total_seconds() // 60) for pause in pauses]
    assert minutes == [240, 15, 30, 60, 960, 1440, 1440]
