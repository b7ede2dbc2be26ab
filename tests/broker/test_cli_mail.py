"""`broker mail`: what the operator learns about mails, and what they never say. Commands run at the real time."""

import pytest

from broker.system import SystemClock
from tenants.outbox import LIFE, OutboxMail, PlatformMail, add_mail
from tests import factories
from tests.support.commands import environment, run
from tests.support.posted import text_of
from tests.support.rows import outbox_mail, platform_mail

SECRET = "a-token-that-opens-an-account"
WHY = "550 5.1.1 nobody here"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def command(mail_variables):
    """`broker mail …`."""
    return lambda *arguments: run("mail", *arguments, **mail_variables)


def given_up(home, mail_id, **values):
    home.change(OutboxMail, mail_id, failed_at=home.now, next_try_at=None, last_error=WHY, tries=3, **values)


def waiting(home):
    facts = {"token": SECRET, "expires_at": home.now.isoformat()}
    with home.db.writing() as db:
        return add_mail(db, home.broker.vault, f"ada@{home.domain}", "invitation", facts, home.now)


def lines_of(told, home):
    return [line for line in told.stdout.splitlines() if home.slug in line]


def test_test_sends_a_mail_at_once(command, box, home):
    told = command("test", home.slug, "ada@Acme.example")
    assert (told.exit_code, told.stdout) == (0, "The mail server has taken it, for ada@acme.example.\n")
    (mail,) = box.to("ada@acme.example")
    assert mail["Subject"] == "Mail works"
    assert f"{home.canary} Group" in text_of(mail)


def test_test_says_what_the_mail_server_says(command, box, home):
    box.recipient.append(WHY)
    told = command("test", home.slug, "ada@acme.example")
    assert told.exit_code == 1
    assert f"It was not sent: {WHY}" in told.stderr


def test_test_says_that_no_mail_server_is_set_up(database_url, home):
    told = run("mail", "test", home.slug, "ada@acme.example", **environment(database_url))
    assert told.exit_code == 1
    assert "BROKER_SMTP_HOST is not set" in told.stderr


@pytest.mark.parametrize(("slug", "email"), [("no-such-tenant", "ada@acme.example"), (None, "no address")])
def test_test_needs_a_tenant_and_an_address(command, box, home, slug, email):
    assert command("test", slug or home.slug, email).exit_code == 1
    assert box.mails == []


def test_list_tells_to_whom_which_and_why_and_never_the_words(command, home):
    failed, waits = outbox_mail(home).id, waiting(home)
    given_up(home, failed)
    told = command("list")
    known = {line.partition(" ")[0]: line for line in lines_of(told, home)}
    assert set(known) == {failed, waits}
    assert known[failed].endswith(f"test  given up {home.now:%Y-%m-%d %H:%M} UTC, 3 tries: {WHY}")
    assert f"{home.slug}  ada@{home.domain}  invitation  next try {home.now:%Y-%m-%d %H:%M} UTC, 0 tries" in known[waits]
    assert SECRET not in told.output
    assert home.canary not in told.output


def test_list_of_the_failed_has_no_others(command, home):
    failed = outbox_mail(home).id
    waiting(home)
    given_up(home, failed)
    (line,) = lines_of(command("list", "--failed"), home)
    assert line.startswith(failed)


def test_list_has_the_platforms_own_mails(command, home):
    mail = platform_mail(home, f"eve@{home.domain}")
    (line,) = lines_of(command("list"), home)
    assert line.startswith(mail.id)
    assert f"the platform  eve@{home.domain}  finder" in line


def test_retry_makes_a_mail_due_once(command, home):
    failed = outbox_mail(home).id
    given_up(home, failed, created_at=SystemClock().now())
    assert command("retry", failed).exit_code == 0
    with home.db.reading() as db:
        row = db.get_one(OutboxMail, (home.id, failed))
    assert row.failed_at is None
    assert row.next_try_at is not None
    assert command("retry", failed).exit_code == 1


def test_retry_works_for_the_platforms_own_mails(command, home):
    mail = platform_mail(home, f"eve@{home.domain}")
    with home.broker.db.platform("a test gives a mail up", home.now) as db:
        row = db.get_one(PlatformMail, mail.id)
        row.failed_at, row.next_try_at, row.created_at = home.now, None, SystemClock().now()
    assert command("retry", mail.id).exit_code == 0


def test_retry_of_an_old_mail_is_refused(command, home):
    failed = outbox_mail(home).id
    given_up(home, failed, created_at=SystemClock().now() - LIFE)
    assert command("retry", failed).exit_code == 1


@pytest.mark.parametrize("mail_id", ["mai_nobody", "' OR 1=1 --"])
def test_retry_of_what_was_not_given_up_is_refused(command, mail_id):
    told = command("retry", mail_id)
    assert told.exit_code == 1
    assert "No mail of this id was given up" in told.stderr
