"""What is kept of a refused sign-in, when somebody is told of an end, and when a provider is left alone: decisions alone."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.circuits import Circuits
from broker.noting import Noting
from tenants.causes import Cause, Refusal, UpstreamFailure
from tenants.endings import stage_of
from tenants.traces import REMOVED, lines_of, redacted, without_secrets
from tests.support.clock import FakeClock

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"

STAGES = {
    "in two months": (timedelta(days=60), None),
    "a second more than 30 days": (timedelta(days=30, seconds=1), None),
    "30 days": (timedelta(days=30), 30),
    "15 days": (timedelta(days=15), 30),
    "14 days": (timedelta(days=14), 14),
    "7 days": (timedelta(days=7), 7),
    "two days": (timedelta(days=2), 7),
    "a day": (timedelta(days=1), 1),
    "an hour": (timedelta(hours=1), 1),
    "now": (timedelta(), 0),
    "four weeks ago": (-timedelta(days=28), 0),
    "a month ago": (-timedelta(days=30), None),
}


@pytest.mark.parametrize(("left", "stage"), STAGES.values(), ids=STAGES)
def test_notice_is_due(left, stage):
    assert stage_of(NOW + left, NOW) == stage


def test_op02_what_opens_something_is_not_kept():
    received = {
        "email": "jane@acme.example",
        "access_token": "opaque",
        "client_secret": "x",
        "code": "y",
        "note": f"see {JWT}, and state-of-this-sign-in",
        "nested": {"id_token": "z", "list": ["fine", "state-of-this-sign-in", JWT]},
        "ok": True,
        "bell\a": "line\nbreak",
    }
    kept = redacted(received, ("state-of-this-sign-in", "x"))
    assert kept == {
        "email": "jane@acme.example",
        "access_token": REMOVED,
        "client_secret": REMOVED,
        "code": REMOVED,
        "note": f"see {REMOVED}, and {REMOVED}",
        "nested": {"id_token": REMOVED, "list": ["fine", REMOVED, REMOVED]},
        "ok": True,
        "bell ": "line break",
    }
    assert dict(lines_of(kept))["nested"] == f"id_token: {REMOVED}, list: fine, {REMOVED}, {REMOVED}"
    assert dict(lines_of({"a": None, "b": True, "c": 1.5})) == {"a": "null", "b": "true", "c": "1.5"}
    assert without_secrets("no-secret-here", ("here", "secret-here")) == f"no-{REMOVED}"


def test_what_is_kept_is_bounded():
    kept = redacted({f"claim {number}": ["x" * 10_000] * 1000 for number in range(1000)})
    assert len(repr(kept)) < 100 * 50 * 510
    assert len(redacted({"deep": [[[["x" * 900]]]]})["deep"][0][0][0][0]) <= 500


def tries(circuits, connection, *, fails=None, proves=True):
    """One try. Says whether the provider was asked."""
    asked = []
    try:
        with circuits.tried(connection, proves=proves):
            asked.append(True)
            if fails:
                raise fails
    except (Refusal, UpstreamFailure):
        pass
    return bool(asked)


DOWN = UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, "timeout")
REMEMBERED = UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, "timeout", is_untried=True)
REFUSED = UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "nonce")


def test_silent_provider_is_left_alone_for_its_connection_only():
    clock = FakeClock()
    circuits = Circuits(clock)
    for _ in range(3):
        assert tries(circuits, "a", fails=DOWN)
    assert circuits.is_open("a")
    assert not tries(circuits, "a")
    assert not circuits.is_open("b")
    assert tries(circuits, "b")
    clock.advance(seconds=31)
    assert not circuits.is_open("a")
    assert tries(circuits, "a", fails=DOWN)
    assert not tries(circuits, "a")
    clock.advance(seconds=31)
    assert tries(circuits, "a")
    assert tries(circuits, "a", fails=DOWN)
    assert not circuits.is_open("a")


def test_one_person_tries_and_the_others_wait_for_what_becomes_of_it():
    clock = FakeClock()
    circuits = Circuits(clock)
    for _ in range(3):
        tries(circuits, "a", fails=DOWN)
    clock.advance(seconds=31)
    with circuits.tried("a", proves=True):
        assert circuits.is_open("a")
        assert not tries(circuits, "a")
    assert tries(circuits, "a")


def test_way_there_that_works_does_not_prove_the_way_back():
    clock = FakeClock()
    circuits = Circuits(clock)
    for _ in range(3):
        tries(circuits, "a", proves=False)
        tries(circuits, "a", fails=DOWN)
    assert circuits.is_open("a")
    clock.advance(seconds=31)
    assert tries(circuits, "a", proves=False)
    assert tries(circuits, "a", fails=DOWN)
    assert circuits.is_open("a")
    clock.advance(seconds=31)
    assert tries(circuits, "a", proves=False)
    assert tries(circuits, "a")
    assert tries(circuits, "a", fails=DOWN)
    assert not circuits.is_open("a")


def test_refusals_old_failures_and_remembered_ones_leave_a_provider_alone_never():
    clock = FakeClock()
    circuits = Circuits(clock)
    for _ in range(5):
        tries(circuits, "refuses", fails=REFUSED)
        tries(circuits, "remembered", fails=REMEMBERED)
        tries(circuits, "seldom", fails=DOWN)
        clock.advance(seconds=31)
    assert not any(circuits.is_open(one) for one in ("refuses", "remembered", "seldom"))


def test_refusal_of_the_one_try_lets_the_next_one_try():
    clock = FakeClock()
    circuits = Circuits(clock)
    for _ in range(3):
        tries(circuits, "a", fails=DOWN)
    clock.advance(seconds=31)
    assert tries(circuits, "a", fails=REFUSED)
    assert tries(circuits, "a", fails=REFUSED)


def test_memory_is_bounded():
    clock = FakeClock()
    circuits, noting = Circuits(clock, capacity=2), Noting(clock, timedelta(minutes=1), capacity=2)
    for number in range(5):
        for _ in range(3):
            tries(circuits, str(number), fails=DOWN)
        assert noting.is_due(str(number))
    assert [circuits.is_open(str(number)) for number in range(5)] == [False, False, False, True, True]
    assert [noting.is_due("4"), noting.is_due("0")] == [False, True]
    noting.forget("0")
    assert noting.is_due("0")
    clock.advance(minutes=1)
    assert noting.is_due("0")
