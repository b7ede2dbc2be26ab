"""The outbox and its worker: sent if its cause committed, once, whoever is killed; tried again, and given up in the end."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import select, update

from broker.mail.worker import deliver
from tenants.db import ScopeError
from tenants.outbox import (
    LEASE,
    LIFE,
    OutboxMail,
    PlatformMail,
    add_mail,
    lease,
    next_try,
    note_sent,
    put_off,
)
from tenants.sweeping import sweep
from tenants.undelivered import retry
from tenants.vault import Vault
from tests import factories
from tests.support.clock import START
from tests.support.mail import mailer
from tests.support.rows import outbox_mail, platform_mail

ROOT = Path(factories.__file__).parent.parent
SEIZE = """
import sys, time
from datetime import datetime
from tenants.db import Database
from tenants.outbox import lease
print(*(mail.id for mail in lease(Database(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))), flush=True)
time.sleep(60)
"""
FACTS = {"note": "text"}


@pytest.fixture
def sending(app, broker, box):
    """The product's parts with a mail server; what other tests left in the outbox is gone first."""
    parts = replace(broker, ports=replace(broker.ports, mailer=mailer(box.port)))
    with app.app_context():
        while deliver(parts):
            pass
        box.mails.clear()
        box.recipients.clear()
        yield parts


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def stored(home, mail):
    with home.db.reading() as db:
        return db.get_one(OutboxMail, (home.id, mail.id))


def test_mail_is_sent_once_and_its_words_are_forgotten(sending, box, home):
    mail = outbox_mail(home)
    assert deliver(sending)
    assert not deliver(sending)
    (came,) = box.to(mail.to_address)
    assert came["Subject"] == "Mail works"
    assert home.canary in came.get_body(("plain",)).get_content()
    row = stored(home, mail)
    assert (row.sent_at, row.tries, row.next_try_at, row.content_sealed) == (home.now, 1, None, None)


