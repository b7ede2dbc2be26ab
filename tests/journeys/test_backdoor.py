"""Emergency access: from the operator's link to the console, with everything else broken (requirements.md, T7)."""

import socket
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from broker import create_app
from tenants.accounts import Account
from tenants.addresses import normalise_address
from tenants.audit import Event
from tenants.backdoors import Backdoor, DoorCredential
from tenants.door_keeping import close_door, grant_door, revoke_door, rotate_door
from tenants.sessions import BrowserSession
from tests import factories
from tests.browser import Browser
from tests.factories import Someone
from tests.support import steps
from tests.support.doors import SECRET, go_through
from tests.support.offline import offline
from tests.support.relying_party import RelyingParty
from tests.support.rows import audit_event, backdoor, door_holder
from tests.support.wiring import ORIGIN, make_ports, make_settings


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def holder(home):
    backdoor(home, SECRET)
    made = door_holder(home)
    steps.notice(home)
    return made


def work(home, job, *arguments):
    with home.db.writing() as db:
        return job(db, *arguments, home.now)


def link_for(home, email):
    token, _ = work(home, grant_door, normalise_address(email))
    return f"{home.path}/activate/door/{token}"


def set_up(browser, home, link, email):
    """Through all steps; the door's own credentials."""
    browser.open(link).submit(press="Start")
    browser.submit(new_password=steps.CHOSEN, repeat_password=steps.CHOSEN)
    made = Someone("", email, steps.CHOSEN, steps.seed_on(browser))
    browser.submit(code=made.code(home.now))
    return made


def credential_of(home):
    with home.db.reading() as db:
        return db.scalars(select(DoorCredential)).one()


# setting up


def test_link_sets_up_credentials_that_open_the_door_and_nothing_else(home, browser):
    backdoor(home, SECRET)
    ada = factories.account(home, role="owner")
    made = set_up(browser, home, link_for(home, ada.email), ada.email)
    assert browser.path == f"{home.path}/activate/door/done"
    assert not steps.is_signed_in(browser, home)
    assert [one.account_id for one in steps.events(home, Event.DOOR_SET_UP)] == [ada.id]
    steps.notice(home)
    go_through(browser, home, made)
    assert browser.at == f"{home.path}/console/"
    browser.forget_cookies()
    steps.sign_in(browser, home, ada)
    assert browser.at == f"{home.path}/"
    browser.forget_cookies()
    browser.open(f"{home.path}/sign-in").submit(email=ada.email)
    assert browser.submit(password=made.password).status == 403


def test_set_up_accepts_the_invitation_of_the_first_admin(home, browser):
    ada = factories.account(home, role="owner", state="invited", with_password=False, activated_at=None)
    set_up(browser, home, link_for(home, ada.email), ada.email)
    with home.db.reading() as db:
        assert db.get_one(Account, (home.id, ada.id)).state == "active"


def test_set_up_names_its_own_entry_in_the_app(home, browser):
    ada = factories.account(home, role="admin")
    browser.open(link_for(home, ada.email)).submit(press="Start")
    browser.submit(new_password=steps.CHOSEN, repeat_password=steps.CHOSEN)
    assert "emergency%20access" in browser.text


def test_weak_password_is_not_taken(home, browser):
    ada = factories.account(home, role="admin")
    browser.open(link_for(home, ada.email)).submit(press="Start")
    browser.submit(new_password="password1", repeat_password="password1")
    assert browser.status == 400
    assert browser.path == f"{home.path}/activate/door/password"


