"""Attacks on invitations (security.md, IR)."""

import pytest
from sqlalchemy import select

from tenants.accounts import ACTIVATE_ACCOUNT, Account
from tenants.audit import AuditEvent, Event
from tenants.transactions import Invitation
from tests import factories
from tests.support import steps

TOKEN = "token-of-an-invitation"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def jo(home):
    return factories.account(home, state="invited", with_password=False, with_totp=False, is_local_enabled=True)


@pytest.fixture
def invitation(home, jo):
    return factories.invitation(home, TOKEN, jo.id)


def link(home, token=TOKEN):
    return f"{home.path}/activate/{token}"


def is_spent(home, invitation) -> bool:
    with home.db.reading() as db:
        return db.get_one(Invitation, (home.id, invitation.id)).used_at is not None


def test_ir01_links_name_the_stored_address_whatever_the_request_says(home, invitation, browser):
    browser.open(link(home), x_forwarded_host="evil.example", x_forwarded_proto="https", forwarded="host=evil.example")
    assert browser.status == 200
    browser.submit(press="Start")
    assert all("evil.example" not in hop for hop in browser.hops)
    assert "evil.example" not in browser.text


def test_ir01_foreign_host_opens_nothing(home, invitation, client):
    answer = client.get(link(home), base_url="http://evil.example")
    assert answer.status_code == 404


def test_ir02_token_sets_up_once(home, invitation, browser, new_browser):
    someone = steps.set_up(browser, home, TOKEN)
    browser.submit(code=someone.code(home.now))
    assert is_spent(home, invitation)
    late = new_browser().open(link(home))
    assert late.status == 410


def test_ir02_of_twenty_at_once_one_wins(home, invitation, new_browser):
    browsers = [new_browser() for _ in range(20)]
    people = [steps.set_up(one, home, TOKEN) for one in browsers]
    steps.at_once(
        [lambda one=one, who=who: one.submit(code=who.code(home.now)) for one, who in zip(browsers, people, strict=True)]
    )
    assert [one.status for one in browsers].count(200) == 1
    # Whoever came later finds the link spent, or the whole set-up ended (LC-09).
    assert {one.status for one in browsers} <= {200, 400, 410}
    assert len(steps.events(home, Event.ACCOUNT_ACTIVATED)) == 1
    assert [steps.is_signed_in(one, home) for one in browsers].count(True) == 1


@pytest.mark.parametrize("how", ["expired", "superseded", "used"])
def test_ir02_dead_token_opens_nothing_and_finishes_nothing(home, jo, browser, new_browser, how):
    dead = {
        "expired": {"expires_at": home.now},
        "superseded": {"superseded_at": home.now},
        "used": {"used_at": home.now},
    }[how]
    invitation = factories.invitation(home, TOKEN, jo.id)
    half = new_browser()
    someone = steps.set_up(half, home, TOKEN)
    with home.db.writing() as db:
        row = db.get_one(Invitation, (home.id, invitation.id))
        for name, value in dead.items():
            setattr(row, name, value)
    half.submit(code=someone.code(home.now))
    assert half.status == 410
    browser.open(link(home))
    assert browser.status in {403, 410}
    assert not browser.page.forms
    assert not steps.events(home, Event.ACCOUNT_ACTIVATED)


def test_ir02_token_posted_without_opening_the_page_is_refused(home, invitation, client):
    """The form's token is bound to the browser that has seen the page."""
    assert client.post(link(home), headers={"Origin": "http://localhost:8000"}).status_code == 403


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_ir04_scanner_that_opens_the_link_uses_nothing_up(home, invitation, browser, client, method):
    for _ in range(3):
        assert client.open(link(home), method=method).status_code == 200
    assert not is_spent(home, invitation)
    someone = steps.set_up(browser, home, TOKEN)
    assert steps.prove_app(browser, someone.code(home.now)).path == f"{home.path}/activate/done"


