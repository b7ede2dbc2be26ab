"""Attacks by way of a tenant's mails: poisoned links, injected words, what a mail tells of accounts; and the door's mails."""

import pytest
from sqlalchemy import select

from broker.mail import letters
from broker.mail.letters import TENANT_MESSAGES
from tenants.accounts import Account
from tenants.addresses import normalise_address
from tenants.door_keeping import grant_door
from tenants.ids import new_id
from tenants.organizations import Contact
from tenants.outbox import OutboxMail
from tenants.tenants import Tenant, TenantSettings
from tests import factories
from tests.factories import Someone
from tests.support import steps
from tests.support.doors import SECRET, go_through
from tests.support.html import Page
from tests.support.mails import CODE, MAILS, code_in, link_in
from tests.support.posted import html_of, text_of
from tests.support.rows import backdoor, door_holder
from tests.support.stores import ON_SQLITE

NASTY = {
    "markup": '<img src=x onerror=alert(1)><a href="https://evil.example">click</a>',
    "a header": "Evil\r\nBcc: eve@evil.example\r\n\r\n<p>",
    "an escape": "x\x1by\u2028z\u202e",
    "a template": "{{7*7}}{% include 'base.html' %}%(name)s%s{0.__class__}",
    "a quote": '"><script>alert(1)</script>',
}
FACTS = {
    sample.message: dict(sample.facts)
    for name, sample in MAILS.items()
    if sample.message != "finder" and "decorated" not in name
}


@pytest.fixture
def home(post):
    return factories.tenant(post.broker)


def send(post, home, message, email, /, **facts):
    """Post it as a request does, and let the worker send it."""
    with post.app.test_request_context("/", base_url="http://evil.example"), home.db.writing() as db:
        letters.post(db, email, message, home.now, **facts)
    return post.mails_to(email)


@pytest.mark.parametrize("host", [None, "own"])
@pytest.mark.parametrize("message", ["invitation", "reset_link", "new_device", "life_warning"])
def test_ir01_link_has_the_canonical_address_whatever_the_request_says(post, message, host):
    home = factories.tenant(post.broker, host=f"{new_id('h')[2:12]}.example" if host else None)
    (mail,) = send(post, home, message, factories.account(home).email, **FACTS[message])
    assert link_in(mail).startswith(f"{home.url}/")
    assert "evil" not in mail.as_string() + text_of(mail) + html_of(mail)


@ON_SQLITE
@pytest.mark.parametrize("what", NASTY)
@pytest.mark.parametrize("message", sorted(TENANT_MESSAGES))
def test_ir10_what_people_wrote_is_only_words(post, home, message, what):
    nasty = NASTY[what]
    with post.broker.db.platform("a test renames a tenant", home.now) as db:
        db.get_one(Tenant, home.id).name = nasty
    with home.db.reading() as db:
        contact = db.scalars(select(Contact)).one().id
    home.change(Contact, contact, label=nasty, phone=nasty[:60])
    home.change(TenantSettings, "settings", wording=dict.fromkeys(TENANT_MESSAGES, nasty))
    email = factories.account(home, name=nasty).email
    facts = FACTS[message] | {name: nasty for name in ("name", "device", "address", "note") if name in FACTS[message]}
    (mail,) = send(post, home, message, email, **facts)
    assert mail.defects == []
    assert (mail["Bcc"], mail.get_all("To")) == (None, [email])
    assert mail["Subject"] == usual_subject(post, message)
    page = Page(html_of(mail))
    assert {link.href for link in page.links if not link.href.startswith((home.url, "mailto:help"))} == set()
    for word in ("<img", "<script", "onerror=alert(1)>", "Bcc: eve@evil.example\n"):
        assert word not in html_of(mail)
    for letter in "\x1b\u2028\u202e":
        assert letter not in text_of(mail) + html_of(mail)


def usual_subject(post, message):
    """Of the sample that says the same."""
    same = (sample for sample in MAILS.values() if sample.message == message and dict(sample.facts) == FACTS[message])
    with post.app.app_context():
        return next(same).make().subject


def test_ir10_name_that_is_a_link_is_not_in_the_mail(post, home):
    facts = FACTS["door_used"] | {"name": "Free money at https://evil.example/x"}
    (mail,) = send(post, home, "door_used", factories.account(home).email, **facts)
    assert "evil" not in text_of(mail) + html_of(mail)
    assert facts["email"] in text_of(mail)


def test_ir08_row_of_a_code_is_the_same_for_everybody(post, home):
    known = factories.account(home).email
    unknown = known.replace("canary", "nobody")
    rows = {}
    for email in (known, unknown):
        with post.app.app_context(), home.db.writing() as db:
            letters.post(db, email, "code", home.now, **FACTS["code"])
        with home.db.reading() as db:
            row = db.scalars(select(OutboxMail).where(OutboxMail.to_address == email)).one()
        rows[email] = (row.message, len(row.content_sealed), row.created_at, row.next_try_at, row.tries)
    assert rows[known] == rows[unknown]


