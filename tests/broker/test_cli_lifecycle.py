"""`broker lifecycle` and the same work in the background: on a database of this module's own, as they reach every tenant."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from broker.background import Nightly
from broker.system import SystemClock
from tenants import nightly
from tenants.accounts import Account
from tenants.claims import JobClaim
from tenants.ids import new_id
from tenants.outbox import OutboxMail
from tenants.tenants import Tenant, TenantSettings
from tests import factories
from tests.support.commands import environment, run


@pytest.fixture(scope="module")
def database_url(own_store):
    return own_store.url


@pytest.fixture(scope="module")
def broker(own_broker):
    return own_broker


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def lifecycle(home, database_url):
    """`broker lifecycle` for the tenant of the test, at the real time."""
    variables = environment(database_url)
    return lambda *arguments: run("lifecycle", "--tenant", home.slug, *arguments, **variables)


def person(home, days, **values):
    then = SystemClock().now() - timedelta(days=days)
    columns = {"created_at": then, "activated_at": then, "with_password": False, "with_totp": False}
    return factories.account(home, **(columns | values))


def state_of(home, someone):
    with home.db.reading() as db:
        return db.get_one(Account, (home.id, someone.id)).state


def test_it_says_what_it_does_and_then_that_there_is_nothing(home, lifecycle):
    ada, eve = person(home, 365), person(home, 360)
    told = lifecycle()
    assert told.exit_code == 0
    *lines, last = told.stdout.splitlines()
    assert f"{home.slug} {ada.email}: inactive. Nobody signed in for 365 days." in lines
    assert [line for line in lines if line.startswith(f"{home.slug} {eve.email}: warned. Disuse on 2")]
    assert last == "1 account ended, 1 account warned."
    assert state_of(home, ada) == "inactive"
    assert lifecycle().stdout == "Nothing to do.\n"


def test_dry_run_writes_nothing(home, lifecycle):
    ada = person(home, 365)
    person(home, 360)
    told = lifecycle("--dry-run")
    assert told.stdout.splitlines()[-1] == "1 account to end, 1 account to warn; nothing was written."
    assert state_of(home, ada) == "active"
    with home.db.reading() as db:
        assert db.scalars(select(OutboxMail)).all() == []


def test_who_is_spared_is_told(home, lifecycle):
    owner = person(home, 365, role="owner")
    told = lifecycle().stdout.splitlines()
    sentence = "Nobody signed in for 365 days. This is the last owner or admin of the tenant. Name another one first."
    assert told == [f"{home.slug} {owner.email}: kept. {sentence}", "Nothing to do."]


def test_unknown_tenant_is_told(database_url):
    told = run("lifecycle", "--tenant", "nobody", **environment(database_url))
    assert (told.exit_code, told.stderr) == (1, "Error: There is no such tenant.\n")


def broken(broker):
    """A tenant that comes first, and whose settings can't be read."""
    made = factories.tenant(broker)
    made.change(TenantSettings, "settings", policy={"inactive_days": "never"})
    with broker.db.platform("a test puts a tenant first", made.now) as db:
        db.execute(update(Tenant).where(Tenant.id == made.id).values(slug=f"aa{made.slug}"))
    return made, f"aa{made.slug}"


def mend(made):
    made.change(TenantSettings, "settings", policy={})


def test_one_tenants_failure_does_not_stop_the_others(broker, home, database_url):
    worse, slug = broken(broker)
    ada = person(home, 365)
    told = run("lifecycle", **environment(database_url))
    mend(worse)
    assert told.exit_code == 1
    assert f"{slug}: failed with ValidationError; the others went on." in told.stderr
    assert state_of(home, ada) == "inactive"


def test_suspended_tenant_is_left_alone(broker, database_url):
    home = factories.tenant(broker, status="suspended")
    ada = person(home, 365)
    run("lifecycle", **environment(database_url))
    assert state_of(home, ada) == "active"


# In the background


@pytest.fixture
def job(monkeypatch):
    """The background's job under a name of this test's own."""
    name = new_id("night")
    monkeypatch.setattr(nightly, "JOB", name)
    return name


def unused(home):
    """Somebody whom nobody saw for a year of the test's own time."""
    then = home.now - timedelta(days=365)
    return factories.account(home, created_at=then, activated_at=then, with_password=False, with_totp=False)


def done(broker, worker):
    """Let a process of the product work until it says that nothing waits."""
    for _ in range(200):
        if not worker.work(broker):
            return
    raise AssertionError("it never ends")


def test_background_does_it_once_a_night_whoever_comes_first(broker, home, clock, job):
    first, second = Nightly(), Nightly()
    ada = unused(home)
    done(broker, first)
    assert state_of(home, ada) == "inactive"
    eve = unused(home)
    done(broker, first)
    done(broker, second)
    assert state_of(home, eve) == "active"
    clock.advance(days=1)
    done(broker, second)
    assert state_of(home, eve) == "inactive"


def test_background_goes_on_after_a_tenant_that_fails(broker, home, job):
    worse, _ = broken(broker)
    ada = unused(home)
    done(broker, Nightly())
    mend(worse)
    assert state_of(home, ada) == "inactive"


def test_background_works_in_slices_and_keeps_its_lease(broker, home, clock, job, monkeypatch):
    monkeypatch.setattr("broker.daily.SLICE_SECONDS", 0.0)
    worker = Nightly()
    assert worker.work(broker)
    clock.advance(minutes=9)
    assert worker.work(broker)
    clock.advance(minutes=9)
    assert not Nightly().work(broker)
    with broker.db.platform("a test looks at a claim", home.now) as db:
        row = db.get_one(JobClaim, job)
    assert row.finished_at is None


def test_background_that_can_not_begin_leaves_the_job_for_later(broker, clock, job, monkeypatch):
    worker = Nightly()
    with monkeypatch.context() as patched:
        patched.setattr(nightly, "ALL_TENANTS", None)
        with pytest.raises(AttributeError):
            worker.work(broker)
    assert not worker.work(broker)
    clock.advance(minutes=11)
    done(broker, worker)
    with broker.db.platform("a test looks at a claim", clock.now()) as db:
        assert db.get_one(JobClaim, job).finished_at is not None
