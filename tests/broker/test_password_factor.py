"""The hasher: one algorithm, a hash for nobody too, old parameters renewed, a queue with an end."""

from threading import Event, Thread

import pytest
from argon2 import PasswordHasher

from broker.factors import password
from broker.hashing import Hasher
from tenants.causes import Breakage, Cause


@pytest.fixture(scope="module")
def hasher():
    return Hasher(queue=2)


def test_right_and_wrong(hasher):
    kept = hasher.hash("vague otter lantern")
    assert hasher.verify(kept, "vague otter lantern")
    assert not hasher.verify(kept, "vague otter lantern ")


def test_parameters_are_ours_and_not_the_librarys(hasher):
    assert hasher.hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_nobody_has_a_password(hasher):
    assert not hasher.verify(None, "the password of nobody")


@pytest.mark.parametrize("broken", ["", "nonsense", "$argon2id$v=19$m=19456,t=2,p=1$", "$2b$12$abcdefghijklmnopqrstuv"])
def test_broken_hash_fits_nothing(hasher, broken):
    assert not hasher.verify(broken, "x")


@pytest.mark.parametrize(
    ("parameters", "is_outdated"),
    [
        ({"time_cost": 1, "memory_cost": 8, "parallelism": 1}, True),
        ({"time_cost": 3, "memory_cost": 65536, "parallelism": 4}, True),
        ({"time_cost": 2, "memory_cost": 19456, "parallelism": 1}, False),
    ],
    ids=["weaker", "the library's", "today's"],
)
def test_outdated_is_what_was_made_with_other_parameters(hasher, parameters, is_outdated):
    assert hasher.is_outdated(PasswordHasher(**parameters).hash("x")) is is_outdated


def test_full_queue_is_said_at_once(hasher):
    go, waiting = Event(), []
    for _ in range(2):
        began = Event()
        thread = Thread(target=hasher._queued, args=(lambda began=began: (began.set(), go.wait()),))
        thread.start()
        waiting.append(thread)
    while hasher._places._value:  # both have taken their places
        pass
    with pytest.raises(Breakage) as full:
        hasher.hash("x")
    go.set()
    for thread in waiting:
        thread.join()
    assert full.value.cause is Cause.BUSY
    assert hasher.hash("x")


@pytest.mark.parametrize(("typed", "possible"), [("", True), ("x" * 1024, True), ("x" * 1025, False), ("a\ud800", False)])
def test_what_can_be_a_password(typed, possible):
    assert password.is_possible(typed) is possible
