"""Bulk actions: what a plan does and refuses (a table), and how it is carried out, left and found again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tenants import jobs
from tenants.accounts import Account, AccountState
from tenants.admins import Candidate, Ways
from tenants.audit import Event
from tenants.bulk import Action, Person, Setting, may_act, plan_bulk
from tenants.bulk_jobs import plan_job, work_on
from tenants.credentials import Credential
from tenants.jobs import PeopleJob, PeopleJobRow
from tenants.last_admin import Admins
from tests import factories
from tests.support import rows, steps

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OWNER = Candidate("owner", "active", None, True)
ADMIN = Candidate("admin", "active", None, True)
WAYS = Ways(local=True, connection=False, door=False)
ADMINS = Admins({"me": OWNER, "eve": ADMIN}, WAYS)
SETTING = Setting("me", "owner", True, ADMINS, NOW)
BOB = Person("bob", "bob@x.example", "org", AccountState.ACTIVE, is_local_enabled=True)
EVE = replace(BOB, id="eve", role="admin")
HELP = replace(SETTING, actor_role="helpdesk")

PLANS = {
    "somebody is switched off": (Action.DISABLE, BOB, SETTING, "due"),
    "twice": (Action.DISABLE, replace(BOB, state=AccountState.DISABLED), SETTING, "same"),
    "back again": (Action.REACTIVATE, replace(BOB, state=AccountState.INACTIVE), SETTING, "due"),
    "who is active already": (Action.REACTIVATE, BOB, SETTING, "same"),
    "after its end": (Action.REACTIVATE, replace(BOB, state=AccountState.EXPIRED, has_ended=True), SETTING, "ended"),
    "e-mail login on": (Action.LOCAL_ON, replace(BOB, is_local_enabled=False), SETTING, "due"),
    "e-mail login off": (Action.LOCAL_OFF, BOB, SETTING, "due"),
    "off twice": (Action.LOCAL_OFF, replace(BOB, is_local_enabled=False), SETTING, "same"),
    "a link": (Action.SEND_LINK, BOB, SETTING, "due"),
    "a link where local is off": (Action.SEND_LINK, BOB, replace(SETTING, is_local_on=False), "local_off"),
    "a link for who has no e-mail login": (
        Action.SEND_LINK,
        replace(BOB, is_local_enabled=False),
        SETTING,
        "local_off_account",
    ),
    "a link for who is switched off": (Action.SEND_LINK, replace(BOB, state=AccountState.DISABLED), SETTING, "shut"),
    "a link by the helpdesk": (Action.SEND_LINK, BOB, HELP, "due"),
    "deleted by the helpdesk": (Action.DELETE, BOB, HELP, "not_yours"),
    "by who has lost the role": (Action.DISABLE, BOB, replace(SETTING, actor_role=None), "not_yours"),
    "deleted": (Action.DELETE, BOB, SETTING, "due"),
    "one's own account": (Action.DISABLE, replace(BOB, id="me"), SETTING, "self"),
    "an owner, by an admin": (Action.DISABLE, replace(BOB, role="owner"), replace(SETTING, actor_role="admin"), "owner"),
    "who a file names": (Action.DELETE, replace(BOB, is_file_managed=True), SETTING, "file"),
    "a link for who a file names": (Action.SEND_LINK, replace(BOB, is_file_managed=True), SETTING, "due"),
    "who holds the back door": (Action.DELETE, replace(BOB, has_door=True), SETTING, "door"),
    "gone meanwhile": (Action.DISABLE, replace(BOB, state=AccountState.DELETED), SETTING, "gone"),
    "of another part": (Action.DISABLE, BOB, replace(SETTING, reachable=frozenset({"elsewhere"})), "elsewhere"),
    "one of two admins": (Action.DISABLE, EVE, SETTING, "due"),
}


@pytest.mark.parametrize(("action", "person", "setting", "outcome"), PLANS.values(), ids=PLANS)
def test_plan(action, person, setting, outcome):
    (one,) = plan_bulk(action, [person], setting)
    assert outcome == (one.refusal.code if one.refusal else "same" if one.is_same else "due")


@pytest.mark.parametrize("action", [Action.DISABLE, Action.DELETE, Action.LOCAL_OFF])
def test_ac06_bulk_action_spares_the_last_admin(action):
    """By somebody whose account is no admin's any more: all of them are named, and one stays."""
    setting = replace(SETTING, actor_id="else", admins=Admins({"eve": ADMIN, "ann": ADMIN}, WAYS))
    planned = plan_bulk(action, [EVE, replace(EVE, id="ann")], setting)
    assert [one.refusal and one.refusal.code for one in planned] == [None, "last_admin"]