ENDINGS = {
    "used": lambda home, browser, link, ada: set_up(browser, home, link, ada.email),
    "replaced": lambda home, browser, link, ada: link_for(home, ada.email),
    "a day old": lambda home, browser, link, ada: home.broker.ports.clock.advance(hours=24),
    "revoked": lambda home, browser, link, ada: work(home, revoke_door, normalise_address(ada.email)),
    "without the role": lambda home, browser, link, ada: home.change(Account, ada.id, role="helpdesk"),
    "switched off": lambda home, browser, link, ada: home.change(Account, ada.id, state="disabled"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_link_that_is_over_opens_nothing(home, browser, new_browser, ending):
    ada = factories.account(home, role="admin")
    link = link_for(home, ada.email)
    ENDINGS[ending](home, new_browser(), link, ada)
    browser.open(link)
    assert browser.status == 410
    assert "This link no longer works" in browser.words


@pytest.mark.parametrize("ending", ["used", "replaced", "revoked", "switched off"])
def test_link_that_ends_under_way_writes_nothing(home, browser, new_browser, ending):
    ada = factories.account(home, role="admin")
    link = link_for(home, ada.email)
    browser.open(link).submit(press="Start")
    browser.submit(new_password=steps.CHOSEN, repeat_password=steps.CHOSEN)
    mine = Someone("", ada.email, steps.CHOSEN, steps.seed_on(browser))
    ENDINGS[ending](home, new_browser(), link, ada)
    browser.submit(code=mine.code(home.now))
    assert browser.status == 410
    with home.db.reading() as db:
        hashes = [one.password_hash for one in db.scalars(select(DoorCredential))]
    assert len([one for one in hashes if one]) == (1 if ending == "used" else 0)


def test_new_link_leaves_what_is_set_up_until_it_is_used(home, holder, browser):
    link_for(home, holder.email)
    go_through(browser, home, holder)
    assert browser.at == f"{home.path}/console/"


def test_an_invitation_leaves_the_doors_credentials_alone(home, holder, browser):
    before = credential_of(home).password_hash
    home.change(Account, holder.id, is_local_enabled=True)
    token = "an-invitation-for-the-admin"
    factories.invitation(home, token, holder.id)
    someone = steps.set_up(browser, home, token, holder.email)
    steps.prove_app(browser, someone.code(home.now))
    assert browser.path == f"{home.path}/activate/done"
    assert credential_of(home).password_hash == before


# going through


def test_door_leads_to_the_console_for_an_hour(home, holder, browser, clock):
    go_through(browser, home, holder)
    assert browser.at == f"{home.path}/console/"
    assert "emergency access" in browser.words
    (entered,) = steps.events(home, Event.DOOR_ENTERED)
    assert (entered.account_id, entered.address, bool(entered.reference)) == (holder.id, "127.0.0.1", True)
    with home.db.reading() as db:
        session = db.scalars(select(BrowserSession).where(BrowserSession.method == "door")).one()
        assert session.expires_at - session.created_at == timedelta(hours=1)
        assert [one["method"] for one in session.proofs] == ["pwd", "otp"]
        held = db.scalars(select(DoorCredential)).one()
        assert held.last_used_at == held.last_drill_at == clock.now()
        assert db.scalars(select(Backdoor)).one().last_used_at == clock.now()
    clock.advance(minutes=40)
    assert browser.open(f"{home.path}/console/").path == f"{home.path}/console/"
    clock.advance(minutes=20)
    assert browser.open(f"{home.path}/console/").path == f"{home.path}/sign-in"


def test_ordinary_session_of_the_browser_ends_at_the_door(home, holder, browser):
    ada = factories.account(home)
    steps.sign_in(browser, home, ada)
    go_through(browser, home, holder)
    with home.db.reading() as db:
        before = db.scalars(select(BrowserSession).where(BrowserSession.method == "local")).one()
    assert before.ended_at is not None


def test_portal_sends_the_session_of_the_door_to_the_console(home, holder, browser):
    go_through(browser, home, holder)
    assert browser.open(f"{home.path}/").at == f"{home.path}/console/"


def test_no_application_is_opened_by_the_door(app, home, holder, browser):
    party = RelyingParty.of(app, home)
    go_through(browser, home, holder)
    browser.open(f"{home.path}/oidc/authorize?{urlencode(party.request())}")
    assert browser.path == f"{home.path}/sign-in"
    browser.open(f"{home.path}/oidc/authorize?{urlencode(party.request(prompt='none'))}")
    assert "error=login_required" in browser.foreign
    assert steps.events(home, Event.APPLICATION_OPENED) == []


def test_signing_out_ends_the_session_of_the_door(home, holder, browser):
    go_through(browser, home, holder).submit(press="Sign out")
    assert browser.path == f"{home.path}/signed-out"
    assert browser.open(f"{home.path}/console/").path == f"{home.path}/sign-in"


def test_ordinary_sign_in_replaces_the_session_of_the_door(home, holder, browser):
    ada = factories.account(home, role="admin")
    go_through(browser, home, holder)
    steps.sign_in(browser, home, ada)
    with home.db.reading() as db:
        assert db.scalars(select(BrowserSession).where(BrowserSession.method == "door")).one().ended_at is not None
    assert browser.open(f"{home.path}/console/").path == f"{home.path}/console/"


def test_page_that_was_open_for_too_long_says_so_and_works(home, holder, browser, clock):
    browser.open(f"{home.path}/door/{SECRET}")
    clock.advance(minutes=30)
    browser.submit(email=holder.email, password=holder.password, code=holder.code(home.now))
    assert browser.status == 400
    assert "open for too long" in browser.words
    browser.submit(password=holder.password, code=steps.fresh_code(home, holder))
    assert browser.at == f"{home.path}/console/"


OFF = {
    "rotated": lambda home, who: work(home, rotate_door),
    "closed": lambda home, who: work(home, close_door),
}


@pytest.mark.parametrize("change", OFF)
def test_old_address_is_unknown_at_once(home, holder, browser, change):
    """Not only once the kept configuration is read again."""
    factories.connection(home)  # or nobody would be left a way in
    browser.open(f"{home.path}/door/{SECRET}")
    OFF[change](home, holder)
    assert browser.submit(email=holder.email, password=holder.password, code=holder.code(home.now)).status == 404
    assert browser.open(f"{home.path}/door/{SECRET}").status == 404


@pytest.mark.parametrize(
    "end",
    [
        lambda home, who: work(home, close_door),
        lambda home, who: work(home, revoke_door, normalise_address(who.email)),
        lambda home, who: home.change(Account, who.id, state="disabled"),
    ],
    ids=["closed", "revoked", "switched off"],
)
def test_session_of_the_door_ends_with_what_it_rests_on(home, holder, browser, end):
    factories.connection(home)  # or nobody would be left a way in
    go_through(browser, home, holder)
    end(home, holder)
    assert browser.open(f"{home.path}/console/").path == f"{home.path}/sign-in"


def test_role_that_is_gone_closes_the_console_at_once(home, holder, browser):
    go_through(browser, home, holder)
    home.change(Account, holder.id, role=None)
    assert browser.open(f"{home.path}/console/").status == 403
    assert "This page is for admins" in browser.words


# with everything else broken


def test_ac03_door_opens_with_every_other_way_broken(database_url, clock):
    """A broken provider, its domain enforced, every connection and the local method off, nothing to be reached."""
    made = create_app(make_settings(database_url), ports=make_ports(clock))
    try:
        home = factories.tenant(made.extensions["broker"], local_enabled=False)
        way = factories.connection(home, options={"broken": "options"}, is_enabled=False)
        factories.domain(home, home.domain, connection_id=way.id, is_enforced=True)
        backdoor(home, SECRET)
        holder = door_holder(home, f"ada@{home.domain}")
        browser = Browser(made, ORIGIN)
        with offline(database_url) as tried:
            go_through(browser, home, holder)
            assert browser.at == f"{home.path}/console/"
            assert "Off" in browser.words
        assert tried == []
        assert made.extensions["broker"].ports.http.requests == []
    finally:
        made.extensions["broker"].db.dispose()


def test_offline_blocks_what_it_says(database_url):
    """The fixture itself: what the test above rests on."""
    with offline(database_url) as tried, socket.socket() as outside:
        with pytest.raises(OSError, match="connect"):
            socket.create_connection(("127.0.0.1", 9))
        with pytest.raises(OSError, match="connect"):
            socket.socket.connect(outside, ("192.0.2.1", 443))
    assert len(tried) == 2


# the console's page


def test_console_shows_what_is_on_and_what_failed(home, holder, browser):
    on = factories.connection(home, "one", label="Main directory")
    factories.connection(home, "two", label="Old directory", is_enabled=False)
    factories.domain(home, "preferred.example", connection_id=on.id)
    audit_event(home)
    ada = factories.account(home)
    browser.open(f"{home.path}/sign-in").submit(email=ada.email)
    browser.submit(password="not hers at all")
    go_through(browser, home, holder)
    words = browser.words
    for expected in (
        "Main directory", "On, not used yet", "Old directory", "Off", "Domains are not proven yet", "That didn’t match",
        "credentials_invalid",
    ):  # fmt: skip
        assert expected in words, expected


def test_console_of_a_cause_of_another_version_shows_its_name(home, holder, browser):
    event = audit_event(home)
    with home.db.writing() as db:
        db.add(type(event)(id="aud_next", at=home.now, event="login.refused", cause="of_the_next_version", detail={}))
    go_through(browser, home, holder)
    assert "of_the_next_version" in browser.words


def test_console_asks_a_bounded_number_of_statements(home, holder, browser, count_statements):
    go_through(browser, home, holder)
    for _ in range(5):
        factories.account(home)
        audit_event(home)
    steps.notice(home)
    browser.open(f"{home.path}/console/")
    with count_statements() as count:
        browser.open(f"{home.path}/console/")
    assert len(count) == 9


def test_console_is_open_to_admins_who_signed_in_as_always(home, browser):
    ada = factories.account(home, role="owner")
    browser.open(f"{home.path}/console/")
    assert browser.path == f"{home.path}/sign-in"
    steps.prove(browser.submit(email=ada.email), home, ada)
    assert browser.at == f"{home.path}/console/"
    assert browser.follow("Your applications").at == f"{home.path}/"
    assert browser.follow("Console").at == f"{home.path}/console/"


def test_console_is_closed_to_everybody_else(home, browser):
    ada = factories.account(home)
    steps.sign_in(browser, home, ada)
    assert "Console" not in browser.words
    assert browser.open(f"{home.path}/console/").status == 403
    assert [one.cause for one in steps.events(home, Event.ACCESS_REFUSED)] == ["role_missing"]
