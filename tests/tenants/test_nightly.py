"""The nightly job: what it writes down, whom it warns once, whom it spares, and that a second run finds nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tenants import nightly, outbox
from tenants.accounts import Account
from tenants.audit import Event
from tenants.claims import LEASE, JobClaim, claim, finish, keep
from tenants.nightly import Round, next_night
from tenants.outbox import Leased, OutboxMail
from tenants.sessions import BrowserSession
from tests import factories
from tests.support import rows, steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker, activation_days=30, inactive_days=365, warning_days=7)


def person(home, *, unused=0, **values):
    """Somebody whose last use is so many days ago."""
    then = home.now - timedelta(days=unused)
    columns = {"created_at": then, "activated_at": then, "last_login_at": then} | values
    return factories.account(home, **columns)


def invited(home, days, **values):
    then = home.now - timedelta(days=days)
    columns = {"state": "invited", "created_at": then, "activated_at": None, "with_password": False, "with_totp": False}
    return factories.account(home, **(columns | {"is_local_enabled": True} | values))


def run(home, *, is_dry=False):
    """What the job did, by address."""
    batches = Round(home.broker.db, home.broker.vault, home.id, home.now, is_dry).batches()
    return {outcome.email: outcome.what for batch in batches for outcome in batch}


def row_of(home, someone):
    with home.db.reading() as db:
        return db.get_one(Account, (home.id, someone.id))


def mails(home):
    """Message, address and facts of what waits to be sent."""
    with home.db.reading() as db:
        found = db.scalars(select(OutboxMail)).all()
    leased = [
        Leased(one.id, home.id, one.to_address, one.message, one.content_sealed, one.created_at, 1, one.created_at)
        for one in found
    ]
    return {(one.message, one.to_address): outbox.facts_of(one, home.broker.vault) for one in leased}


def test_accounts_end_when_their_time_is_over(home):
    unused, fresh = person(home, unused=365), person(home, unused=100)
    old, new = invited(home, 30), invited(home, 3)
    over = person(home, expires_at=home.now)
    opened = factories.session(home, over)
    assert run(home) == {unused.email: "inactive", old.email: "deactivated", over.email: "expired"}
    states = {one: row_of(home, one).state for one in (unused, fresh, old, new, over)}
    assert list(states.values()) == ["inactive", "active", "deactivated", "invited", "expired"]
    assert row_of(home, unused).state_changed_at == home.now
    with home.db.reading() as db:
        assert db.get_one(BrowserSession, (home.id, opened.row.id)).ended_at == home.now
    events = steps.events(home, Event.ACCOUNT_CHANGED)
    assert {one.account_id for one in events} == {unused.id, old.id, over.id}
    assert {one.detail["by"] for one in events} == {"lifecycle"}
    assert mails(home) == {}


def test_a_second_run_finds_nothing(home):
    person(home, unused=365)
    person(home, unused=360)
    assert len(run(home)) == 2
    assert run(home) == {}
    assert len(steps.events(home, Event.ACCOUNT_CHANGED)) == 1


def test_a4_owners_are_warned_once_for_each_cause(home, clock):
    unused = person(home, unused=360)
    waiting = invited(home, 25)
    leaving = person(home, expires_at=home.now + timedelta(days=3))
    assert set(run(home).values()) == {"warned"}
    sent = mails(home)
    assert sent == {
        ("life_warning", unused.email): {"what": "disuse", "on": f"{home.now + timedelta(days=5):%Y-%m-%d}"},
        ("life_warning", waiting.email): {"what": "activation", "on": f"{home.now + timedelta(days=5):%Y-%m-%d}"},
        ("life_warning", leaving.email): {
            "what": "expiry",
            "on": f"{home.now + timedelta(days=3, microseconds=-1):%Y-%m-%d}",
        },
    }
    assert (row_of(home, unused).warned_of, row_of(home, unused).warned_at) == ("disuse", home.now)
    assert {one.account_id for one in steps.events(home, Event.ACCOUNT_WARNED)} == {unused.id, waiting.id, leaving.id}
    clock.advance(days=1)
    assert run(home) == {}
    assert len(mails(home)) == 3


def test_who_signs_in_after_the_warning_stays(home, clock):
    ada = person(home, unused=360)
    run(home)
    home.change(Account, ada.id, last_login_at=home.now)
    clock.advance(days=6)
    assert run(home) == {}
    assert row_of(home, ada).state == "active"


def test_a2_reactivated_account_is_not_ended_again_the_next_night(home):
    ada = person(home, unused=800, state_changed_at=home.now - timedelta(days=1))
    assert run(home) == {}
    assert row_of(home, ada).state == "active"


def test_dry_run_says_the_same_and_writes_nothing(home):
    ada, eve = person(home, unused=365), person(home, unused=360)
    owner, other = (person(home, unused=400, role="owner") for _ in range(2))
    told = run(home, is_dry=True)
    assert told.pop(ada.email) == "inactive"
    assert told.pop(eve.email) == "warned"
    assert sorted(told.values()) == ["inactive", "kept"]
    assert {row_of(home, one).state for one in (ada, eve, owner, other)} == {"active"}
    assert (row_of(home, eve).warned_at, mails(home), steps.events(home)) == (None, {}, [])
    assert run(home) == told | {ada.email: "inactive", eve.email: "warned"}


def test_ac06_last_admin_is_never_ended(home):
    owner, admin = person(home, unused=400, role="owner"), person(home, unused=400, role="admin")
    assert sorted(run(home).values()) == ["inactive", "kept"]
    assert sorted(row_of(home, one).state for one in (owner, admin)) == ["active", "inactive"]
    [kept] = run(home).values()
    assert kept == "kept"
    person(home, role="admin")
    assert list(run(home).values()) == ["inactive"]


def test_ac06_holder_of_the_back_door_is_never_ended_and_not_warned_of_disuse(home):
    holder = rows.door_holder(home)
    person(home, role="owner")
    long_ago = home.now - timedelta(days=400)
    home.change(Account, holder.id, created_at=long_ago, activated_at=long_ago)
    assert run(home) == {holder.email: "kept"}
    assert row_of(home, holder).state == "active"
    nearly = home.now - timedelta(days=360)
    home.change(Account, holder.id, created_at=nearly, activated_at=nearly)
    assert run(home) == {}
    home.change(Account, holder.id, expires_at=home.now + timedelta(days=3))
    assert run(home) == {holder.email: "warned"}


def test_batches_reach_everybody(home, monkeypatch):
    everybody = [person(home, unused=365 if number % 2 else 360, with_password=False, with_totp=False) for number in range(9)]
    monkeypatch.setattr(nightly, "BATCH", 4)
    monkeypatch.setattr(nightly, "_CANDIDATES", _limited(4))
    told = run(home)
    assert set(told) == {one.email for one in everybody}
    assert sorted(told.values()) == ["inactive"] * 4 + ["warned"] * 5


def _limited(count):
    """The job's own statement, with fewer rows at a time."""
    statement = nightly._CANDIDATES.by_dialect["*"]
    return type(nightly._CANDIDATES)({"*": statement.limit(count)})