def test_who_may_act():
    assert {role for role in ("owner", "admin", "helpdesk", "auditor", None) if may_act(role, Action.DELETE)} == {
        "owner",
        "admin",
    }
    assert may_act("helpdesk", Action.SEND_LINK)


# Carried out


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def boss(home):
    return factories.account(home, role="owner", last_login_at=home.now)


def outcomes(home, job):
    return [row.outcome for row in sorted(rows.stored(home, PeopleJobRow, job_id=job), key=lambda row: row.position)]


def go_on(home, job, is_over=lambda: False):
    return work_on(home.db, home.broker.vault, job, lambda: home.now, is_over)


def start(home, job):
    with home.db.writing() as db:
        return db.run(jobs.START_JOB, job=job, now=home.now, until=home.now + jobs.KEEP)


def test_job_is_planned_started_once_and_done(home, boss):
    people = [factories.account(home, last_login_at=home.now) for _ in range(3)]
    job = plan_job(home.db, Action.DISABLE, [*(one.id for one in people), boss.id, "acc_gone"], boss.id, home.now)
    assert outcomes(home, job) == ["waiting"] * 3 + ["refused"]
    assert not go_on(home, job)
    assert outcomes(home, job)[0] == "waiting"
    assert (start(home, job), start(home, job)) == (1, 0)
    assert not go_on(home, job)
    assert outcomes(home, job) == ["done"] * 3 + ["refused"]
    (row,) = rows.stored(home, PeopleJob, id=job)
    assert (row.state, row.facts) == ("done", {"waiting": 3, "refused": 1})
    assert {row.state for row in rows.stored(home, Account) if row.id != boss.id} == {"disabled"}
    assert len(steps.events(home, Event.ACCOUNT_CHANGED)) == 3


def test_op04_job_that_was_left_midway_goes_on_where_it_stopped(home, boss):
    """One slice, then the process is gone with its lease; another one waits for that to end."""
    people = [factories.account(home, with_password=False) for _ in range(25)]
    job = plan_job(home.db, Action.DELETE, [one.id for one in people], boss.id, home.now)
    start(home, job)
    assert go_on(home, job, is_over=lambda: True)
    assert outcomes(home, job).count("done") == 20
    home.change(PeopleJob, job, leased_until=home.now + timedelta(seconds=30))
    assert not go_on(home, job)
    home.broker.ports.clock.advance(seconds=61)
    assert not go_on(home, job)
    assert outcomes(home, job) == ["done"] * 25


def test_what_changed_since_the_plan_is_asked_again(home, boss):
    """Who was planned by an admin that is none any more stays; so does who is switched off by another meanwhile."""
    eve = factories.account(home, role="admin", last_login_at=home.now)
    ada = factories.account(home, last_login_at=home.now)
    job = plan_job(home.db, Action.LOCAL_OFF, [ada.id], eve.id, home.now)
    start(home, job)
    home.change(Account, eve.id, role=None, own_role=None)
    go_on(home, job)
    (row,) = rows.stored(home, PeopleJobRow, job_id=job)
    assert (row.outcome, row.detail) == ("failed", {"code": "not_yours"})
    assert rows.stored(home, Credential, account_id=ada.id)


def test_ac08_links_go_to_their_owner_alone(home, boss):
    new = factories.account(home, state="invited", with_password=False, is_local_enabled=True)
    old = factories.account(home, last_login_at=home.now)
    job = plan_job(home.db, Action.SEND_LINK, [new.id, old.id], boss.id, home.now)
    start(home, job)
    go_on(home, job)
    mails = {mail.to_address: mail.message for mail in rows.stored(home, rows.OutboxMail)}
    assert mails == {new.email: "invitation", old.email: "reset_link"}
    with home.db.reading() as db:
        assert not any("token" in str(row.detail) for row in db.scalars(select(PeopleJobRow)))
