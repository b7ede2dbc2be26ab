"""The work beside the requests, inside the product and as `broker worker`; and what `broker doctor` says of mail.

These run at the real time: an old mail is not sent, and the time of other tests is long ago. They look at every tenant, so
the file has a database of its own.
"""

import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from threading import Event
from threading import enumerate as threads

import pytest

from broker.background import Job, start_background
from broker.mail.worker import deliver
from broker.served import make_served_app
from broker.system import SystemClock
from tenants.outbox import LEASE, OutboxMail, add_mail
from tests import factories
from tests.support.clock import FakeClock
from tests.support.commands import environment, run
from tests.support.stores import ON_SQLITE

ROUNDS = 300


@pytest.fixture(scope="module")
def database_url(own_store):
    return own_store.url


@pytest.fixture(scope="module")
def broker(own_broker):
    return own_broker


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def written(home):
    """The id of a mail that is due."""
    with home.db.writing() as db:
        return add_mail(db, home.broker.vault, f"ada@{home.domain}", "test", {"note": "text"}, SystemClock().now())


def row_of(home, mail_id):
    with home.db.reading() as db:
        return db.get_one(OutboxMail, (home.id, mail_id))


def is_sent(home, mail_id):
    """Give the worker time; it looks every second."""
    for _ in range(ROUNDS):
        if row_of(home, mail_id).sent_at is not None:
            return True
        Event().wait(0.1)
    return False


def served(monkeypatch, mail_variables, **more):
    for name, value in (mail_variables | {f"BROKER_{name}": value for name, value in more.items()}).items():
        monkeypatch.setenv(name, value)
    return make_served_app()


def background_threads():
    return [thread for thread in threads() if thread.name == "background"]


def test_serving_process_sends_mail_unless_the_worker_runs_apart(monkeypatch, mail_variables):
    begun = []
    monkeypatch.setattr("broker.served.start_background", begun.append)
    inside = served(monkeypatch, mail_variables)
    apart = served(monkeypatch, mail_variables, RUN_WORKER_INSIDE="false")
    assert begun == [inside]
    for app in (inside, apart):
        app.extensions["broker"].db.dispose()


def test_thread_beside_the_requests_sends_mail_and_ends_when_told(monkeypatch, mail_variables, home, box):
    app = served(monkeypatch, mail_variables, RUN_WORKER_INSIDE="false")
    mail = written(home)
    ended = start_background(app)
    assert is_sent(home, mail)
    ended.set()
    for thread in background_threads():
        thread.join(10)
    assert background_threads() == []
    assert len(box.to(f"ada@{home.domain}")) == 1
    app.extensions["broker"].db.dispose()


def test_broker_worker_sends_mail_until_it_is_told_to_end(mail_variables, home, box):
    works_until(signal.SIGTERM, mail_variables, home, box)


@ON_SQLITE
def test_broker_worker_sends_mail_until_it_is_interrupted(mail_variables, home, box):
    works_until(signal.SIGINT, mail_variables, home, box)


def works_until(number, mail_variables, home, box):
    mail = written(home)
    command = [sys.executable, "-c", "from broker.cli import main; main()", "worker"]
    with subprocess.Popen(command, env=os.environ | mail_variables, stderr=subprocess.PIPE, text=True) as child:
        assert is_sent(home, mail)
        child.send_signal(number)
        assert child.wait(20) == 0
        assert child.stderr.readline() == "Working.\n"
    assert len(box.to(f"ada@{home.domain}")) == 1


def test_help_of_the_worker_names_all_that_it_does():
    told = " ".join(run("worker", "--help").output.split())
    for work in ("Send mail", "remove old rows", "read metadata", "accounts", "domains", "warnings", "moves"):
        assert work in told, work


def test_op04_worker_killed_in_the_middle_of_a_mail_loses_none(monkeypatch, mail_variables, home, box):
    """The server has every word and has not said so: whether it will deliver, nobody knows. So it is sent again."""
    mails = [written(home), written(home)]
    box.stalls = 1
    command = [sys.executable, "-c", "from broker.cli import main; main()", "worker"]
    with subprocess.Popen(command, env=os.environ | mail_variables, stderr=subprocess.DEVNULL) as child:
        assert box.stalled.wait(30)
        child.kill()
    assert [row_of(home, mail).sent_at for mail in mails] == [None, None]
    app = served(monkeypatch, mail_variables, RUN_WORKER_INSIDE="false")
    parts = app.extensions["broker"]
    later = FakeClock(SystemClock().now() + LEASE)
    with app.app_context():
        while deliver(replace(parts, ports=replace(parts.ports, clock=later))):
            pass
    parts.db.dispose()
    assert all(row_of(home, mail).sent_at for mail in mails)
    assert {mail["Message-ID"] for mail in box.to(f"ada@{home.domain}")} == {f"<{mail}@localhost>" for mail in mails}


def test_work_that_fails_does_not_end_the_thread(broker):
    def fail(_):
        raise ZeroDivisionError

    failing, busy, idle = (Job("x", work, every=100.0, due=0.0) for work in (fail, lambda _: True, lambda _: False))
    for job in (failing, busy, idle):
        job.run(broker)
    assert failing.due > busy.due + 50
    assert idle.due > busy.due + 50


def mail_lines(told):
    return [line for line in told.stdout.splitlines() if " mail" in line]


def test_doctor_says_that_mail_goes_out(mail_variables):
    assert "ok    mail: The mail server lets us in." in mail_lines(run("doctor", **mail_variables))


def test_doctor_says_that_the_mail_server_is_not_there(mail_variables):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    told = run("doctor", **mail_variables | {"BROKER_SMTP_PORT": port})
    assert told.exit_code == 1
    assert mail_lines(told)[0].startswith("bad   mail: The mail server does not let us in: ConnectionRefusedError")


def test_doctor_says_that_no_mail_server_is_set_up(database_url):
    (line,) = mail_lines(run("doctor", **environment(database_url)))
    assert line.startswith("warn  mail: BROKER_SMTP_HOST is not set")


def test_doctor_says_that_mails_could_not_be_delivered(mail_variables, home):
    home.change(OutboxMail, written(home), failed_at=home.now, next_try_at=None)
    lines = mail_lines(run("doctor", **mail_variables))
    assert "warn  mail: In the last 30 days some mails could not be delivered: `broker mail list --failed` names them." in lines