def test_statements_do_not_grow_with_the_accounts_that_stay(home, count_statements):
    for _ in range(5):
        person(home)
    with count_statements() as few:
        run(home)
    for _ in range(20):
        person(home)
    with count_statements() as many:
        run(home)
    assert len(few) == len(many)


def test_two_runs_at_once_do_each_thing_once(home):
    people = [person(home, unused=365 if number % 2 else 360, with_password=False, with_totp=False) for number in range(6)]
    told = steps.at_once([lambda: run(home)] * 2)
    assert sorted([*told[0], *told[1]]) == sorted(one.email for one in people)
    assert (len(mails(home)), len(steps.events(home, Event.ACCOUNT_CHANGED))) == (3, 3)


# The claim

NIGHTS = {
    "in the evening": (datetime(2026, 3, 2, 21, 0, tzinfo=UTC), datetime(2026, 3, 3, 2, 0, tzinfo=UTC)),
    "after midnight": (datetime(2026, 3, 3, 1, 59, tzinfo=UTC), datetime(2026, 3, 3, 2, 0, tzinfo=UTC)),
    "at that time": (datetime(2026, 3, 3, 2, 0, tzinfo=UTC), datetime(2026, 3, 4, 2, 0, tzinfo=UTC)),
}


@pytest.mark.parametrize(("begun", "due"), NIGHTS.values(), ids=NIGHTS.keys())
def test_job_is_due_once_a_night(begun, due):
    assert next_night(begun) == due


def job_of(home):
    """A job of this test's own."""
    return f"job-{home.slug}"


def test_one_process_gets_the_job(home, db):
    job, now = job_of(home), home.now
    assert sorted(steps.at_once([lambda: claim(db, job, now)] * 4)) == [False, False, False, True]
    finish(db, job, now, now + timedelta(hours=1))
    assert not claim(db, job, now)
    later = now + timedelta(hours=1)
    assert sorted(steps.at_once([lambda: claim(db, job, later)] * 4)) == [False, False, False, True]


def test_job_of_a_killed_process_is_due_again_when_its_lease_ends(home, db):
    job, now = job_of(home), home.now
    assert claim(db, job, now)
    assert not claim(db, job, now + LEASE - timedelta(seconds=1))
    keep(db, job, now + LEASE / 2)
    assert not claim(db, job, now + LEASE)
    assert claim(db, job, now + LEASE * 1.5)


def test_finished_job_says_when(home, db):
    job, now = job_of(home), home.now
    claim(db, job, now)
    finish(db, job, now, now + timedelta(days=1))
    with db.platform("a test looks at a claim", now) as session:
        row = session.get_one(JobClaim, job)
    assert (row.finished_at, row.due_at) == (now, now + timedelta(days=1))