def test_ir08_unknown_address_gets_no_mail_and_none_that_waits(post, home):
    assert send(post, home, "code", f"nobody@{home.domain}", **FACTS["code"]) == []
    with home.db.reading() as db:
        row = db.scalars(select(OutboxMail)).one()
    assert (row.next_try_at, row.failed_at, row.sent_at, row.content_sealed) == (None, None, None, None)


def test_ir08_known_address_gets_its_code(post, home):
    (mail,) = send(post, home, "code", factories.account(home).email, **FACTS["code"])
    assert code_in(mail) == CODE


@pytest.mark.parametrize("values", [{"state": "disabled"}, {"with_password": False}], ids=["switched off", "by a provider"])
def test_ir11_whoever_cannot_use_a_code_gets_none(post, home, values):
    (mail,) = send(post, home, "code", factories.account(home, **values).email, **FACTS["code"])
    assert mail["Subject"] == "Why there is no code"
    assert CODE not in text_of(mail) + html_of(mail)


def test_ir11_account_is_looked_at_when_the_mail_is_sent(post, home):
    """Switched off between the request and the mail: there is no code any more."""
    ada = factories.account(home)
    with post.app.app_context(), home.db.writing() as db:
        letters.post(db, ada.email, "code", home.now, **FACTS["code"])
    home.change(Account, ada.id, state="disabled")
    (mail,) = post.mails_to(ada.email)
    assert mail["Subject"] == "Why there is no code"


# AC-04


@pytest.fixture
def holder(home):
    backdoor(home, SECRET)
    return door_holder(home)


def door_mails(post, email):
    return [mail for mail in post.mails_to(email) if mail["Subject"] == "Emergency access was used"]


def test_ac04_use_is_mailed_to_every_other_admin(post, home, holder):
    told = [factories.account(home, role=role).email for role in ("owner", "admin", "admin")]
    told.append(factories.account(home, role="admin", state="invited", activated_at=None).email)
    others = [factories.account(home, role=role).email for role in ("helpdesk", "auditor", None)]
    others.append(factories.account(home, role="admin", state="disabled").email)
    others.append(factories.account(home, role="admin", expires_at=home.now).email)
    others.append(factories.account(factories.tenant(post.broker), role="admin").email)
    browser = go_through(post.browser("203.0.113.9"), home, holder)
    assert browser.at == f"{home.path}/console/"
    assert [len(door_mails(post, email)) for email in told] == [1] * len(told)
    assert [len(door_mails(post, email)) for email in (*others, holder.email)] == [0] * (len(others) + 1)
    words = text_of(door_mails(post, told[0])[0])
    assert f"Who: Ada {home.canary}, {holder.email}" in words
    assert "Network address: 203.0.113.9" in words


def test_ac04_try_that_fails_is_mailed_to_nobody(post, home, holder):
    other = factories.account(home, role="owner").email
    assert go_through(post.browser(), home, holder, password="wrong").status == 403
    assert door_mails(post, other) == []


def test_ac04_door_opens_while_the_mail_server_is_down_and_the_mail_follows(post, home, holder, clock):
    other = factories.account(home, role="owner").email
    post.work()  # what became due since: the refusal is for the door's mail
    post.box.data.append("451 4.3.0 down")
    assert go_through(post.browser(), home, holder).at == f"{home.path}/console/"
    assert door_mails(post, other) == []
    clock.advance(minutes=1)
    assert len(door_mails(post, other)) == 1


def test_ac04_door_opens_without_a_mail_server(app, broker, browser):
    home = factories.tenant(broker)
    backdoor(home, SECRET)
    holder, other = door_holder(home), factories.account(home, role="owner").email
    assert go_through(browser, home, holder).at == f"{home.path}/console/"
    with home.db.reading() as db:
        waits = db.scalars(select(OutboxMail)).one()
    assert (waits.to_address, waits.message, waits.next_try_at) == (other, "door_used", home.now)


def test_t7_setting_up_the_door_is_mailed_to_whom_it_is_for(post, home):
    backdoor(home, SECRET)
    ada = factories.account(home, role="owner")
    with home.db.writing() as db:
        token, _ = grant_door(db, normalise_address(ada.email), home.now)
    browser = post.browser("203.0.113.9").open(f"{home.path}/activate/door/{token}").submit(press="Start")
    browser.submit(new_password=steps.CHOSEN, repeat_password=steps.CHOSEN)
    assert post.mails_to(ada.email) == []
    made = Someone("", ada.email, steps.CHOSEN, steps.seed_on(browser))
    browser.submit(code=made.code(home.now))
    (mail,) = post.mails_to(ada.email)
    assert mail["Subject"] == "Your sign-in has changed"
    assert "Your emergency access was set up" in text_of(mail)
    assert "Network address: 203.0.113.9" in text_of(mail)