def test_ir04_other_methods_are_refused(home, invitation, client):
    for method in ("PUT", "DELETE", "PATCH"):
        assert client.open(link(home), method=method).status_code in {403, 405}


def test_ir05_token_goes_nowhere_else(home, invitation, browser, capfd):
    browser.open(link(home))
    assert browser.response.headers["Referrer-Policy"] == "no-referrer"
    assert browser.response.headers["Cache-Control"] == "no-store"
    assert all(one.href != link(home) for one in browser.page.links)
    browser.submit(press="Start")
    assert TOKEN not in browser.at
    assert TOKEN not in browser.text
    browser.submit(new_password=steps.CHOSEN, repeat_password=steps.CHOSEN)
    browser.submit(code="000000")
    with home.db.reading() as db:
        kept = [str(row.detail) for row in db.scalars(select(AuditEvent))]
        stored = [row.token_hash for row in db.scalars(select(Invitation))]
    logged = "".join(capfd.readouterr())
    assert all(TOKEN not in text for text in (*kept, *stored, logged))
    assert steps.CHOSEN not in logged


def test_ir06_fields_that_somebody_adds_change_nothing(home, jo, invitation, browser):
    victim = factories.account(home)
    browser.open(link(home))
    more = {"email": victim.email, "account_id": victim.id, "role": "owner", "tenant": "other", "purpose": "sign_in"}
    fields = {name: field.value for name, field in browser.page.forms[0].fields.items()}
    browser.post(link(home), fields | more)
    assert jo.email in browser.words
    fields = {name: field.value for name, field in browser.page.forms[0].fields.items()}
    browser.post(browser.at, fields | more | {"new_password": steps.CHOSEN, "repeat_password": steps.CHOSEN})
    code = factories.Someone("", "", "", steps.seed_on(browser)).code(home.now)
    fields = {name: field.value for name, field in browser.page.forms[0].fields.items()}
    browser.post(browser.at, fields | more | {"code": code})
    (event,) = steps.events(home, Event.ACCOUNT_ACTIVATED)
    assert event.account_id == jo.id
    with home.db.reading() as db:
        assert db.get_one(Account, (home.id, jo.id)).role is None
    steps.sign_in(browser, home, victim)
    assert browser.at == f"{home.path}/"


def test_ir06_invitation_of_one_tenant_is_nothing_at_another(broker, home, invitation, browser):
    other = factories.tenant(broker)
    assert browser.open(f"{other.path}/activate/{TOKEN}").status == 410


def test_ir06_set_up_is_no_sign_in_and_a_sign_in_no_set_up(home, invitation, browser):
    steps.set_up(browser, home, TOKEN)
    tx = steps.tx_of(browser)
    for page in ("/sign-in", "/sign-in/password", "/sign-in/totp", "/sign-in/choose"):
        assert browser.open(f"{home.path}{page}?tx={tx}").status == 400, page
    tx = steps.tx_of(browser.open(f"{home.path}/sign-in"))
    for page in ("password", "app"):
        assert browser.open(f"{home.path}/activate/{page}?tx={tx}").status == 400, page


def test_ir06_set_up_of_one_browser_is_nothing_in_another(home, invitation, browser, new_browser):
    someone = steps.set_up(browser, home, TOKEN)
    tx = steps.tx_of(browser)
    thief = new_browser()
    thief.open(link(home))
    token = thief.page.forms[0].fields["csrf_token"].value
    thief.post(f"{home.path}/activate/app", {"tx": tx, "csrf_token": token, "code": someone.code(home.now)})
    assert thief.status == 400
    assert not steps.events(home, Event.ACCOUNT_ACTIVATED)


def test_ir07_account_switched_off_at_the_last_moment_stays_off(home, jo, invitation):
    """Between the check of the page and the write: the row count decides."""
    home.change(Account, jo.id, state="disabled")
    with home.db.writing() as db:
        assert db.run(ACTIVATE_ACCOUNT, account=jo.id, active="active", at=home.now, has_answered_mail=False) == 0