def test_mail_of_a_cause_that_failed_is_never_sent(sending, box, home):
    def cause():
        with home.db.writing() as db:
            add_mail(db, sending.vault, "ada@acme.example", "test", FACTS, home.now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cause()
    assert not deliver(sending)
    assert box.mails == []


def test_words_of_a_mail_are_sealed_while_it_waits(home):
    """A reset link in a copied database would open an account."""
    row = stored(home, outbox_mail(home))
    assert home.canary not in row.content_sealed
    assert home.canary not in (row.to_address.partition("@")[0] + row.message + row.last_error)


def test_without_a_mail_server_mails_wait(broker, app, home):
    mail = outbox_mail(home)
    with app.app_context():
        assert not deliver(broker)
    assert (stored(home, mail).tries, stored(home, mail).next_try_at) == (0, home.now)


@pytest.mark.parametrize("step", ["recipient", "data"])
def test_greylisted_mail_is_sent_at_the_second_try(sending, box, home, clock, step):
    mail = outbox_mail(home)
    getattr(box, step).append("451 4.7.1 greylisted, come back")
    deliver(sending)
    row = stored(home, mail)
    assert (row.last_error, row.next_try_at) == ("451 4.7.1 greylisted, come back", home.now + timedelta(minutes=1))
    assert row.content_sealed
    deliver(sending)
    assert box.mails == []
    clock.advance(minutes=1)
    deliver(sending)
    assert len(box.to(mail.to_address)) == 1
    assert (stored(home, mail).tries, stored(home, mail).last_error) == (2, "")


def test_refused_mail_is_given_up_and_shown(sending, box, home):
    mail = outbox_mail(home)
    box.recipient.append("550 5.1.1 nobody here\tof this \x1b[31mname")
    deliver(sending)
    row = stored(home, mail)
    assert (row.failed_at, row.next_try_at) == (home.now, None)
    assert row.last_error.startswith("550 5.1.1 nobody here")
    assert row.last_error.isprintable()


def test_refused_mail_is_sent_again_when_somebody_asks_for_that(sending, box, home):
    mail = outbox_mail(home)
    box.recipient.append("550 5.7.1 not from you")
    deliver(sending)
    assert not deliver(sending)
    assert retry(sending.db, mail.id, home.now)
    assert not retry(sending.db, mail.id, home.now)
    deliver(sending)
    (came,) = box.to(mail.to_address)
    assert home.canary in came.get_body(("plain",)).get_content()
    assert (stored(home, mail).failed_at, stored(home, mail).content_sealed) == (None, None)


def test_refused_mail_is_forgotten_after_three_days(sending, box, home, clock):
    mail = outbox_mail(home)
    box.recipient.append("550 5.7.1 not from you")
    deliver(sending)
    clock.advance(days=3)
    assert stored(home, mail).content_sealed
    assert not retry(sending.db, mail.id, home.now)
    while sweep(sending.db, home.now):
        pass
    assert stored(home, mail).content_sealed is None


def test_mail_that_waits_keeps_its_words_and_is_not_sent_twice_by_a_retry(sending, box, home):
    mail = outbox_mail(home)
    assert not retry(sending.db, mail.id, home.now)
    while sweep(sending.db, home.now):
        pass
    assert deliver(sending)
    assert not retry(sending.db, mail.id, home.now)
    assert len(box.to(mail.to_address)) == 1


@pytest.mark.parametrize(("minutes", "count"), [(3, 1), (5, 0)])
def test_code_is_not_sent_when_it_has_run_out(sending, box, home, clock, minutes, count):
    """A greylisted one goes out within its five minutes; later, the person has asked for another."""
    email = factories.account(home).email
    with home.db.writing() as db:
        add_mail(db, sending.vault, email, "code", {"code": "482913", "purpose": "reset"}, home.now)
    box.recipient.append("451 4.7.1 greylisted, come back")
    deliver(sending)
    clock.advance(minutes=minutes)
    deliver(sending)
    assert len(box.to(email)) == count


def test_link_is_not_sent_when_it_has_run_out(sending, box, home):
    email = factories.account(home).email
    facts = {"token": "a-token", "expires_at": home.now.isoformat()}
    with home.db.writing() as db:
        made = add_mail(db, sending.vault, email, "reset_link", facts, home.now)
    deliver(sending)
    assert box.to(email) == []
    with home.db.reading() as db:
        row = db.get_one(OutboxMail, (home.id, made))
    assert (row.failed_at, row.content_sealed) == (home.now, None)
    assert "its time was over" in row.last_error


def test_dropped_connection_loses_nothing_and_holds_up_nobody(sending, box, home, clock):
    mails = [outbox_mail(home, f"{name}@{home.domain}") for name in ("ada", "ben")]
    box.drops = 1
    deliver(sending)
    assert sum(len(box.to(mail.to_address)) for mail in mails) == 1
    clock.advance(minutes=1)
    deliver(sending)
    assert [len(box.to(mail.to_address)) for mail in mails] == [1, 1]


def test_mail_whose_words_do_not_open_holds_up_nobody(sending, box, home, broker):
    stranger = Vault({"other": os.urandom(32)})
    with home.db.writing() as db:
        spoiled = add_mail(db, stranger, f"ada@{home.domain}", "test", FACTS, home.now)
    good = outbox_mail(home, f"ben@{home.domain}")
    deliver(sending)
    assert box.recipients == [good.to_address]
    with home.db.reading() as db:
        assert db.get_one(OutboxMail, (home.id, spoiled)).last_error == "VaultError"


def test_mail_that_was_never_delivered_is_given_up_after_three_days(sending, box, home, clock):
    mail, begun = outbox_mail(home), home.now
    box.recipient += ["451 later"] * 50
    while stored(home, mail).next_try_at is not None:
        clock.advance(seconds=(stored(home, mail).next_try_at - home.now).total_seconds())
        deliver(sending)
    row = stored(home, mail)
    assert row.failed_at == home.now
    assert timedelta(days=2) < home.now - begun <= LIFE
    assert 10 < row.tries < 20
    box.recipient.clear()


def test_mail_that_waited_for_a_server_too_long_is_not_sent(sending, box, home, clock):
    mail = outbox_mail(home)
    clock.advance(days=3)
    deliver(sending)
    assert box.mails == []
    assert stored(home, mail).failed_at == home.now


@pytest.mark.parametrize(
    ("tries", "pause"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (10, 512), (11, 720), (50, 720)],
)
def test_pauses_double_up_to_twelve_hours(tries, pause):
    assert next_try(START, tries, START) == START + timedelta(minutes=pause)


def test_no_try_after_three_days():
    assert next_try(START, 11, START + timedelta(days=2, hours=11)) is not None
    assert next_try(START, 11, START + timedelta(days=2, hours=13)) is None


def test_op04_worker_killed_between_lease_and_sending_loses_no_mail(sending, box, home, clock, database_url):
    own, platform = outbox_mail(home), platform_mail(home, f"eve@{home.domain}")
    command = [sys.executable, "-c", SEIZE, database_url, home.now.isoformat()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert set(child.stdout.readline().split()) == {own.id, platform.id}
        child.kill()
    assert not deliver(sending)
    assert box.mails == []
    clock.advance(seconds=LEASE.total_seconds())
    assert deliver(sending)
    assert not deliver(sending)
    assert sorted(box.recipients) == sorted((own.to_address, platform.to_address))


def test_two_workers_send_each_mail_once(sending, box, home, app):
    mails = [outbox_mail(home, f"p{number}@{home.domain}") for number in range(24)]
    together = Barrier(2)

    def work():
        with app.app_context():
            together.wait()
            while deliver(sending):
                pass

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(box.recipients) == sorted(mail.to_address for mail in mails)


def leased(sending, home, mail):
    """This one, among what is due: of other tests more may be by now."""
    return next(one for one in lease(sending.db, home.now) if one.id == mail.id)


def test_worker_whose_lease_has_ended_settles_nothing(sending, home, clock):
    mail = outbox_mail(home)
    slow = leased(sending, home, mail)
    clock.advance(seconds=LEASE.total_seconds())
    quick = leased(sending, home, mail)
    assert not put_off(sending.db, slow, "too late", home.now)
    assert note_sent(sending.db, quick, home.now)
    assert not note_sent(sending.db, quick, home.now)


def test_worker_does_not_begin_what_its_lease_may_not_last_for(sending, box, home, clock):
    """The first mail took three minutes: by the time of the second, another process could have it."""
    first, second = outbox_mail(home, f"a@{home.domain}"), outbox_mail(home, f"b@{home.domain}")
    slow = SlowMailer(sending.ports.mailer, clock)
    deliver(replace(sending, ports=replace(sending.ports, mailer=slow)))
    assert len(box.recipients) == 1
    clock.advance(minutes=3)
    deliver(sending)
    assert sorted(box.recipients) == sorted((first.to_address, second.to_address))


class SlowMailer:
    """The real one, behind a slow line."""

    def __init__(self, mailer, clock):
        self._mailer, self._clock = mailer, clock

    def send(self, mail, now):
        self._mailer.send(mail, now)
        self._clock.advance(minutes=3)


def test_ti09_tenant_sees_its_own_mails_alone_and_no_mail_of_the_platform(home, broker):
    other = factories.tenant(broker)
    outbox_mail(other)
    own = outbox_mail(home)
    with home.db.reading() as db:
        assert [row.id for row in db.scalars(select(OutboxMail))] == [own.id]
    for statement in (select(PlatformMail), update(PlatformMail).values(to_address="eve@evil.example")):
        with pytest.raises(ScopeError), home.db.writing() as db:
            db.execute(statement)


def test_looking_for_due_mail_leaves_no_event_and_tells_nothing(sending, home, count_statements):
    with count_statements() as count:
        assert not deliver(sending)
    assert len(count) == 2
    assert not any("platform_events" in statement for statement in count.statements)


def test_old_mails_are_removed(sending, box, home, clock):
    mail = outbox_mail(home)
    deliver(sending)
    clock.advance(days=31)
    while sweep(sending.db, home.now):
        pass
    with home.db.reading() as db:
        assert db.get(OutboxMail, (home.id, mail.id)) is None
